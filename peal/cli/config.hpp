// `peal config`: the configuration looked at, compared and applied.
#pragma once

namespace peal::cli {

int config_main(int argc, char** argv);

}  // namespace peal::cli

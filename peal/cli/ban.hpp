// `peal ban`: who must not come in.
#pragma once

namespace peal::cli {

int ban_main(int argc, char** argv);

}  // namespace peal::cli

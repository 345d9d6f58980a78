// `peal role`: roles that are made while the server runs.
#pragma once

namespace peal::cli {

int role_main(int argc, char** argv);

}  // namespace peal::cli

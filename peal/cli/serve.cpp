#include "peal/cli/serve.hpp"

#include <cstdio>

namespace peal::cli {

int serve_main(int /*argc*/, char** /*argv*/) {
  std::fputs("peal serve: this build has no server.\n", stderr);
  return 1;
}

}  // namespace peal::cli

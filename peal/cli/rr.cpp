#include "peal/cli/rr.hpp"

#include <cstdio>

namespace peal::cli {

int rr_main(int /*argc*/, char** /*argv*/) {
  std::fputs("peal rr: not in this build.\n", stderr);
  return 1;
}

}  // namespace peal::cli

#include "peal/cli/sub.hpp"

#include <cstdio>

namespace peal::cli {

int sub_main(int /*argc*/, char** /*argv*/) {
  std::fputs("peal sub: not in this build.\n", stderr);
  return 1;
}

}  // namespace peal::cli

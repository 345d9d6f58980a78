#include "peal/cli/pub.hpp"

#include <cstdio>

namespace peal::cli {

int pub_main(int /*argc*/, char** /*argv*/) {
  std::fputs("peal pub: not in this build.\n", stderr);
  return 1;
}

}  // namespace peal::cli

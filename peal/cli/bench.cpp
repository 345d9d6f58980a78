#include "peal/cli/bench.hpp"

#include <cstdio>

namespace peal::cli {

int bench_main(int /*argc*/, char** /*argv*/) {
  std::fputs("peal bench: this build has no load generator.\n", stderr);
  return 1;
}

}  // namespace peal::cli

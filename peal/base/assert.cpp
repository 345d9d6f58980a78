#include "peal/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace peal {

void assertion_failed(const char* claim, const char* file, int line) {
  std::fprintf(stderr, "peal: internal error: %s (%s:%d)\n", claim, file, line);
  std::abort();
}

}  // namespace peal

// PEAL_ASSERT: on in every build, for our own bugs only. What a peer or the disk can cause is a
// value, never an assertion.
#pragma once

namespace peal {

/// Prints the broken claim and ends the process.
[[noreturn]] void assertion_failed(const char* claim, const char* file, int line);

}  // namespace peal

#define PEAL_ASSERT(claim) \
  (static_cast<bool>(claim) ? void(0) : ::peal::assertion_failed(#claim, __FILE__, __LINE__))

// When what was written is made safe from a power cut. A process that is killed loses nothing in
// any of them.
#pragma once

#include <cstdint>

namespace peal::store {

enum class SyncMode : std::uint8_t {
  always,    // before anything is acknowledged
  interval,  // every so often: a power cut may lose what was acknowledged since
  os,        // when the operating system sees fit
};

}  // namespace peal::store

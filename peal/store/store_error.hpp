// What a store that cannot be used is refused with: while starting up, and by `peal store`.
#pragma once

#include <stdexcept>
#include <string>

namespace peal::store {

/// The text names the path, what is wrong with it, and what can be done.
class StoreError : public std::runtime_error {
 public:
  explicit StoreError(const std::string& text) : std::runtime_error(text) {}
};

}  // namespace peal::store

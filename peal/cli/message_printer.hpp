// Prints received messages on the standard output: plain, with their topic (-v), or in a form of
// the user's (-F).
#pragma once

#include <random>

#include "peal/cli/options.hpp"

namespace peal::cli {

class MessagePrinter {
 public:
  /// `options`   outlives the printer.
  explicit MessagePrinter(const Options& options);

  /// Prints `message`, or leaves it out (--random-filter).
  /// returns   false when nobody reads the standard output any more.
  [[nodiscard]] bool print(const mqtt::Publish& message);

 private:
  const Options& options_;
  std::mt19937 random_;
};

}  // namespace peal::cli

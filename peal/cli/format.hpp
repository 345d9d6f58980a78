// -F: how a received message is printed. Pure: the clock comes in as a value.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "peal/base/bytes.hpp"
#include "peal/mqtt/packets.hpp"

namespace peal::cli {

/// When a message is printed.
struct PrintTime {
  std::time_t seconds = 0;
  long nanoseconds = 0;
};

/// The system's clock.
[[nodiscard]] PrintTime print_time_now();

/// What is wrong with `format`, in mosquitto_sub's words; nothing when it is fine.
[[nodiscard]] std::optional<std::string> format_problem(std::string_view format);

/// What `format` makes of `message`, without an end of line. Unknown codes give nothing.
///
/// `pretty`    %j and %J are indented.
/// `problem`   set when the message cannot be printed that way (%J: no JSON).
[[nodiscard]] std::string format_message(std::string_view format, const mqtt::Publish& message,
                                         PrintTime time, bool pretty, std::string& problem);

}  // namespace peal::cli

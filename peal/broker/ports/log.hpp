// Port: where events that a person may want to read go.
#pragma once

#include <cstdint>
#include <string_view>

namespace peal::broker {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// One event. Texts may come from a peer: whoever writes them escapes and cuts them.
struct LogEvent {
  LogLevel level = LogLevel::info;
  std::string_view what;       // a fixed sentence: "client disconnected"
  std::string_view client_id;  // empty: not about a client
  std::string_view address;
  std::string_view reason;  // a Reason Code's name, or why
  std::string_view detail;  // the clause, the topic, the number
};

class Log {
 public:
  virtual ~Log() = default;
  /// Whether events of `level` are written at all: asked before one is put together.
  [[nodiscard]] virtual bool wants(LogLevel level) const = 0;
  virtual void write(const LogEvent& event) = 0;
};

}  // namespace peal::broker

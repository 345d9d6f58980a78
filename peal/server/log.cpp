#include "peal/server/log.hpp"

#include <array>
#include <chrono>
#include <fmt/format.h>
#include <mutex>
#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unordered_map>
#include <utility>
#include <vector>

#include "peal/mqtt/escaped.hpp"

namespace peal::server {

namespace {

constexpr std::size_t queue_lines = 8192;

spdlog::level::level_enum spdlog_level(broker::LogLevel level) {
  constexpr std::array levels{spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                              spdlog::level::err};
  return levels[static_cast<std::size_t>(level)];
}

struct Field {
  std::string_view name;
  std::string_view value;
};

}  // namespace

std::string event_line(const broker::LogEvent& event, LogFormat format) {
  const std::array fields{Field{"client", event.client_id}, Field{"address", event.address},
                          Field{"reason", event.reason}, Field{"detail", event.detail}};
  const bool is_json = format == LogFormat::json;
  std::string line =
      is_json ? fmt::format("\"event\":\"{}\"", event.what) : std::string(event.what);
  for (const Field& field : fields) {
    if (!field.value.empty()) {
      line += is_json ? fmt::format(",\"{}\":\"{}\"", field.name, mqtt::escaped(field.value))
                      : fmt::format(" {}=\"{}\"", field.name, mqtt::escaped(field.value));
    }
  }
  return line;
}

struct ServerLog::State {
  LogFormat format = LogFormat::text;
  std::shared_ptr<spdlog::details::thread_pool> pool;  // spdlog's own form of ownership
  std::shared_ptr<spdlog::async_logger> logger;

  struct Cause {
    std::chrono::steady_clock::time_point second;
    std::size_t lines = 0;
    std::uint64_t left_out = 0;
  };
  struct LeftOut {
    std::string_view what;
    std::uint64_t count = 0;
  };
  std::size_t rate = 10;
  std::mutex mutex;
  std::unordered_map<std::string_view, Cause> causes;  // by the event's sentence, a literal
  std::chrono::steady_clock::time_point summed_up_at;

  /// Whether the event may be written; `left_out` says what was not, when it is time to say it.
  bool admit(std::string_view what, std::vector<LeftOut>& left_out) {
    const std::lock_guard lock(mutex);
    Cause& cause = causes[what];
    const auto now = std::chrono::steady_clock::now();
    if (now - summed_up_at >= std::chrono::seconds(1)) {
      summed_up_at = now;
      left_out = take_left_out(now);
    }
    if (now - cause.second >= std::chrono::seconds(1)) {
      cause.second = now;
      cause.lines = 0;
    }
    if (++cause.lines > rate) {
      ++cause.left_out;
      return false;
    }
    return true;
  }

  /// Of causes whose second is over.
  std::vector<LeftOut> take_left_out(std::chrono::steady_clock::time_point now) {
    std::vector<LeftOut> taken;
    for (auto& [what, cause] : causes) {
      if (cause.left_out > 0 && now - cause.second >= std::chrono::seconds(1)) {
        taken.push_back({what, std::exchange(cause.left_out, 0)});
      }
    }
    return taken;
  }
};

ServerLog::ServerLog(const std::string& level, LogFormat format, std::size_t rate)
    : state_(std::make_unique<State>()) {
  state_->format = format;
  state_->rate = rate;
  state_->pool = std::make_shared<spdlog::details::thread_pool>(queue_lines, 1);
  state_->logger = std::make_shared<spdlog::async_logger>(
      "peal", std::make_shared<spdlog::sinks::stderr_sink_mt>(), state_->pool,
      spdlog::async_overflow_policy::overrun_oldest);
  state_->logger->set_level(spdlog::level::from_str(level));
  state_->logger->flush_on(spdlog::level::debug);
  state_->logger->set_pattern(format == LogFormat::json
                                  ? "{\"time\":\"%Y-%m-%dT%H:%M:%S.%e%z\",\"level\":\"%l\",%v}"
                                  : "%Y-%m-%d %H:%M:%S.%e %l %v");
}

ServerLog::~ServerLog() {
  for (const State::LeftOut& each :
       state_->take_left_out(std::chrono::steady_clock::time_point::max())) {
    write_left_out(each.what, each.count);
  }
  state_->logger->flush();
}

bool ServerLog::wants(broker::LogLevel level) const {
  return state_->logger->should_log(spdlog_level(level));
}

void ServerLog::write_left_out(std::string_view what, std::uint64_t count) {
  const std::string text = std::to_string(count);
  state_->logger->log(spdlog::level::warn, "{}",
                      event_line({.level = broker::LogLevel::warning,
                                  .what = "lines left out",
                                  .client_id = {},
                                  .address = {},
                                  .reason = what,
                                  .detail = text},
                                 state_->format));
}

void ServerLog::write(const broker::LogEvent& event) {
  if (!wants(event.level)) {
    return;
  }
  std::vector<State::LeftOut> left_out;
  const bool may_be_written = state_->admit(event.what, left_out);
  for (const State::LeftOut& each : left_out) {
    write_left_out(each.what, each.count);
  }
  if (may_be_written) {
    state_->logger->log(spdlog_level(event.level), "{}", event_line(event, state_->format));
  }
}

}  // namespace peal::server

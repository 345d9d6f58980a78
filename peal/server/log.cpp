#include "peal/server/log.hpp"

#include <array>
#include <atomic>
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
#include "peal/server/config_text.hpp"

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
  std::shared_ptr<spdlog::details::thread_pool> pool;  // spdlog's own form of ownership
  /// One for each format: what waits is written in the one it was made in.
  std::array<std::shared_ptr<spdlog::async_logger>, 2> loggers;
  std::atomic<LogFormat> format{LogFormat::text};

  struct Cause {
    std::chrono::steady_clock::time_point second;
    std::size_t lines = 0;
    std::uint64_t left_out = 0;
  };
  struct LeftOut {
    std::string_view what;
    std::uint64_t count = 0;
  };
  std::mutex mutex;  // guards what follows
  std::size_t rate = 10;
  std::shared_ptr<const std::vector<std::string>> hidden;  // null: nothing
  std::unordered_map<std::string_view, Cause> causes;      // by the event's sentence, a literal
  std::chrono::steady_clock::time_point summed_up_at;

  [[nodiscard]] spdlog::async_logger& logger(LogFormat which) const {
    return *loggers[static_cast<std::size_t>(which)];
  }

  /// The event's line. What is hidden goes before anything is cut or escaped.
  [[nodiscard]] std::string line_of(const broker::LogEvent& event, LogFormat in) {
    std::shared_ptr<const std::vector<std::string>> words;
    {
      const std::lock_guard lock(mutex);
      words = hidden;
    }
    if (words == nullptr) {
      return event_line(event, in);
    }
    const std::string reason = without_secrets(std::string(event.reason), *words);
    const std::string detail = without_secrets(std::string(event.detail), *words);
    broker::LogEvent clean = event;
    clean.reason = reason;
    clean.detail = detail;
    return event_line(clean, in);
  }

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

namespace {

std::shared_ptr<spdlog::async_logger> make_logger(
    LogFormat format, const std::shared_ptr<spdlog::details::thread_pool>& pool) {
  auto logger = std::make_shared<spdlog::async_logger>(
      "peal", std::make_shared<spdlog::sinks::stderr_sink_mt>(), pool,
      spdlog::async_overflow_policy::overrun_oldest);
  logger->flush_on(spdlog::level::debug);
  logger->set_pattern(format == LogFormat::json
                          ? "{\"time\":\"%Y-%m-%dT%H:%M:%S.%e%z\",\"level\":\"%l\",%v}"
                          : "%Y-%m-%d %H:%M:%S.%e %l %v");
  return logger;
}

}  // namespace

ServerLog::ServerLog(const std::string& level, LogFormat format, std::size_t rate)
    : state_(std::make_unique<State>()) {
  state_->pool = std::make_shared<spdlog::details::thread_pool>(queue_lines, 1);
  for (const LogFormat each : {LogFormat::text, LogFormat::json}) {
    state_->loggers[static_cast<std::size_t>(each)] = make_logger(each, state_->pool);
  }
  use(level, format, rate);
}

void ServerLog::use(const std::string& level, LogFormat format, std::size_t rate,
                    std::vector<std::string> hidden) {
  for (const auto& logger : state_->loggers) {
    logger->set_level(spdlog::level::from_str(level));
  }
  state_->format.store(format, std::memory_order_relaxed);
  const std::lock_guard lock(state_->mutex);
  state_->rate = rate;
  state_->hidden = hidden.empty()
                       ? nullptr
                       : std::make_shared<const std::vector<std::string>>(std::move(hidden));
}

ServerLog::~ServerLog() {
  for (const State::LeftOut& each :
       state_->take_left_out(std::chrono::steady_clock::time_point::max())) {
    write_left_out(each.what, each.count);
  }
  for (const auto& logger : state_->loggers) {
    logger->flush();
  }
}

bool ServerLog::wants(broker::LogLevel level) const {
  return state_->loggers.front()->should_log(spdlog_level(level));
}

void ServerLog::write_left_out(std::string_view what, std::uint64_t count) {
  const std::string text = std::to_string(count);
  const LogFormat format = state_->format.load(std::memory_order_relaxed);
  state_->logger(format).log(spdlog::level::warn, "{}",
                             event_line({.level = broker::LogLevel::warning,
                                         .what = "lines left out",
                                         .client_id = {},
                                         .address = {},
                                         .reason = what,
                                         .detail = text},
                                        format));
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
    const LogFormat format = state_->format.load(std::memory_order_relaxed);
    state_->logger(format).log(spdlog_level(event.level), "{}", state_->line_of(event, format));
  }
}

}  // namespace peal::server

#include "peal/cli/pub.hpp"

#include <unistd.h>
#include <utility>

#include "peal/cli/interrupt.hpp"
#include "peal/cli/line_reader.hpp"
#include "peal/cli/program.hpp"

namespace peal::cli {
namespace {

/// One run of `peal pub`, from the connection to the last acknowledgement.
class Publisher {
 public:
  explicit Publisher(const Options& options) : options_(options), client_(options) {}

  int run() {
    std::expected<std::string, Failure> message = load_message(options_);
    if (!message.has_value()) {
      return report(options_, message.error());
    }
    if (const auto connected = client_.connect(); !connected.has_value()) {
      return report(options_, connected.error());
    }
    const bool is_sent =
        options_.source == MessageSource::lines ? send_lines() : send_repeated(*message);
    if (is_sent && wait_for_acknowledgements(0)) {
      client_.disconnect();
    }
    return exit_code_;
  }

 private:
  bool send_repeated(const std::string& message) {
    for (std::uint32_t i = 0; i < options_.repeat; ++i) {
      if (i > 0 && options_.repeat_delay.count() > 0 && !pause(options_.repeat_delay)) {
        return false;
      }
      // Each one is acknowledged before the next one goes.
      if (!send(message) || !wait_for_acknowledgements(0)) {
        return false;
      }
    }
    return true;
  }

  bool send_lines() {
    LineReader lines(STDIN_FILENO);
    while (true) {
      while (auto line = lines.take()) {
        if (!wait_for_acknowledgements(window_left) || !send(*line)) {
          return false;
        }
      }
      if (lines.is_at_end()) {
        return true;
      }
      const Event event = client_.next(Clock::time_point::max(), STDIN_FILENO);
      if (event.kind == Event::Kind::input_ready) {
        lines.read();
      } else if (!handle(event)) {
        return false;
      }
    }
  }

  bool send(const std::string& message) {
    // With a Topic Alias the topic is named once. [MQTT-3.3.2-12]
    const bool is_named =
        has_sent_ && options_.properties.publish.has(mqtt::PropertyId::topic_alias);
    const auto id =
        client_.publish(is_named ? "" : options_.topic.value_or(""), as_bytes(message),
                        options_.qos, options_.retain, options_.properties.publish.view());
    has_sent_ = true;
    if (!id.has_value()) {
      exit_code_ = report(options_, id.error());
      client_.disconnect();
      return false;
    }
    return true;
  }

  static constexpr std::size_t window_left = static_cast<std::size_t>(-1);

  /// Until at most `most` messages wait (`window_left`: until one more may be sent).
  bool wait_for_acknowledgements(std::size_t most) {
    while (most == window_left ? client_.is_window_full() : client_.in_flight() > most) {
      if (!handle(client_.next(Clock::time_point::max()))) {
        return false;
      }
    }
    return true;
  }

  bool pause(std::chrono::microseconds time) {
    const Clock::time_point end = Clock::now() + time;
    while (true) {
      const Event event = client_.next(end);
      if (event.kind == Event::Kind::timed_out) {
        return true;
      }
      if (!handle(event)) {
        return false;
      }
    }
  }

  /// False when the connection is over.
  bool handle(const Event& event) {
    switch (event.kind) {
      case Event::Kind::published:
        report_refused_publish(options_, event);
        return true;
      case Event::Kind::disconnected:
      case Event::Kind::lost:
        exit_code_ = report_end(options_, event);
        return false;
      default:
        return true;
    }
  }

  const Options& options_;
  Client client_;
  bool has_sent_ = false;
  int exit_code_ = 0;
};

int run(const Options& options) { return Publisher(options).run(); }

}  // namespace

int pub_main(int argc, char** argv) { return run_program(Program::pub, argc, argv, run); }

}  // namespace peal::cli

#include "peal/cli/rr.hpp"

#include <utility>

#include "peal/cli/message_printer.hpp"
#include "peal/cli/program.hpp"

namespace peal::cli {
namespace {

/// One request and its response: subscribe to the response topic, then publish, then wait.
class Requester {
 public:
  explicit Requester(const Options& options)
      : options_(options), client_(options), printer_(options) {}

  int run() {
    const auto message = load_message(options_);
    if (!message.has_value()) {
      return report(options_, message.error());
    }
    if (const auto connected = client_.connect(); !connected.has_value()) {
      return report(options_, connected.error());
    }
    const Clock::time_point deadline = deadline_of(options_);
    mqtt::SubscriptionOptions subscription;
    subscription.qos = options_.qos;
    subscription.retain_as_published = options_.retain_as_published;
    // Without a packet for it this cannot be lost: what is wrong shows itself in `next`.
    [[maybe_unused]] const auto id = client_.subscribe({*options_.response_topic}, subscription);
    while (!is_done_) {
      handle(client_.next(deadline), *message);
    }
    return exit_code_;
  }

 private:
  void handle(const Event& event, const std::string& message) {
    switch (event.kind) {
      case Event::Kind::subscribed:
        handle_suback(event, message);
        break;
      case Event::Kind::message:
        if (!(event.message.retain && options_.no_retained)) {
          finish(printer_.print(event.message) ? 0 : 1, mqtt::ReasonCode::success);
        }
        break;
      case Event::Kind::published:
        report_refused_publish(options_, event);
        if (is_error(event.reason)) {
          finish(1, mqtt::ReasonCode::success);  // nobody will answer what nobody got
        }
        break;
      case Event::Kind::timed_out:
        report(options_, "Timed out");
        finish(std::to_underlying(ExitCode::timed_out), stopped_early);
        break;
      case Event::Kind::disconnected:
      case Event::Kind::lost:
        exit_code_ = report_end(options_, event);
        is_done_ = true;
        break;
      default:
        break;
    }
  }

  void handle_suback(const Event& event, const std::string& message) {
    if (event.reason_codes.empty() || is_error(event.reason_codes.front())) {
      const auto code = event.reason_codes.empty() ? mqtt::ReasonCode::unspecified_error
                                                   : event.reason_codes.front();
      report(options_, "Error: Subscription to '" + *options_.response_topic +
                           "' refused: " + std::string(mqtt::reason_name(code)) + ".");
      finish(1, mqtt::ReasonCode::success);
      return;
    }
    const auto id = client_.publish(*options_.topic, as_bytes(message), options_.qos, false,
                                    options_.properties.publish.view());
    if (!id.has_value()) {
      finish(report(options_, id.error()), mqtt::ReasonCode::success);
    }
  }

  void finish(int exit_code, mqtt::ReasonCode reason) {
    client_.disconnect(reason);
    exit_code_ = exit_code;
    is_done_ = true;
  }

  const Options& options_;
  Client client_;
  MessagePrinter printer_;
  bool is_done_ = false;
  int exit_code_ = 0;
};

int run(const Options& options) { return Requester(options).run(); }

}  // namespace

int rr_main(int argc, char** argv) { return run_program(Program::rr, argc, argv, run); }

}  // namespace peal::cli

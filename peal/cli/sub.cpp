#include "peal/cli/sub.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "peal/cli/interrupt.hpp"
#include "peal/cli/message_printer.hpp"
#include "peal/cli/program.hpp"

namespace peal::cli {
namespace {

constexpr std::chrono::seconds reconnect_delay{1};

mqtt::SubscriptionOptions subscription_of(const Options& options) {
  mqtt::SubscriptionOptions subscription;
  subscription.qos = options.qos;
  if (options.protocol == mqtt::ProtocolVersion::v5) {
    subscription.retain_as_published = options.retain_as_published;
    if (options.no_retained && !options.remove_retained) {
      subscription.retain_handling = mqtt::RetainHandling::do_not_send;
    }
  }
  return subscription;
}

/// One run of `peal sub`. Connects again when the connection is lost, as long as nobody stops it.
class Subscriber {
 public:
  explicit Subscriber(const Options& options)
      : options_(options), client_(options), printer_(options), deadline_(deadline_of(options)) {}

  int run() {
    if (const auto connected = client_.connect(); !connected.has_value()) {
      return report(options_, connected.error());
    }
    catch_interrupts();
    begin();
    while (!is_done_) {
      handle(client_.next(deadline_));
    }
    return exit_code_;
  }

 private:
  void begin() {
    if (!options_.filters.empty()) {
      awaited_subscribe_ = client_.subscribe(options_.filters, subscription_of(options_));
    }
    if (!options_.unsubscribe_filters.empty()) {
      awaited_unsubscribe_ = client_.unsubscribe(options_.unsubscribe_filters);
    }
  }

  void handle(const Event& event) {
    switch (event.kind) {
      case Event::Kind::timed_out:
        report(options_, "Timed out");
        finish(std::to_underlying(ExitCode::timed_out), stopped_early);
        break;
      case Event::Kind::interrupted:
        finish(0, stopped_early);
        break;
      case Event::Kind::message:
        handle_message(event.message);
        break;
      case Event::Kind::published:
        report_refused_publish(options_, event);
        finish_when_idle();
        break;
      case Event::Kind::subscribed:
      case Event::Kind::unsubscribed:
        handle_suback(event);
        break;
      case Event::Kind::disconnected:
      case Event::Kind::lost:
        handle_end(event);
        break;
      case Event::Kind::input_ready:
        break;
    }
  }

  void handle_message(const mqtt::Publish& message) {
    if (is_enough_) {
      return;
    }
    if (options_.retained_only && !message.retain) {
      is_enough_ = true;
      finish_when_idle();
      return;
    }
    if (is_filtered_out(message)) {
      return;
    }
    if (options_.remove_retained && message.retain) {
      remove(message.topic);
    }
    if (message.retain && options_.no_retained) {
      return;
    }
    if (!printer_.print(message)) {
      finish(1, mqtt::ReasonCode::success);
      return;
    }
    ++count_;
    if (count_ == options_.message_count) {
      is_enough_ = true;
      finish_when_idle();
    }
  }

  bool is_filtered_out(const mqtt::Publish& message) const {
    return std::ranges::any_of(options_.filters_out, [&](const std::string& text) {
      const auto filter = mqtt::TopicFilter::parse(text);
      return filter.has_value() && mqtt::matches(*filter, message.topic);
    });
  }

  /// Clears the retained message of `topic`, acknowledged, so that it is done before we go.
  void remove(mqtt::TopicName topic) {
    const std::string copy(topic.text());
    const auto id = client_.publish(copy, {}, mqtt::QoS::at_least_once, true, {});
    if (!id.has_value()) {
      report(options_, id.error());
    }
  }

  void handle_suback(const Event& event) {
    if (event.kind == Event::Kind::subscribed && event.packet_id == awaited_subscribe_) {
      awaited_subscribe_ = mqtt::PacketId::none;
      print_granted(event);
    }
    if (event.kind == Event::Kind::unsubscribed && event.packet_id == awaited_unsubscribe_) {
      awaited_unsubscribe_ = mqtt::PacketId::none;
    }
    const bool is_answered =
        awaited_subscribe_ == mqtt::PacketId::none && awaited_unsubscribe_ == mqtt::PacketId::none;
    if (is_answered && (options_.exit_after_subscribe || options_.filters.empty())) {
      finish(0, mqtt::ReasonCode::success);
    }
  }

  void print_granted(const Event& event) const {
    std::string codes;
    for (std::size_t i = 0; i < event.reason_codes.size(); ++i) {
      const mqtt::ReasonCode code = event.reason_codes[i];
      codes += (i == 0 ? "" : ", ") + std::to_string(std::to_underlying(code));
      if (is_error(code) && i < options_.filters.size()) {
        report(options_, "Warning: Subscription to '" + options_.filters[i] +
                             "' refused: " + std::string(mqtt::reason_name(code)) + "." +
                             (event.text.empty() ? "" : " " + event.text));
      }
    }
    if (options_.debug && !options_.quiet) {
      std::printf("Subscribed (mid: %d): %s\n", static_cast<int>(event.packet_id), codes.c_str());
      std::fflush(stdout);
    }
  }

  void handle_end(const Event& event) {
    if (is_enough_) {
      is_done_ = true;
      return;
    }
    const bool is_taken_over = event.kind == Event::Kind::disconnected &&
                               event.reason == mqtt::ReasonCode::session_taken_over;
    const int code = report_end(options_, event);
    // Whoever took the session over would lose it to us, and we to them, for ever.
    if (is_taken_over || code == std::to_underlying(ExitCode::protocol_error)) {
      exit_code_ = code;
      is_done_ = true;
      return;
    }
    report(options_, "Connecting again.");
    reconnect();
  }

  void reconnect() {
    while (!is_done_) {
      wait_until(std::min(deadline_, Clock::now() + reconnect_delay));
      if (is_interrupted()) {
        is_done_ = true;
        return;
      }
      if (Clock::now() >= deadline_) {
        report(options_, "Timed out");
        exit_code_ = std::to_underlying(ExitCode::timed_out);
        is_done_ = true;
        return;
      }
      const auto connected = client_.connect();
      if (connected.has_value()) {
        begin();
        return;
      }
      const bool is_refused = !connected.error().is_temporary;
      if (is_refused) {
        exit_code_ = report(options_, connected.error());
        is_done_ = true;
      }
    }
  }

  /// What was published to remove retained messages is acknowledged first.
  void finish_when_idle() {
    if (is_enough_ && client_.in_flight() == 0) {
      finish(0, mqtt::ReasonCode::success);
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
  Clock::time_point deadline_;
  mqtt::PacketId awaited_subscribe_ = mqtt::PacketId::none;
  mqtt::PacketId awaited_unsubscribe_ = mqtt::PacketId::none;
  std::uint32_t count_ = 0;
  bool is_enough_ = false;  // nothing more is printed
  bool is_done_ = false;
  int exit_code_ = 0;
};

int run(const Options& options) { return Subscriber(options).run(); }

}  // namespace

int sub_main(int argc, char** argv) { return run_program(Program::sub, argc, argv, run); }

}  // namespace peal::cli

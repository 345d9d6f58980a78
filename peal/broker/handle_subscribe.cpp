#include "peal/broker/handlers.hpp"
#include "peal/broker/session.hpp"
#include "peal/broker/worker.hpp"

namespace peal::broker {

namespace {

using mqtt::ReasonCode;

struct Step {
  Channel& channel;
  Subscribing::Request& request;
  std::uint32_t identifier = 0;
  BarrierId barrier{};
};

mqtt::Result<mqtt::TopicFilter> check_filter(Channel& channel, std::string_view text) {
  const Context& context = channel.worker().context();
  const Settings::Limits& limits = context.settings.limits;
  const auto filter = mqtt::TopicFilter::parse(text);
  const bool is_too_long =
      text.size() > limits.topic_bytes || mqtt::count_levels(text) > limits.topic_levels;
  channel.worker().counters().exceeded_limits.add(is_too_long ? 1 : 0);
  if (!filter || is_too_long) {
    return std::unexpected(ReasonCode::topic_filter_invalid);
  }
  if (!channel.session().may_subscribe(*filter)) {
    channel.worker().counters().denied_subscribes.add();
    channel.session().note(Trouble::subscribe_denied, text);
    return std::unexpected(ReasonCode::not_authorized);
  }
  // One that replaces another makes no more of them. [MQTT-3.8.4-3]
  const bool is_full =
      channel.session().subscription_count() >= limits.subscriptions_per_session ||
      context.totals.subscriptions.load(std::memory_order_relaxed) >= limits.subscriptions;
  if (is_full && !channel.worker().subscribing().has(channel.session(), *filter)) {
    channel.worker().counters().refused_subscriptions.add();
    return std::unexpected(ReasonCode::quota_exceeded);
  }
  return *filter;
}

/// Grants one filter. [MQTT-3.8.4-7] [MQTT3-3.8.4-5]
ReasonCode subscribe_one(const Step& step, const mqtt::SubscribeEntry& entry) {
  const auto filter = check_filter(step.channel, entry.filter_text);
  if (!filter) {
    return filter.error();
  }
  const bool is_new = step.channel.worker().subscribing().add(
      step.channel.session(), *filter, entry.options, step.identifier, step.barrier);
  const auto handling = entry.options.retain_handling;
  const bool wants_retained =
      handling == mqtt::RetainHandling::send ||  // [MQTT-3.3.1-9] [MQTT-3.8.4-4] [MQTT3-3.8.4-3]
      (handling == mqtt::RetainHandling::send_if_new && is_new);  // [MQTT-3.3.1-10] [MQTT-3.3.1-11]
  if (wants_retained && !filter->is_shared()) {
    step.request.wishes.push_back({std::string(entry.filter_text), entry.options, step.identifier});
  }
  return static_cast<ReasonCode>(entry.options.qos);  // [MQTT-3.2.2-10]
}

/// How a version says no: 3.1.1 knows one code, 3.1 none. [MQTT-3.9.3-2] [MQTT3-3.9.3-2]
std::uint8_t code_for(const Channel& channel, ReasonCode reason) {
  const bool is_v3_failure = !channel.is_v5() && mqtt::is_error(reason);
  return static_cast<std::uint8_t>(is_v3_failure ? ReasonCode::unspecified_error : reason);
}

}  // namespace

Handled handle_subscribe(Channel& channel, const mqtt::FixedHeader&, Bytes body) {
  const auto packet = mqtt::decode_subscribe(body, channel.version());
  if (!packet) {
    return failure(packet.error(), {});
  }
  Subscribing& subscribing = channel.worker().subscribing();
  Subscribing::Request request;
  request.packet_id = packet->packet_id;
  const std::uint32_t identifier =
      packet->properties.number(mqtt::PropertyId::subscription_identifier).value_or(0);
  const Step step{channel, request, identifier, subscribing.begin()};
  const std::size_t limit = channel.worker().context().settings.limits.filters_per_subscribe;
  // One answer for each, in their order. [MQTT-3.8.4-6] [MQTT-3.9.3-1] [MQTT3-3.8.4-4]
  // [MQTT3-3.9.3-1]
  for (const mqtt::SubscribeEntry& entry : packet->entries) {
    const bool is_beyond = request.reason_codes.size() >= limit;
    channel.worker().counters().exceeded_limits.add(is_beyond ? 1 : 0);
    const ReasonCode reason = is_beyond ? ReasonCode::quota_exceeded : subscribe_one(step, entry);
    request.reason_codes.push_back(code_for(channel, reason));
  }
  subscribing.finish(channel, std::move(request), step.barrier);
  return {};
}

}  // namespace peal::broker

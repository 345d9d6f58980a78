#include "peal/server/explain.hpp"

#include <array>

#include "peal/broker/channel.hpp"
#include "peal/broker/session.hpp"
#include "peal/broker/space.hpp"

namespace peal::server {

namespace {

using broker::Trouble;

constexpr std::size_t filters_limit = 20;

struct TroubleText {
  Trouble trouble;
  std::string_view what;
  std::string_view advice;
};

constexpr std::array texts{
    TroubleText{Trouble::publish_denied, "messages it may not publish",
                "`peal acl test` says which rule decides; an MQTT 3 client is not told"},
    TroubleText{Trouble::subscribe_denied, "filters it may not subscribe to",
                "`peal acl test` says which rule decides"},
    TroubleText{Trouble::delivery_denied, "messages it may not receive any more",
                "the right was withdrawn while they waited"},
    TroubleText{Trouble::queue_full, "messages dropped because its queue was full",
                "it was away too long or acknowledges too slowly; queue.messages, queue.bytes"},
    TroubleText{Trouble::unsent_full, "QoS 0 messages dropped because it reads too slowly",
                "its network or program is slower than what it subscribes to; queue.unsent"},
    TroubleText{Trouble::expired, "messages that expired before they could be sent",
                "their publisher gave them that time"},
    TroubleText{Trouble::too_large, "messages larger than it takes",
                "its CONNECT announced a Maximum Packet Size"},
    TroubleText{Trouble::throttled, "times it published faster than its role allows",
                "it is made to wait; the role's rate"},
};
static_assert(texts.size() == broker::trouble_kinds);

}  // namespace

SessionReport report_on(const broker::Session& session) {
  SessionReport report;
  report.user = session.user;
  report.is_connected = session.channel != nullptr;
  if (report.is_connected) {
    report.address = session.channel->connection().peer().address;
    report.is_paused = session.channel->is_waiting();
  }
  report.subscriptions = session.subscription_count();
  for (const broker::NodeId node : session.subscriptions) {
    if (report.filters.size() == filters_limit) {
      break;
    }
    report.filters.push_back(session.space().subscriptions.filter_of(node));
  }
  report.queued = session.outgoing.count();
  report.expiry_seconds = session.expiry_interval.count();
  const auto* extra = session.extra_if_any();
  for (const TroubleText& text : texts) {
    if (extra == nullptr || extra->troubles == nullptr) {
      break;
    }
    const auto& entry = (*extra->troubles)[text.trouble];
    if (entry.times > 0) {
      report.troubles.push_back(
          {std::string(text.what), std::string(text.advice), entry.times, entry.last});
    }
  }
  return report;
}

}  // namespace peal::server

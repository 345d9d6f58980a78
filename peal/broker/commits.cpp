#include "peal/broker/commits.hpp"

#include "peal/broker/channel.hpp"
#include "peal/broker/handlers.hpp"
#include "peal/broker/send_packet.hpp"
#include "peal/broker/session.hpp"
#include "peal/broker/worker.hpp"

namespace peal::broker {

void Commits::when_safe(const AfterCommit& what) {
  const Journal& journal = worker_.context().journal;
  const bool is_safe =
      !journal.is_durable() || (waiting_.empty() && journal.committed() >= journal.written());
  if (is_safe) {
    act(what);
  } else {
    waiting_.push_back({journal.written(), what});
  }
}

bool Commits::is_due() const {
  return !waiting_.empty() && worker_.context().journal.committed() >= waiting_.front().position;
}

void Commits::settle() {
  while (is_due()) {
    const AfterCommit what = waiting_.front().what;
    waiting_.pop_front();
    act(what);
  }
}

void Commits::act(const AfterCommit& what) {
  std::visit([this](const auto& each) { act(each); }, what);
}

Channel* Commits::find(const ChannelRef& channel) const {
  const Session* session = worker_.sessions().find(channel.session);
  const bool is_same = session != nullptr && session->channel != nullptr &&
                       session->channel->serial() == channel.serial;
  return is_same ? session->channel : nullptr;
}

void Commits::act(const after_commit::Answer& answer) {
  if (Channel* channel = find(answer.to); channel != nullptr) {
    channel->answered(answer.type);
    channel->send_packet(mqtt::Ack{.type = answer.type,
                                   .packet_id = answer.packet_id,
                                   .reason = answer.reason,
                                   .properties = {}});
  }
}

void Commits::act(const after_commit::Send& send) {
  if (Channel* channel = find(send.to); channel != nullptr) {
    worker_.outbound().send_stored(*channel, send.packet_id, send.dup);
  }
}

void Commits::act(const after_commit::Connack& connack) {
  if (Channel* channel = find(connack.to); channel != nullptr) {
    finish_connect(*channel);
  }
}

void Commits::act(const after_commit::Subscribed& subscribed) {
  worker_.subscribing().stored(subscribed.barrier);
}

}  // namespace peal::broker

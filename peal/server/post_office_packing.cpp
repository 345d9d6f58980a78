#include <cstring>

#include "peal/server/post_office.hpp"

namespace peal::server {

namespace {

/// What stands in front of a packed message's topic, properties and payload. Every byte of it
/// crosses from one core's cache to another's, so it is small: the time of expiry follows only
/// where there is one, and who published matters to nobody elsewhere (No Local is about the
/// publisher's own session, which is at home where it publishes).
struct Head {
  std::uint32_t payload_size;
  std::uint16_t properties_size;
  std::uint16_t topic_size;
  broker::NamespaceId space;
  mqtt::QoS qos;
  bool retain : 1;
  bool expires : 1;
  bool for_sessions : 1;
  bool for_groups : 1;
};
static_assert(sizeof(Head) == 12);

/// Appends `bytes` at `at`, which moves behind them.
void put(std::uint8_t*& at, const void* bytes, std::size_t size) {
  if (size > 0) {
    std::memcpy(at, bytes, size);
    at += size;
  }
}

}  // namespace

void pack(Batch& batch, const broker::Forward& how, const broker::MessageFields& message) {
  const std::string_view topic = message.topic.text();
  const bool expires = message.expires != broker::never;
  const Head head{.payload_size = static_cast<std::uint32_t>(message.payload.size()),
                  .properties_size = static_cast<std::uint16_t>(message.properties.size()),
                  .topic_size = static_cast<std::uint16_t>(topic.size()),
                  .space = how.space,
                  .qos = message.qos,
                  .retain = message.retain,
                  .expires = expires,
                  .for_sessions = how.for_sessions,
                  .for_groups = how.for_groups};
  const std::size_t expiry_size = expires ? sizeof(message.expires) : 0;
  std::uint8_t* at = batch.packed.extend(sizeof(Head) + expiry_size + topic.size() +
                                         message.properties.size() + message.payload.size());
  put(at, &head, sizeof(head));
  put(at, &message.expires, expiry_size);
  put(at, topic.data(), topic.size());
  put(at, message.properties.data(), message.properties.size());
  put(at, message.payload.data(), message.payload.size());
  auto* run = batch.letters.empty() ? nullptr : std::get_if<PackedRun>(&batch.letters.back());
  if (run == nullptr) {
    run = &std::get<PackedRun>(batch.letters.emplace_back(PackedRun{}));
  }
  ++run->count;
}

Unpacked unpack(const Batch& batch, std::size_t& position) {
  Head head;
  std::memcpy(&head, batch.packed.bytes().data() + position, sizeof(head));
  position += sizeof(head);
  auto take = [&](std::size_t size) {
    const Bytes bytes = batch.packed.bytes().subspan(position, size);
    position += size;
    return bytes;
  };
  Unpacked unpacked;
  if (head.expires) {
    std::memcpy(&unpacked.message.expires, take(sizeof(Time)).data(), sizeof(Time));
  }
  unpacked.how = {
      .space = head.space, .for_sessions = head.for_sessions, .for_groups = head.for_groups};
  unpacked.message.topic = mqtt::TopicName::trusted(as_text(take(head.topic_size)));
  unpacked.message.properties = take(head.properties_size);
  unpacked.message.payload = take(head.payload_size);
  unpacked.message.qos = head.qos;
  unpacked.message.retain = head.retain;
  return unpacked;
}

}  // namespace peal::server

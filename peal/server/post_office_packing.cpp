#include <algorithm>
#include <cstring>
#include <limits>

#include "peal/server/post_office.hpp"

namespace peal::server {

namespace {

/// A longer run is a new one: its receivers' limits are asked once for all of it.
constexpr std::uint32_t run_bytes_limit = 64 * 1024;

/// Appends `bytes` at `at`, which moves behind them.
void put(std::uint8_t*& at, const void* bytes, std::size_t size) {
  if (size > 0) {
    std::memcpy(at, bytes, size);
    at += size;
  }
}

/// Appends `head` to those that came last.
void add(Batch& batch, const PackedHead& head) {
  auto* packed = batch.letters.empty() ? nullptr : std::get_if<Packed>(&batch.letters.back());
  if (packed == nullptr) {
    packed = &std::get<Packed>(batch.letters.emplace_back(Packed{}));
  }
  ++packed->count;
  batch.heads.push_back(head);
}

/// What `head` names, its packets in front of `bytes`.
broker::PublishRun run_of(const RunHead& head, Bytes bytes) {
  return {.space = head.space,
          .is_v5 = head.is_v5,
          .count = head.count,
          .largest_bytes = head.largest_bytes,
          .packets = bytes.first(head.bytes)};
}

/// The run that came last, if another packet may follow in it.
RunHead* open_run(Batch& batch, broker::NamespaceId space, mqtt::TopicName topic, bool is_v5) {
  if (batch.letters.empty() || !std::holds_alternative<Packed>(batch.letters.back())) {
    return nullptr;
  }
  auto* run = std::get_if<RunHead>(&batch.heads.back());
  if (run == nullptr || run->space != space || run->is_v5 != is_v5 ||
      run->bytes >= run_bytes_limit || run->count == std::numeric_limits<std::uint16_t>::max()) {
    return nullptr;
  }
  const Bytes packets = batch.packed.bytes().last(run->bytes);
  return run_of(*run, packets).topic() == topic ? run : nullptr;
}

}  // namespace

void pack(Batch& batch, const broker::Forward& how, const broker::MessageFields& message) {
  const std::string_view topic = message.topic.text();
  const bool expires = message.expires != broker::never;
  add(batch, MessageHead{.payload_size = static_cast<std::uint16_t>(message.payload.size()),
                         .properties_size = static_cast<std::uint16_t>(message.properties.size()),
                         .topic_size = static_cast<std::uint16_t>(topic.size()),
                         .space = how.space,
                         .qos = message.qos,
                         .retain = message.retain,
                         .expires = expires,
                         .for_sessions = how.for_sessions,
                         .for_groups = how.for_groups,
                         .is_logged = how.logged != broker::KeptId::none});
  const std::size_t expiry_size = expires ? sizeof(message.expires) : 0;
  const std::size_t name_size = how.logged != broker::KeptId::none ? sizeof(how.logged) : 0;
  std::uint8_t* at = batch.packed.extend(expiry_size + name_size + topic.size() +
                                         message.properties.size() + message.payload.size());
  put(at, &message.expires, expiry_size);
  put(at, &how.logged, name_size);
  put(at, topic.data(), topic.size());
  put(at, message.properties.data(), message.properties.size());
  put(at, message.payload.data(), message.payload.size());
}

void pack(Batch& batch, broker::NamespaceId space, mqtt::TopicName topic,
          const broker::PlainPublish& packet) {
  RunHead* run = open_run(batch, space, topic, packet.is_v5);
  if (run == nullptr) {
    add(batch, RunHead{.space = space, .is_v5 = packet.is_v5});
    run = &std::get<RunHead>(batch.heads.back());
  }
  const std::size_t size = packet.size();
  packet.write(batch.packed.extend(size));
  ++run->count;
  run->bytes += static_cast<std::uint32_t>(size);
  run->largest_bytes = std::max(run->largest_bytes, static_cast<std::uint16_t>(size));
}

std::variant<Unpacked, broker::PublishRun> Unpacking::next() {
  const PackedHead& head = heads_.front();
  heads_ = heads_.subspan(1);
  if (const auto* run = std::get_if<RunHead>(&head)) {
    return read(*run);
  }
  return read(std::get<MessageHead>(head));
}

broker::PublishRun Unpacking::read(const RunHead& head) {
  const broker::PublishRun run = run_of(head, bytes_);
  take(head.bytes);
  return run;
}

Unpacked Unpacking::read(const MessageHead& head) {
  Unpacked unpacked;
  if (head.expires) {
    std::memcpy(&unpacked.message.expires, take(sizeof(Time)).data(), sizeof(Time));
  }
  unpacked.how = {.space = head.space,
                  .for_sessions = head.for_sessions,
                  .for_groups = head.for_groups,
                  .from = from_};
  if (head.is_logged) {
    std::memcpy(&unpacked.how.logged, take(sizeof(broker::KeptId)).data(), sizeof(broker::KeptId));
  }
  unpacked.message.topic = mqtt::TopicName::trusted(as_text(take(head.topic_size)));
  unpacked.message.properties = take(head.properties_size);
  unpacked.message.payload = take(head.payload_size);
  unpacked.message.qos = head.qos;
  unpacked.message.retain = head.retain;
  return unpacked;
}

Bytes Unpacking::take(std::size_t size) {
  const Bytes bytes = bytes_.first(size);
  bytes_ = bytes_.subspan(size);
  return bytes;
}

}  // namespace peal::server

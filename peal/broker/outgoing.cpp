#include "peal/broker/outgoing.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "peal/base/assert.hpp"

namespace peal::broker {

namespace {

constexpr std::uint32_t not_found = 0xFFFFFFFF;
/// Finished entries behind an unfinished one, from which the ring is put together anew.
constexpr std::uint32_t compact_from = 512;

/// A size in six bits: two steps to the next power of two, rounded up.
std::uint8_t class_of_bytes(std::size_t bytes) {
  const unsigned exponent = bytes < 4 ? 0 : static_cast<unsigned>(std::bit_width(bytes - 1)) - 2;
  const std::size_t halves = (bytes + (std::size_t{1} << exponent) - 1) >> exponent;  // 3 or 4
  return static_cast<std::uint8_t>(std::min<std::size_t>(exponent * 2 + (halves > 3 ? 1 : 0), 63));
}

std::size_t bytes_of_class(std::uint8_t size_class) {
  return std::size_t{3U + (size_class & 1U)} << (size_class >> 1);
}

}  // namespace

std::size_t OutgoingMessage::bytes() const {
  if (is_kept) {
    return bytes_of_class(size_class);
  }
  return message() == nullptr ? 0 : message()->bytes();
}

void OutgoingMessage::let_go() {
  if (const Message* held = message(); held != nullptr) {
    const KeptId name_of_it = kept();
    held_ = 0;
    if (is_kept) {
      name(name_of_it);
    }
    held->release();
  }
}

/// Counts an entry that waits from now on.
void Outgoing::begin_waiting(const OutgoingMessage& entry) {
  waiting_bytes_ += entry.bytes();
  if (in_memory_bytes_ != nullptr && entry.is_kept && !entry.is_on_disk()) {
    *in_memory_bytes_ += Message::memory_bytes(entry.bytes());
  }
}

void Outgoing::end_waiting(const OutgoingMessage& entry) {
  waiting_bytes_ -= entry.bytes();
  if (in_memory_bytes_ != nullptr && entry.is_kept && !entry.is_on_disk()) {
    *in_memory_bytes_ -= Message::memory_bytes(entry.bytes());
  }
}

void Outgoing::keep_last(bool is_on_disk) {
  OutgoingMessage& entry = waiting_.back();
  end_waiting(entry);
  entry.size_class = class_of_bytes(entry.message()->bytes()) & 63;
  entry.is_kept = true;
  if (is_on_disk) {
    entry.let_go();
  }
  begin_waiting(entry);
}

void Outgoing::restore(const StoredCopy& copy) {
  OutgoingMessage entry;
  entry.name(copy.message);
  entry.is_kept = true;
  entry.size_class = class_of_bytes(copy.bytes) & 63;
  entry.qos = copy.qos;
  entry.retain = copy.retain;
  entry.packet_id = copy.packet_id;
  set_identifiers(entry, copy.identifiers, nullptr);
  if (copy.packet_id == mqtt::PacketId::none) {
    waiting_.push_back(entry);
    begin_waiting(entry);
    return;
  }
  entry.state = copy.is_released ? FlowState::released : FlowState::sent;
  in_flight_.push_back(entry);
  last_packet_id_ = static_cast<std::uint16_t>(copy.packet_id);
  descents_ = static_cast<std::uint16_t>(descents_ + (is_descent(in_flight_.size() - 1) ? 1 : 0));
}

std::vector<KeptId> Outgoing::wanted_from_disk(std::size_t limit) const {
  std::vector<KeptId> wanted;
  auto look_at = [&](const OutgoingMessage& entry) {
    if (entry.is_on_disk() && entry.state < FlowState::released && wanted.size() < limit) {
      wanted.push_back(entry.kept());
    }
  };
  for (std::uint32_t i = resend_at_; i < in_flight_.size(); ++i) {
    look_at(in_flight_[i]);
  }
  for (std::uint32_t i = 0; i < waiting_.size() && i < limit; ++i) {
    look_at(waiting_[i]);
  }
  return wanted;
}

OutgoingMessage* Outgoing::in_flight_on_disk(KeptId kept) {
  for (std::uint32_t i = 0; i < in_flight_.size(); ++i) {
    OutgoingMessage& entry = in_flight_[i];
    if (entry.is_on_disk() && entry.kept() == kept && entry.state == FlowState::sent) {
      return &entry;
    }
  }
  return nullptr;
}

bool Outgoing::load(KeptId kept, const MessageRef& message) {
  OutgoingMessage* entry = in_flight_on_disk(kept);
  for (std::uint32_t i = 0; entry == nullptr && i < waiting_.size(); ++i) {
    if (waiting_[i].is_on_disk() && waiting_[i].kept() == kept) {
      entry = &waiting_[i];
    }
  }
  if (entry == nullptr) {
    return false;
  }
  const bool waits = entry->state == FlowState::waiting;
  if (waits) {
    end_waiting(*entry);
  }
  message->set_kept(kept);
  message->retain();
  entry->hold(message.get());
  if (waits) {
    begin_waiting(*entry);
  }
  return true;
}

void Outgoing::push(const MessageRef& message, mqtt::QoS qos, bool retain,
                    std::span<const std::uint32_t> identifiers, const GroupRef* group) {
  OutgoingMessage entry;
  message->retain();
  entry.hold(message.get());
  entry.qos = qos;
  entry.retain = retain;
  set_identifiers(entry, identifiers, group);
  waiting_.push_back(entry);
  begin_waiting(entry);
}

void Outgoing::set_identifiers(OutgoingMessage& entry, std::span<const std::uint32_t> identifiers,
                               const GroupRef* group) {
  if (identifiers.size() <= 1 && group == nullptr) {
    entry.identifier = identifiers.empty() ? 0 : identifiers.front();
    return;
  }
  entry.has_details = true;
  entry.identifier = add_details({{identifiers.begin(), identifiers.end()},
                                  group != nullptr ? *group : GroupRef{},
                                  group != nullptr});
}

std::uint32_t Outgoing::add_details(OutgoingDetails details) {
  if (details_ == nullptr) {
    details_ = std::make_unique<DetailTable>();
  }
  if (details_->free.empty()) {
    details_->items.push_back(std::move(details));
    return static_cast<std::uint32_t>(details_->items.size() - 1);
  }
  const std::uint32_t place = details_->free.back();
  details_->free.pop_back();
  details_->items[place] = std::move(details);
  return place;
}

OutgoingMessage Outgoing::take_waiting() {
  const OutgoingMessage entry = waiting_.pop_front();
  end_waiting(entry);
  return entry;
}

OutgoingMessage& Outgoing::begin_flight() {
  OutgoingMessage entry = take_waiting();
  entry.packet_id = next_packet_id();
  entry.state = FlowState::sent;
  entry.is_sent_here = true;
  ++outstanding_;
  PEAL_ASSERT(resend_at_ == in_flight_.size());
  in_flight_.push_back(entry);
  resend_at_ = in_flight_.size();
  descents_ = static_cast<std::uint16_t>(descents_ + (is_descent(resend_at_ - 1) ? 1 : 0));
  return in_flight_.back();
}

/// Whether the identifier at `index` is smaller than the one before it.
bool Outgoing::is_descent(std::uint32_t index) const {
  return index > 0 && in_flight_[index].packet_id < in_flight_[index - 1].packet_id;
}

mqtt::PacketId Outgoing::next_packet_id() {
  do {
    ++last_packet_id_;
  } while (last_packet_id_ == 0 ||
           index_of(static_cast<mqtt::PacketId>(last_packet_id_)) != not_found);
  return static_cast<mqtt::PacketId>(last_packet_id_);
}

std::uint32_t Outgoing::index_of(mqtt::PacketId packet_id) const {
  if (in_flight_.empty()) {
    return not_found;
  }
  auto is_at = [&](std::uint32_t index) {
    return index < in_flight_.size() && in_flight_[index].packet_id == packet_id &&
           in_flight_[index].state != FlowState::done;
  };
  // Identifiers are given in sequence, so the distance from the first one is the place, but for a
  // wrap-around.
  const auto guess = static_cast<std::uint16_t>(static_cast<unsigned>(packet_id) -
                                                static_cast<unsigned>(in_flight_[0].packet_id));
  if (is_at(guess)) {
    return guess;
  }
  const auto first = static_cast<std::uint16_t>(in_flight_[0].packet_id);
  const auto last = static_cast<std::uint16_t>(in_flight_[in_flight_.size() - 1].packet_id);
  const auto wanted = static_cast<std::uint16_t>(packet_id);
  if (descents_ == 0 && (wanted < first || wanted > last)) {
    return not_found;  // in sequence without a wrap: the usual new identifier
  }
  for (std::uint32_t i = 0; i < in_flight_.size(); ++i) {
    if (is_at(i)) {
      return i;
    }
  }
  return not_found;
}

OutgoingMessage* Outgoing::in_flight(mqtt::PacketId packet_id) {
  const std::uint32_t index = index_of(packet_id);
  return index == not_found ? nullptr : &in_flight_[index];
}

void Outgoing::release(OutgoingMessage& entry) {
  entry.state = FlowState::released;
  entry.let_go();
}

void Outgoing::finish(OutgoingMessage& entry) {
  drop(entry);
  entry.hold(nullptr);
  entry.has_details = false;
  entry.state = FlowState::done;
  if (entry.is_sent_here) {
    --outstanding_;
  }
  ++done_count_;
  pop_done();
}

void Outgoing::pop_done() {
  while (!in_flight_.empty() && in_flight_[0].state == FlowState::done) {
    descents_ =
        static_cast<std::uint16_t>(descents_ - (in_flight_.size() > 1 && is_descent(1) ? 1 : 0));
    in_flight_.pop_front();
    --done_count_;
    resend_at_ -= resend_at_ > 0 ? 1 : 0;
  }
  if (done_count_ >= compact_from) {
    compact();
  }
}

void Outgoing::compact() {
  Ring<OutgoingMessage> kept;
  std::uint32_t resend_at = 0;
  for (std::uint32_t i = 0; i < in_flight_.size(); ++i) {
    if (in_flight_[i].state != FlowState::done) {
      kept.push_back(in_flight_[i]);
      resend_at += i < resend_at_ ? 1 : 0;
    }
  }
  in_flight_ = std::move(kept);
  resend_at_ = resend_at;
  done_count_ = 0;
  descents_ = 0;
  for (std::uint32_t i = 0; i < in_flight_.size(); ++i) {
    descents_ = static_cast<std::uint16_t>(descents_ + (is_descent(i) ? 1 : 0));
  }
}

void Outgoing::rewind() {
  resend_at_ = 0;
  outstanding_ = 0;
  for (std::uint32_t i = 0; i < in_flight_.size(); ++i) {
    in_flight_[i].is_sent_here = false;
  }
}

OutgoingMessage* Outgoing::next_resend() {
  while (resend_at_ < in_flight_.size() && in_flight_[resend_at_].state == FlowState::done) {
    ++resend_at_;
  }
  return resend_at_ < in_flight_.size() ? &in_flight_[resend_at_] : nullptr;
}

void Outgoing::resent() {
  in_flight_[resend_at_].is_sent_here = true;
  ++outstanding_;
  ++resend_at_;
}

std::span<const std::uint32_t> Outgoing::identifiers_of(const OutgoingMessage& entry) const {
  if (entry.has_details) {
    return details_->items[entry.identifier].identifiers;
  }
  return {&entry.identifier, entry.identifier != 0 ? 1U : 0U};
}

const OutgoingDetails* Outgoing::details_of(const OutgoingMessage& entry) const {
  return entry.has_details ? &details_->items[entry.identifier] : nullptr;
}

void Outgoing::drop(const OutgoingMessage& entry) {
  if (entry.message() != nullptr) {
    entry.message()->release();
  }
  if (entry.has_details) {
    details_->items[entry.identifier] = {};
    details_->free.push_back(entry.identifier);
  }
}

std::vector<OutgoingMessage> Outgoing::take_expired(Time now) {
  std::vector<OutgoingMessage> taken;
  for (std::uint32_t left = waiting_.size(); left > 0; --left) {
    const OutgoingMessage entry = waiting_.pop_front();
    if (!entry.is_on_disk() && entry.message()->is_expired(now)) {
      end_waiting(entry);
      taken.push_back(entry);
    } else {
      waiting_.push_back(entry);
    }
  }
  return taken;
}

std::vector<OutgoingMessage> Outgoing::take_shared() {
  std::vector<OutgoingMessage> taken;
  if (details_ == nullptr) {
    return taken;
  }
  auto is_shared = [&](const OutgoingMessage& entry) {
    return entry.has_details && !entry.is_on_disk() && details_->items[entry.identifier].is_shared;
  };
  for (std::uint32_t i = 0; i < in_flight_.size(); ++i) {
    OutgoingMessage& entry = in_flight_[i];
    if (is_shared(entry) && entry.state == FlowState::sent &&
        entry.qos == mqtt::QoS::at_least_once) {
      taken.push_back(entry);
      entry.hold(nullptr);
      entry.has_details = false;
      entry.state = FlowState::done;
      outstanding_ = static_cast<std::uint16_t>(outstanding_ - (entry.is_sent_here ? 1 : 0));
      ++done_count_;
    }
  }
  pop_done();
  for (std::uint32_t left = waiting_.size(); left > 0; --left) {
    const OutgoingMessage entry = waiting_.pop_front();
    if (is_shared(entry)) {
      end_waiting(entry);
      taken.push_back(entry);
    } else {
      waiting_.push_back(entry);
    }
  }
  return taken;
}

void Outgoing::clear() {
  for (std::uint32_t i = 0; i < in_flight_.size(); ++i) {
    drop(in_flight_[i]);
  }
  for (std::uint32_t i = 0; i < waiting_.size(); ++i) {
    end_waiting(waiting_[i]);
    drop(waiting_[i]);
  }
  in_flight_.clear();
  waiting_.clear();
  waiting_bytes_ = 0;
  resend_at_ = done_count_ = 0;
  outstanding_ = descents_ = 0;
}

}  // namespace peal::broker

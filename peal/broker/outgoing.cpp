#include "peal/broker/outgoing.hpp"

#include <utility>

#include "peal/base/assert.hpp"

namespace peal::broker {

namespace {

constexpr std::uint32_t not_found = 0xFFFFFFFF;
/// Finished entries behind an unfinished one, from which the ring is put together anew.
constexpr std::uint32_t compact_from = 512;

}  // namespace

void Outgoing::push(const MessageRef& message, mqtt::QoS qos, bool retain,
                    std::span<const std::uint32_t> identifiers, const GroupRef* group) {
  OutgoingMessage entry;
  entry.message = message.get();
  entry.message->retain();
  entry.qos = qos;
  entry.retain = retain;
  if (identifiers.size() <= 1 && group == nullptr) {
    entry.identifier = identifiers.empty() ? 0 : identifiers.front();
  } else {
    entry.has_details = true;
    entry.identifier = add_details({{identifiers.begin(), identifiers.end()},
                                    group != nullptr ? *group : GroupRef{},
                                    group != nullptr});
  }
  waiting_.push_back(entry);
  waiting_bytes_ += message->bytes();
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
  waiting_bytes_ -= entry.message->bytes();
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
  if (entry.message != nullptr) {
    std::exchange(entry.message, nullptr)->release();
  }
}

void Outgoing::finish(OutgoingMessage& entry) {
  drop(entry);
  entry.message = nullptr;
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
  if (entry.message != nullptr) {
    entry.message->release();
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
    if (entry.message->is_expired(now)) {
      waiting_bytes_ -= entry.message->bytes();
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
    return entry.has_details && details_->items[entry.identifier].is_shared;
  };
  for (std::uint32_t i = 0; i < in_flight_.size(); ++i) {
    OutgoingMessage& entry = in_flight_[i];
    if (is_shared(entry) && entry.state == FlowState::sent &&
        entry.qos == mqtt::QoS::at_least_once) {
      taken.push_back(entry);
      entry.message = nullptr;
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
      waiting_bytes_ -= entry.message->bytes();
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
    drop(waiting_[i]);
  }
  in_flight_.clear();
  waiting_.clear();
  waiting_bytes_ = 0;
  resend_at_ = done_count_ = 0;
  outstanding_ = descents_ = 0;
}

}  // namespace peal::broker

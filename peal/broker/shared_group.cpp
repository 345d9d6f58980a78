#include "peal/broker/shared_group.hpp"

#include <algorithm>

namespace peal::broker {

SharedMember* SharedGroup::find(const mail::Member& at) {
  const auto found = std::ranges::find(members_, at, &SharedMember::at);
  return found == members_.end() ? nullptr : &*found;
}

void SharedGroup::join(const SharedMember& member) {
  if (SharedMember* known = find(member.at)) {
    const std::uint32_t in_flight = known->in_flight;
    *known = member;
    known->in_flight = in_flight;
    return;
  }
  members_.push_back(member);
}

bool SharedGroup::leave(const mail::Member& at) {
  return std::erase_if(members_, [&](const SharedMember& member) { return member.at == at; }) > 0;
}

SharedMember* SharedGroup::choose(SharedChoice choice, mqtt::QoS qos,
                                  std::span<const mail::Member> but) {
  const auto count = static_cast<std::uint32_t>(members_.size());
  SharedMember* online = nullptr;
  SharedMember* offline = nullptr;
  // From the member after the last one chosen, so that equals take turns.
  for (std::uint32_t i = 1; i <= count; ++i) {
    SharedMember& member = members_[(turn_ + i) % count];
    const bool can_wait = qos != mqtt::QoS::at_most_once && member.qos != mqtt::QoS::at_most_once;
    if (std::ranges::find(but, member.at) != but.end() || (!member.is_online && !can_wait)) {
      continue;
    }
    SharedMember*& best = member.is_online ? online : offline;
    if (best == nullptr ||
        (choice == SharedChoice::least_in_flight && member.in_flight < best->in_flight)) {
      best = &member;
    }
  }
  SharedMember* chosen = online != nullptr ? online : offline;
  if (chosen != nullptr) {
    turn_ = static_cast<std::uint32_t>(chosen - members_.data());
  }
  return chosen;
}

}  // namespace peal::broker

#include "peal/broker/session.hpp"

#include <algorithm>
#include <utility>

#include "peal/broker/absence.hpp"

namespace peal::broker {

Session::Session(SessionHandle handle, Space& space, std::string client_id, PublisherId publisher)
    : client_id_(std::move(client_id)), space_(&space), publisher_(publisher), handle_(handle) {}

Session::~Session() = default;

bool Session::may_subscribe(const mqtt::TopicFilter& filter) {
  const SubscribeRight right =
      rights ? rights->may_subscribe(identity(), filter) : SubscribeRight::all;
  is_receiving_checked = is_receiving_checked || right == SubscribeRight::some;
  return right != SubscribeRight::none;
}

void Session::set_rights(RightsRef now) {
  if (now.get() != rights.get()) {
    is_receiving_checked = now && subscription_count() > 0;
    rights = std::move(now);
  }
}

bool Session::is_unreleased(mqtt::PacketId id) const {
  return extra_ != nullptr &&
         std::ranges::binary_search(extra_->unreleased, static_cast<std::uint16_t>(id));
}

void Session::add_unreleased(mqtt::PacketId id) {
  auto& ids = extra().unreleased;
  const auto number = static_cast<std::uint16_t>(id);
  ids.insert(std::ranges::lower_bound(ids, number), number);
}

bool Session::release(mqtt::PacketId id) {
  if (!is_unreleased(id)) {
    return false;
  }
  auto& ids = extra_->unreleased;
  ids.erase(std::ranges::lower_bound(ids, static_cast<std::uint16_t>(id)));
  return true;
}

void Session::note(Trouble trouble, std::string_view what, std::uint64_t times) {
  auto& troubles = extra().troubles;
  if (troubles == nullptr) {
    troubles = std::make_unique<Troubles>();
  }
  troubles->note(trouble, what, times);
}

}  // namespace peal::broker

#include "peal/broker/session_table.hpp"

#include "peal/base/hash.hpp"
#include "peal/broker/absence.hpp"
#include "peal/broker/space.hpp"

namespace peal::broker {

std::size_t SessionTable::Hash::operator()(const Session* session) const {
  return (*this)(Key{&session->space(), session->client_id()});
}

std::size_t SessionTable::Hash::operator()(const Key& key_of) const {
  return hash_text(key_of.client_id, key + static_cast<std::uint16_t>(key_of.space->id));
}

bool SessionTable::Equal::operator()(const Key& a, const Session* b) const {
  return a.space == &b->space() && a.client_id == b->client_id();
}

Session* SessionTable::find(const Space& space, std::string_view client_id) const {
  const auto found = by_name_.find(Key{&space, client_id});
  return found == by_name_.end() ? nullptr : *found;
}

Session* SessionTable::find(SessionHandle handle) const {
  if (handle.slot >= slots_.size() || slots_[handle.slot].generation != handle.generation) {
    return nullptr;
  }
  return slots_[handle.slot].session.get();
}

PublisherId SessionTable::publisher_of(const Space& space, std::string_view client_id) const {
  const std::uint64_t key = hash_key_ ^ (1 + static_cast<std::uint64_t>(space.id));
  const std::uint64_t hash = hash_text(client_id, key);
  return static_cast<PublisherId>(hash == 0 ? 1 : hash);
}

Session& SessionTable::create(Space& space, std::string_view client_id) {
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  slots_[slot].session =
      std::make_unique<Session>(SessionHandle{slot, slots_[slot].generation}, space,
                                std::string(client_id), publisher_of(space, client_id));
  by_name_.insert(slots_[slot].session.get());
  return *slots_[slot].session;
}

void SessionTable::erase(Session& session) {
  by_name_.erase(&session);
  const std::uint32_t slot = session.handle().slot;
  ++slots_[slot].generation;
  free_.push_back(slot);
  slots_[slot].session.reset();
}

}  // namespace peal::broker

// The sessions of one worker, found by Client Identifier and by handle. Owns them.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "peal/broker/session.hpp"

namespace peal::broker {

class SessionTable {
 public:
  explicit SessionTable(std::uint64_t hash_key)
      : hash_key_(hash_key), by_name_(0, Hash{hash_key}, Equal{}) {}
  SessionTable(const SessionTable&) = delete;
  SessionTable& operator=(const SessionTable&) = delete;

  /// The session of (namespace, Client Identifier), null when there is none. [MQTT-3.1.3-2]
  [[nodiscard]] Session* find(const Space& space, std::string_view client_id) const;
  [[nodiscard]] Session* find(SessionHandle handle) const;

  /// Makes a session; there is none of that name.
  Session& create(Space& space, std::string_view client_id);
  void erase(Session& session);

  [[nodiscard]] std::size_t size() const { return by_name_.size(); }
  /// Who publishes under that name: what No Local compares.
  [[nodiscard]] PublisherId publisher_of(const Space& space, std::string_view client_id) const;

  /// How many places for sessions there are, taken or free.
  [[nodiscard]] std::size_t places() const { return slots_.size(); }
  /// The session at a place below `places`; null: it is free.
  [[nodiscard]] Session* at(std::size_t place) const { return slots_[place].session.get(); }

  /// Calls `visit` with every session; it may erase the one it is given.
  template <typename Visit>
  void for_each(Visit visit) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].session != nullptr) {
        visit(*slots_[i].session);
      }
    }
  }

 private:
  struct Slot {
    std::unique_ptr<Session> session;
    std::uint32_t generation = 0;
  };
  struct Key {
    const Space* space;
    std::string_view client_id;
  };
  struct Hash {
    using is_transparent = void;
    std::uint64_t key;
    std::size_t operator()(const Session* session) const;
    std::size_t operator()(const Key& key_of) const;
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Session* a, const Session* b) const { return a == b; }
    bool operator()(const Key& a, const Session* b) const;
    bool operator()(const Session* a, const Key& b) const { return (*this)(b, a); }
  };

  std::uint64_t hash_key_;
  std::unordered_set<Session*, Hash, Equal> by_name_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
};

}  // namespace peal::broker

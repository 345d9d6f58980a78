// The journal of a server that keeps everything in memory: nothing outlasts it, nothing waits.
#pragma once

#include "peal/base/assert.hpp"
#include "peal/broker/ports/journal.hpp"

namespace peal::store {

class MemoryJournal final : public broker::Journal {
 public:
  [[nodiscard]] bool is_durable() const override { return false; }
  [[nodiscard]] bool has_failed() const override { return false; }
  [[nodiscard]] broker::JournalPosition written() const override { return {}; }
  [[nodiscard]] broker::JournalPosition committed() const override { return {}; }
  [[nodiscard]] broker::JournalPosition mark() override { return {}; }
  [[nodiscard]] broker::StoredId new_session() override { return never<broker::StoredId>(); }
  void put_session(const broker::StoredSession&) override { never(); }
  void erase_session(broker::StoredId) override { never(); }
  void put_subscription(broker::StoredId, const broker::StoredSubscription&) override { never(); }
  void erase_subscription(broker::StoredId, std::string_view) override { never(); }
  void put_received(broker::StoredId, mqtt::PacketId) override { never(); }
  void erase_received(broker::StoredId, mqtt::PacketId) override { never(); }
  [[nodiscard]] broker::KeptId keep(const broker::MessageFields&) override {
    return never<broker::KeptId>();
  }
  void attach(broker::StoredId, const broker::StoredCopy&) override { never(); }
  void put_flight(broker::StoredId, broker::KeptId, mqtt::PacketId, bool) override { never(); }
  void done(broker::StoredId, broker::KeptId, bool) override { never(); }
  void put_retained(broker::NamespaceId, const broker::MessageFields&) override { never(); }
  void erase_retained(broker::NamespaceId, mqtt::TopicName) override { never(); }
  void fetch(broker::SessionHandle, broker::StoredId, std::span<const broker::KeptId>) override {
    never();
  }

 private:
  /// The broker asks `is_durable` first.
  template <typename T = int>
  static T never() {
    PEAL_ASSERT(false);
    return {};
  }
};

}  // namespace peal::store

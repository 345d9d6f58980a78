// The journal of a server that keeps nothing: its sessions end with the process.
#pragma once

#include "peal/base/assert.hpp"
#include "peal/broker/ports/journal.hpp"

namespace peal::store {

class MemoryJournal final : public broker::Journal {
 public:
  [[nodiscard]] bool is_durable() const override { return false; }
  [[nodiscard]] bool has_failed() const override { return false; }
  [[nodiscard]] bool is_behind() const override { return false; }
  [[nodiscard]] broker::JournalPosition written() const override { return {}; }
  [[nodiscard]] broker::JournalPosition committed() const override { return {}; }

  // Nobody who asked `is_durable` calls any of these.
  [[nodiscard]] broker::StoredId new_session() override { return never<broker::StoredId>(); }
  void put_session(const broker::StoredSession& /*session*/) override { never(); }
  void erase_session(broker::StoredId /*session*/) override { never(); }
  void put_subscription(broker::StoredId /*session*/,
                        const broker::StoredSubscription& /*subscription*/) override {
    never();
  }
  void erase_subscription(broker::StoredId /*session*/, std::string_view /*filter*/) override {
    never();
  }
  void put_received(broker::StoredId /*session*/, mqtt::PacketId /*packet_id*/) override {
    never();
  }
  void erase_received(broker::StoredId /*session*/, mqtt::PacketId /*packet_id*/) override {
    never();
  }
  [[nodiscard]] broker::KeptId keep(const broker::MessageFields& /*message*/) override {
    return never<broker::KeptId>();
  }
  void attach(broker::StoredId /*session*/, const broker::StoredCopy& /*copy*/) override {
    never();
  }
  void put_flight(broker::StoredId /*session*/, broker::KeptId /*message*/,
                  mqtt::PacketId /*packet_id*/, bool /*is_released*/) override {
    never();
  }
  void done(broker::StoredId /*session*/, broker::KeptId /*message*/,
            bool /*had_flight*/) override {
    never();
  }
  void send(const broker::StoredTransit& /*transit*/) override { never(); }
  void arrived(broker::WorkerIndex /*to*/, broker::KeptId /*message*/) override { never(); }
  void put_retained(broker::NamespaceId /*space*/, const broker::MessageFields& /*message*/,
                    const broker::ClientIdentity& /*publisher*/) override {
    never();
  }
  void erase_retained(broker::NamespaceId /*space*/, mqtt::TopicName /*topic*/) override {
    never();
  }
  void fetch(broker::SessionHandle /*session*/, broker::StoredId /*stored*/,
             std::span<const broker::KeptId> /*messages*/) override {
    never();
  }

 private:
  template <typename Value = int>
  static Value never() {
    PEAL_ASSERT(false && "the journal keeps nothing");
    return Value{};
  }
};

}  // namespace peal::store

// One worker's journal: turns what the broker writes down into bytes and hands them over to the
// writer thread at the end of each iteration.
//
// Owned by the worker, used on its thread only. A call costs the copy of its bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "peal/broker/ports/journal.hpp"
#include "peal/store/bundle.hpp"
#include "peal/store/writer.hpp"

namespace peal::store {

class Journal final : public broker::Journal {
 public:
  Journal(Writer& writer, unsigned worker);

  /// The end of an iteration, before its mail goes out: hands over what was written.
  void dispatch();
  /// Whether everything was handed over, so that mail may go out.
  [[nodiscard]] bool is_dispatched() const { return written_ == handed_over_; }

  [[nodiscard]] bool is_durable() const override { return true; }
  [[nodiscard]] bool has_failed() const override;
  [[nodiscard]] bool is_behind() const override { return writer_.is_behind(); }
  [[nodiscard]] broker::JournalPosition written() const override { return written_; }
  [[nodiscard]] broker::JournalPosition committed() const override {
    return writer_.committed(worker_);
  }
  [[nodiscard]] StoredId new_session() override;
  void put_session(const broker::StoredSession& session) override;
  void erase_session(StoredId session) override;
  void put_subscription(StoredId session, const broker::StoredSubscription& subscription) override;
  void erase_subscription(StoredId session, std::string_view filter) override;
  void put_received(StoredId session, mqtt::PacketId packet_id) override;
  void erase_received(StoredId session, mqtt::PacketId packet_id) override;

  [[nodiscard]] KeptId keep(const broker::MessageFields& message) override;
  void attach(StoredId session, const broker::StoredCopy& copy) override;
  void put_flight(StoredId session, KeptId message, mqtt::PacketId packet_id,
                  bool is_released) override;
  void done(StoredId session, KeptId message, bool had_flight) override;

  void send(const broker::StoredTransit& transit) override;
  void arrived(broker::WorkerIndex to, KeptId message) override;

  void put_retained(NamespaceId space, const broker::MessageFields& message,
                    const broker::ClientIdentity& publisher) override;
  void erase_retained(NamespaceId space, mqtt::TopicName topic) override;

  void fetch(broker::SessionHandle session, StoredId stored,
             std::span<const KeptId> messages) override;

 private:
  /// One call more has written. What it wrote must be safe before `committed` gets there.
  void wrote();
  /// The same for what may be lost in a power cut.
  void wrote_done();
  void put(Family family, std::string_view key);  // `value_` is the value

  Writer& writer_;
  unsigned worker_;
  StreamId stream_;
  std::uint64_t sessions_ = 0;  // numbers given
  std::uint64_t messages_ = 0;
  broker::JournalPosition written_{};
  broker::JournalPosition handed_over_{};
  Bundle bundle_;
  std::string value_;
  std::vector<FetchRequest> fetches_;  // until the bundle has been handed over
};

}  // namespace peal::store

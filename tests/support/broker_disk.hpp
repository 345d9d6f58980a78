// A disk that a test looks into: what every worker's journal wrote, in the order it was written,
// and how far that is safe. A crash forgets the rest.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "peal/broker/ports/journal.hpp"

namespace peal::broker::test {

class FakeDisk {
 public:
  explicit FakeDisk(unsigned workers) : committed(workers) {}

  /// What is safe.
  struct StoredMessage {
    MessageRef bytes;
    std::uint32_t holders = 0;
  };
  using Copies = std::map<KeptId, StoredCopy>;
  struct Entry {
    RestoredSession session;  // without its queue
    std::map<std::string, StoredSubscription> subscriptions;
    std::map<std::uint16_t, mqtt::PacketId> received;
    Copies queue;
  };
  struct State {
    std::map<StoredId, Entry> sessions;
    std::map<KeptId, StoredMessage> messages;
    std::map<std::pair<NamespaceId, std::string>, Retained> retained;
    std::map<std::pair<KeptId, WorkerIndex>, RestoredTransit> transits;
  };
  using Change = std::move_only_function<void(State&)>;

  void write(unsigned worker, std::uint64_t position, Change change) {
    log_.push_back({worker, position, std::move(change)});
  }
  /// What was written until now is handed over as a whole, or not at all.
  void end_page() {
    if (pages_.empty() ? !log_.empty() : pages_.back() != log_begin_ + log_.size()) {
      pages_.push_back(log_begin_ + log_.size());
    }
  }
  /// Makes the next page safe; false: there is none, or the disk fails.
  bool commit_page();
  void commit_all() {
    while (commit_page()) {
    }
  }
  /// Everything that is not safe is gone.
  void crash() {
    log_.clear();
    pages_.clear();
    log_begin_ = 0;
  }
  [[nodiscard]] std::size_t uncommitted_pages() const { return pages_.size(); }

  State state;
  std::vector<std::uint64_t> committed;  // by worker
  std::uint64_t last_name = 0;           // never given twice, also after a crash
  bool has_failed = false;
  bool is_behind = false;
  bool is_held = false;  // commits only when told to

 private:
  struct Write {
    unsigned worker;
    std::uint64_t position;
    Change change;
  };
  std::deque<Write> log_;
  std::size_t log_begin_ = 0;
  std::deque<std::size_t> pages_;  // where each ends
};

class FakeJournal final : public Journal {
 public:
  FakeJournal(FakeDisk& disk, unsigned worker) : disk_(disk), worker_(worker) {}

  [[nodiscard]] bool is_durable() const override { return durable; }
  [[nodiscard]] bool has_failed() const override { return disk_.has_failed; }
  [[nodiscard]] bool is_behind() const override { return disk_.is_behind; }
  [[nodiscard]] JournalPosition written() const override {
    return static_cast<JournalPosition>(written_);
  }
  [[nodiscard]] JournalPosition committed() const override {
    return static_cast<JournalPosition>(acknowledges_early ? written_ : disk_.committed[worker_]);
  }
  [[nodiscard]] StoredId new_session() override { return static_cast<StoredId>(++disk_.last_name); }
  void put_session(const StoredSession& session) override;
  void erase_session(StoredId session) override;
  void put_subscription(StoredId session, const StoredSubscription& subscription) override;
  void erase_subscription(StoredId session, std::string_view filter) override;
  void put_received(StoredId session, mqtt::PacketId packet_id) override;
  void erase_received(StoredId session, mqtt::PacketId packet_id) override;
  [[nodiscard]] KeptId keep(const MessageFields& message) override;
  void attach(StoredId session, const StoredCopy& copy) override;
  void put_flight(StoredId session, KeptId message, mqtt::PacketId packet_id,
                  bool is_released) override;
  void done(StoredId session, KeptId message, bool had_flight) override;
  void send(const StoredTransit& transit) override;
  void arrived(WorkerIndex to, KeptId message) override;
  void put_retained(NamespaceId space, const MessageFields& message,
                    const ClientIdentity& publisher) override;
  void erase_retained(NamespaceId space, mqtt::TopicName topic) override;
  void fetch(SessionHandle session, StoredId stored, std::span<const KeptId> messages) override;

  /// Answers the next `fetch`, once everything asked for is safe. returns   whether it did.
  template <typename Answer>
  bool answer_fetch(Answer answer) {
    if (fetches_.empty() || disk_.committed[worker_] < fetches_.front().written) {
      return false;
    }
    const auto [session, messages, written] = std::move(fetches_.front());
    fetches_.pop_front();
    std::vector<Fetched> found;
    for (const KeptId message : messages) {
      found.push_back({message, find(message)});
    }
    answer(session, found);
    return true;
  }

  /// A new worker writes into it.
  void begin_anew() {
    written_ = 0;
    disk_.committed[worker_] = 0;
    fetches_.clear();
  }

  bool durable = false;
  // Mistakes that tests of the tests switch on.
  bool acknowledges_early = false;
  bool forgets_received = false;
  bool forgets_wills_end = false;

 private:
  void write(FakeDisk::Change change) { disk_.write(worker_, ++written_, std::move(change)); }
  [[nodiscard]] MessageRef find(KeptId message) const;

  FakeDisk& disk_;
  unsigned worker_;
  std::uint64_t written_ = 0;
  struct Fetch {
    SessionHandle session;
    std::vector<KeptId> messages;
    std::uint64_t written;
  };
  std::deque<Fetch> fetches_;
};

}  // namespace peal::broker::test

// The store of a running server: opened and read before the workers start, written to by a thread
// of its own while they run, closed after them.
//
// Owned by the server. What it found goes to the workers once, each session and retained message to
// its home, before they have threads; from then on a worker knows its journal only, and what the
// writer thread has to say comes as a wake-up or as an action of the worker.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "peal/broker/ports/log.hpp"
#include "peal/server/config.hpp"
#include "peal/store/database.hpp"
#include "peal/store/journal.hpp"
#include "peal/store/named_records.hpp"
#include "peal/store/recovery.hpp"
#include "peal/store/writer.hpp"

namespace peal::server {

class WorkerThread;

class DurableStore {
 public:
  /// Opens the store in `config.dir` and reads all of it.
  ///
  /// errors   store::StoreError.
  DurableStore(const StoreConfig& config, unsigned workers, broker::Log& log);
  ~DurableStore();  // closes
  DurableStore(const DurableStore&) = delete;
  DurableStore& operator=(const DurableStore&) = delete;

  [[nodiscard]] store::Journal& journal(unsigned worker) { return *journals_[worker]; }

  /// What names are hashed with to find their worker: the same as long as the store is.
  [[nodiscard]] std::uint64_t hash_key() const { return hash_key_; }
  /// How many workers there have to be first, because messages were on their way between them; 0:
  /// that does not matter.
  [[nodiscard]] unsigned workers_wanted() const { return workers_wanted_; }

  /// Gives the workers what was found. All of them are there, and none has a thread yet.
  void restore(std::span<const std::unique_ptr<WorkerThread>> workers);

  /// Commits everything. The workers have ended.
  void close();

  /// How much was found: its lists are empty once they were given to the workers.
  [[nodiscard]] const store::Recovered& found() const { return found_; }
  [[nodiscard]] std::size_t sessions_found() const { return sessions_found_; }
  [[nodiscard]] store::NamedRecords& records() { return records_; }
  [[nodiscard]] const store::StoreCounters& counters() const { return writer_->counters(); }

 private:
  struct Retained {
    broker::NamespaceId space{};
    broker::Retained retained;
  };
  [[nodiscard]] broker::PublisherRef publisher_of(const broker::ClientIdentity& identity);
  [[nodiscard]] std::filesystem::space_info room() const;
  void find_layout(unsigned workers);
  static void exchange_mail(std::span<const std::unique_ptr<WorkerThread>> workers);
  void write_log(broker::LogLevel level, std::string_view text);
  [[nodiscard]] store::WriterOptions writer_options(const StoreConfig& config, unsigned workers);

  broker::Log& log_;
  store::WallClock clock_ = store::WallClock::now();
  store::Database database_;
  store::NamedRecords records_{database_};
  // While it starts.
  std::vector<Retained> retained_;
  std::unordered_map<std::string, broker::PublisherRef> publishers_;
  store::Recovered found_;
  std::size_t sessions_found_ = 0;
  std::uint64_t hash_key_ = 0;
  unsigned workers_wanted_ = 0;
  std::vector<WorkerThread*> workers_;  // written before they start
  std::unique_ptr<store::Writer> writer_;
  std::vector<std::unique_ptr<store::Journal>> journals_;
};

}  // namespace peal::server

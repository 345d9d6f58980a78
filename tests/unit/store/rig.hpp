// What tests of the store share: a directory that goes away again, a file system that fails when it
// is told to and knows what a power cut would leave, and a store with its journals.
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <mutex>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <string>
#include <utility>
#include <vector>

#include "support/temporary_folder.hpp"

#include "peal/store/journal.hpp"
#include "peal/store/recovery.hpp"
#include "peal/store/writer.hpp"

namespace peal::store::test {

using TempDirectory = peal::test::TemporaryFolder;

/// Passes everything on, and watches writes to RocksDB's write-ahead log (*.log).
class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FaultyFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FaultyFileSystem"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* context) override {
    const rocksdb::IOStatus status = target()->NewWritableFile(name, options, result, context);
    if (status.ok() && name.ends_with(".log")) {
      *result = std::make_unique<File>(*this, name, std::move(*result));
    }
    return status;
  }

  /// What appends, or syncs, give from the `after`th on.
  void fail_appends(const rocksdb::IOStatus& status, int after = 1) {
    const std::scoped_lock lock(mutex_);
    append_status_ = status;
    appends_left_ = after;
  }
  void fail_syncs(const rocksdb::IOStatus& status, int after = 1) {
    const std::scoped_lock lock(mutex_);
    sync_status_ = status;
    syncs_left_ = after;
  }
  void work() {
    const std::scoped_lock lock(mutex_);
    append_status_ = sync_status_ = rocksdb::IOStatus::OK();
  }

  /// Syncs do not return until `let_syncs`.
  void hold_syncs() {
    const std::scoped_lock lock(mutex_);
    holds_syncs_ = true;
  }
  void let_syncs() {
    {
      const std::scoped_lock lock(mutex_);
      holds_syncs_ = false;
    }
    changed_.notify_all();
  }
  void wait_for_held_sync() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return held_ > 0; });
  }

  /// A copy of the store as a power cut would leave it: of each log what was synced.
  void copy_as_after_power_cut(const std::filesystem::path& from, const std::filesystem::path& to) {
    const std::scoped_lock lock(mutex_);
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
    for (const auto& [name, bytes] : synced_) {
      const auto copied = to / std::filesystem::path(name).filename();
      if (std::filesystem::exists(copied)) {
        std::filesystem::resize_file(copied, bytes);
      }
    }
  }

 private:
  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(FaultyFileSystem& files, std::string name, std::unique_ptr<rocksdb::FSWritableFile> file)
        : FSWritableFileOwnerWrapper(std::move(file)), files_(files), name_(std::move(name)) {
      files_.synced(name_, 0);
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* context) override {
      rocksdb::IOStatus status = files_.before_append();
      if (!status.ok()) {
        return status;
      }
      size_ += data.size();
      return FSWritableFileOwnerWrapper::Append(data, options, context);
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo& /*info*/,
                             rocksdb::IODebugContext* context) override {
      return Append(data, options, context);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
      return synced(FSWritableFileOwnerWrapper::Sync(options, context));
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* context) override {
      return synced(FSWritableFileOwnerWrapper::Fsync(options, context));
    }

   private:
    rocksdb::IOStatus synced(rocksdb::IOStatus status) {
      rocksdb::IOStatus wanted = files_.at_sync();
      if (!wanted.ok()) {
        return wanted;
      }
      files_.synced(name_, size_);
      return status;
    }
    FaultyFileSystem& files_;
    std::string name_;
    std::uint64_t size_ = 0;
  };

  rocksdb::IOStatus before_append() {
    const std::scoped_lock lock(mutex_);
    return append_status_.ok() || --appends_left_ > 0 ? rocksdb::IOStatus::OK() : append_status_;
  }
  rocksdb::IOStatus at_sync() {
    std::unique_lock lock(mutex_);
    ++held_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !holds_syncs_; });
    --held_;
    return sync_status_.ok() || --syncs_left_ > 0 ? rocksdb::IOStatus::OK() : sync_status_;
  }
  void synced(const std::string& name, std::uint64_t bytes) {
    const std::scoped_lock lock(mutex_);
    synced_[name] = bytes;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  rocksdb::IOStatus append_status_;
  rocksdb::IOStatus sync_status_;
  int appends_left_ = 0;
  int syncs_left_ = 0;
  int held_ = 0;
  bool holds_syncs_ = false;
  std::map<std::string, std::uint64_t> synced_;
};

/// An open store with a writer, and a journal for each worker.
class Store {
 public:
  struct Fetch {
    broker::SessionHandle session;
    std::vector<broker::Fetched> messages;
  };

  explicit Store(const std::filesystem::path& directory, WriterOptions options = {},
                 rocksdb::Env* env = nullptr, RecoveryOptions recovery = {})
      : database({.directory = directory, .env = env}),
        recovered(recover(database, recovery)),
        writer(database, with_callbacks(std::move(options))) {
    for (unsigned worker = 0; worker < workers_; ++worker) {
      journals.push_back(std::make_unique<Journal>(writer, worker));
    }
  }
  ~Store() { writer.stop(); }
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  Journal& journal(unsigned worker = 0) { return *journals[worker]; }

  /// Hands over and waits until it is committed.
  void commit(unsigned worker = 0) {
    Journal& of = journal(worker);
    of.dispatch();
    wait([&] { return of.committed() >= of.written(); });
  }
  template <typename Claim>
  void wait(Claim claim) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), claim));
  }
  std::vector<Fetch> take_fetched() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(fetched_, {});
  }
  std::size_t fetched() const { return fetched_.size(); }  // inside `wait`
  std::string log() {
    const std::scoped_lock lock(mutex_);
    return log_;
  }

 private:
  WriterOptions with_callbacks(WriterOptions options) {
    workers_ = options.workers;
    options.callbacks = {
        .wake = [this](unsigned) { notify([] {}); },
        .fetched =
            [this](unsigned, broker::SessionHandle session, std::vector<broker::Fetched> messages) {
              notify([&] { fetched_.push_back({session, std::move(messages)}); });
            },
        .log = [this](broker::LogLevel,
                      std::string_view text) { notify([&] { log_.append(text).append("\n"); }); }};
    return options;
  }
  template <typename Change>
  void notify(Change change) {
    {
      const std::scoped_lock lock(mutex_);
      change();
    }
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Fetch> fetched_;
  std::string log_;
  unsigned workers_ = 0;

 public:
  Database database;
  Recovered recovered;
  Writer writer;
  std::vector<std::unique_ptr<Journal>> journals;
};

inline broker::MessageFields message(std::string_view topic, std::string_view payload) {
  broker::MessageFields fields;
  fields.topic = mqtt::TopicName::trusted(topic);
  fields.payload = as_bytes(payload);
  fields.qos = mqtt::QoS::at_least_once;
  return fields;
}

inline broker::StoredCopy copy_of(KeptId id, mqtt::QoS qos = mqtt::QoS::at_least_once,
                                  std::vector<std::uint32_t> identifiers = {}) {
  broker::StoredCopy copy;
  copy.message = id;
  copy.qos = qos;
  copy.identifiers = std::move(identifiers);
  return copy;
}

inline broker::StoredSubscription subscription(std::string_view filter,
                                               std::uint32_t identifier = 0) {
  return {.filter = std::string(filter), .options = {}, .identifier = identifier};
}

/// A session that has been written down.
inline StoredId make_session(Journal& journal, std::string_view client_id) {
  const StoredId id = journal.new_session();
  broker::StoredSession session;
  session.id = id;
  session.client_id = client_id;
  session.expiry_interval = std::chrono::duration<std::uint32_t>{3600};
  journal.put_session(session);
  return id;
}

/// Keeps one message for one session.
inline KeptId queue(Journal& journal, StoredId session, const broker::MessageFields& fields) {
  const KeptId id = journal.keep(fields);
  journal.attach(session, copy_of(id));
  return id;
}

}  // namespace peal::store::test

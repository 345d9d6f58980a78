// What durability costs: a worker's part of it, commits of so many messages with one sync each, and
// how long a start takes with a million retained and a million queued messages.
//
//     build/bench/bench/micro/store_bench
//
// The store is made below TMPDIR (default /tmp): name a directory of the disk that is to be
// measured.
#include <benchmark/benchmark.h>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "peal/store/journal.hpp"
#include "peal/store/recovery.hpp"

namespace peal::store {
namespace {

constexpr std::size_t payload_bytes = 100;
constexpr int messages_in_all = 1'000'000;
constexpr int sessions_in_all = 10'000;

class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "peal_bench_XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A store with one worker that can wait for its commits.
class Bench {
 public:
  explicit Bench(const std::filesystem::path& directory)
      : database_({.directory = directory}), writer_(database_, options()), journal(writer_, 0) {}
  ~Bench() { writer_.stop(); }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  void wait_for(broker::JournalPosition position) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return journal.committed() >= position; });
  }
  [[nodiscard]] const StoreCounters& counters() const { return writer_.counters(); }

 private:
  WriterOptions options() {
    WriterOptions options;
    options.callbacks.wake = [this](unsigned) {
      {
        const std::scoped_lock lock(mutex_);
      }
      changed_.notify_all();
    };
    return options;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  Database database_;
  Writer writer_;

 public:
  Journal journal;
};

/// Text that does not shrink to nothing when it is compressed.
std::string payload_of(std::uint64_t number) {
  std::string text;
  while (text.size() < payload_bytes) {
    number = number * 6364136223846793005ULL + 1442695040888963407ULL;
    text += std::to_string(number >> 20) + ' ';
  }
  text.resize(payload_bytes);
  return text;
}

broker::MessageFields message(std::string_view topic, std::string_view payload) {
  broker::MessageFields fields;
  fields.topic = mqtt::TopicName::trusted(topic);
  fields.payload = as_bytes(payload);
  fields.qos = mqtt::QoS::at_least_once;
  return fields;
}

StoredId make_session(Journal& journal, const std::string& client_id) {
  broker::StoredSession session;
  session.id = journal.new_session();
  session.client_id = client_id;
  session.expiry_interval = std::chrono::duration<std::uint32_t>{3600};
  journal.put_session(session);
  return session.id;
}

KeptId queue(Journal& journal, StoredId session, const broker::MessageFields& fields) {
  broker::StoredCopy copy;
  copy.qos = fields.qos;
  copy.message = journal.keep(fields);
  journal.attach(session, copy);
  return copy.message;
}

/// Keeps so many messages with each sync; each is done with 2000 messages later.
void commit(benchmark::State& state) {
  const Directory directory;
  Bench bench(directory.path() / "store");
  const StoredId session = make_session(bench.journal, "c");
  std::deque<KeptId> waiting;
  std::uint64_t number = 0;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      waiting.push_back(queue(bench.journal, session, message("some/topic", payload_of(++number))));
      if (waiting.size() > 2000) {
        bench.journal.done(session, waiting.front(), false);
        waiting.pop_front();
      }
    }
    bench.journal.dispatch();
    bench.wait_for(bench.journal.written());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["written/payload"] = static_cast<double>(bench.counters().bytes_written) /
                                      static_cast<double>(bench.counters().bytes_of_payload);
}
BENCHMARK(commit)->Arg(1)->Arg(16)->Arg(64)->Arg(512)->UseRealTime();

/// A worker's own cost of a message that one session queues and is soon done with.
void keep_attach_done(benchmark::State& state) {
  const Directory directory;
  Bench bench(directory.path() / "store");
  const StoredId session = make_session(bench.journal, "c");
  const std::string payload = payload_of(1);
  std::uint64_t count = 0;
  for (auto _ : state) {
    bench.journal.done(session, queue(bench.journal, session, message("some/topic", payload)),
                       false);
    if (++count % 64 == 0) {
      bench.journal.dispatch();
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(keep_attach_done);

void fill(const std::filesystem::path& directory) {
  Bench bench(directory);
  std::vector<StoredId> sessions;
  for (int i = 0; i < sessions_in_all; ++i) {
    sessions.push_back(make_session(bench.journal, "client-" + std::to_string(i)));
    bench.journal.put_subscription(sessions.back(),
                                   {.filter = "a/" + std::to_string(i) + "/#", .options = {}});
  }
  for (int i = 0; i < messages_in_all; ++i) {
    const auto number = static_cast<std::uint64_t>(i);
    const std::string topic =
        "site/" + std::to_string(i % 1000) + "/device/" + std::to_string(i / 1000) + "/state";
    (void)queue(bench.journal, sessions[number % sessions.size()],
                message(topic, payload_of(number)));
    bench.journal.put_retained({}, message(topic, payload_of(number)), {});
    if (i % 1000 == 0) {
      bench.journal.dispatch();
      if (i % 50'000 == 0) {
        bench.wait_for(bench.journal.written());
      }
    }
  }
  bench.journal.dispatch();
  bench.wait_for(bench.journal.written());
}

/// 0: the log is as long as it may be. 1: it was emptied by the start before.
void start(benchmark::State& state) {
  const Directory directory;
  fill(directory.path() / "store");
  RecoveryOptions options;
  std::uint64_t bytes = 0;
  options.retained = [&](NamespaceId, const broker::MessageFields& fields,
                         const broker::ClientIdentity&) { bytes += fields.payload.size(); };
  double opened_ms = 0;
  const auto open = [&] {
    const auto begin = std::chrono::steady_clock::now();
    Database database({.directory = directory.path() / "store"});
    opened_ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
    return recover(database, options);
  };
  if (state.range(0) == 1) {
    (void)open();
  }
  for (auto _ : state) {
    const Recovered recovered = open();
    state.counters["opened_ms"] = opened_ms;  // of it, RocksDB's own start
    state.counters["queued"] = static_cast<double>(recovered.queued);
    state.counters["retained"] = static_cast<double>(recovered.retained);
    state.counters["moved"] = static_cast<double>(recovered.moved);
  }
}
BENCHMARK(start)->Arg(0)->Arg(1)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace peal::store

#include "peal/server/durable_store.hpp"

#include <algorithm>
#include <limits>
#include <system_error>
#include <utility>

#include "peal/broker/context.hpp"
#include "peal/server/system_random.hpp"
#include "peal/server/worker_thread.hpp"

namespace peal::server {

namespace {

/// Pages of all workers together; what is beyond goes into the table of what waits long.
constexpr std::uint64_t log_bytes_limit = std::uint64_t{256} << 20;

}  // namespace

DurableStore::DurableStore(const StoreConfig& config, unsigned workers, broker::Log& log)
    : log_(log),
      database_(store::DatabaseOptions{.directory = config.dir.value_or(""),
                                       .cache_bytes = config.cache_bytes}) {
  store::RecoveryOptions options{
      .clock = clock_,
      .retained =
          [this](broker::NamespaceId space, const broker::MessageFields& message,
                 const broker::ClientIdentity& publisher) {
            retained_.push_back({space, {broker::Message::make(message), publisher_of(publisher)}});
          },
      .log = [this](broker::LogLevel level, std::string_view text) { write_log(level, text); }};
  found_ = store::recover(database_, options);
  sessions_found_ = found_.sessions.size();
  find_layout(workers);
  writer_ = std::make_unique<store::Writer>(database_, writer_options(config, workers));
  for (unsigned worker = 0; worker < workers; ++worker) {
    journals_.push_back(std::make_unique<store::Journal>(*writer_, worker));
  }
}

DurableStore::~DurableStore() { close(); }

/// One for all messages of the same.
broker::PublisherRef DurableStore::publisher_of(const broker::ClientIdentity& identity) {
  if (identity.client_id.empty()) {
    return {};
  }
  broker::PublisherRef& known = publishers_[broker::Publisher::key_of(identity)];
  if (!known) {
    known = broker::Publisher::make(identity);
  }
  return known;
}

/// Where sessions and groups live follows from a key and the number of workers. Messages that were
/// on their way are named by that, so both stay until these have come.
void DurableStore::find_layout(unsigned workers) {
  constexpr std::string_view key_name = "hash_key";
  constexpr std::string_view workers_name = "workers";
  hash_key_ = database_.number(key_name, 0);
  if (hash_key_ == 0) {
    hash_key_ = SystemRandom{}.next() | 1;
    database_.set_number(key_name, hash_key_);
  }
  const auto before = static_cast<unsigned>(database_.number(workers_name, workers));
  if (!found_.transits.empty() && before != workers) {
    workers_wanted_ = before;
  } else {
    database_.set_number(workers_name, workers);
  }
}

void DurableStore::close() { writer_->stop(); }

/// What is free for us where the store is; all of it when the system does not say.
std::filesystem::space_info DurableStore::room() const {
  std::error_code error;
  const auto space = std::filesystem::space(database_.directory(), error);
  constexpr auto unknown = std::numeric_limits<std::uintmax_t>::max();
  return error ? std::filesystem::space_info{unknown, unknown, unknown} : space;
}

store::WriterOptions DurableStore::writer_options(const StoreConfig& config, unsigned workers) {
  const std::size_t min_free = config.min_free.of(room().capacity);
  return {
      .workers = workers,
      .sync = config.sync,
      .sync_interval = config.sync_interval,
      .log_bytes_limit = log_bytes_limit / workers,
      .min_free_bytes = min_free,
      .free_bytes =
          min_free == 0 ? std::function<std::uint64_t()>{} : [this] { return room().available; },
      .clock = clock_,
      .callbacks = {
          .wake = [this](unsigned worker) { workers_[worker]->loop().wake(); },
          .fetched =
              [this](unsigned worker, broker::SessionHandle session,
                     std::vector<broker::Fetched> messages) {
                workers_[worker]->run_soon(
                    [session, messages = std::move(messages)](WorkerThread& thread) {
                      thread.broker().fetched(session, messages);
                    });
              },
          .log = [this](broker::LogLevel level, std::string_view text) { write_log(level, text); },
      }};
}

void DurableStore::write_log(broker::LogLevel level, std::string_view text) {
  log_.write({.level = level,
              .what = "store",
              .client_id = {},
              .address = {},
              .reason = {},
              .detail = text});
}

void DurableStore::restore(std::span<const std::unique_ptr<WorkerThread>> workers) {
  const auto count = static_cast<unsigned>(workers.size());
  for (const auto& worker : workers) {
    workers_.push_back(worker.get());
  }
  auto home = [&](std::string_view name, broker::NamespaceId space) -> broker::Worker& {
    const auto index = broker::home_of(name, space, hash_key_, count);
    return workers[static_cast<unsigned>(index)]->broker();
  };
  for (Retained& each : std::exchange(retained_, {})) {
    home(each.retained.message->topic().text(), each.space)
        .restore_retained(each.space, std::move(each.retained));
  }
  publishers_.clear();
  for (broker::RestoredSession& session : std::exchange(found_.sessions, {})) {
    home(session.client_id, session.space).restore(std::move(session));
  }
  exchange_mail(workers);  // who subscribed to what
  for (const broker::RestoredTransit& each : std::exchange(found_.transits, {})) {
    const broker::StoredTransit& transit = each.transit;
    const broker::WorkerIndex where = transit.group.number != 0 ? transit.group.owner : transit.to;
    workers[static_cast<unsigned>(where) % count]->broker().restore(each);
  }
  exchange_mail(workers);
}

/// What is sent in one round comes in the next at the latest.
void DurableStore::exchange_mail(std::span<const std::unique_ptr<WorkerThread>> workers) {
  for (int quiet_rounds = 0; quiet_rounds < 2; ++quiet_rounds) {
    for (const auto& worker : workers) {
      if (worker->exchange_mail()) {
        quiet_rounds = -1;
      }
    }
  }
}

}  // namespace peal::server

#include <algorithm>
#include <rocksdb/db.h>

#include "peal/store/commit.hpp"
#include "peal/store/writer.hpp"

namespace peal::store {

namespace {

/// So many messages are read before the next commit.
constexpr std::size_t messages_each_turn = 256;
constexpr std::uint64_t spill_bytes_each_turn = std::uint64_t{8} << 20;

}  // namespace

void Writer::serve_fetches() {
  for (FetchRequest& request : inbox_.take_fetches()) {
    fetches_.push_back(std::move(request));
  }
  std::size_t read = 0;
  while (!fetches_.empty() && read < messages_each_turn) {
    FetchRequest request = std::move(fetches_.front());
    fetches_.pop_front();
    read += request.messages.size();
    if (!serve(request)) {
      held_.push_back(std::move(request));
    }
  }
}

bool Writer::serve(FetchRequest& request) {
  std::vector<broker::Fetched> results;
  results.reserve(request.messages.size());
  std::size_t missing = 0;
  for (const KeptId message : request.messages) {
    results.push_back({message, shelf_.read({request.stored, message}, ledger_.find(message))});
    missing += results.back().bytes ? 0 : 1;
  }
  if (missing > 0 && health_ != Health::broken && request.after > bundles_committed_) {
    return false;
  }
  counters_.fetches.fetch_add(results.size(), std::memory_order_relaxed);
  counters_.fetches_missing.fetch_add(missing, std::memory_order_relaxed);
  if (options_.callbacks.fetched) {
    options_.callbacks.fetched(request.worker, request.session, std::move(results));
  }
  return true;
}

void Writer::spill_some() {
  const Time oldest = std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()) -
                      options_.page_age_limit;
  std::uint64_t left = spill_bytes_each_turn;
  for (unsigned worker = 0; worker < options_.workers; ++worker) {
    while (left > 0) {
      const auto page = ledger_.to_spill(stream(worker), options_.log_bytes_limit, oldest);
      if (!page) {
        break;
      }
      if (!spill(stream(worker), *page)) {
        return;
      }
      left -= std::min(left, page->bytes);
    }
  }
}

bool Writer::spill(StreamId stream, const PageLedger::Page& page) {
  const PageName name{stream, page.number};
  rocksdb::WriteBatch batch;
  begin(batch);
  batch.Delete(database_.family(Family::log), page_key(stream, page.number));
  std::uint64_t copies = 0;
  if (page.references > 0) {
    const auto shelved = shelf_.page(name);
    if (!shelved) {
      counters_.failures.fetch_add(1, std::memory_order_relaxed);
      fail_for_good(shelved.error());
      return false;
    }
    const std::vector<CopyName> done = ledger_.done_in_oldest(stream);
    std::string value;
    for (const AttachRecord& attach : (*shelved)->attached) {
      const CopyName copy{attach.session, attach.copy.message};
      const broker::MessageFields* message = (*shelved)->find(copy.message);
      if (message == nullptr || std::ranges::binary_search(done, copy)) {
        continue;
      }
      value.clear();
      encode_pending(value, attach.copy, *message, options_.clock);
      batch.Put(database_.family(Family::pending), copy_key(copy.session, copy.message), value);
      ++copies;
    }
  }
  // Not synced: without this batch there is the page.
  if (write(batch, false) == Wrote::no) {
    return false;
  }
  ledger_.spilled(stream);
  shelf_.forget(name);
  counters_.spilled.fetch_add(copies, std::memory_order_relaxed);
  return true;
}

}  // namespace peal::store

#include "peal/store/page_ledger.hpp"

#include <algorithm>
#include <utility>

#include "peal/base/assert.hpp"

namespace peal::store {

PageLedger::PageLedger(StreamId first, unsigned streams)
    : first_(static_cast<std::uint32_t>(first)), streams_(streams) {}

PageLedger::Stream* PageLedger::stream(StreamId id) {
  return const_cast<Stream*>(std::as_const(*this).stream(id));
}

const PageLedger::Stream* PageLedger::stream(StreamId id) const {
  const std::size_t index = std::size_t{static_cast<std::uint32_t>(id)} - first_;
  return index < streams_.size() ? &streams_[index] : nullptr;
}

PageNumber PageLedger::next_page(StreamId id) const {
  const Stream* found = stream(id);
  PEAL_ASSERT(found != nullptr);
  return found->next;
}

void PageLedger::add(StreamId id, const Page& page) {
  Stream* to = stream(id);
  PEAL_ASSERT(to != nullptr && page.number == to->next);
  to->next = PageNumber{std::to_underlying(page.number) + 1};
  to->entries.push_back({page, {}});
  Page& added = to->entries.back().page;
  if (added.first == KeptId::none) {
    added.last = to->last_message;
  }
  to->last_message = added.last;
  to->bytes += page.bytes;
  bytes_ += page.bytes;
  ++pages_;
}

const PageLedger::Entry* PageLedger::find_in(const Stream& in, KeptId message) {
  // Pages without messages have the place of the message before them: their `last` is that one's.
  const auto at = std::ranges::lower_bound(in.entries, message, {},
                                           [](const Entry& entry) { return entry.page.last; });
  return at != in.entries.end() && at->page.first != KeptId::none && at->page.first <= message
             ? &*at
             : nullptr;
}

PageLedger::Place PageLedger::done(CopyName copy) {
  const Stream* in = stream(stream_of(copy.message));
  auto* entry = in == nullptr ? nullptr : const_cast<Entry*>(find_in(*in, copy.message));
  if (entry == nullptr) {
    return Place::spilled;
  }
  PEAL_ASSERT(entry->page.references > 0);
  if (--entry->page.references == 0) {
    entry->done = {};
  } else {
    entry->done.push_back(copy);
  }
  return Place::page;
}

void PageLedger::pop_front(Stream& from) {
  const std::uint64_t bytes = from.entries.front().page.bytes;
  from.bytes -= bytes;
  bytes_ -= bytes;
  --pages_;
  from.entries.pop_front();
}

std::vector<PageNumber> PageLedger::trim(StreamId id) {
  Stream* of = stream(id);
  std::vector<PageNumber> gone;
  while (of != nullptr && !of->entries.empty() && of->entries.front().page.references == 0) {
    gone.push_back(of->entries.front().page.number);
    pop_front(*of);
  }
  return gone;
}

std::optional<PageLedger::Page> PageLedger::to_spill(StreamId id, std::uint64_t bytes_limit,
                                                     Time oldest) const {
  const Stream* of = stream(id);
  if (of == nullptr || of->entries.empty()) {
    return std::nullopt;
  }
  const Page& front = of->entries.front().page;
  return of->bytes > bytes_limit || front.written < oldest ? std::optional(front) : std::nullopt;
}

void PageLedger::spilled(StreamId id) {
  Stream* of = stream(id);
  PEAL_ASSERT(of != nullptr && !of->entries.empty());
  pop_front(*of);
}

std::optional<Time> PageLedger::oldest_written() const {
  std::optional<Time> oldest;
  for (const Stream& each : streams_) {
    if (!each.entries.empty()) {
      const Time written = each.entries.front().page.written;
      oldest = oldest ? std::min(*oldest, written) : written;
    }
  }
  return oldest;
}

std::vector<CopyName> PageLedger::done_in_oldest(StreamId id) const {
  const Stream* of = stream(id);
  if (of == nullptr || of->entries.empty()) {
    return {};
  }
  std::vector<CopyName> done = of->entries.front().done;
  std::ranges::sort(done);
  return done;
}

std::optional<PageName> PageLedger::find(KeptId message) const {
  const StreamId id = stream_of(message);
  const Stream* in = stream(id);
  const Entry* entry = in == nullptr ? nullptr : find_in(*in, message);
  return entry == nullptr ? std::nullopt : std::optional(PageName{id, entry->page.number});
}

std::uint64_t PageLedger::bytes(StreamId id) const {
  const Stream* of = stream(id);
  return of == nullptr ? 0 : of->bytes;
}

}  // namespace peal::store

#include "peal/store/page_shelf.hpp"

#include <algorithm>
#include <rocksdb/db.h>

namespace peal::store {

const broker::MessageFields* ShelvedPage::find(KeptId id) const {
  const auto at = std::ranges::lower_bound(messages, id, {}, &MessageRecord::id);
  return at != messages.end() && at->id == id ? &at->message : nullptr;
}

std::size_t ShelvedPage::memory_bytes() const {
  return bytes.capacity() + messages.capacity() * sizeof(MessageRecord) +
         attached.capacity() * sizeof(AttachRecord);
}

std::expected<std::unique_ptr<ShelvedPage>, std::string> PageShelf::load(PageName name) {
  auto shelved = std::make_unique<ShelvedPage>();
  shelved->name = name;
  rocksdb::ReadOptions how;
  how.fill_cache = false;  // it is kept here
  const rocksdb::Status status = database_.db().Get(
      how, database_.family(Family::log), page_key(name.stream, name.number), &shelved->bytes);
  if (!status.ok()) {
    return std::unexpected(database_.explain("has a page that cannot be read", status));
  }
  const auto read = for_each_record(as_bytes(shelved->bytes), clock_, [&](const Record& record) {
    if (const auto* message = std::get_if<MessageRecord>(&record)) {
      shelved->messages.push_back(*message);
    } else if (const auto* attach = std::get_if<AttachRecord>(&record)) {
      shelved->attached.push_back(*attach);
    }
  });
  if (!read) {
    return std::unexpected(
        database_.explain("has a page that cannot be used",
                          rocksdb::Status::Corruption(std::string(describe(read.error())))));
  }
  std::ranges::sort(shelved->messages, {}, &MessageRecord::id);
  return shelved;
}

std::expected<const ShelvedPage*, std::string> PageShelf::page(PageName name) {
  const auto at =
      std::ranges::find_if(pages_, [&](const auto& page) { return page->name == name; });
  if (at != pages_.end()) {
    std::rotate(at, at + 1, pages_.end());
    return pages_.back().get();
  }
  auto loaded = load(name);
  if (!loaded) {
    return std::unexpected(loaded.error());
  }
  pages_.push_back(std::move(*loaded));
  make_room();
  return pages_.back().get();
}

void PageShelf::make_room() {
  std::size_t bytes = 0;
  for (const auto& page : pages_) {
    bytes += page->memory_bytes();
  }
  while (bytes > bytes_limit && pages_.size() > 1) {
    bytes -= pages_.front()->memory_bytes();
    pages_.erase(pages_.begin());
  }
}

broker::MessageRef PageShelf::read(CopyName copy, std::optional<PageName> in) {
  if (in) {
    const auto shelved = page(*in);
    const broker::MessageFields* message = shelved ? (*shelved)->find(copy.message) : nullptr;
    return message == nullptr ? broker::MessageRef{} : broker::Message::make(*message);
  }
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = database_.db().Get({}, database_.family(Family::pending),
                                                    copy_key(copy.session, copy.message), &value);
  if (!status.ok()) {
    return {};
  }
  const auto pending = decode_pending(as_bytes(value.ToStringView()), clock_);
  return pending ? broker::Message::make(pending->message) : broker::MessageRef{};
}

void PageShelf::forget(PageName name) {
  std::erase_if(pages_, [&](const auto& page) { return page->name == name; });
}

}  // namespace peal::store

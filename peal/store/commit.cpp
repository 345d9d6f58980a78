#include "peal/store/commit.hpp"

#include <algorithm>

#include "peal/store/page.hpp"

namespace peal::store {

namespace {

/// One worker's share of a commit.
struct Share {
  std::vector<std::string_view> parts;
  std::uint32_t records = 0;
  PageLedger::Page page;
};

Share share_of(const Commit& commit, unsigned worker) {
  Share share;
  for (const HandedOver& each : commit.bundles) {
    const Bundle& bundle = each.bundle;
    if (each.worker != worker || bundle.record_count == 0) {
      continue;
    }
    share.parts.emplace_back(bundle.records);
    share.records += bundle.record_count;
    share.page.references += bundle.references;
    share.page.bytes += bundle.records.size();
    if (bundle.first != KeptId::none) {
      share.page.first = share.page.first == KeptId::none ? bundle.first : share.page.first;
      share.page.last = bundle.last;
    }
  }
  return share;
}

void apply_dones(Commit& commit, const Database& database, PageLedger& ledger, unsigned worker) {
  for (const HandedOver& each : commit.bundles) {
    if (each.worker != worker) {
      continue;
    }
    for (const CopyName& copy : each.bundle.dones) {
      if (ledger.done(copy) == PageLedger::Place::spilled) {
        commit.batch.Delete(database.family(Family::pending), copy_key(copy.session, copy.message));
      }
    }
  }
}

void put_page(Commit& commit, const Database& database, const std::string& key,
              const Share& share) {
  const std::string header = page_header(share.parts, share.records);
  std::vector<rocksdb::Slice> value{header};
  value.insert(value.end(), share.parts.begin(), share.parts.end());
  const rocksdb::Slice key_part(key);
  commit.batch.Put(database.family(Family::log), rocksdb::SliceParts(&key_part, 1),
                   rocksdb::SliceParts(value.data(), static_cast<int>(value.size())));
}

void add_page(Commit& commit, const Database& database, PageLedger& ledger, StreamId stream,
              Share share, unsigned worker, Time now) {
  const PageNumber number = ledger.next_page(stream);
  share.page.number = number;
  share.page.bytes += page_header_bytes;
  share.page.written = now;
  ledger.add(stream, share.page);
  apply_dones(commit, database, ledger, worker);
  bool is_wanted = true;
  for (const PageNumber gone : ledger.trim(stream)) {
    if (gone == number) {
      is_wanted = false;
      continue;
    }
    commit.batch.Delete(database.family(Family::log), page_key(stream, gone));
    commit.removed.push_back({stream, gone});
  }
  if (is_wanted) {
    put_page(commit, database, page_key(stream, number), share);
  }
}

void add_change(rocksdb::WriteBatch& batch, const Database& database,
                const TableChanges::Change& change) {
  rocksdb::ColumnFamilyHandle* family = database.family(change.family);
  switch (change.kind) {
    case TableChanges::Kind::put:
      batch.Put(family, change.key, change.value);
      return;
    case TableChanges::Kind::erase:
      batch.Delete(family, change.key);
      return;
    case TableChanges::Kind::erase_range:
      batch.DeleteRange(family, change.key, change.value);
      return;
  }
}

}  // namespace

void prepare(Commit& commit, const Database& database, PageLedger& ledger, StreamId first,
             unsigned workers, Time now) {
  for (const HandedOver& each : commit.bundles) {
    each.bundle.changes.for_each(
        [&](const TableChanges::Change& change) { add_change(commit.batch, database, change); });
    commit.records += each.bundle.record_count;
    commit.payload_bytes += each.bundle.payload_bytes;
    commit.needs_sync = commit.needs_sync || each.bundle.needs_sync;
  }
  for (unsigned worker = 0; worker < workers; ++worker) {
    Share share = share_of(commit, worker);
    if (share.records > 0) {
      const StreamId stream{static_cast<std::uint32_t>(first) + worker};
      add_page(commit, database, ledger, stream, std::move(share), worker, now);
    }
  }
}

}  // namespace peal::store

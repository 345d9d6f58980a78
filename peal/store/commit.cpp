#include "peal/store/commit.hpp"

#include <algorithm>

#include "peal/store/page.hpp"

namespace peal::store {

namespace {

/// One worker's share of a commit: a page of its stream.
struct Share {
  std::vector<std::string_view> parts;
  std::string arrived;  // records of what others are done with, behind `parts`
  std::uint32_t records = 0;
  PageLedger::Page page;
};

class Shares {
 public:
  Shares(Commit& commit, const Database& database, PageLedger& ledger, StreamId first,
         unsigned workers)
      : commit_(commit), database_(database), ledger_(ledger), first_(first), shares_(workers) {
    for (const HandedOver& each : commit.bundles) {
      add(shares_[each.worker], each.bundle);
    }
  }

  /// All pages are in the book before anything is done with: one worker may be with a message of
  /// another one that is in the same commit.
  void enter(Time now) {
    for (unsigned worker = 0; worker < shares_.size(); ++worker) {
      Share& share = shares_[worker];
      if (share.records > 0) {
        share.page.number = ledger_.next_page(stream(worker));
        share.page.bytes += page_header_bytes + share.arrived.size();
        share.page.written = now;
        ledger_.add(stream(worker), share.page);
      }
    }
    for (const HandedOver& each : commit_.bundles) {
      for (const auto* copies : {&each.bundle.dones, &each.bundle.arrived}) {
        for (const CopyName& copy : *copies) {
          done(copy);
        }
      }
    }
  }

  void write() {
    for (unsigned worker = 0; worker < shares_.size(); ++worker) {
      if (shares_[worker].records > 0) {
        write(stream(worker), shares_[worker]);
      }
    }
  }

 private:
  [[nodiscard]] StreamId stream(unsigned worker) const {
    return StreamId{static_cast<std::uint32_t>(first_) + worker};
  }

  void add(Share& share, const Bundle& bundle) {
    for (const CopyName& copy : bundle.arrived) {
      const std::size_t owner = std::size_t{static_cast<std::uint32_t>(stream_of(copy.message))} -
                                static_cast<std::uint32_t>(first_);
      // A message of an earlier run has no page any more.
      if (owner < shares_.size()) {
        append_done(shares_[owner].arrived, copy.session, copy.message);
        ++shares_[owner].records;
      }
    }
    if (bundle.record_count == 0) {
      return;
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

  void done(const CopyName& copy) {
    if (ledger_.done(copy) == PageLedger::Place::spilled) {
      commit_.batch.Delete(database_.family(Family::pending), copy_key(copy.session, copy.message));
    }
  }

  void write(StreamId stream, const Share& share) {
    bool is_wanted = true;
    for (const PageNumber gone : ledger_.trim(stream)) {
      if (gone == share.page.number) {
        is_wanted = false;
        continue;
      }
      commit_.batch.Delete(database_.family(Family::log), page_key(stream, gone));
      commit_.removed.push_back({stream, gone});
    }
    if (is_wanted) {
      put(page_key(stream, share.page.number), share);
    }
  }

  void put(const std::string& key, const Share& share) {
    std::vector<std::string_view> parts = share.parts;
    parts.emplace_back(share.arrived);
    const std::string header = page_header(parts, share.records);
    std::vector<rocksdb::Slice> value{header};
    value.insert(value.end(), parts.begin(), parts.end());
    const rocksdb::Slice key_part(key);
    commit_.batch.Put(database_.family(Family::log), rocksdb::SliceParts(&key_part, 1),
                      rocksdb::SliceParts(value.data(), static_cast<int>(value.size())));
  }

  Commit& commit_;
  const Database& database_;
  PageLedger& ledger_;
  StreamId first_;
  std::vector<Share> shares_;
};

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
  Shares shares(commit, database, ledger, first, workers);
  shares.enter(now);
  shares.write();
}

}  // namespace peal::store

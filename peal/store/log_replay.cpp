#include "peal/store/log_replay.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "peal/store/page.hpp"

namespace peal::store {

namespace {

/// A page as the second pass needs it.
struct PageRecords {
  std::vector<MessageRecord> messages;  // sorted
  std::vector<AttachRecord> attached;
};

std::expected<PageRecords, PageError> read_page(Bytes page, const WallClock& clock) {
  PageRecords records;
  const auto read = for_each_record(page, clock, [&](const Record& record) {
    if (const auto* message = std::get_if<MessageRecord>(&record)) {
      records.messages.push_back(*message);
    } else if (const auto* attach = std::get_if<AttachRecord>(&record)) {
      records.attached.push_back(*attach);
    }
  });
  if (!read) {
    return std::unexpected(read.error());
  }
  std::ranges::sort(records.messages, {}, &MessageRecord::id);
  return records;
}

class Replay {
 public:
  Replay(Database& database, const RecoveryOptions& options, RowErrors& errors,
         Recovered& recovered)
      : database_(database),
        options_(options),
        errors_(errors),
        recovered_(recovered),
        write_(database) {}

  void run() {
    for (auto stream = next_stream(std::string()); stream;) {
      collect_dones(*stream);
      move_pages(*stream);
      const StreamId behind{static_cast<std::uint32_t>(*stream) + 1};
      stream = next_stream(page_key(behind, PageNumber{0}));
    }
    write_.finish();
  }

 private:
  /// The stream of the first page at or behind a key. What is no page's name is reported, once.
  std::optional<StreamId> next_stream(const std::string& from) {
    TableScan pages(database_, Family::log, from);
    for (; pages.has_row(); pages.next()) {
      if (const auto name = page_of_key(pages.key())) {
        return name->stream;
      }
      errors_.unreadable(pages, "it is not the name of a page");
      write_.erase(Family::log, pages.key());
    }
    errors_.require_end(pages);
    return std::nullopt;
  }

  template <typename Visit>
  void for_each_page(StreamId stream, Visit visit) {
    TableScan pages(database_, Family::log, page_key(stream, PageNumber{0}));
    for (; pages.has_row(); pages.next()) {
      const auto name = page_of_key(pages.key());
      if (name && name->stream != stream) {
        break;
      }
      if (name) {
        visit(pages);
      }
    }
    errors_.require_end(pages);
  }

  void collect_dones(StreamId stream) {
    dones_.clear();
    for_each_page(stream, [&](const TableScan& pages) {
      const auto read = for_each_record(pages.value(), options_.clock, [&](const Record& record) {
        if (const auto* done = std::get_if<DoneRecord>(&record)) {
          dones_.push_back({done->session, done->message});
        }
      });
      if (!read) {
        errors_.unreadable(pages, describe(read.error()));
      }
    });
    std::ranges::sort(dones_);
  }

  void move_pages(StreamId stream) {
    for_each_page(stream, [&](const TableScan& pages) {
      // One that cannot be read was reported in the first pass.
      if (const auto records = read_page(pages.value(), options_.clock)) {
        move(*records);
      }
      write_.erase(Family::log, pages.key());
      write_.end_of_step();
      ++recovered_.replayed;
    });
  }

  void move(const PageRecords& records) {
    for (const AttachRecord& attach : records.attached) {
      const CopyName copy{attach.session, attach.copy.message};
      const auto at =
          std::ranges::lower_bound(records.messages, copy.message, {}, &MessageRecord::id);
      const bool is_here = at != records.messages.end() && at->id == copy.message;
      if (!is_here || std::ranges::binary_search(dones_, copy)) {
        continue;
      }
      value_.clear();
      encode_pending(value_, attach.copy, at->message, options_.clock);
      write_.put(Family::pending, copy_key(copy.session, copy.message), value_);
      ++recovered_.moved;
    }
  }

  Database& database_;
  const RecoveryOptions& options_;
  RowErrors& errors_;
  Recovered& recovered_;
  SlowWrite write_;
  std::vector<CopyName> dones_;  // of one stream, sorted
  std::string value_;
};

}  // namespace

void replay_log(Database& database, const RecoveryOptions& options, RowErrors& errors,
                Recovered& recovered) {
  Replay(database, options, errors, recovered).run();
}

}  // namespace peal::store

// The book that is kept of the log: which pages of each stream are on disk and how many copies in
// each are still waited for. It says which pages can go, and which have to be spilled.
//
// Pages of a stream go from the front only: a page may say "done" about messages of pages before
// it, never about later ones, so that nothing comes to life again while the front goes first.
// A session's messages are kept, and done with, by one worker: in one stream.
//
// Owned by the writer thread; knows no disk and no clock. A page costs about a hundred bytes, a
// copy that is done with sixteen as long as its page lives.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "peal/base/timer_wheel.hpp"
#include "peal/store/key.hpp"

namespace peal::store {

class PageLedger {
 public:
  struct Page {
    PageNumber number{};
    KeptId first{};  // none: no message in it
    KeptId last{};
    std::uint32_t references = 0;  // copies that are waited for
    std::uint64_t bytes = 0;
    Time written{};
  };
  enum class Place : std::uint8_t { page, spilled };

  /// `first`   the stream of the first of `streams` workers; the others' follow.
  PageLedger(StreamId first, unsigned streams);

  /// The number of the page that is written next.
  [[nodiscard]] PageNumber next_page(StreamId stream) const;
  void add(StreamId stream, const Page& page);

  /// The session is done with its copy; tells where that copy was. Once for each copy.
  ///
  /// cost   O(log pages).
  Place done(CopyName copy);

  /// Takes the pages out that are waited for no more, from the front, and gives their numbers.
  [[nodiscard]] std::vector<PageNumber> trim(StreamId stream);

  /// The oldest page when it has to be spilled: written before `oldest`, or the stream is larger
  /// than `bytes_limit`. It stays until `spilled` says that it was.
  [[nodiscard]] std::optional<Page> to_spill(StreamId stream, std::uint64_t bytes_limit,
                                             Time oldest) const;
  /// The oldest page was spilled and is gone.
  void spilled(StreamId stream);
  /// When the oldest page of all was written; nothing when there is none.
  [[nodiscard]] std::optional<Time> oldest_written() const;

  /// The copies of the stream's oldest page that are done with, sorted.
  [[nodiscard]] std::vector<CopyName> done_in_oldest(StreamId stream) const;

  /// The page that holds a message, if one does.
  [[nodiscard]] std::optional<PageName> find(KeptId message) const;

  [[nodiscard]] std::uint64_t bytes(StreamId stream) const;
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t pages() const { return pages_; }

 private:
  struct Entry {
    Page page;
    std::vector<CopyName> done;  // as long as `page.references` is not 0
  };
  struct Stream {
    std::deque<Entry> entries;
    PageNumber next{1};
    KeptId last_message{};
    std::uint64_t bytes = 0;
  };

  [[nodiscard]] Stream* stream(StreamId id);
  [[nodiscard]] const Stream* stream(StreamId id) const;
  [[nodiscard]] static const Entry* find_in(const Stream& stream, KeptId message);
  void pop_front(Stream& stream);

  std::uint32_t first_;
  std::vector<Stream> streams_;
  std::uint64_t bytes_ = 0;
  std::size_t pages_ = 0;
};

}  // namespace peal::store

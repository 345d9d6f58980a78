// Reads messages back: from the page that holds one, or from the table of those that outlived their
// page. A few pages that were read last stay here, decoded, because a session asks for the messages
// of one page in a row.
//
// Owned by the writer thread. A read costs a look into RocksDB, and a pass over the page when it is
// not here.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "peal/store/database.hpp"
#include "peal/store/page.hpp"

namespace peal::store {

/// A page in memory: the bytes, and the records as views into them.
struct ShelvedPage {
  PageName name;
  std::string bytes;
  std::vector<MessageRecord> messages;  // sorted
  std::vector<AttachRecord> attached;

  /// Null: not in this page.
  [[nodiscard]] const broker::MessageFields* find(KeptId id) const;
  [[nodiscard]] std::size_t memory_bytes() const;
};

class PageShelf {
 public:
  PageShelf(Database& database, const WallClock& clock) : database_(database), clock_(clock) {}

  /// Valid until the next call.    errors   why it cannot be read, for a person.
  [[nodiscard]] std::expected<const ShelvedPage*, std::string> page(PageName name);
  /// The message of a copy; `in`: the page that holds it. Null: not there, or not readable.
  [[nodiscard]] broker::MessageRef read(CopyName copy, std::optional<PageName> in);
  /// The page is gone.
  void forget(PageName name);

 private:
  static constexpr std::size_t bytes_limit = std::size_t{32} << 20;

  [[nodiscard]] std::expected<std::unique_ptr<ShelvedPage>, std::string> load(PageName name);
  void make_room();

  Database& database_;
  WallClock clock_;
  std::vector<std::unique_ptr<ShelvedPage>> pages_;  // the one used last is the last
};

}  // namespace peal::store

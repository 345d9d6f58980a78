#include "peal/store/wal_scan.hpp"

#include <algorithm>
#include <fstream>
#include <vector>

#include "peal/store/byte_order.hpp"
#include "peal/store/crc32c.hpp"

namespace peal::store {

namespace {

namespace fs = std::filesystem;

// The format of LevelDB's and RocksDB's logs: blocks, each with records, long batches cut into
// several. (RocksDB wiki, "Write Ahead Log File Format")
constexpr std::size_t block_bytes = 32 * 1024;
constexpr std::size_t header_bytes = 7;
enum class Piece : std::uint8_t { zero, full, first, middle, last };

constexpr std::string_view mark_magic = "PEALsafe";
constexpr std::uint8_t log_data_tag = 3;  // of a batch's record that `PutLogData` makes
/// In a batch the mark stands behind sequence number, count, tag and size.
constexpr std::size_t mark_at = 8 + 4 + 1 + 1;
constexpr std::size_t batch_head_bytes = mark_at + mark_magic.size() + sizeof(std::uint64_t);

std::uint32_t unmasked(std::uint32_t crc) {
  constexpr std::uint32_t mask_delta = 0xA282EAD8;
  const std::uint32_t turned = crc - mask_delta;
  return turned >> 17 | turned << 15;
}

/// A record of a block.
struct Record {
  Piece piece{};
  Bytes content;
};

/// Takes the records off one block.
class Block {
 public:
  explicit Block(Bytes bytes) : rest_(bytes) {}

  [[nodiscard]] std::size_t left() const { return rest_.size(); }
  /// Whether there is none any more: padding, or room that was never written.
  [[nodiscard]] bool is_at_end() const {
    return rest_.size() < header_bytes ||
           std::ranges::all_of(rest_, [](std::uint8_t byte) { return byte == 0; });
  }
  /// Nothing: it is not whole.
  [[nodiscard]] std::optional<Record> next() {
    ByteReader reader(rest_);
    const auto crc = reader.little<std::uint32_t>();
    const auto size = reader.little<std::uint16_t>();
    const auto piece = reader.little<std::uint8_t>();
    if (piece == 0 || piece > static_cast<std::uint8_t>(Piece::last) ||
        header_bytes + size > rest_.size()) {
      return std::nullopt;
    }
    constexpr std::size_t type_at = 6;
    if (crc32c(0, rest_.subspan(type_at, std::size_t{1} + size)) != unmasked(crc)) {
      return std::nullopt;
    }
    const Record record{static_cast<Piece>(piece), rest_.subspan(header_bytes, size)};
    rest_ = rest_.subspan(header_bytes + size);
    return record;
  }
  /// Goes on behind something broken, at the next record that is whole and has a mark.
  /// returns   whether there is one in this block.
  bool find_next() {
    constexpr std::size_t before = header_bytes + mark_at;
    const std::string_view text = as_text(rest_);
    for (std::size_t at = before; (at = text.find(mark_magic, at + 1)) != std::string_view::npos;) {
      const Bytes candidate = rest_.subspan(at - before);
      if (Block(candidate).next()) {
        rest_ = candidate;
        return true;
      }
    }
    return false;
  }

 private:
  Bytes rest_;
};

/// The beginning of a batch.
struct BatchHead {
  std::uint64_t sequence = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t safe = 0;  // 0: it has no mark
};

std::optional<BatchHead> read_head(Bytes bytes) {
  ByteReader reader(bytes);
  const auto sequence = reader.little<std::uint64_t>();
  const auto count = reader.little<std::uint32_t>();
  if (!reader.ok()) {
    return std::nullopt;
  }
  BatchHead head{.sequence = sequence,
                 .last_sequence = count == 0 ? sequence : sequence + count - 1};
  const auto tag = reader.little<std::uint8_t>();
  const auto size = reader.little<std::uint8_t>();
  const auto magic = reader.text(mark_magic.size());
  const auto safe = reader.little<std::uint64_t>();
  const bool is_mark = reader.ok() && tag == log_data_tag &&
                       size == mark_magic.size() + sizeof(safe) && magic == mark_magic;
  head.safe = is_mark ? safe : 0;
  return head;
}

class Scan {
 public:
  void read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<std::uint8_t> room(block_bytes);
    path_ = path;
    offset_ = 0;
    batch_.reset();
    for (bool is_last = false; !is_last;) {
      file.read(reinterpret_cast<char*>(room.data()), static_cast<std::streamsize>(room.size()));
      const auto size = static_cast<std::size_t>(file.gcount());
      is_last = size < room.size();
      read_block(Bytes(room).first(size));
      offset_ += size;
    }
    if (batch_) {
      broken_at(batch_->offset);  // its end is missing
    }
  }

  [[nodiscard]] const std::optional<WalBreak>& found() const { return found_; }

 private:
  struct Batch {
    std::uint64_t offset = 0;
    std::vector<std::uint8_t> head;  // as much of it as is looked at
  };

  void read_block(Bytes bytes) {
    Block block(bytes);
    while (!block.is_at_end()) {
      const std::uint64_t at = offset_ + bytes.size() - block.left();
      const auto record = block.next();
      if (!record || !take(*record, at)) {
        broken_at(batch_ ? batch_->offset : at);
        batch_.reset();
        if (!record && !block.find_next()) {
          return;  // where the next one begins is known in the next block
        }
      }
    }
  }

  /// false: it does not belong here.
  bool take(const Record& record, std::uint64_t at) {
    const bool begins = record.piece == Piece::full || record.piece == Piece::first;
    if (begins == batch_.has_value()) {
      // Behind a break the rest of a batch whose beginning is lost is passed over.
      return !begins && found_.has_value();
    }
    if (begins) {
      batch_.emplace(Batch{.offset = at, .head = {}});
    }
    const std::size_t wanted = batch_head_bytes - batch_->head.size();
    const Bytes part = record.content.first(std::min(wanted, record.content.size()));
    batch_->head.insert(batch_->head.end(), part.begin(), part.end());
    if (record.piece == Piece::full || record.piece == Piece::last) {
      const auto head = read_head(batch_->head);
      batch_.reset();
      if (!head) {
        return false;
      }
      note(*head);
    }
    return true;
  }

  void note(const BatchHead& head) {
    // A batch that could not be written was written again, into the next log: nothing is missing.
    if (found_ && !found_->is_damage && head.sequence <= last_sequence_ + 1) {
      found_.reset();
    }
    if (!found_) {
      last_sequence_ = std::max(last_sequence_, head.last_sequence);
    } else if (head.safe > last_sequence_) {
      found_->is_damage = true;
    }
  }

  void broken_at(std::uint64_t offset) {
    if (!found_) {
      found_ = WalBreak{.file = path_, .offset = offset};
    }
  }

  fs::path path_;
  std::uint64_t offset_ = 0;  // of the block
  std::optional<Batch> batch_;
  std::optional<WalBreak> found_;
  std::uint64_t last_sequence_ = 0;  // of what is whole in front of the break
};

/// "000012.log" and the like, in the order of their numbers.
std::vector<fs::path> logs_in(const fs::path& directory) {
  std::vector<fs::path> logs;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().stem().string();
    if (at->path().extension() == ".log" &&
        std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; })) {
      logs.push_back(at->path());
    }
  }
  std::ranges::sort(logs, {}, [](const fs::path& path) {
    const std::string name = path.stem().string();
    return std::pair(name.size(), name);
  });
  return logs;
}

}  // namespace

std::string wal_mark(std::uint64_t safe) {
  std::string mark(mark_magic);
  put_little(mark, safe);
  return mark;
}

std::string WalBreak::place() const { return file.string() + " at byte " + std::to_string(offset); }

std::optional<WalBreak> find_wal_break(const fs::path& directory) {
  Scan scan;
  for (const fs::path& log : logs_in(directory)) {
    scan.read(log);
  }
  return scan.found();
}

}  // namespace peal::store

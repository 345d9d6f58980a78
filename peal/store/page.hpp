// A page of the log: what one worker handed over for one commit. A header (format version, number
// of records, CRC-32C of everything else in the page) and then the records, one behind the other.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "peal/store/record.hpp"

namespace peal::store {

enum class PageError : std::uint8_t { too_short, unknown_version, bad_checksum, bad_record };

/// "its checksum is wrong", ...
[[nodiscard]] std::string_view describe(PageError error);

inline constexpr std::size_t page_header_bytes = 9;

/// The header of the page that holds `parts` one behind the other, `records` in all.
[[nodiscard]] std::string page_header(std::span<const std::string_view> parts,
                                      std::uint32_t records);

/// Walks a page's records. The views in them dangle when the page goes.
class PageReader {
 public:
  /// Checks header and checksum.
  [[nodiscard]] static std::expected<PageReader, PageError> open(Bytes page,
                                                                 const WallClock& clock);
  [[nodiscard]] std::uint32_t records() const { return records_; }
  /// Whether a record is left.
  [[nodiscard]] bool has_next() const { return left_ > 0; }
  /// errors   bad_record: not one, or bytes behind the last one. Then there is no next.
  [[nodiscard]] std::expected<Record, PageError> next();

 private:
  PageReader(Bytes records, std::uint32_t count, const WallClock& clock)
      : reader_(records), records_(count), left_(count), clock_(clock) {}

  ByteReader reader_;
  std::uint32_t records_;
  std::uint32_t left_;
  WallClock clock_;
};

/// Calls `visit(record)` for every record.
template <typename Visit>
[[nodiscard]] std::expected<void, PageError> for_each_record(Bytes page, const WallClock& clock,
                                                             Visit visit) {
  auto reader = PageReader::open(page, clock);
  if (!reader) {
    return std::unexpected(reader.error());
  }
  while (reader->has_next()) {
    const auto record = reader->next();
    if (!record) {
      return std::unexpected(record.error());
    }
    visit(*record);
  }
  return {};
}

}  // namespace peal::store

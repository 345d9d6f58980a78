#include "peal/store/page.hpp"

#include "peal/store/crc32c.hpp"

namespace peal::store {

namespace {

constexpr std::size_t checksum_at = 5;  // behind the version and the number of records

}  // namespace

std::string_view describe(PageError error) {
  switch (error) {
    case PageError::too_short:
      return "it is shorter than a page's header";
    case PageError::unknown_version:
      return "it has a format version that is not known";
    case PageError::bad_checksum:
      return "its checksum is wrong";
    case PageError::bad_record:
      break;
  }
  return "a record in it cannot be read";
}

std::string page_header(std::span<const std::string_view> parts, std::uint32_t records) {
  std::string header;
  header.push_back(static_cast<char>(format_version));
  put_little(header, records);
  std::uint32_t crc = crc32c(0, as_bytes(header));
  for (const std::string_view part : parts) {
    crc = crc32c(crc, as_bytes(part));
  }
  put_little(header, crc);
  return header;
}

std::expected<PageReader, PageError> PageReader::open(Bytes page, const WallClock& clock) {
  if (page.size() < page_header_bytes) {
    return std::unexpected(PageError::too_short);
  }
  ByteReader reader(page);
  const auto version = reader.little<std::uint8_t>();
  const auto count = reader.little<std::uint32_t>();
  const auto checksum = reader.little<std::uint32_t>();
  const Bytes records = page.subspan(page_header_bytes);
  if (version != format_version) {
    return std::unexpected(PageError::unknown_version);
  }
  if (crc32c(crc32c(0, page.first(checksum_at)), records) != checksum) {
    return std::unexpected(PageError::bad_checksum);
  }
  if (count == 0 && !records.empty()) {
    return std::unexpected(PageError::bad_record);
  }
  return PageReader(records, count, clock);
}

std::expected<Record, PageError> PageReader::next() {
  Record record = read_record(reader_, clock_);
  --left_;
  if (!reader_.ok() || (left_ == 0 && !reader_.is_at_end())) {
    left_ = 0;
    return std::unexpected(PageError::bad_record);
  }
  return record;
}

}  // namespace peal::store

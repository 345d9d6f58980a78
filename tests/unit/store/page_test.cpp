#include "peal/store/page.hpp"

#include <array>
#include <gtest/gtest.h>

#include "unit/store/rig.hpp"

namespace peal::store {
namespace {

const WallClock wall(Time{}, 1'700'000'000'000);

std::string sample_page() {
  std::string first;
  append_message(first, KeptId{10}, test::message("a/b", "text"), wall);
  append_attach(first, StoredId{3}, test::copy_of(KeptId{10}, mqtt::QoS::at_least_once, {5}));
  std::string second;
  append_done(second, StoredId{3}, KeptId{9});
  const std::array<std::string_view, 2> parts{first, second};
  return page_header(parts, 3) + first + second;
}

std::expected<int, PageError> count(Bytes page) {
  int records = 0;
  const auto read = for_each_record(page, wall, [&](const Record&) { ++records; });
  return read ? std::expected<int, PageError>(records) : std::unexpected(read.error());
}

TEST(Page, GivesItsRecordsInOrder) {
  const std::string page = sample_page();
  auto reader = PageReader::open(as_bytes(page), wall);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->records(), 3U);
  const auto message = std::get<MessageRecord>(*reader->next());
  EXPECT_EQ(message.id, KeptId{10});
  EXPECT_EQ(as_text(message.message.payload), "text");
  const auto attach = std::get<AttachRecord>(*reader->next());
  EXPECT_EQ(attach.session, StoredId{3});
  EXPECT_EQ(attach.copy.message, KeptId{10});
  EXPECT_EQ(attach.copy.identifiers, std::vector<std::uint32_t>{5});
  const auto done = std::get<DoneRecord>(*reader->next());
  EXPECT_EQ(done.message, KeptId{9});
  EXPECT_FALSE(reader->has_next());
}

TEST(Page, CutAtAnyLengthIsNoticed) {
  const std::string page = sample_page();
  EXPECT_EQ(count(as_bytes(page)), 3);
  for (std::size_t size = 0; size < page.size(); ++size) {
    EXPECT_FALSE(count(as_bytes(page.substr(0, size)))) << size;
  }
}

TEST(Page, OneChangedBitIsNoticedWhereverItIs) {
  const std::string page = sample_page();
  for (std::size_t at = 0; at < page.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = page;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      EXPECT_FALSE(count(as_bytes(changed))) << at;
    }
  }
}

/// With a checksum that fits, the records themselves have to stop the reader.
TEST(Page, RecordsThatAreWrongAreNoticedThoughTheChecksumIsRight) {
  const std::string page = sample_page();
  const std::string records = page.substr(page_header_bytes);
  const auto read = [](const std::string& bytes, std::uint32_t number) {
    const std::array<std::string_view, 1> parts{bytes};
    return count(as_bytes(page_header(parts, number) + bytes));
  };
  for (std::size_t size = 0; size < records.size(); ++size) {
    EXPECT_FALSE(read(records.substr(0, size), 3)) << size;
  }
  EXPECT_FALSE(read(records, 2));
  EXPECT_FALSE(read(records, 4));
  EXPECT_FALSE(read(records, 0xFFFFFFFF));
  for (std::size_t at = 0; at < records.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = records;
      changed[at] = static_cast<char>(byte);
      const auto records_read = read(changed, 3);  // whatever comes of it, nothing bad happens
      (void)records_read;
    }
  }
}

}  // namespace
}  // namespace peal::store

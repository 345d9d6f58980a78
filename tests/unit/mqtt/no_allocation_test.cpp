// Decoding and encoding never allocate: every valid row of the packet table, with `new` counted.
#include <cstdlib>
#include <gtest/gtest.h>
#include <new>

#include "support/any_packet.hpp"
#include "support/hex.hpp"
#include "support/packet_cases.hpp"

namespace {

std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) {
    std::abort();
  }
  return memory;
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace peal::mqtt::test {
namespace {

/// All entries and properties are walked too.
std::size_t walk(const AnyPacket& packet) {
  std::size_t seen = 0;
  if (const auto* subscribe = std::get_if<Subscribe>(&packet)) {
    for (const SubscribeEntry& entry : subscribe->entries) {
      seen += TopicFilter::parse(entry.filter_text) ? 1 : 0;
    }
  }
  if (const auto* publish = std::get_if<Publish>(&packet)) {
    for (const Property& property : publish->properties) {
      seen += property.raw.size();
    }
  }
  return seen;
}

TEST(NoAllocation, DecodingAndEncodingEveryCase) {
  std::vector<std::uint8_t> room(4096);
  for (const PacketCase& one : packet_cases()) {
    const std::vector<std::uint8_t> bytes = peal::test::from_hex(one.hex);
    const std::size_t before = allocations;
    const auto packet = read_any(bytes, one.version);
    std::size_t seen = 0;
    if (packet && *packet) {
      seen = walk(**packet) + encode_any(**packet, one.version, room).value_or(0);
    }
    EXPECT_EQ(allocations, before) << one.name << " " << seen;
  }
}

}  // namespace
}  // namespace peal::mqtt::test

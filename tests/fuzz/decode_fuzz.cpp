// A stream of packets in one of the three versions: whatever can be decoded says the same after it
// was encoded and decoded again. The first byte chooses the version.
#include "support/any_packet.hpp"

#include "peal/base/assert.hpp"

namespace {

using namespace peal::mqtt;
using namespace peal::mqtt::test;

void check_round_trip(const AnyPacket& packet, ProtocolVersion version) {
  const std::vector<std::uint8_t> bytes = encode_any(packet, version);
  PEAL_ASSERT(bytes.size() == encoded_size_of(packet, version));
  const auto again = read_any(bytes, version);
  PEAL_ASSERT(again && *again);
  PEAL_ASSERT(describe(**again) == describe(packet));
  PEAL_ASSERT(encode_any(**again, version) == bytes);
}

/// Each packet from bytes of exactly its size, so that reading beyond it is seen.
void decode_stream(peal::Bytes input, ProtocolVersion version) {
  while (const auto frame = next_frame(input, SIZE_MAX, version)) {
    if (!*frame) {
      return;
    }
    const peal::Bytes body = (*frame)->body;
    const std::vector<std::uint8_t> copy(body.begin(), body.end());
    const auto packet = decode_any((*frame)->header, copy, version);
    const auto* connect = packet ? std::get_if<Connect>(&*packet) : nullptr;
    if (packet) {
      check_round_trip(*packet, connect != nullptr ? connect->version : version);
    }
    if ((*frame)->header.type == PacketType::connect) {
      const auto seen = version_of_connect(copy);
      PEAL_ASSERT(connect == nullptr || seen == connect->version);
    }
    input = input.subspan((*frame)->size);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) {
    decode_stream({data + 1, size - 1}, static_cast<ProtocolVersion>(3 + data[0] % 3));
  }
  return 0;
}

// WebSocket frames: whatever comes, the decoder says the same whether it comes at once or in
// pieces.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "peal/base/assert.hpp"
#include "peal/net/websocket.hpp"

namespace {

using peal::net::FrameDecoder;

struct Outcome {
  std::string received;
  std::string last_ping;
  peal::net::WebSocketCode error;
  peal::net::WebSocketCode close;
  bool operator==(const Outcome&) const = default;
};

/// `piece_bytes`   how many bytes come at a time.
Outcome decode(FrameDecoder::Role role, std::vector<std::uint8_t> bytes, std::size_t piece_bytes) {
  FrameDecoder decoder(role, 4096);
  Outcome outcome{};
  for (std::size_t i = 0; i < bytes.size(); i += piece_bytes) {
    const peal::MutableBytes all(bytes);
    const auto piece = all.subspan(i, std::min(piece_bytes, bytes.size() - i));
    const auto received = decoder.decode(piece);
    PEAL_ASSERT(received.data() == piece.data() && received.size() <= piece.size());
    outcome.received += peal::as_text(received);
    if (const auto ping = decoder.take_ping()) {
      outcome.last_ping = peal::as_text(*ping);
    }
  }
  outcome.error = decoder.error();
  outcome.close = decoder.close_code();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const auto role = (data[0] & 1) != 0 ? FrameDecoder::Role::client : FrameDecoder::Role::server;
  const std::size_t piece_bytes = data[0] / 2 + 1U;
  const std::vector<std::uint8_t> bytes(data + 1, data + size);
  const Outcome at_once = decode(role, bytes, bytes.size());
  PEAL_ASSERT(decode(role, bytes, piece_bytes) == at_once);
  PEAL_ASSERT(decode(role, bytes, 1) == at_once);
  return 0;
}

// WebSocket frames, good and bad, at once and one byte at a time; and a connection that speaks
// them.
#include "peal/net/websocket.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "tests/unit/net/connection_support.hpp"

#include "peal/net/http_upgrade.hpp"

namespace peal::net {
namespace {

using namespace std::string_literals;
using Code = WebSocketCode;

constexpr std::uint64_t limit = 1000;
constexpr MaskKey key{0x11, 0x22, 0x33, 0x44};

/// A masked frame with these first bits ("\x82": a final binary frame), the shortest length.
std::string frame(unsigned first, std::string payload, const MaskKey& mask = key) {
  std::string text(1, static_cast<char>(first));
  if (payload.size() < 126) {
    text += static_cast<char>(0x80 | payload.size());
  } else if (payload.size() <= 0xffff) {
    text += "\xfe"s + static_cast<char>(payload.size() >> 8) + static_cast<char>(payload.size());
  } else {
    text += '\xff';
    for (int shift = 56; shift >= 0; shift -= 8) {
      text += static_cast<char>(payload.size() >> shift);
    }
  }
  for (std::size_t i = 0; i < payload.size(); ++i) {
    payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
  }
  return text.append(mask.begin(), mask.end()) + payload;
}

std::string close_with(unsigned code, const std::string& reason = "") {
  return frame(0x88, std::string{static_cast<char>(code >> 8), static_cast<char>(code)} + reason);
}

struct Case {
  const char* name;
  std::string bytes;
  std::string received = {};
  Code error = Code::none;
  Code close = Code::none;
};

const std::string long_text(900, 'x');
const std::string mask_text(reinterpret_cast<const char*>(key.data()), 4);

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"one frame", frame(0x82, "hello"), "hello"},
      {"empty frame", frame(0x82, ""), ""},
      {"one byte", frame(0x82, "x"), "x"},
      {"125 bytes", frame(0x82, std::string(125, 'a')), std::string(125, 'a')},
      {"126 bytes", frame(0x82, std::string(126, 'a')), std::string(126, 'a')},
      {"900 bytes", frame(0x82, long_text), long_text},
      {"at the limit", frame(0x82, std::string(1000, 'l')), std::string(1000, 'l')},
      {"mask of zeros", frame(0x82, "hello", MaskKey{}), "hello"},
      {"two frames", frame(0x82, "one") + frame(0x82, "two"), "onetwo"},
      {"fragments", frame(0x02, "a") + frame(0x00, "b") + frame(0x80, "c"), "abc"},
      {"empty fragments", frame(0x02, "") + frame(0x00, "") + frame(0x80, ""), ""},
      {"first fragment empty", frame(0x02, "") + frame(0x80, "abc"), "abc"},
      {"ping between fragments", frame(0x02, "a") + frame(0x89, "p") + frame(0x80, "b"), "ab"},
      {"pong between fragments", frame(0x02, "a") + frame(0x8a, "p") + frame(0x80, "b"), "ab"},
      {"message after fragments", frame(0x02, "a") + frame(0x80, "b") + frame(0x82, "c"), "abc"},
      {"ping", frame(0x89, "are you there"), ""},
      {"empty ping", frame(0x89, ""), ""},
      {"ping of 125", frame(0x89, std::string(125, 'p')), ""},
      {"pong nobody asked for", frame(0x8a, "x") + frame(0x82, "y"), "y"},
      {"close", close_with(1000), "", Code::none, Code::normal},
      {"close with a reason", close_with(1000, "bye"), "", Code::none, Code::normal},
      {"close without a code", frame(0x88, ""), "", Code::none, Code::no_status},
      {"close 1001", close_with(1001), "", Code::none, static_cast<Code>(1001)},
      {"close 3000", close_with(3000), "", Code::none, static_cast<Code>(3000)},
      {"close 4999", close_with(4999), "", Code::none, static_cast<Code>(4999)},
      {"data then close", frame(0x82, "last") + close_with(1000), "last", Code::none, Code::normal},
      {"nothing after close", close_with(1000) + frame(0x82, "late"), "", Code::none, Code::normal},
      {"close between fragments", frame(0x02, "a") + close_with(1000), "a", Code::none,
       Code::normal},
      {"close with one byte", frame(0x88, "x"), "", Code::protocol_error},
      {"close 0", close_with(0), "", Code::protocol_error},
      {"close 999", close_with(999), "", Code::protocol_error},
      {"close 1004", close_with(1004), "", Code::protocol_error},
      {"close 1005", close_with(1005), "", Code::protocol_error},
      {"close 1006", close_with(1006), "", Code::protocol_error},
      {"close 1015", close_with(1015), "", Code::protocol_error},
      {"close 2999", close_with(2999), "", Code::protocol_error},
      {"close 5000", close_with(5000), "", Code::protocol_error},
      {"not masked", "\x82\x05hello", "", Code::protocol_error},
      {"ping not masked", "\x89\x00"s, "", Code::protocol_error},
      {"text", frame(0x81, "hello"), "", Code::unsupported_data},
      {"empty text", frame(0x81, ""), "", Code::unsupported_data},
      {"first text fragment", frame(0x01, "he"), "", Code::unsupported_data},
      {"text after binary", frame(0x82, "ok") + frame(0x81, "no"), "ok", Code::unsupported_data},
      {"reserved bit 1", frame(0xc2, "x"), "", Code::protocol_error},
      {"reserved bit 2", frame(0xa2, "x"), "", Code::protocol_error},
      {"reserved bit 3", frame(0x92, "x"), "", Code::protocol_error},
      {"type 3", frame(0x83, "x"), "", Code::protocol_error},
      {"type 7", frame(0x87, "x"), "", Code::protocol_error},
      {"type 11", frame(0x8b, "x"), "", Code::protocol_error},
      {"type 15", frame(0x8f, "x"), "", Code::protocol_error},
      {"continuation of nothing", frame(0x80, "x"), "", Code::protocol_error},
      {"fragment of nothing", frame(0x00, "x"), "", Code::protocol_error},
      {"message inside a message", frame(0x02, "a") + frame(0x82, "b"), "a", Code::protocol_error},
      {"fragmented ping", frame(0x09, "x"), "", Code::protocol_error},
      {"fragmented close", frame(0x08, ""), "", Code::protocol_error},
      {"ping of 126", frame(0x89, std::string(126, 'p')), "", Code::protocol_error},
      {"close of 126", frame(0x88, std::string(126, 'p')), "", Code::protocol_error},
      {"length 5 in 2 bytes", "\x82\xfe\x00\x05"s + mask_text, "", Code::protocol_error},
      {"length 125 in 2 bytes", "\x82\xfe\x00\x7d"s + mask_text, "", Code::protocol_error},
      {"length 5 in 8 bytes", "\x82\xff\0\0\0\0\0\0\0\x05"s + mask_text, "", Code::protocol_error},
      {"length 65535 in 8 bytes", "\x82\xff\0\0\0\0\0\0\xff\xff"s + mask_text, "",
       Code::protocol_error},
      {"over the limit", frame(0x82, std::string(1001, 'l')), "", Code::too_big},
      {"far over the limit", "\x82\xff\0\0\0\x01\0\0\0\0"s + mask_text, "", Code::too_big},
      {"the highest length", "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff"s + mask_text, "",
       Code::too_big},
      {"the highest bit", "\x82\xff\x80\0\0\0\0\0\0\0"s + mask_text, "", Code::too_big},
  };
  return all;
}

std::string decode(FrameDecoder& decoder, std::string bytes) {
  const MutableBytes given(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size());
  return std::string(as_text(decoder.decode(given)));
}

TEST(FrameDecoder, table_in_pieces_of_any_size) {
  for (const Case& c : cases()) {
    for (const std::size_t size :
         {std::size_t{1}, std::size_t{2}, std::size_t{7}, c.bytes.size()}) {
      FrameDecoder decoder(FrameDecoder::Role::server, limit);
      std::string received;
      for (std::size_t i = 0; i < c.bytes.size(); i += size) {
        received += decode(decoder, c.bytes.substr(i, size));
      }
      EXPECT_EQ(received, c.received) << c.name << " by " << size;
      EXPECT_EQ(decoder.error(), c.error) << c.name << " by " << size;
      EXPECT_EQ(decoder.close_code(), c.close) << c.name << " by " << size;
    }
  }
}

TEST(FrameDecoder, hands_on_payload_before_the_frame_is_whole) {
  FrameDecoder decoder(FrameDecoder::Role::server, limit);
  const std::string bytes = frame(0x82, "hello");
  EXPECT_EQ(decode(decoder, bytes.substr(0, 8)), "he");
  EXPECT_EQ(decode(decoder, bytes.substr(8)), "llo");
}

TEST(FrameDecoder, gives_the_last_ping_once) {
  FrameDecoder decoder(FrameDecoder::Role::server, limit);
  EXPECT_EQ(decode(decoder, frame(0x89, "one") + frame(0x82, "x") + frame(0x89, "two")), "x");
  const auto ping = decoder.take_ping();
  ASSERT_TRUE(ping.has_value());
  EXPECT_EQ(as_text(*ping), "two");
  EXPECT_FALSE(decoder.take_ping().has_value());
}

TEST(FrameDecoder, a_client_takes_only_unmasked_frames) {
  FrameDecoder client(FrameDecoder::Role::client, limit);
  EXPECT_EQ(decode(client, "\x82\x05hello"), "hello");
  EXPECT_EQ(decode(client, frame(0x82, "x")), "");
  EXPECT_EQ(client.error(), Code::protocol_error);
}

TEST(FrameHeader, is_read_back) {
  for (const std::uint64_t size : {0U, 1U, 125U, 126U, 127U, 65535U, 65536U, 100'000U}) {
    for (const bool masked : {false, true}) {
      std::array<std::uint8_t, frame_header_bytes_max> header{};
      const auto mask = masked ? std::optional(key) : std::nullopt;
      const std::size_t header_size = write_frame_header(header, FrameType::binary, size, mask);
      std::string text(size, 'z');
      if (masked) {
        apply_mask({reinterpret_cast<std::uint8_t*>(text.data()), text.size()}, key);
      }
      text.insert(0, reinterpret_cast<const char*>(header.data()), header_size);
      FrameDecoder decoder(masked ? FrameDecoder::Role::server : FrameDecoder::Role::client,
                           1 << 20);
      EXPECT_EQ(decode(decoder, text), std::string(size, 'z'));
      EXPECT_EQ(decoder.error(), Code::none);
    }
  }
}

TEST(Mask, is_the_same_from_any_position) {
  std::string whole = "The quick brown fox jumps over the lazy dog";
  const auto bytes = [](std::string& text) {
    return MutableBytes(reinterpret_cast<std::uint8_t*>(text.data()), text.size());
  };
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    std::string at_once = whole;
    apply_mask(bytes(at_once), key);
    std::string in_two = whole;
    apply_mask(bytes(in_two).first(cut), key);
    apply_mask(bytes(in_two).subspan(cut), key, cut);
    EXPECT_EQ(at_once, in_two);
  }
}

const std::string handshake_key = "dGhlIHNhbXBsZSBub25jZQ==";

std::string request() { return upgrade_request("localhost", "/mqtt", handshake_key); }

/// A connection that became a WebSocket; the answer is taken.
class WebSocketConnection : public testing::Test {
 protected:
  WebSocketConnection() {
    duo.say_and_turn(request());
    const std::string answer = duo.hear();
    EXPECT_EQ(check_upgrade_answer(answer, handshake_key), "");
    EXPECT_TRUE(duo.connection->is_open());
    EXPECT_TRUE(duo.connection->peer().is_websocket);
  }
  Duo duo;
};

TEST_F(WebSocketConnection, table_at_once_and_byte_by_byte) {
  for (const Case& c : cases()) {
    if (c.error == Code::too_big) {
      continue;  // the connection's own limit is far higher
    }
    for (const bool byte_by_byte : {false, true}) {
      Duo fresh;
      fresh.say_and_turn(request());
      fresh.hear();
      for (std::size_t i = 0; byte_by_byte && i < c.bytes.size() && !fresh.handler.closed; ++i) {
        fresh.say_and_turn(c.bytes.substr(i, 1));
      }
      if (!byte_by_byte) {
        fresh.say_and_turn(c.bytes);
      }
      EXPECT_EQ(fresh.handler.received, c.received) << c.name;
      if (c.error != Code::none) {
        EXPECT_EQ(fresh.handler.closed, CloseCause::websocket_error) << c.name;
        const auto code = static_cast<std::uint16_t>(c.error);
        const std::string expected{'\x88', '\x02', static_cast<char>(code >> 8),
                                   static_cast<char>(code)};
        EXPECT_TRUE(fresh.hear().ends_with(expected)) << c.name;
      } else if (c.close != Code::none) {
        EXPECT_EQ(fresh.handler.closed, CloseCause::by_peer) << c.name;
        EXPECT_EQ(fresh.hear().substr(0, 2), "\x88\x02") << c.name;
      } else {
        EXPECT_FALSE(fresh.handler.closed.has_value()) << c.name;
      }
    }
  }
}

TEST_F(WebSocketConnection, takes_frames_that_came_with_the_request) {
  Duo fresh;
  fresh.say_and_turn(request() + frame(0x82, "early") + frame(0x89, "p"));
  EXPECT_EQ(fresh.handler.received, "early");
  EXPECT_TRUE(fresh.hear().ends_with("\r\n\r\n\x8a\x01p"));
}

TEST_F(WebSocketConnection, becomes_one_byte_by_byte) {
  Duo fresh;
  for (const char byte : request() + frame(0x82, "slow")) {
    fresh.say_and_turn(std::string(1, byte));
  }
  EXPECT_EQ(fresh.handler.received, "slow");
}

TEST_F(WebSocketConnection, writes_a_frame_for_each_piece_with_one_call) {
  const std::string one = "one";
  const std::string two = "two";
  const auto writes = duo.loop.calls.writes;
  duo.connection->send(as_bytes(one));
  duo.connection->send(as_bytes(two));
  duo.turn();
  EXPECT_EQ(duo.loop.calls.writes, writes + 1);
  EXPECT_EQ(duo.hear(), "\x82\x03one\x82\x03two");
}

TEST_F(WebSocketConnection, puts_a_pong_before_the_frame) {
  duo.handler.consume = [&](Bytes bytes) {
    duo.connection->send(as_bytes("answer"));
    return bytes.size();
  };
  duo.say_and_turn(frame(0x89, "ping") + frame(0x82, "question"));
  EXPECT_EQ(duo.hear(),
            "\x8a\x04ping\x82\x06"
            "answer");
}

TEST_F(WebSocketConnection, keeps_frames_whole_for_a_slow_reader) {
  std::string expected;
  FrameDecoder decoder(FrameDecoder::Role::client, std::uint64_t{1} << 30);
  for (int i = 0; i < 50; ++i) {
    const std::string text(40'000, static_cast<char>('a' + i % 26));
    expected += text;
    duo.connection->send(as_bytes(text));
    duo.turn();
  }
  EXPECT_GT(duo.connection->unsent_bytes(), 0U);
  std::string heard;
  for (int i = 0; i < 1000 && heard.size() < expected.size(); ++i) {
    heard += decode(decoder, duo.hear());
    duo.turn();
  }
  EXPECT_TRUE(heard == expected);
  EXPECT_EQ(decoder.error(), Code::none);
  EXPECT_EQ(duo.handler.drained, 1);
}

TEST_F(WebSocketConnection, says_goodbye) {
  const std::string last = "last";
  duo.connection->send(as_bytes(last));
  duo.connection->close();
  duo.turn();
  EXPECT_EQ(duo.hear(), "\x82\x04last\x88\x02\x03\xe8");
  EXPECT_TRUE(duo.hears_end());
  EXPECT_EQ(duo.handler.closed, CloseCause::by_us);
}

TEST_F(WebSocketConnection, does_not_queue_pongs_for_a_peer_that_never_reads) {
  const std::string text(1'000'000, 'x');
  duo.connection->send(as_bytes(text));
  duo.turn();
  const std::size_t unsent = duo.connection->unsent_bytes();
  for (int i = 0; i < 100; ++i) {
    duo.say_and_turn(frame(0x89, "ping" + std::to_string(i)));
  }
  EXPECT_EQ(duo.connection->unsent_bytes(), unsent);
  std::string heard;
  for (int i = 0; i < 100; ++i) {
    heard += duo.hear();
    duo.turn();
  }
  EXPECT_TRUE(heard.ends_with("\x8a\x06ping99"));
}

TEST_F(WebSocketConnection, ends_after_resume_when_the_close_came_while_paused) {
  duo.handler.consume = [&](Bytes bytes) {
    duo.connection->pause();
    return bytes.size();
  };
  duo.say_and_turn(frame(0x82, "last") + close_with(1000));
  duo.turn();
  EXPECT_FALSE(duo.handler.closed.has_value());
  duo.connection->resume();
  duo.turn();
  EXPECT_EQ(duo.handler.received, "last");
  EXPECT_EQ(duo.handler.closed, CloseCause::by_peer);
}

TEST_F(WebSocketConnection, moves_to_another_loop_in_the_middle_of_a_frame) {
  Loop second;
  const std::string bytes = frame(0x82, "hello world");
  duo.handler.consume = [](Bytes) { return std::size_t{2}; };
  duo.say_and_turn(bytes.substr(0, 10));
  EXPECT_EQ(duo.handler.received, "he");
  duo.connection->detach();
  duo.handler.consume = nullptr;
  ASSERT_TRUE(duo.connection->attach(second));
  duo.say(bytes.substr(10));
  second.poll(std::chrono::seconds(1));
  EXPECT_EQ(duo.handler.received, "hello world");
  duo.connection->abort();
  second.sweep();
}

}  // namespace
}  // namespace peal::net

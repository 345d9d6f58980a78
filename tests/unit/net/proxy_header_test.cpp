// PROXY headers, good and bad, each also cut at every length; and what a connection makes of them.
#include "peal/net/proxy_header.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "tests/unit/net/connection_support.hpp"

namespace peal::net {
namespace {

using Status = ProxyHeader::Status;
using namespace std::string_literals;

const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;

/// A version 2 header. `length` is what it says to be the length of `body`.
std::string version_2(char version_and_command, char family, const std::string& body,
                      std::size_t length) {
  std::string text = signature;
  text += version_and_command;
  text += family;
  text += static_cast<char>(length >> 8);
  text += static_cast<char>(length & 0xff);
  return text += body;
}
std::string version_2(char version_and_command, char family, const std::string& body) {
  return version_2(version_and_command, family, body, body.size());
}

const std::string ipv4 = "\xc0\x00\x02\x01\x0a\x00\x00\x01\x12\x34\x07\x5b"s;
const std::string ipv6 =
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"s + std::string(16, '\0') + "\x12\x34\x07\x5b"s;
const std::string extension = "\x04\x00\x03xyz"s;

struct Case {
  const char* name;
  std::string text;
  Status status;
  const char* source = "";  // complete: with its port; empty for none
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"v1 tcp4", "PROXY TCP4 192.0.2.1 10.0.0.1 4660 1883\r\n", Status::complete,
       "192.0.2.1:4660"},
      {"v1 tcp6", "PROXY TCP6 2001:db8::1 ::1 4660 1883\r\n", Status::complete,
       "[2001:db8::1]:4660"},
      {"v1 longest tcp6", "PROXY TCP6 ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n",
       Status::bad},
      {"v1 unknown", "PROXY UNKNOWN\r\n", Status::complete},
      {"v1 unknown with the rest", "PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n",
       Status::complete},
      {"v1 port 0", "PROXY TCP4 192.0.2.1 10.0.0.1 0 0\r\n", Status::complete, "192.0.2.1:0"},
      {"v1 port 65535", "PROXY TCP4 192.0.2.1 10.0.0.1 65535 65535\r\n", Status::complete,
       "192.0.2.1:65535"},
      {"v1 port 65536", "PROXY TCP4 192.0.2.1 10.0.0.1 65536 1883\r\n", Status::bad},
      {"v1 destination port 65536", "PROXY TCP4 192.0.2.1 10.0.0.1 1 65536\r\n", Status::bad},
      {"v1 negative port", "PROXY TCP4 192.0.2.1 10.0.0.1 -1 1883\r\n", Status::bad},
      {"v1 leading zero", "PROXY TCP4 192.0.2.1 10.0.0.1 01 1883\r\n", Status::bad},
      {"v1 port with letters", "PROXY TCP4 192.0.2.1 10.0.0.1 12a 1883\r\n", Status::bad},
      {"v1 no ports", "PROXY TCP4 192.0.2.1 10.0.0.1\r\n", Status::bad},
      {"v1 one port", "PROXY TCP4 192.0.2.1 10.0.0.1 4660\r\n", Status::bad},
      {"v1 empty port", "PROXY TCP4 192.0.2.1 10.0.0.1  1883\r\n", Status::bad},
      {"v1 five words", "PROXY TCP4 192.0.2.1 10.0.0.1 1 2 3\r\n", Status::bad},
      {"v1 two spaces", "PROXY  TCP4 192.0.2.1 10.0.0.1 1 2\r\n", Status::bad},
      {"v1 space at the end", "PROXY TCP4 192.0.2.1 10.0.0.1 1 2 \r\n", Status::bad},
      {"v1 tcp4 with ipv6", "PROXY TCP4 ::1 ::1 1 2\r\n", Status::bad},
      {"v1 tcp6 with ipv4", "PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n", Status::bad},
      {"v1 udp", "PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n", Status::bad},
      {"v1 lower case", "PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n", Status::bad},
      {"v1 bad source", "PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n", Status::bad},
      {"v1 bad destination", "PROXY TCP4 1.2.3.4 1.2.3.400 1 2\r\n", Status::bad},
      {"v1 host name", "PROXY TCP4 localhost localhost 1 2\r\n", Status::bad},
      {"v1 empty", "PROXY \r\n", Status::bad},
      {"v1 unknown misspelt", "PROXY UNKNOWNS\r\n", Status::bad},
      {"v1 only LF", "PROXY TCP4 192.0.2.1 10.0.0.1 1 2\n", Status::need_more},
      {"v1 107 bytes and no end", "PROXY UNKNOWN " + std::string(93, 'x'), Status::bad},
      {"v1 107 bytes", "PROXY UNKNOWN " + std::string(91, 'x') + "\r\n", Status::complete},
      {"v1 108 bytes", "PROXY UNKNOWN " + std::string(92, 'x') + "\r\n", Status::bad},
      {"v2 tcp4", version_2(0x21, 0x11, ipv4), Status::complete, "192.0.2.1:4660"},
      {"v2 tcp6", version_2(0x21, 0x21, ipv6), Status::complete, "[2001:db8::1]:4660"},
      {"v2 tcp4 with an extension", version_2(0x21, 0x11, ipv4 + extension), Status::complete,
       "192.0.2.1:4660"},
      {"v2 tcp6 with an extension", version_2(0x21, 0x21, ipv6 + extension), Status::complete,
       "[2001:db8::1]:4660"},
      {"v2 unix", version_2(0x21, 0x31, std::string(216, 'x')), Status::complete, "unix"},
      {"v2 unspecified", version_2(0x21, 0x00, ""), Status::complete},
      {"v2 local", version_2(0x20, 0x00, ""), Status::complete},
      {"v2 local with addresses", version_2(0x20, 0x11, ipv4), Status::complete},
      {"v2 local of any family", version_2(0x20, 0x7f, ""), Status::complete},
      {"v2 udp", version_2(0x21, 0x12, ipv4), Status::bad},
      {"v2 udp6", version_2(0x21, 0x22, ipv6), Status::bad},
      {"v2 unix datagrams", version_2(0x21, 0x32, std::string(216, 'x')), Status::bad},
      {"v2 unknown family", version_2(0x21, 0x41, ipv4), Status::bad},
      {"v2 version 1", version_2(0x11, 0x11, ipv4), Status::bad},
      {"v2 version 3", version_2(0x31, 0x11, ipv4), Status::bad},
      {"v2 command 2", version_2(0x22, 0x11, ipv4), Status::bad},
      {"v2 tcp4 too short", version_2(0x21, 0x11, ipv4.substr(1)), Status::bad},
      {"v2 tcp6 too short", version_2(0x21, 0x21, ipv4), Status::bad},
      {"v2 unix too short", version_2(0x21, 0x31, std::string(215, 'x')), Status::bad},
      {"v2 4096 bytes", version_2(0x21, 0x11, ipv4 + std::string(4084, 'x')), Status::complete,
       "192.0.2.1:4660"},
      {"v2 4097 bytes", version_2(0x21, 0x11, ipv4, 4097), Status::bad},
      {"v2 65535 bytes", version_2(0x21, 0x11, ipv4, 65535), Status::bad},
      {"v2 other signature", "\r\n\r\n\0\r\nQUIX\n!\x11\0\x0c"s + ipv4, Status::bad},
      {"mqtt", "\x10\x0c\0\x04MQTT"s, Status::bad},
      {"http", "GET / HTTP/1.1\r\n", Status::bad},
      {"tls", "\x16\x03\x01"s, Status::bad},
      {"something like it", "PROXIES ", Status::bad},
  };
  return all;
}

std::string source_of(const ProxyHeader& header) { return header.source.text_with_port(); }

TEST(ProxyHeader, table) {
  for (const Case& c : cases()) {
    const ProxyHeader header = parse_proxy_header(as_bytes(c.text));
    EXPECT_EQ(header.status, c.status) << c.name;
    if (header.status == Status::complete) {
      EXPECT_EQ(header.bytes, c.text.size()) << c.name;
      EXPECT_EQ(source_of(header), c.source) << c.name;
    }
  }
}

TEST(ProxyHeader, leaves_what_follows) {
  for (const Case& c : cases()) {
    if (c.status == Status::complete) {
      const ProxyHeader header = parse_proxy_header(as_bytes(c.text + "\r\nPROXY UNKNOWN\r\n"));
      EXPECT_EQ(header.bytes, c.text.size()) << c.name;
    }
  }
}

TEST(ProxyHeader, waits_for_the_rest_at_every_cut) {
  for (const Case& c : cases()) {
    if (c.status == Status::complete) {
      for (std::size_t size = 0; size < c.text.size(); ++size) {
        EXPECT_EQ(parse_proxy_header(as_bytes(c.text).first(size)).status, Status::need_more)
            << c.name << " cut at " << size;
      }
    }
  }
}

ConnectionSettings proxied() {
  ConnectionSettings settings;
  settings.require_proxy_header = true;
  return settings;
}

TEST(ProxyConnection, table_at_once_and_byte_by_byte) {
  for (const Case& c : cases()) {
    if (c.status == Status::need_more) {
      continue;
    }
    for (const bool byte_by_byte : {false, true}) {
      if (byte_by_byte && c.text.size() > 300) {
        continue;  // a Unix socket holds no more single bytes, and the header is only looked at
      }
      Duo duo(proxied());
      const std::string text = c.text + "\x10 payload";
      for (std::size_t i = 0; byte_by_byte && i < text.size() && !duo.handler.closed; ++i) {
        duo.say_and_turn(text.substr(i, 1));
      }
      if (!byte_by_byte) {
        duo.say_and_turn(text);
      }
      if (c.status == Status::bad) {
        EXPECT_EQ(duo.handler.closed, CloseCause::proxy_error) << c.name;
        EXPECT_EQ(duo.handler.received, "") << c.name;
        continue;
      }
      EXPECT_EQ(duo.handler.received, "\x10 payload") << c.name;
      const Peer peer = duo.connection->peer();
      EXPECT_TRUE(peer.is_proxied) << c.name;
      EXPECT_FALSE(peer.is_loopback) << c.name << ": a proxied peer never is";
      EXPECT_EQ(duo.connection->address().text_with_port(), *c.source == '\0' ? "unix" : c.source)
          << c.name;
    }
  }
}

TEST(ProxyConnection, ends_with_half_a_header) {
  Duo duo(proxied());
  duo.say_and_turn("PROXY TCP4 1.2.");
  EXPECT_FALSE(duo.handler.closed.has_value());
  duo.hang_up();
  duo.turns(2);
  EXPECT_EQ(duo.handler.closed, CloseCause::by_peer);
}

TEST(ProxyConnection, believes_a_loopback_source_no_more_than_another) {
  Duo duo(proxied());
  duo.say_and_turn("PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n\x10");
  EXPECT_EQ(duo.connection->peer().address, "127.0.0.1");
  EXPECT_FALSE(duo.connection->peer().is_loopback);
}

TEST(ProxyConnection, is_not_spoken_where_it_is_not_required) {
  Duo duo;
  duo.say_and_turn("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n");
  EXPECT_EQ(duo.handler.received.substr(0, 5), "PROXY");  // the handler's business
}

}  // namespace
}  // namespace peal::net

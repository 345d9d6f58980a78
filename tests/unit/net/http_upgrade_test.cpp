// Who may become a WebSocket: a table of requests, by function and through a connection.
#include "peal/net/http_upgrade.hpp"

#include <gtest/gtest.h>

#include "tests/unit/net/connection_support.hpp"

namespace peal::net {
namespace {

const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";

struct Line {
  std::string name;
  std::string value;  // empty: the line is left out
};

/// A good request with some lines changed. (The name "" is the first line.)
std::string request(const std::vector<Line>& changes) {
  std::vector<Line> all{{"", "GET /mqtt HTTP/1.1"},        {"Host", "localhost:8083"},
                        {"Upgrade", "websocket"},          {"Connection", "Upgrade"},
                        {"Sec-WebSocket-Version", "13"},   {"Sec-WebSocket-Key", key},
                        {"Sec-WebSocket-Protocol", "mqtt"}};
  for (const Line& change : changes) {
    bool is_known = false;
    for (Line& line : all) {
      if (line.name == change.name) {
        line.value = change.value;
        is_known = true;
      }
    }
    if (!is_known) {
      all.push_back(change);
    }
  }
  std::string text;
  for (const Line& line : all) {
    if (!line.value.empty()) {
      text += line.name.empty() ? line.value : line.name + ": " + line.value;
      text += "\r\n";
    }
  }
  return text + "\r\n";
}

struct Case {
  const char* name;
  std::vector<Line> changes;
  int status = 101;
  const char* protocol = "mqtt";
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"good", {}},
      {"path /", {{"", "GET / HTTP/1.1"}}},
      {"with a query", {{"", "GET /mqtt?token=1 HTTP/1.1"}}},
      {"another path", {{"", "GET /ws HTTP/1.1"}}, 404},
      {"path below", {{"", "GET /mqtt/x HTTP/1.1"}}, 404},
      {"post", {{"", "POST /mqtt HTTP/1.1"}}, 400},
      {"with a body", {{"Content-Length", "0"}}},
      {"upgrade in capitals", {{"Upgrade", "WebSocket"}}},
      {"upgrade list", {{"Upgrade", "h2c, websocket"}}},
      {"upgrade to another", {{"Upgrade", "h2c"}}, 400},
      {"no upgrade but a key", {{"Upgrade", ""}}, 400},
      {"connection list", {{"Connection", "keep-alive, Upgrade"}}},
      {"connection keep-alive", {{"Connection", "keep-alive"}}, 400},
      {"no connection", {{"Connection", ""}}, 400},
      {"version 8", {{"Sec-WebSocket-Version", "8"}}, 426},
      {"version 013", {{"Sec-WebSocket-Version", "013"}}, 426},
      {"no version", {{"Sec-WebSocket-Version", ""}}, 426},
      {"no key", {{"Sec-WebSocket-Key", ""}}, 400},
      {"short key", {{"Sec-WebSocket-Key", "dGhlIHNhbXBsZQ=="}}, 400},
      {"long key", {{"Sec-WebSocket-Key", key + key}}, 400},
      {"key that is no Base64", {{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZ!=="}}, 400},
      {"mqttv3.1", {{"Sec-WebSocket-Protocol", "mqttv3.1"}}, 101, "mqttv3.1"},
      {"both", {{"Sec-WebSocket-Protocol", "mqttv3.1, mqtt"}}, 101, "mqtt"},
      {"among others", {{"Sec-WebSocket-Protocol", "chat,mqtt,x"}}, 101, "mqtt"},
      {"no protocol", {{"Sec-WebSocket-Protocol", ""}}, 400},
      {"another protocol", {{"Sec-WebSocket-Protocol", "chat"}}, 400},
      {"protocol with a suffix", {{"Sec-WebSocket-Protocol", "mqttx"}}, 400},
      {"compression offered", {{"Sec-WebSocket-Extensions", "permessage-deflate"}}},
      {"same origin", {{"Origin", "http://localhost:8083"}}},
      {"same origin in capitals", {{"Origin", "http://LOCALHOST:8083"}}},
      {"origin of another port", {{"Origin", "http://localhost:3000"}}, 403},
      {"foreign origin", {{"Origin", "http://evil.example"}}, 403},
      {"foreign origin that begins alike", {{"Origin", "http://localhost:8083.evil.example"}}, 403},
      {"allowed origin", {{"Origin", "https://good.example"}}},
      {"allowed host, wrong scheme", {{"Origin", "http://good.example"}}, 403},
      {"null origin", {{"Origin", "null"}}, 403},
      {"host 127.0.0.1", {{"Host", "127.0.0.1:8083"}}},
      {"host ::1", {{"Host", "[::1]:8083"}}},
      {"host without a port", {{"Host", "localhost"}}},
      {"host in capitals", {{"Host", "LocalHost"}}},
      {"configured host", {{"Host", "broker.home:8083"}}},
      {"rebound host", {{"Host", "evil.example:8083"}}, 403},
      {"rebound host and origin",
       {{"Host", "evil.example"}, {"Origin", "http://evil.example"}},
       403},
      {"host that begins alike", {{"Host", "localhost.evil.example"}}, 403},
      {"host that looks like loopback", {{"Host", "127.0.0.1.evil.example"}}, 403},
      {"no host", {{"Host", ""}}, 403},
  };
  return all;
}

ConnectionSettings settings() {
  ConnectionSettings result;
  result.allowed_origins = {"https://good.example"};
  result.allowed_hosts = {"broker.home"};
  return result;
}

TEST(Upgrade, table_through_a_connection_on_loopback) {
  for (const Case& c : cases()) {
    Duo duo(settings(), tcp_pair());
    duo.say_and_turn(request(c.changes));
    const std::string answer = duo.hear();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(c.status))) << c.name << answer;
    if (c.status == 101) {
      EXPECT_NE(answer.find("Sec-WebSocket-Protocol: " + std::string(c.protocol) + "\r\n"),
                std::string::npos)
          << c.name;
      EXPECT_NE(answer.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
                std::string::npos)
          << c.name;
      EXPECT_EQ(answer.find("Extensions"), std::string::npos) << c.name;
      EXPECT_TRUE(duo.connection->is_open()) << c.name;
    } else {
      EXPECT_EQ(duo.handler.closed, CloseCause::http_done) << c.name;
      EXPECT_EQ(answer.find("Server:"), std::string::npos) << c.name;
    }
    EXPECT_TRUE(duo.handler.requests.empty()) << c.name;
  }
}

TEST(Upgrade, tells_the_version_it_wants) {
  Duo duo;
  duo.say_and_turn(request({{"Sec-WebSocket-Version", "12"}}));
  EXPECT_NE(duo.hear().find("Sec-WebSocket-Version: 13\r\n"), std::string::npos);
}

TEST(Upgrade, is_not_found_where_it_is_switched_off) {
  ConnectionSettings off = settings();
  off.accept_websocket = false;
  Duo duo(off);
  duo.say_and_turn(request({}));
  EXPECT_TRUE(duo.hear().starts_with("HTTP/1.1 404"));
}

TEST(Site, a_page_is_refused_like_a_websocket) {
  Duo duo({}, tcp_pair());
  duo.say_and_turn("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  EXPECT_TRUE(duo.hear().starts_with("HTTP/1.1 403"));
  EXPECT_TRUE(duo.handler.requests.empty());
}

TEST(Site, any_host_is_good_for_a_peer_from_elsewhere) {
  HttpRequest request;
  request.headers = {{"Host", "broker.example"}};
  EXPECT_TRUE(is_allowed_site(request, {}));
  EXPECT_FALSE(
      is_allowed_site(request, {.allowed_origins = {}, .allowed_hosts = {}, .is_loopback = true}));
  request.headers.emplace_back("Host", "other");
  EXPECT_FALSE(is_allowed_site(request, {}));
}

TEST(UpgradeAnswer, is_checked_by_the_client) {
  const std::string good =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";
  EXPECT_EQ(check_upgrade_answer(good, key), "");
  EXPECT_NE(check_upgrade_answer("HTTP/1.1 403 Forbidden\r\n\r\n", key), "");
  EXPECT_NE(check_upgrade_answer(good, "AAAAAAAAAAAAAAAAAAAAAA=="), "");
  EXPECT_NE(check_upgrade_answer("", key), "");
  for (const char* line : {"Upgrade: websocket", "Sec-WebSocket-Protocol: mqtt"}) {
    std::string without = good;
    without.erase(without.find(line), std::string_view(line).size() + 2);
    EXPECT_NE(check_upgrade_answer(without, key), "") << line;
  }
}

}  // namespace
}  // namespace peal::net

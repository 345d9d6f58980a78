// HTTP requests as values: what is understood, what is refused with which status, at every cut; and
// the answers.
#include "peal/net/http.hpp"

#include <gtest/gtest.h>

#include "tests/unit/net/connection_support.hpp"

namespace peal::net {
namespace {

using Status = HttpParse::Status;
using namespace std::string_literals;

struct Case {
  const char* name;
  std::string text;
  int status = 0;  // 0: complete
};

std::string lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += "A: b\r\n";
  }
  return text;
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"shortest", "GET / HTTP/1.1\r\n\r\n"},
      {"1.0", "GET / HTTP/1.0\r\n\r\n"},
      {"with a host", "GET /a?b=c HTTP/1.1\r\nHost: x:1\r\n\r\n"},
      {"with a body", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"},
      {"empty body", "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"},
      {"head", "HEAD / HTTP/1.1\r\n\r\n"},
      {"put", "PUT /x HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"},
      {"delete", "DELETE /x HTTP/1.1\r\n\r\n"},
      {"options", "OPTIONS * HTTP/1.1\r\n\r\n"},
      {"empty header", "GET / HTTP/1.1\r\nX:\r\n\r\n"},
      {"63 headers", "GET / HTTP/1.1\r\n" + lines(62) + "\r\n"},
      {"65 lines", "GET / HTTP/1.1\r\n" + lines(63) + "\r\n", 431},
      {"16 KiB", "GET / HTTP/1.1\r\nX: " + std::string(16'361, 'x') + "\r\n\r\n"},
      {"over 16 KiB", "GET / HTTP/1.1\r\nX: " + std::string(16'362, 'x') + "\r\n\r\n", 431},
      {"long target", "GET /" + std::string(17'000, 'x') + " HTTP/1.1\r\n\r\n", 431},
      {"64 KiB body", "POST / HTTP/1.1\r\nContent-Length: 65536\r\n\r\n" + std::string(65536, 'b')},
      {"over 64 KiB body", "POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", 413},
      {"huge length", "POST / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n", 413},
      {"beyond 64 bits", "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
      {"negative length", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
      {"length with a sign", "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\nx", 400},
      {"hex length", "POST / HTTP/1.1\r\nContent-Length: 0x1\r\n\r\nx", 400},
      {"two lengths", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400},
      {"the same twice", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400},
      {"chunked", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411},
      {"chunked and a length",
       "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx", 400},
      {"a length and chunked",
       "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\nx", 400},
      {"HTTP/2.0", "GET / HTTP/2.0\r\n\r\n", 505},
      {"HTTP/0.9", "GET / HTTP/0.9\r\n\r\n", 505},
      {"HTTP/1.2", "GET / HTTP/1.2\r\n\r\n", 505},
      {"no version", "GET /\r\n\r\n", 400},
      {"not http", "GET / HTCPCP/1.0\r\n\r\n", 505},
      {"no target", "GET  HTTP/1.1\r\n\r\n", 400},
      {"folded", "GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n", 400},
      {"folded by a tab", "GET / HTTP/1.1\r\nX: a\r\n\tb\r\n\r\n", 400},
      {"folded first line", "GET / HTTP/1.1\r\n X: a\r\n\r\n", 400},
      {"only LF", "GET / HTTP/1.1\nHost: x\n\r\n\r\n", 400},
      {"only CR", "GET / HTTP/1.1\rHost: x\r\n\r\n", 400},
      {"NUL", "GET / HTTP/1.1\r\nX: a\0b\r\n\r\n"s, 400},
      {"control character", "GET / HTTP/1.1\r\nX: a\x01\r\n\r\n", 400},
      {"DEL", "GET / HTTP/1.1\r\nX: a\x7f\r\n\r\n", 400},
      {"space before the colon", "GET / HTTP/1.1\r\nX : a\r\n\r\n", 400},
      {"no colon", "GET / HTTP/1.1\r\nX\r\n\r\n", 400},
      {"no name", "GET / HTTP/1.1\r\n: a\r\n\r\n", 400},
      {"bad name", "GET / HTTP/1.1\r\nX(: a\r\n\r\n", 400},
  };
  return all;
}

TEST(HttpRequest, table) {
  for (const Case& c : cases()) {
    const HttpParse parse = parse_http_request(as_bytes(c.text));
    EXPECT_EQ(parse.status, c.status == 0 ? Status::complete : Status::bad) << c.name;
    EXPECT_EQ(parse.answer_status, c.status) << c.name;
    if (c.status == 0) {
      EXPECT_EQ(parse.bytes, c.text.size()) << c.name;
    }
  }
}

TEST(HttpRequest, waits_for_the_rest_at_every_cut) {
  for (const Case& c : cases()) {
    if (c.status != 0 || c.text.size() > 1000) {
      continue;
    }
    for (std::size_t size = 0; size < c.text.size(); ++size) {
      EXPECT_EQ(parse_http_request(as_bytes(c.text).first(size)).status, Status::need_more)
          << c.name << " cut at " << size;
    }
  }
}

TEST(HttpRequest, is_taken_apart) {
  const std::string text =
      "POST /path?query HTTP/1.1\r\nHost: here\r\nUpgrade: h2c, WebSocket\r\nUPGRADE:  x\r\n"
      "Content-Length: 4\r\n\r\nbodyNEXT";
  const HttpParse parse = parse_http_request(as_bytes(text));
  ASSERT_EQ(parse.status, Status::complete);
  const HttpRequest& request = parse.request;
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/path?query");
  EXPECT_EQ(request.path(), "/path");
  EXPECT_EQ(request.body, "body");
  EXPECT_EQ(parse.bytes, text.size() - 4);
  EXPECT_EQ(request.header("host"), "here");
  EXPECT_TRUE(request.has_header("HOST"));
  EXPECT_FALSE(request.has_header("Hos"));
  EXPECT_TRUE(request.header_has_token("upgrade", "websocket"));
  EXPECT_TRUE(request.header_has_token("upgrade", "x"));
  EXPECT_FALSE(request.header_has_token("upgrade", "h2"));
}

TEST(HttpAnswer, has_a_length_and_no_server) {
  HttpAnswer answer;
  answer.status = 404;
  answer.body = "nothing";
  answer.headers.emplace_back("X-One", "1");
  EXPECT_EQ(serialize(answer),
            "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 7\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n"
            "X-One: 1\r\n\r\nnothing");
  EXPECT_TRUE(serialize(answer, false).ends_with("X-One: 1\r\n\r\n"));
}

TEST(LooksLikeHttp, decides_as_soon_as_it_can) {
  for (const char* method : {"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    const std::string text = std::string(method) + " ";
    for (std::size_t size = 1; size <= text.size(); ++size) {
      bool undecided = false;
      const bool is_http = looks_like_http(as_bytes(text).first(size), undecided);
      EXPECT_EQ(undecided, size < text.size()) << text << size;
      EXPECT_EQ(is_http, size == text.size()) << text << size;
    }
  }
  for (const char* text : {"\x10", "get ", "GETS", "X", " GET ", "\x16\x03", "PRI * HTTP/2.0"}) {
    bool undecided = false;
    EXPECT_FALSE(looks_like_http(as_bytes(text), undecided)) << text;
    EXPECT_FALSE(undecided) << text;
  }
}

TEST(HttpConnection, serves_one_request_and_ends) {
  for (const bool byte_by_byte : {false, true}) {
    Duo duo;
    const std::string text = "GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (std::size_t i = 0; i < text.size(); i += byte_by_byte ? 1 : text.size()) {
      duo.say_and_turn(byte_by_byte ? text.substr(i, 1) : text);
    }
    ASSERT_EQ(duo.handler.requests.size(), 1U);
    EXPECT_EQ(duo.handler.requests[0].target, "/page");
    EXPECT_TRUE(duo.hear().ends_with("\r\n\r\npage"));
    EXPECT_TRUE(duo.hears_end());
    EXPECT_EQ(duo.handler.closed, CloseCause::http_done);
    EXPECT_EQ(duo.handler.received, "");
    EXPECT_FALSE(duo.connection->is_open());
  }
}

TEST(HttpConnection, answers_head_without_a_body) {
  Duo duo;
  duo.say_and_turn("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string answer = duo.hear();
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
  EXPECT_NE(answer.find("Content-Length: 4"), std::string::npos);
}

TEST(HttpConnection, refuses_what_the_parser_refuses) {
  for (const Case& c : cases()) {
    if (c.status != 0 && c.text.starts_with("GET")) {
      Duo duo;
      duo.say_and_turn(c.text);
      EXPECT_TRUE(duo.hear().starts_with("HTTP/1.1 " + std::to_string(c.status))) << c.name;
      EXPECT_EQ(duo.handler.closed, CloseCause::http_done) << c.name;
      EXPECT_TRUE(duo.handler.requests.empty()) << c.name;
    }
  }
}

TEST(HttpConnection, believes_a_forwarded_peer_not_to_be_here) {
  for (const char* header : {"Forwarded: for=1.2.3.4", "X-Forwarded-For: 127.0.0.1"}) {
    Duo duo({}, tcp_pair());
    duo.say_and_turn("GET / HTTP/1.1\r\nHost: example.com\r\n" + std::string(header) + "\r\n\r\n");
    EXPECT_EQ(duo.handler.requests.size(), 1U) << header;
    EXPECT_TRUE(duo.connection->peer().is_proxied);
    EXPECT_FALSE(duo.connection->peer().is_loopback);
  }
}

class LargeAnswer final : public ConnectionHandler {
 public:
  std::size_t on_bytes(Bytes bytes) override { return bytes.size(); }
  void on_closed(CloseCause cause) override { closed = cause; }
  void on_drained() override {}
  HttpAnswer on_http(const HttpRequest&) override {
    HttpAnswer answer;
    answer.body = std::string(3'000'000, 'x');
    return answer;
  }
  std::optional<CloseCause> closed;
};

TEST(HttpConnection, finishes_a_large_answer_before_it_ends) {
  const ConnectionSettings settings;
  const auto fds = unix_pair();
  Loop loop;
  LargeAnswer handler;
  Connection connection(fds[0], settings, handler);
  ASSERT_TRUE(connection.attach(loop));
  ASSERT_GT(::write(fds[1], "GET / HTTP/1.1\r\n\r\n", 18), 0);
  std::size_t heard = 0;
  std::array<char, 65536> buffer;
  for (int i = 0; i < 1000 && !handler.closed; ++i) {
    loop.poll(std::chrono::milliseconds(10));
    loop.sweep();
    for (ssize_t got = 1; got > 0;) {
      got = ::recv(fds[1], buffer.data(), buffer.size(), 0);
      heard += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
  }
  EXPECT_GT(heard, 3'000'000U);
  EXPECT_EQ(handler.closed, CloseCause::http_done);
  ::close(fds[1]);
}

}  // namespace
}  // namespace peal::net

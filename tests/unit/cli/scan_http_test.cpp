#include "peal/cli/scan_http.hpp"

#include <gtest/gtest.h>

namespace peal::cli {
namespace {

TEST(ScanHttp, HeadersOfAnAnswer) {
  constexpr std::string_view answer =
      "HTTP/1.1 403 Forbidden\r\nServer:  nginx/1.22.1 \r\nX-Empty:\r\ncontent-length: 0\r\n\r\n";
  EXPECT_EQ(header_of_answer(answer, "server"), "nginx/1.22.1");
  EXPECT_EQ(header_of_answer(answer, "Content-Length"), "0");
  EXPECT_EQ(header_of_answer(answer, "X-Empty"), "");
  EXPECT_EQ(header_of_answer(answer, "X-None"), "");
  EXPECT_EQ(header_of_answer("", "Server"), "");
  EXPECT_EQ(header_of_answer("HTTP/1.1 200 OK\r\nServer: cut", "Server"), "cut");
}

}  // namespace
}  // namespace peal::cli

// The built-in page says what the port speaks and nothing about versions.
#include "peal/server/front_page.hpp"

#include <gtest/gtest.h>

namespace peal::server {
namespace {

net::HttpAnswer ask(std::string method, std::string target) {
  net::HttpRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  return answer_http(request);
}

TEST(FrontPage, IsServedAtTheRoot) {
  const net::HttpAnswer answer = ask("GET", "/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find("MQTT"), std::string::npos);
  EXPECT_EQ(answer.body.find("0.1"), std::string::npos);
}

TEST(FrontPage, IsTheOnlyPage) {
  EXPECT_EQ(ask("GET", "/etc/passwd").status, 404);
  EXPECT_EQ(ask("POST", "/").status, 405);
}

}  // namespace
}  // namespace peal::server

// URLs and headers: what is taken, and what of it is known before anything is sent.
#include "peal/auth/http_url.hpp"

#include <gtest/gtest.h>
#include <string_view>

namespace peal::auth {
namespace {

TEST(HttpUrl, SaysWhereItLeadsTo) {
  const auto plain = http_origin("http://auth.example/a?b=c");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->text, "http://auth.example:80");
  EXPECT_FALSE(plain->is_encrypted);
  EXPECT_FALSE(plain->is_loopback);
  const auto encrypted = http_origin("https://auth.example:8443/");
  ASSERT_TRUE(encrypted);
  EXPECT_EQ(encrypted->text, "https://auth.example:8443");
  EXPECT_TRUE(encrypted->is_encrypted);
}

TEST(HttpUrl, KnowsTheLoopback) {
  for (const char* url : {"http://127.0.0.1:9000/auth", "http://127.9.9.9/", "http://127.1/",
                          "http://localhost/", "http://[::1]:80/"}) {
    const auto origin = http_origin(url);
    EXPECT_TRUE(origin && origin->is_loopback) << url;
  }
  for (const char* url : {"http://127.0.0.1.example/", "http://128.0.0.1/",
                          "http://localhost.example/", "http://[::2]/", "http://192.0.2.1/"}) {
    const auto origin = http_origin(url);
    EXPECT_TRUE(origin && !origin->is_loopback) << url;
  }
}

TEST(HttpUrl, RefusesEverythingElse) {
  for (const char* url : {"", "auth.example", "ftp://auth.example/", "file:///etc/passwd",
                          "http://", "http://a b/", "http://anna:secret@auth.example/",
                          "http://anna@auth.example/", "http://a:99999/", "http://a/\r\nX: y"}) {
    const auto origin = http_origin(url);
    EXPECT_FALSE(origin) << url;
    EXPECT_FALSE(!origin && origin.error().empty()) << url;
  }
}

TEST(HttpUrl, GoesInTheClearOnlyWhereItMay) {
  EXPECT_EQ(http_url_problem("https://auth.example/", false), "");
  EXPECT_EQ(http_url_problem("http://localhost:9000/auth", false), "");
  EXPECT_NE(http_url_problem("http://auth.example/", false), "");
  EXPECT_EQ(http_url_problem("http://auth.example/", true), "");
  EXPECT_NE(http_url_problem("ftp://localhost/", true), "");
}

TEST(HttpUrl, LooksAtHeaders) {
  EXPECT_EQ(http_header_problem("Authorization: Bearer abc"), "");
  for (const std::string_view header :
       {"", "Authorization", ": abc", "A: b\r\nC: d", "A: b\n", "A: \x7F", "A: b\tc"}) {
    EXPECT_NE(http_header_problem(std::string(header)), "") << header;
  }
}

}  // namespace
}  // namespace peal::auth

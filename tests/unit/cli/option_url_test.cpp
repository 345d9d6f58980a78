// -L.
#include <gtest/gtest.h>

#include "peal/cli/options.hpp"

namespace peal::cli {
namespace {

Options parsed(std::string_view url, Program program = Program::pub) {
  Options options;
  options.program = program;
  apply_url(options, url);
  return options;
}

std::string error_of(std::string_view url) {
  try {
    parsed(url);
  } catch (const OptionError& error) {
    return error.what();
  }
  return "";
}

TEST(OptionUrl, HasHostAndTopic) {
  const Options options = parsed("mqtt://broker.example/a/b");
  EXPECT_EQ(options.endpoint.host, "broker.example");
  EXPECT_EQ(options.endpoint.port, 1883);
  EXPECT_FALSE(options.endpoint.websocket);
  EXPECT_FALSE(options.endpoint.tls.use_os_certificates);
  EXPECT_EQ(options.topic, "a/b");
  EXPECT_EQ(options.user_name, std::nullopt);
}

TEST(OptionUrl, TheSchemeSaysHow) {
  EXPECT_EQ(parsed("mqtts://h/t").endpoint.port, 8883);
  EXPECT_TRUE(parsed("mqtts://h/t").endpoint.tls.use_os_certificates);
  EXPECT_TRUE(parsed("ws://h:8083/t").endpoint.websocket);
  EXPECT_EQ(parsed("ws://h:8083/t").endpoint.port, 8083);
  EXPECT_TRUE(parsed("WSS://h/t").endpoint.websocket);
  EXPECT_TRUE(parsed("wss://h/t").endpoint.tls.use_os_certificates);
}

TEST(OptionUrl, HasUserAndPassword) {
  const Options options = parsed("mqtt://me:se:cret@h:1884/t");
  EXPECT_EQ(options.user_name, "me");
  EXPECT_EQ(options.password, "se:cret");
  EXPECT_EQ(options.endpoint.host, "h");
  EXPECT_EQ(options.endpoint.port, 1884);
  EXPECT_EQ(parsed("mqtt://me@h/t").user_name, "me");
  EXPECT_EQ(parsed("mqtt://me@h/t").password, std::nullopt);
  EXPECT_EQ(parsed("mqtt://m%40e:100%25@h/t").user_name, "m@e");
  EXPECT_EQ(parsed("mqtt://m%40e:100%25@h/t").password, "100%");
  EXPECT_EQ(parsed("mqtt://me:50%@h/t").password, "50%");
}

TEST(OptionUrl, TheTopicIsTakenAsItStands) {
  EXPECT_EQ(parsed("mqtt://h/a%20b@c").topic, "a%20b@c");
  EXPECT_EQ(parsed("mqtt://h//a").topic, "/a");
  EXPECT_EQ(parsed("mqtt://h/a/#", Program::sub).filters, std::vector<std::string>{"a/#"});
}

TEST(OptionUrl, TheHostMayBeAnAddress) {
  EXPECT_EQ(parsed("mqtt://[::1]/t").endpoint.host, "::1");
  EXPECT_EQ(parsed("mqtt://[::1]:1885/t").endpoint.host, "::1");
  EXPECT_EQ(parsed("mqtt://[::1]:1885/t").endpoint.port, 1885);
  EXPECT_EQ(parsed("mqtt://127.0.0.1:1885/t").endpoint.host, "127.0.0.1");
}

TEST(OptionUrl, SaysWhatIsWrong) {
  EXPECT_TRUE(error_of("http://h/t").starts_with("Error: Unsupported URL scheme"));
  EXPECT_TRUE(error_of("h/t").starts_with("Error: Unsupported URL scheme"));
  EXPECT_EQ(error_of("mqtt://h"), "Error: Invalid URL for -L argument specified - topic missing.");
  EXPECT_NE(error_of("mqtt:///t"), "");
  EXPECT_NE(error_of("mqtt://h/"), "");
  EXPECT_NE(error_of("mqtt://h/a/+"), "");
  EXPECT_EQ(error_of("mqtt://h:x/t"), "Error: Invalid port given: x");
  EXPECT_NE(error_of("mqtt://h:0/t"), "");
  EXPECT_NE(error_of("mqtt://h:65536/t"), "");
  EXPECT_NE(error_of("mqtt://[::1]x/t"), "");
}

}  // namespace
}  // namespace peal::cli

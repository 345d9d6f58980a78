#include "peal/cli/options.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/temporary_folder.hpp"

namespace peal::cli {
namespace {

using Words = std::vector<std::string>;

/// An empty folder for options files, and nobody's own.
class OptionsTest : public testing::Test {
 protected:
  OptionsTest() { setenv("XDG_CONFIG_HOME", folder_.path().c_str(), 1); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }
  static std::string error_of(Program program, const Words& words) {
    try {
      (void)parse_options(program, words);
    } catch (const OptionError& error) {
      return error.what();
    }
    return "";
  }

  test::TemporaryFolder folder_;
};

TEST_F(OptionsTest, HaveMosquittosDefaults) {
  const Options options = parse_options(Program::pub, {"-t", "a", "-m", "b"});
  EXPECT_EQ(options.endpoint.host, "localhost");
  EXPECT_EQ(options.endpoint.port, 1883);
  EXPECT_EQ(options.protocol, mqtt::ProtocolVersion::v3_1_1);
  EXPECT_TRUE(options.clean_start);
  EXPECT_EQ(options.keep_alive_seconds, 60);
  EXPECT_EQ(options.qos, mqtt::QoS::at_most_once);
  EXPECT_EQ(options.topic, "a");
  EXPECT_EQ(options.source, MessageSource::text);
  EXPECT_EQ(options.message, "b");
  EXPECT_EQ(options.inflight_limit, 20);
  const Options request = parse_options(Program::rr, {"-t", "a", "-e", "c", "-n"});
  EXPECT_EQ(request.protocol, mqtt::ProtocolVersion::v5);
  EXPECT_EQ(request.properties.publish.view().text(mqtt::PropertyId::response_topic), "c");
}

TEST_F(OptionsTest, LettersAndLongNamesAreTheSame) {
  const Words letters{"-h", "h",  "-p", "1884", "-u", "u",  "-P", "p",   "-i", "me", "-k", "30",
                      "-q", "2",  "-t", "a",    "-V", "5",  "-C", "3",   "-W", "9",  "-v", "-F",
                      "%p", "-R", "-T", "x",    "-x", "60", "-A", "::1", "-N", "-E", "-M", "7"};
  const Words names{"--host",
                    "h",
                    "--port",
                    "1884",
                    "--username",
                    "u",
                    "--pw",
                    "p",
                    "--id",
                    "me",
                    "--keepalive",
                    "30",
                    "--qos",
                    "2",
                    "--topic",
                    "a",
                    "--protocol-version",
                    "mqttv5",
                    "--count",
                    "3",
                    "--timeout",
                    "9",
                    "--verbose",
                    "--format",
                    "%p",
                    "--no-retained",
                    "--filter-out",
                    "x",
                    "--session-expiry-interval",
                    "60",
                    "--bind-address",
                    "::1",
                    "--no-end-of-line",
                    "--exit-after-subscribe",
                    "--max-inflight",
                    "7"};
  for (const Words& words : {letters, names}) {
    const Options options = parse_options(Program::sub, words);
    EXPECT_EQ(options.endpoint.host, "h");
    EXPECT_EQ(options.endpoint.port, 1884);
    EXPECT_EQ(options.user_name, "u");
    EXPECT_EQ(options.password, "p");
    EXPECT_EQ(options.client_id, "me");
    EXPECT_EQ(options.keep_alive_seconds, 30);
    EXPECT_EQ(options.qos, mqtt::QoS::exactly_once);
    EXPECT_EQ(options.filters, Words{"a"});
    EXPECT_EQ(options.protocol, mqtt::ProtocolVersion::v5);
    EXPECT_EQ(options.message_count, 3u);
    EXPECT_EQ(options.timeout, std::chrono::seconds(9));
    EXPECT_TRUE(options.verbose);
    EXPECT_EQ(options.format, "%p");
    EXPECT_TRUE(options.no_retained);
    EXPECT_EQ(options.filters_out, Words{"x"});
    EXPECT_EQ(options.session_expiry_seconds, 60u);
    EXPECT_EQ(options.endpoint.bind_address, "::1");
    EXPECT_FALSE(options.end_of_line);
    EXPECT_TRUE(options.exit_after_subscribe);
    EXPECT_EQ(options.inflight_limit, 7);
  }
}

TEST_F(OptionsTest, AValueIsNeverAnOption) {
  EXPECT_EQ(parse_options(Program::pub, {"-t", "a", "-m", "-q"}).message, "-q");
  EXPECT_EQ(parse_options(Program::pub, {"-t", "a", "-m", "--"}).message, "--");
  EXPECT_EQ(parse_options(Program::pub, {"-t", "a", "-m", ""}).message, "");
  EXPECT_EQ(parse_options(Program::pub, {"-t", "a", "-m", "[1,2]"}).message, "[1,2]");
  EXPECT_EQ(parse_options(Program::pub, {"-t", "a", "-m", "a b\n\"c\" d=e"}).message,
            "a b\n\"c\" d=e");
  EXPECT_EQ(parse_options(Program::pub, {"-m", "x", "-t", "[a]"}).topic, "[a]");
  const Options options = parse_options(
      Program::pub, {"-D", "publish", "user-property", "-t", "--help", "-t", "a", "-m", "x"});
  const auto pair = options.properties.publish.view().find(mqtt::PropertyId::user_property);
  ASSERT_TRUE(pair.has_value());
  EXPECT_EQ(pair->text, "-t");
  EXPECT_EQ(pair->value, "--help");
  EXPECT_EQ(options.topic, "a");
}

TEST_F(OptionsTest, TheLastOneWins) {
  EXPECT_EQ(parse_options(Program::sub, {"-t", "a", "-p", "1", "-p", "2"}).endpoint.port, 2);
  EXPECT_EQ(parse_options(Program::sub, {"-L", "mqtt://h/t", "-p", "5"}).endpoint.port, 5);
  EXPECT_EQ(parse_options(Program::sub, {"-p", "5", "-L", "mqtt://h/t"}).endpoint.port, 1883);
  EXPECT_EQ(parse_options(Program::sub, {"-t", "a", "-t", "b"}).filters, (Words{"a", "b"}));
}

TEST_F(OptionsTest, APropertyMeansMqtt5) {
  const Options options =
      parse_options(Program::sub, {"-t", "a", "-D", "connect", "receive-maximum", "5"});
  EXPECT_EQ(options.protocol, mqtt::ProtocolVersion::v5);
}

TEST_F(OptionsTest, TlsHasItsOwnPort) {
  const Words base{"-t", "a", "-m", "b"};
  const auto with = [&](Words words) {
    words.insert(words.end(), base.begin(), base.end());
    return parse_options(Program::pub, words).endpoint;
  };
  EXPECT_TRUE(with({"--cafile", "x"}).tls.use);
  EXPECT_FALSE(with({"--cafile", "x"}).tls.use_os_certificates);
  EXPECT_EQ(with({"--cafile", "x"}).port, 8883);
  EXPECT_EQ(with({"--capath", "x", "-p", "9"}).port, 9);
  EXPECT_TRUE(with({"-p", "8883"}).tls.use);
  EXPECT_TRUE(with({"-p", "8883"}).tls.use_os_certificates);
  EXPECT_TRUE(with({"--tls-use-os-certs"}).tls.use);
  EXPECT_FALSE(with({"--insecure"}).tls.use);
}

TEST_F(OptionsTest, ASessionThatStaysNeedsAnId) {
  EXPECT_NE(error_of(Program::sub, {"-t", "a", "-c"}), "");
  EXPECT_NE(error_of(Program::sub, {"-t", "a", "-c", "-I", "me"}), "");
  EXPECT_EQ(error_of(Program::sub, {"-t", "a", "-c", "-i", "me"}), "");
  EXPECT_NE(error_of(Program::sub, {"-t", "a", "-V", "5", "-x", "-1"}), "");
  EXPECT_EQ(error_of(Program::sub, {"-t", "a", "-V", "5", "-x", "60"}), "");
  const auto expiry = [](const Words& words) {
    return parse_options(Program::sub, words)
        .properties.connect.view()
        .number(mqtt::PropertyId::session_expiry_interval);
  };
  EXPECT_EQ(expiry({"-t", "a", "-V", "5", "-c", "-i", "me"}), 4'294'967'295u);
  EXPECT_EQ(expiry({"-t", "a", "-V", "5", "-x", "\u221e", "-i", "me"}), 4'294'967'295u);
  EXPECT_EQ(expiry({"-t", "a", "-V", "5", "-c", "-i", "me", "-x", "9"}), 9u);
  EXPECT_EQ(expiry({"-t", "a", "-V", "5"}), std::nullopt);
}

TEST_F(OptionsTest, SayWhatIsWrong) {
  EXPECT_EQ(error_of(Program::pub, {"-t", "a"}), "Error: Both topic and message must be supplied.");
  EXPECT_EQ(error_of(Program::pub, {"-m", "a"}), "Error: Both topic and message must be supplied.");
  EXPECT_EQ(error_of(Program::sub, {}), "Error: You must specify a topic to subscribe to.");
  EXPECT_EQ(error_of(Program::rr, {"-t", "a", "-m", "b"}),
            "Error: All of topic, message, and response topic must be supplied.");
  EXPECT_EQ(error_of(Program::pub, {"-t", "a", "-m", "b", "-n"}),
            "Error: Only one type of message can be sent at once.");
  EXPECT_EQ(error_of(Program::sub, {"-t", "a", "-l"}), "Error: Unknown option '-l'.");
  EXPECT_EQ(error_of(Program::sub, {"-t", "a", "--verbos"}),
            "Error: Unknown option '--verbos'. Did you mean '--verbose'?");
  EXPECT_EQ(error_of(Program::sub, {"-t", "a", "stray"}), "Error: Unknown option 'stray'.");
  EXPECT_EQ(error_of(Program::sub, {"-t"}), "Error: -t argument given but no TOPIC specified.");
  EXPECT_EQ(error_of(Program::sub, {"-t", "a/#/b"}),
            "Error: Invalid subscription topic 'a/#/b' (-t), are all '+' and '#' wildcards "
            "correct?");
  EXPECT_EQ(error_of(Program::pub, {"-t", "a/#", "-m", "b"}),
            "Error: Invalid publish topic 'a/#', does it contain '+' or '#'?");
  EXPECT_EQ(error_of(Program::sub, {"-t", "a", "-q", "3"}), "Error: Invalid QoS given: 3");
  EXPECT_EQ(error_of(Program::sub, {"-t", "a", "-F", "%z"}),
            "Error: Invalid format specifier 'z'.");
  EXPECT_EQ(error_of(Program::sub, {"-t", "a", "--will-payload", "x"}),
            "Error: Will payload given, but no will topic given.");
  EXPECT_EQ(error_of(Program::sub, {"-t", "a", "-i", "x", "-I", "y"}),
            "Error: -i and -I argument cannot be used together.");
  EXPECT_EQ(error_of(Program::sub, {"-t", "a", "-R", "--retained-only"}),
            "Error: Combining '-R' and '--retained-only' makes no sense.");
  EXPECT_EQ(error_of(Program::sub, {"-t", "a", "--cert", "x"}),
            "Error: Both certfile and keyfile must be provided if one of them is set.");
}

TEST_F(OptionsTest, AKeyTakesThePlaceOfCertificates) {
  const auto error = [&](Words words) {
    words.insert(words.end(), {"-t", "a"});
    return error_of(Program::sub, words);
  };
  EXPECT_EQ(error({"--psk", "00ff", "--psk-identity", "bell"}), "");
  EXPECT_EQ(error({"--psk-identity", "bell"}), "") << "as mosquitto_sub has it";
  EXPECT_EQ(error({"--psk", "00"}), "Error: --psk-identity required if --psk used.");
  EXPECT_EQ(error({"--psk", "00", "--psk-identity", "x", "--cafile", "y"}),
            "Error: Only one of --psk or --cafile/--capath may be used at once.");
  for (const std::string& key : {std::string("0"), std::string("0g"), std::string(1026, '0')}) {
    EXPECT_NE(error({"--psk", key, "--psk-identity", "x"}).find("has to be hexadecimal"),
              std::string::npos)
        << key;
  }
  EXPECT_NE(error({"--psk", "00", "--psk-identity", std::string(257, 'x')}), "");
}

TEST_F(OptionsTest, NumbersHaveARange) {
  for (const Words& words : std::vector<Words>{{"-k", "4"},
                                               {"-k", "65536"},
                                               {"-p", "0"},
                                               {"-p", "65536"},
                                               {"-p", "x"},
                                               {"-C", "0"},
                                               {"-W", "0"},
                                               {"-M", "0"},
                                               {"-x", "4294967296"},
                                               {"-x", "-2"},
                                               {"-x", "q"},
                                               {"-V", "7"},
                                               {"--will-qos", "3"},
                                               {"--random-filter", "0"},
                                               {"--random-filter", "101"}}) {
    Words all{"-t", "a"};
    all.insert(all.end(), words.begin(), words.end());
    EXPECT_NE(error_of(Program::sub, all), "") << words[0] << ' ' << words[1];
  }
}

TEST_F(OptionsTest, WhatIsNotSupportedIsRefused) {
  for (const Words& words : std::vector<Words>{
           {"-S"}, {"--proxy", "socks5h://h"}, {"--tls-engine", "x"}, {"--keyform", "engine"}}) {
    Words all{"-t", "a"};
    all.insert(all.end(), words.begin(), words.end());
    EXPECT_NE(error_of(Program::sub, all).find("is not supported"), std::string::npos) << words[0];
  }
}

TEST_F(OptionsTest, ComeFromAFileFirst) {
  write("peal_sub", "# mine\n-h broker.example\n-t from the file\n\n--qos 1\r\n-v\n");
  const Options options = parse_options(Program::sub, {"-t", "b", "-q", "2"});
  EXPECT_EQ(options.endpoint.host, "broker.example");
  EXPECT_EQ(options.filters, (Words{"from the file", "b"}));
  EXPECT_EQ(options.qos, mqtt::QoS::exactly_once);
  EXPECT_TRUE(options.verbose);
  // Each program has its own.
  EXPECT_EQ(parse_options(Program::pub, {"-t", "a", "-n"}).endpoint.host, "localhost");
}

TEST_F(OptionsTest, AFilesErrorNamesTheLine) {
  write("peal_sub", "-h h\n-D connect user-property a b\n-q 7\n");
  const std::string error = error_of(Program::sub, {"-t", "a"});
  EXPECT_TRUE(error.starts_with("Error: Invalid QoS given: 7 (")) << error;
  EXPECT_TRUE(error.ends_with("peal_sub:3)")) << error;
}

}  // namespace
}  // namespace peal::cli

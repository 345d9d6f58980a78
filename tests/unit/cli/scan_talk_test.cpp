#include "peal/cli/scan_talk.hpp"

#include <gtest/gtest.h>

#include "tests/unit/cli/scripted_server.hpp"

#include "peal/cli/scan_options.hpp"
#include "peal/net/stream.hpp"

namespace peal::cli {
namespace {

using mqtt::ProtocolVersion;
using mqtt::ReasonCode;
using std::chrono::milliseconds;

constexpr milliseconds soon{5000};
constexpr milliseconds window{50};

std::unique_ptr<net::Stream> connect(const ScriptedServer& server) {
  net::StreamOptions options;
  options.host = "127.0.0.1";
  options.port = server.port();
  auto stream = net::Stream::connect(options);
  EXPECT_TRUE(stream.has_value()) << stream.error();
  return stream.has_value() ? std::move(*stream) : nullptr;
}

/// How a CONNECT of `version` ends that is answered with `answer`.
Login login_answered(const std::string& answer, ProtocolVersion version = ProtocolVersion::v5,
                     std::vector<Leak>* leaks = nullptr) {
  ScriptedServer server([&answer](ScriptedServer& peer) {
    EXPECT_TRUE(peer.read_packet().starts_with('\x10'));
    peer.send(answer);
  });
  const auto stream = connect(server);
  ScanTalk talk(*stream, version, soon);
  const Login login = talk.log_in({.version = version});
  EXPECT_TRUE(talk.has_heard());
  if (leaks != nullptr) {
    *leaks = talk.leaks();
  }
  return login;
}

/// Runs `ask` on a connection that is logged in; `script` is the server's side after that.
template <typename Ask>
auto asked(std::function<void(ScriptedServer&)> script, Ask ask,
           ProtocolVersion version = ProtocolVersion::v5) {
  ScriptedServer server([&script, version](ScriptedServer& peer) {
    peer.accept(version == ProtocolVersion::v5 ? "20 03 00 00 00" : "20 02 00 00");
    script(peer);
  });
  const auto stream = connect(server);
  ScanTalk talk(*stream, version, soon);
  EXPECT_TRUE(talk.log_in({.version = version}).is_accepted());
  return ask(talk);
}

TEST(ScanTalk, EveryEndOfALogin) {
  EXPECT_EQ(login_answered("20 03 00 00 00").end, Login::End::accepted);
  EXPECT_EQ(login_answered("20 02 00 00", ProtocolVersion::v3_1_1).end, Login::End::accepted);
  const Login refused = login_answered("20 03 00 87 00");
  EXPECT_EQ(refused.end, Login::End::refused);
  EXPECT_EQ(refused.reason, ReasonCode::not_authorized);
  EXPECT_EQ(login_answered("").end, Login::End::closed);
  EXPECT_EQ(login_answered("'HTTP/1.1 400 Bad'").end, Login::End::no_mqtt);
  EXPECT_EQ(login_answered("d0 00").end, Login::End::no_mqtt);
  EXPECT_EQ(login_answered("20 03 00 42 00").end, Login::End::no_mqtt);
}

TEST(ScanTalk, AServerThatDoesNotKnowMqtt5AnswersInItsOwnForm) {
  const Login login = login_answered("20 02 00 01");
  EXPECT_EQ(login.end, Login::End::refused);
  EXPECT_EQ(login.reason, ReasonCode::unsupported_protocol_version);
  EXPECT_FALSE(login.is_understood());
}

TEST(ScanTalk, WhatConnackSaysOfTheServerIsNoted) {
  std::vector<Leak> leaks;
  (void)login_answered("20 0f 00 87 0c 1f 00 09 'VerneMQ 2'", ProtocolVersion::v5, &leaks);
  ASSERT_EQ(leaks.size(), 1U);
  EXPECT_EQ(leaks.front().where, "CONNACK, Reason String");
  EXPECT_EQ(leaks.front().text, "VerneMQ 2");
  (void)login_answered("20 0c 00 87 09 1f 00 06 'please'", ProtocolVersion::v5, &leaks);
  EXPECT_TRUE(leaks.empty());
  (void)login_answered("20 0f 00 00 0c 26 00 01 'v' 00 06 '5.10.2'", ProtocolVersion::v5, &leaks);
  ASSERT_EQ(leaks.size(), 1U);
  EXPECT_EQ(leaks.front().text, "v=5.10.2");
}

TEST(ScanTalk, SoIsWhatOtherAnswersSay) {
  std::vector<Leak> leaks;
  (void)asked(
      [](ScriptedServer& peer) {
        (void)peer.read_packet();
        peer.send("40 0e 00 02 87 0a 1f 00 07 'EMQX no'");
        (void)peer.read_packet();
        peer.send("90 0e 00 01 0a 1f 00 07 'v1.2 no' 87");
      },
      [&leaks](ScanTalk& talk) {
        EXPECT_EQ(talk.publish("t").end, Publishing::End::refused);
        EXPECT_EQ(talk.read("#", window, "").grant, Reading::Grant::refused);
        leaks = talk.leaks();
        return true;
      });
  ASSERT_EQ(leaks.size(), 2U);
  EXPECT_EQ(leaks[0].where, "PUBACK, Reason String");
  EXPECT_EQ(leaks[1].where, "SUBACK, Reason String");
}

TEST(ScanTalk, SilenceHasAnEnd) {
  ScriptedServer server([](ScriptedServer& peer) {
    (void)peer.read_packet();
    (void)peer.read_packet();  // the end
  });
  const auto stream = connect(server);
  ScanTalk talk(*stream, ProtocolVersion::v5, window);
  EXPECT_EQ(talk.log_in({}).end, Login::End::silent);
  EXPECT_FALSE(talk.has_heard());
  stream->close();
}

TEST(ScanTalk, OneMessageIsNeitherRetainedNorHasAPayload) {
  const auto publish = [](ScanTalk& talk) { return talk.publish("t"); };
  const Publishing accepted = asked(
      [](ScriptedServer& peer) {
        peer.expect("32 06 00 01 't' 00 02 00");
        peer.send("40 03 00 02 10");
      },
      publish);
  EXPECT_EQ(accepted.end, Publishing::End::accepted);
  const Publishing refused = asked(
      [](ScriptedServer& peer) {
        (void)peer.read_packet();
        peer.send("40 04 00 02 87 00");
      },
      publish);
  EXPECT_EQ(refused.end, Publishing::End::refused);
  EXPECT_EQ(refused.reason, ReasonCode::not_authorized);
  const Publishing ended = asked(
      [](ScriptedServer& peer) {
        (void)peer.read_packet();
        peer.send("e0 02 9b 00");
      },
      publish);
  EXPECT_EQ(ended.end, Publishing::End::refused);
  EXPECT_EQ(ended.reason, ReasonCode::qos_not_supported);
  const Publishing closed = asked([](ScriptedServer& peer) { (void)peer.read_packet(); }, publish);
  EXPECT_EQ(closed.end, Publishing::End::no_answer);
}

Reading read_everything(ScanTalk& talk) { return talk.read("#", window, ""); }

TEST(ScanTalk, MessagesAndTopicsAreCounted) {
  const Reading reading = asked(
      [](ScriptedServer& peer) {
        peer.expect("82 07 00 01 00 00 01 '#' 00");
        peer.send("30 05 00 01 'a' 00 'x'");  // before SUBACK
        peer.send("90 04 00 01 00 00");
        peer.send("31 06 00 01 'b' 00 'yz' 30 05 00 01 'a' 00 'x'");
        (void)peer.read_packet();
      },
      read_everything);
  EXPECT_EQ(reading.grant, Reading::Grant::granted);
  EXPECT_EQ(reading.messages, 3U);
  EXPECT_EQ(reading.topics, 2U);
  EXPECT_EQ(reading.bytes, 4U);
  EXPECT_FALSE(reading.is_cut);
}

TEST(ScanTalk, ARefusedSubscription) {
  const Reading reading = asked(
      [](ScriptedServer& peer) {
        (void)peer.read_packet();
        peer.send("90 03 00 01 80");
      },
      read_everything, ProtocolVersion::v3_1_1);
  EXPECT_EQ(reading.grant, Reading::Grant::refused);
  EXPECT_EQ(reading.reason, ReasonCode::unspecified_error);
}

TEST(ScanTalk, ReadingStopsAtTheLimitOfMessages) {
  const Reading reading = asked(
      [](ScriptedServer& peer) {
        (void)peer.read_packet();
        peer.send("90 04 00 01 00 00");
        while (peer.try_send("30 05 00 01 'a' 00 'x'")) {
        }
      },
      [](ScanTalk& talk) { return talk.read("#", soon, ""); });
  EXPECT_EQ(reading.messages, scan_messages_limit);
  EXPECT_TRUE(reading.is_cut);
}

TEST(ScanTalk, ReadingStopsAtTheLimitOfBytes) {
  const std::string filler = "'" + std::string(60'000, 'x') + "'";
  const Reading reading = asked(
      [&filler](ScriptedServer& peer) {
        (void)peer.read_packet();
        peer.send("90 04 00 01 00 00");
        while (peer.try_send("30 e4 d4 03 00 01 'a' 00 " + filler)) {
        }
      },
      [](ScanTalk& talk) { return talk.read("#", soon, ""); });
  EXPECT_TRUE(reading.is_cut);
  EXPECT_LE(reading.bytes, scan_bytes_limit + 64 * 1024);
  EXPECT_GT(reading.messages, 10U);
}

TEST(ScanTalk, AMessageOfOurOwnShowsWhatSilenceDoesNot) {
  const Reading reading = asked(
      [](ScriptedServer& peer) {
        (void)peer.read_packet();
        peer.send("90 04 00 01 00 00");
        peer.expect("32 06 00 01 'e' 00 03 00");
        peer.send("40 02 00 03 30 04 00 01 'e' 00");
        (void)peer.read_packet();
      },
      [](ScanTalk& talk) { return talk.read("#", window, "e"); });
  EXPECT_EQ(reading.messages, 0U);
  EXPECT_TRUE(reading.is_echoed);
}

TEST(ScanTalk, TheVersionInSysIsNotedAndNoOtherPayload) {
  std::vector<Leak> leaks;
  (void)asked(
      [](ScriptedServer& peer) {
        (void)peer.read_packet();
        peer.send("90 04 00 01 00 00");
        peer.send("31 12 00 09 '$SYS/load' 00 'secret'");
        peer.send("31 13 00 0c '$SYS/version' 00 'v2.0'");
        (void)peer.read_packet();
      },
      [&leaks](ScanTalk& talk) {
        const Reading reading = talk.read("$SYS/#", window, "");
        leaks = talk.leaks();
        return reading;
      });
  ASSERT_EQ(leaks.size(), 1U);
  EXPECT_EQ(leaks.front().where, "$SYS/version");
  EXPECT_EQ(leaks.front().text, "v2.0");
}

TEST(ScanTalk, TextOfStrangersIsMadeFitToPrint) {
  EXPECT_EQ(printable("a\x1b[2J\n\xff"
                      "b"),
            "a?[2J??b");
  EXPECT_EQ(printable("abcdef", 3), "abc...");
  EXPECT_EQ(printable(""), "");
}

TEST(ScanTalk, WhatNamesAProgramOrAVersion) {
  for (const char* text : {"mosquitto", "EMQX", "server 1.2", "HiveMQ/4", "v10.3"}) {
    EXPECT_TRUE(tells_version(text)) << text;
  }
  for (const char* text : {"", "Not authorized.", "try again in 5 s", "1.", ".2"}) {
    EXPECT_FALSE(tells_version(text)) << text;
  }
}

TEST(ScanTalk, NamesAreNobodyElses) {
  const std::string name = with_random_letters("peal-scan-");
  EXPECT_EQ(name.size(), 22U);  // 3.1.1 promises room for 23
  EXPECT_TRUE(name.starts_with("peal-scan-"));
  EXPECT_NE(name, with_random_letters("peal-scan-"));
}

}  // namespace
}  // namespace peal::cli

#include "peal/cli/client.hpp"

#include <gtest/gtest.h>
#include <utility>

#include "unit/cli/scripted_server.hpp"

namespace peal::cli {

namespace {

constexpr std::chrono::seconds soon{5};

Options options_for(const ScriptedServer& server,
                    mqtt::ProtocolVersion version = mqtt::ProtocolVersion::v3_1_1) {
  Options options;
  options.endpoint.host = "127.0.0.1";
  options.endpoint.port = server.port();
  options.protocol = version;
  return options;
}

Event next(Client& client) { return client.next(Clock::now() + soon); }

TEST(Client, ConnectsAndSaysGoodbye) {
  ScriptedServer server([](ScriptedServer& peer) {
    peer.expect("10 0e 00 04 'MQTT' 04 02 00 3c 00 02 'me'");
    peer.send("20 02 00 00");
    peer.expect_goodbye();
  });
  Options options = options_for(server);
  options.client_id = "me";
  Client client(options);
  ASSERT_TRUE(client.connect().has_value());
  client.disconnect();
}

TEST(Client, SendsWillUserAndPassword) {
  ScriptedServer server([](ScriptedServer& peer) {
    peer.expect("10 1a 00 04 'MQTT' 04 f6 00 3c 00 00 00 01 'w' 00 03 'bye' 00 01 'u' 00 01 'p'");
    peer.send("20 02 00 00");
    peer.expect_goodbye();
  });
  Options options = options_for(server);
  options.will = {"w", "bye", mqtt::QoS::exactly_once, true};
  options.user_name = "u";
  options.password = "p";
  Client client(options);
  ASSERT_TRUE(client.connect().has_value());
  client.disconnect();
}

TEST(Client, ARefusalHasTheServersCode) {
  ScriptedServer old_server([](ScriptedServer& peer) { peer.accept("20 02 00 05"); });
  const Options options = options_for(old_server);
  const auto refused = Client(options).connect();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().exit_code, 5);
  EXPECT_FALSE(refused.error().is_temporary);

  ScriptedServer server(
      [](ScriptedServer& peer) { peer.accept("20 0b 00 86 08 1f 00 05 'sorry'"); });
  const Options v5 = options_for(server, mqtt::ProtocolVersion::v5);
  const auto refused_v5 = Client(v5).connect();
  ASSERT_FALSE(refused_v5.has_value());
  EXPECT_EQ(refused_v5.error().exit_code, 134);
  EXPECT_NE(refused_v5.error().text.find("(sorry)"), std::string::npos);
}

TEST(Client, WhatIsNoMqttIsSaid) {
  ScriptedServer server([](ScriptedServer& peer) { peer.accept("'HTTP/1.1 400 Bad Request'"); });
  const Options options = options_for(server);
  const auto failed = Client(options).connect();
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().exit_code, std::to_underlying(ExitCode::protocol_error));
}

TEST(Client, PublishesWithQos1And2) {
  ScriptedServer server([](ScriptedServer& peer) {
    peer.accept();
    peer.expect("32 06 00 01 't' 00 01 'x'");
    peer.expect("34 06 00 01 't' 00 02 'y'");
    peer.send("40 02 00 01 50 02 00 02");
    peer.expect("62 02 00 02");
    peer.send("70 02 00 02");
    peer.expect_goodbye();
  });
  Options options = options_for(server);
  options.inflight_limit = 2;
  Client client(options);
  ASSERT_TRUE(client.connect().has_value());
  ASSERT_TRUE(client.publish("t", as_bytes("x"), mqtt::QoS::at_least_once, false, {}).has_value());
  EXPECT_FALSE(client.is_window_full());
  ASSERT_TRUE(client.publish("t", as_bytes("y"), mqtt::QoS::exactly_once, false, {}).has_value());
  EXPECT_TRUE(client.is_window_full());
  EXPECT_EQ(next(client).packet_id, mqtt::PacketId{1});
  const Event second = next(client);
  EXPECT_EQ(second.kind, Event::Kind::published);
  EXPECT_EQ(second.packet_id, mqtt::PacketId{2});
  EXPECT_EQ(client.in_flight(), 0u);
  client.disconnect();
}

TEST(Client, ARefusedQos2PublishIsOverAtPubrec) {
  ScriptedServer server([](ScriptedServer& peer) {
    peer.accept("20 03 00 00 00");
    peer.read_packet();
    peer.send("50 03 00 01 87");
    peer.expect_goodbye();
  });
  const Options options = options_for(server, mqtt::ProtocolVersion::v5);
  Client client(options);
  ASSERT_TRUE(client.connect().has_value());
  ASSERT_TRUE(client.publish("t", {}, mqtt::QoS::exactly_once, false, {}).has_value());
  const Event event = next(client);
  EXPECT_EQ(event.kind, Event::Kind::published);
  EXPECT_EQ(event.reason, mqtt::ReasonCode::not_authorized);
  client.disconnect();
}

TEST(Client, AQos2MessageComesOnceAndWhole) {
  ScriptedServer server([](ScriptedServer& peer) {
    peer.accept();
    peer.send("34 06 00 01 't' 00 07 'x'");
    peer.expect("50 02 00 07");
    peer.send("3c 06 00 01 't' 00 07 'x'");  // again: our PUBREC was lost
    peer.expect("50 02 00 07");
    peer.send("62 02 00 07");
    peer.expect("70 02 00 07");
    peer.send("62 02 00 07");  // again: our PUBCOMP was lost
    peer.expect("70 02 00 07");
    peer.send("30 04 00 01 't' 'z'");
    peer.expect_goodbye();
  });
  const Options options = options_for(server);
  Client client(options);
  ASSERT_TRUE(client.connect().has_value());
  const Event first = next(client);
  ASSERT_EQ(first.kind, Event::Kind::message);
  EXPECT_EQ(as_text(first.message.payload), "x");
  EXPECT_EQ(first.message.packet_id, mqtt::PacketId{7});
  const Event second = next(client);
  ASSERT_EQ(second.kind, Event::Kind::message);
  EXPECT_EQ(as_text(second.message.payload), "z");
  client.disconnect();
}

TEST(Client, TheServersLimitsHold) {
  ScriptedServer server([](ScriptedServer& peer) {
    // Receive Maximum 1, Maximum QoS 1, Retain Available 0, Maximum Packet Size 20.
    peer.accept("20 0f 00 00 0c 21 00 01 24 01 25 00 27 00 00 00 14");
    peer.expect_goodbye();
  });
  const Options options = options_for(server, mqtt::ProtocolVersion::v5);
  Client client(options);
  ASSERT_TRUE(client.connect().has_value());
  const auto code = [&](mqtt::QoS qos, bool retain, std::size_t size,
                        mqtt::PropertiesView properties = {}) {
    const std::string payload(size, 'x');
    const auto sent = client.publish("t", as_bytes(payload), qos, retain, properties);
    return sent.has_value() ? 0 : sent.error().exit_code;
  };
  EXPECT_EQ(code(mqtt::QoS::exactly_once, false, 0), 24);
  EXPECT_EQ(code(mqtt::QoS::at_most_once, true, 0), 28);
  EXPECT_EQ(code(mqtt::QoS::at_most_once, false, 15), 25);
  PropertyList alias;
  alias.add_number(mqtt::PropertyId::topic_alias, 1);
  EXPECT_EQ(code(mqtt::QoS::at_most_once, false, 0, alias.view()), 29);
  client.disconnect();
}

TEST(Client, TopicAliasesOfTheServerAreResolved) {
  ScriptedServer server([](ScriptedServer& peer) {
    peer.accept("20 03 00 00 00");
    peer.send("30 09 00 01 't' 03 23 00 05 '11' 30 08 00 00 03 23 00 05 '22'");
    peer.send("30 08 00 00 03 23 00 06 '33'");
  });
  const Options options = options_for(server, mqtt::ProtocolVersion::v5);
  Client client(options);
  ASSERT_TRUE(client.connect().has_value());
  EXPECT_EQ(next(client).message.topic.text(), "t");
  const Event second = next(client);
  EXPECT_EQ(second.message.topic.text(), "t");
  EXPECT_EQ(as_text(second.message.payload), "22");
  EXPECT_EQ(next(client).kind, Event::Kind::lost);  // an alias that was never given
}

TEST(Client, SubscribesWithOnePacket) {
  ScriptedServer server([](ScriptedServer& peer) {
    peer.accept("20 03 00 00 00");
    peer.expect("82 0b 00 01 00 00 01 'a' 29 00 01 'b' 29");
    peer.send("90 05 00 01 00 01 87");
    peer.expect("a2 06 00 02 00 00 01 'a'");
    peer.send("b0 04 00 02 00 11");
    peer.expect_goodbye("e0 01 04");
  });
  const Options options = options_for(server, mqtt::ProtocolVersion::v5);
  Client client(options);
  ASSERT_TRUE(client.connect().has_value());
  mqtt::SubscriptionOptions subscription;
  subscription.qos = mqtt::QoS::at_least_once;
  subscription.retain_as_published = true;
  subscription.retain_handling = mqtt::RetainHandling::do_not_send;
  const auto id = client.subscribe({"a", "b"}, subscription);
  const Event granted = next(client);
  EXPECT_EQ(granted.kind, Event::Kind::subscribed);
  EXPECT_EQ(granted.packet_id, id);
  EXPECT_EQ(granted.reason_codes,
            (std::vector{mqtt::ReasonCode::granted_qos_1, mqtt::ReasonCode::not_authorized}));
  EXPECT_EQ(client.unsubscribe({"a"}), mqtt::PacketId{2});
  EXPECT_EQ(next(client).kind, Event::Kind::unsubscribed);
  client.disconnect(mqtt::ReasonCode::disconnect_with_will_message);
}

TEST(Client, PingsWhenItIsQuiet) {
  ScriptedServer server([](ScriptedServer& peer) {
    peer.accept("20 06 00 00 03 13 00 01");  // Server Keep Alive: one second
    peer.expect("c0 00");
    peer.send("d0 00 30 05 00 01 't' 00 'x'");
    peer.expect_goodbye("e0 00");
  });
  const Options options = options_for(server, mqtt::ProtocolVersion::v5);
  Client client(options);
  ASSERT_TRUE(client.connect().has_value());
  EXPECT_EQ(next(client).kind, Event::Kind::message);
  client.disconnect();
}

TEST(Client, SaysHowAConnectionEnded) {
  ScriptedServer server([](ScriptedServer& peer) {
    peer.accept("20 03 00 00 00");
    peer.send("e0 01 8b");
    peer.next_connection();
    peer.accept("20 03 00 00 00");
    peer.next_connection();
    peer.accept("20 03 00 00 00");
    peer.send("f7 00");
  });
  const Options options = options_for(server, mqtt::ProtocolVersion::v5);
  Client client(options);
  ASSERT_TRUE(client.connect().has_value());
  const Event told = next(client);
  EXPECT_EQ(told.kind, Event::Kind::disconnected);
  EXPECT_EQ(told.reason, mqtt::ReasonCode::server_shutting_down);
  ASSERT_TRUE(client.connect().has_value());
  const Event lost = next(client);
  EXPECT_EQ(lost.kind, Event::Kind::lost);
  EXPECT_EQ(lost.exit_code, std::to_underlying(ExitCode::connection_lost));
  ASSERT_TRUE(client.connect().has_value());
  const Event broken = next(client);
  EXPECT_EQ(broken.kind, Event::Kind::lost);
  EXPECT_EQ(broken.exit_code, std::to_underlying(ExitCode::protocol_error));
}

TEST(Client, TheDeadlineEndsTheWait) {
  ScriptedServer server([](ScriptedServer& peer) {
    peer.accept();
    peer.expect_goodbye();
  });
  const Options options = options_for(server);
  Client client(options);
  ASSERT_TRUE(client.connect().has_value());
  EXPECT_EQ(client.next(Clock::now()).kind, Event::Kind::timed_out);
  client.disconnect();
}

TEST(Client, TheDeadlineHoldsInAFlood) {
  ScriptedServer server([](ScriptedServer& peer) {
    peer.accept();
    while (peer.try_send("30 04 00 01 't' 'x'")) {
    }
  });
  const Options options = options_for(server);
  Client client(options);
  ASSERT_TRUE(client.connect().has_value());
  const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(50);
  Event event;
  do {
    event = client.next(deadline);
  } while (event.kind == Event::Kind::message);
  EXPECT_EQ(event.kind, Event::Kind::timed_out);
  client.disconnect();
}

TEST(Client, AsksForNoMoreThanItWants) {
  ScriptedServer server([](ScriptedServer& peer) {
    peer.expect("10 10 00 04 'MQTT' 05 02 00 3c 03 21 00 03 00 00");
    peer.send("20 03 00 00 00");
    peer.expect_goodbye();
  });
  Options options = options_for(server, mqtt::ProtocolVersion::v5);
  options.message_count = 3;
  Client client(options);
  ASSERT_TRUE(client.connect().has_value());
  client.disconnect();
}

}  // namespace
}  // namespace peal::cli

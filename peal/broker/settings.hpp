// What an operator decides about the server's behaviour, with its defaults. Plain values; the
// server layer fills them from the configuration. Sizes in bytes. A change reaches the workers
// between two iterations.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "peal/mqtt/packets.hpp"

namespace peal::broker {

enum class OnFull : std::uint8_t { drop_oldest, drop_newest, disconnect };
enum class SharedChoice : std::uint8_t { least_in_flight, round_robin };
enum class Redirect : std::uint8_t { off, use_another_server, server_moved };

struct Settings {
  /// Stands for "unlimited" wherever a count or size is meant.
  static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

  struct Session {
    std::uint16_t inflight = 256;  // Receive Maximum we announce; our window towards a client
    std::chrono::seconds max_expiry{7 * 24 * 3600};
    std::uint16_t topic_alias_max = 32;
    std::chrono::seconds keep_alive_max{3600};
    std::size_t sessions = 100'000;  // of all workers
    std::size_t per_user = 1000;     // of a user who has a name
  } session;

  struct Limits {
    std::size_t packet_bytes = std::size_t{1} << 20;
    std::size_t connect_packet_bytes = std::size_t{128} << 10;
    std::size_t topic_bytes = 1024;
    std::size_t topic_levels = 128;
    std::size_t client_id_bytes = 256;
    std::size_t user_name_bytes = 256;
    std::size_t password_bytes = 1024;
    std::size_t will_payload_bytes = std::size_t{64} << 10;
    std::size_t user_properties = 64;
    std::size_t properties_bytes = std::size_t{16} << 10;
    std::size_t filters_per_subscribe = 512;
    std::size_t subscriptions_per_session = 10'000;
    std::size_t subscriptions = 10'000'000;  // of all workers
    std::chrono::milliseconds connect_timeout{10'000};
  } limits;

  struct Queue {
    std::size_t messages = 10'000;
    std::size_t bytes = std::size_t{16} << 20;
    OnFull on_full = OnFull::drop_oldest;
    /// Of all sessions: beyond it, what waits in durable queues is on disk alone.
    std::size_t memory_bytes = std::size_t{32} << 20;
    std::size_t unsent_bytes = std::size_t{1} << 20;
    /// Without any of them taken.
    std::chrono::milliseconds unsent_timeout{30'000};
    bool qos0_offline = false;
  } queue;

  /// Clients that take each other's session over, again and again: so many times within a time, and
  /// for so long nobody new gets it. 0 times: no limit.
  struct Fights {
    unsigned times = 10;
    std::chrono::milliseconds within{30'000};
    std::chrono::milliseconds pause{10'000};
  } fights;

  /// A PUBLISH that is not allowed ends the connection, instead of being answered with its reason.
  bool disconnects_on_deny = false;

  struct Retained {
    bool is_available = true;
    std::size_t messages = 1'000'000;
    std::size_t bytes = std::size_t{1} << 30;
    std::size_t message_bytes = std::size_t{256} << 10;
    bool checks_publisher = true;  // may who published one publish it still?
  } retained;

  struct Protocol {
    mqtt::QoS max_qos = mqtt::QoS::exactly_once;
    bool validate_payload_format = false;
    std::string response_information;  // given to clients that ask; empty: none
  } mqtt;

  SharedChoice shared_choice = SharedChoice::least_in_flight;

  /// Where clients are sent, and whether they are.
  std::string server_reference;
  Redirect redirect = Redirect::off;
};

/// What one listener adds; outlives its connections.
struct ListenerSettings {
  bool allow_v3_1 = true;
  bool allow_v3_1_1 = true;
  bool allow_v5 = true;
  bool anonymous_from_loopback = true;
  bool anonymous_from_anywhere = false;
  std::uint16_t space = 0;  // the namespace its clients live in
};

}  // namespace peal::broker

#include "peal/server/limits_reference.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "peal/server/config_keys.hpp"

namespace peal::server {

namespace {

using Workers = broker::Counters;
using Store = store::StoreCounters;

// clang-format off
constexpr std::array rows{
    LimitRow{"connections in total", "limits.connections", "", "closed at once; 64 descriptors are kept for the rest", "refused_connections", &Workers::refused_connections, nullptr, "tests/e2e/limits_test.py", "test_descriptors_are_kept_in_reserve"},
    LimitRow{"connections of a listener", "listener.max_connections", "", "closed at once", "refused_connections", &Workers::refused_connections, nullptr, "tests/e2e/limits_test.py", "test_of_a_listener"},
    LimitRow{"connections from one address, IPv6 by /64", "limits.connections_per_address", "", "closed at once, behind PROXY with its header", "refused_per_address", &Workers::refused_per_address, nullptr, "tests/e2e/limits_test.py", "test_behind_a_proxy_the_header_says_which"},
    LimitRow{"new connections from one address", "limits.connect_rate_per_address", "", "closed at once", "refused_connect_rate", &Workers::refused_connect_rate, nullptr, "tests/e2e/limits_test.py", "test_new_connections_in_a_second"},
    LimitRow{"who may name another address (PROXY)", "listener.proxy_from", "", "closed at once", "refused_proxies", &Workers::refused_proxies, nullptr, "tests/e2e/limits_test.py", "test_a_proxy_that_is_not_in_the_list"},
    LimitRow{"connections that were not let in yet", "limits.unauthenticated", "", "the oldest that has not said CONNECT is closed", "evicted_unauthenticated", &Workers::evicted_unauthenticated, nullptr, "tests/e2e/limits_test.py", "test_the_oldest_that_is_not_let_in_yet_makes_room"},
    LimitRow{"from accept to a whole CONNECT, TLS and HTTP included", "limits.connect_timeout", "", "closed", "exceeded_limits", &Workers::exceeded_limits, nullptr, "tests/e2e/limits_test.py", "test_silence_is_limited_in_time"},
    LimitRow{"packet before a client is connected", "limits.connect_packet", "", "closed", "exceeded_limits", &Workers::exceeded_limits, nullptr, "tests/conformance/packet_size_in.py", "test_before_connect"},
    LimitRow{"packet", "limits.packet", "", "0x95", "exceeded_limits", &Workers::exceeded_limits, nullptr, "tests/conformance/packet_size_in.py", "test_one_more"},
    LimitRow{"Client Identifier", "limits.client_id", "", "0x85; 3.x: 2", "exceeded_limits", &Workers::exceeded_limits, nullptr, "tests/unit/broker/handle_connect_test.cpp", "LimitsNames"},
    LimitRow{"user name", "limits.user_name", "", "0x86; 3.x: 4", "exceeded_limits", &Workers::exceeded_limits, nullptr, "tests/conformance/limits.py", "test_in_connect"},
    LimitRow{"password", "limits.password", "", "0x86; 3.x: 4", "exceeded_limits", &Workers::exceeded_limits, nullptr, "tests/conformance/limits.py", "test_in_connect"},
    LimitRow{"payload of a will", "limits.will_payload", "", "0x95; 3.x: closed", "exceeded_limits", &Workers::exceeded_limits, nullptr, "tests/conformance/limits.py", "test_will_payload"},
    LimitRow{"topic name or filter", "limits.topic", "", "0x90, 0x8F; 3.x: closed, 0x80", "exceeded_limits", &Workers::exceeded_limits, nullptr, "tests/conformance/limits.py", "test_topic_length"},
    LimitRow{"its levels", "limits.topic_levels", "", "0x90, 0x8F; 3.x: closed, 0x80", "exceeded_limits", &Workers::exceeded_limits, nullptr, "tests/unit/broker/handle_publish_test.cpp", "RefusesTopicsBeyondTheLimits"},
    LimitRow{"User Properties of a packet", "limits.user_properties", "", "0x97", "exceeded_limits", &Workers::exceeded_limits, nullptr, "tests/conformance/limits.py", "test_user_properties"},
    LimitRow{"properties of a packet together", "limits.properties", "", "0x97", "exceeded_limits", &Workers::exceeded_limits, nullptr, "tests/conformance/limits.py", "test_size_of_properties"},
    LimitRow{"filters of a SUBSCRIBE", "limits.filters_per_subscribe", "", "0x97 for the rest; 3.x: 0x80", "exceeded_limits", &Workers::exceeded_limits, nullptr, "tests/conformance/limits.py", "test_filters_of_one_subscribe"},
    LimitRow{"subscriptions of a session", "limits.subscriptions_per_session", "", "0x97; 3.x: 0x80", "refused_subscriptions", &Workers::refused_subscriptions, nullptr, "tests/unit/broker/handle_subscribe_test.cpp", "LimitsSubscriptions"},
    LimitRow{"subscriptions in total", "limits.subscriptions", "", "0x97; 3.x: 0x80", "refused_subscriptions", &Workers::refused_subscriptions, nullptr, "tests/e2e/limits_test.py", "test_subscriptions"},
    LimitRow{"Topic Aliases in each direction", "session.topic_alias_max", "", "0x94", "exceeded_limits", &Workers::exceeded_limits, nullptr, "tests/conformance/topic_alias_in.py", "test_zero_and_too_high"},
    LimitRow{"QoS 1 and 2 in flight to the server", "session.inflight", "", "0x93; 3.x waits for the disk alone", "exceeded_limits", &Workers::exceeded_limits, nullptr, "tests/conformance/receive_maximum_in.py", "test_beyond_it"},
    LimitRow{"QoS 1 and 2 in flight to a client", "session.inflight", "", "waits in its queue", "queued_messages", &Workers::queued_messages, nullptr, "tests/unit/broker/outbound_test.cpp", "KeepsTheClientsReceiveMaximum"},
    LimitRow{"Keep Alive", "session.keep_alive_max", "", "lowered and told; silence beyond 1.5 times of it: 0x8D", "keep_alive_timeouts", &Workers::keep_alive_timeouts, nullptr, "tests/conformance/keep_alive.py", "test_server_keep_alive"},
    LimitRow{"a peer that vanished", "", "120 s unanswered, asked after 10 minutes of silence", "closed", "", nullptr, nullptr, "tests/unit/net/listener_test.cpp", "TCP_USER_TIMEOUT"},
    LimitRow{"sessions in total, connected or not", "session.sessions", "", "0x97; 3.x: 3; none is ended for it", "refused_sessions", &Workers::refused_sessions, nullptr, "tests/e2e/limits_test.py", "test_in_total"},
    LimitRow{"sessions of a user who has a name", "session.per_user", "", "0x97; 3.x: 3", "refused_sessions_of_user", &Workers::refused_sessions_of_user, nullptr, "tests/e2e/limits_test.py", "test_of_a_user"},
    LimitRow{"how long a session is kept", "session.max_expiry", "", "lowered and told", "", nullptr, nullptr, "tests/unit/broker/session_keeper_test.cpp", "CapsTheExpiryAtWhatTheOperatorAllows"},
    LimitRow{"messages that wait for a session", "queue.messages", "", "by queue.on_full: the oldest or the newest is dropped, or 0x97", "dropped_queue_full", &Workers::dropped_queue_full, nullptr, "tests/unit/broker/outbound_test.cpp", "DropsTheOldestOfAFullQueue"},
    LimitRow{"their bytes", "queue.bytes", "", "the same", "dropped_queue_full", &Workers::dropped_queue_full, nullptr, "tests/unit/broker/outbound_test.cpp", "LimitsTheBytesOfAQueue"},
    LimitRow{"bytes that wait for a client's socket", "queue.unsent", "", "QoS 0 is dropped, QoS 1 and 2 wait in the queue", "dropped_unsent_full", &Workers::dropped_unsent_full, nullptr, "tests/e2e/slow_subscriber_test.py", "test_qos_0_is_dropped_beyond_the_limit"},
    LimitRow{"how long its socket may take none of them", "queue.unsent_timeout", "", "closed; the queue of its session is kept", "closed_stalled", &Workers::closed_stalled, nullptr, "tests/e2e/slow_subscriber_test.py", "test_who_takes_nothing_is_closed"},
    LimitRow{"retained messages", "retained.messages", "", "0x97; 3.x: dropped", "refused_retained", &Workers::refused_retained, nullptr, "tests/unit/broker/retained_delivery_test.cpp", "KeepsTheLimits"},
    LimitRow{"their bytes", "retained.bytes", "", "0x97; 3.x: dropped", "refused_retained", &Workers::refused_retained, nullptr, "tests/unit/broker/retained_delivery_test.cpp", "KeepsTheLimitOfBytes"},
    LimitRow{"one of them", "retained.message", "", "0x97; 3.x: dropped", "refused_retained", &Workers::refused_retained, nullptr, "tests/conformance/limits.py", "test_retained_message"},
    LimitRow{"memory of the process, from 80 % on", "limits.memory", "", "no new sessions (0x89; 3.x: 3), queues are halved", "refused_sessions_memory", &Workers::refused_sessions_memory, nullptr, "tests/e2e/limits_test.py", "test_is_never_exceeded_and_comes_back"},
    LimitRow{"memory of the process, from 95 % on", "limits.memory", "", "QoS 1 and 2 PUBLISH wait unread", "waited_memory", &Workers::waited_memory, nullptr, "tests/e2e/limits_test.py", "test_is_never_exceeded_and_comes_back"},
    LimitRow{"memory of the process, from 95 % on", "limits.memory", "", "QoS 0 PUBLISH is dropped", "dropped_memory", &Workers::dropped_memory, nullptr, "tests/unit/broker/memory_level_test.cpp", "DropsQos0WhileItIsExhausted"},
    LimitRow{"room where the store is", "store.min_free", "", "QoS 1 and 2 and retained messages: 0x97; 3.x: closed; new lasting sessions: 0x88", "shortages", nullptr, &Store::shortages, "tests/e2e/store_full_test.py", "LittleRoom"},
    LimitRow{"wrong passwords", "ban.bad_login", "", "locked out for a while: 0x8A; 3.x: 5", "refused_connects", &Workers::refused_connects, nullptr, "tests/unit/auth/passwords_test.cpp", "LocksOutWhoGuessesAndNobodyElse"},
    LimitRow{"logins of one client", "ban.flapping", "", "kept out for a while: 0x8A; 3.x: 5", "refused_connects", &Workers::refused_connects, nullptr, "tests/e2e/accounts_test.py", "test_who_comes_and_goes_is_kept_out"},
    LimitRow{"clients that take one session from each other", "ban.takeover", "", "who is there stays for a while: 0x89; 3.x: 3", "refused_fights", &Workers::refused_fights, nullptr, "tests/unit/broker/session_keeper_test.cpp", "LetsWhoIsThereStayWhenTwoFight"},
    LimitRow{"what a client publishes in a second", "", "`rate` of a `[[role]]`", "it is not read from until it is within it", "throttled_publishes", &Workers::throttled_publishes, nullptr, "tests/e2e/accounts_test.py", "test_who_is_too_fast_waits_and_loses_nothing"},
    LimitRow{"WebSocket frame", "limits.packet", "", "1009", "", nullptr, nullptr, "tests/unit/net/websocket_test.cpp", "table_at_once_and_byte_by_byte"},
    LimitRow{"WebSocket upgrade", "", "8 KiB", "431", "", nullptr, nullptr, "tests/e2e/limits_test.py", "test_headers"},
    LimitRow{"HTTP header", "", "16 KiB and 64 lines", "431", "", nullptr, nullptr, "tests/e2e/limits_test.py", "test_headers"},
    LimitRow{"HTTP body", "", "64 KiB", "413", "", nullptr, nullptr, "tests/unit/net/http_test.cpp", "over 64 KiB body"},
    LimitRow{"HTTP connections", "limits.http_connections", "", "503", "refused_http", &Workers::refused_http, nullptr, "tests/e2e/limits_test.py", "test_connections"},
    LimitRow{"log lines a second from one cause", "log.rate", "", "counted, and summed up in one line", "", nullptr, nullptr, "tests/e2e/limits_test.py", "test_of_one_cause_are_counted"},
    LimitRow{"client's text in a log line", "", "256 bytes", "cut, behind it `...`", "", nullptr, nullptr, "tests/unit/server/log_test.cpp", "CutsWhatAClientSays"},
};
// clang-format on

constexpr std::string_view head = R"(# Limits

Made from the table in `peal/server/limits_reference.cpp`; a test holds it together with the keys, the counters and the tests that reach each
limit.

MQTT 5 clients are told the limits that concern them in CONNACK, and get the Reason Code named here; older ones are closed or get the return code.
`"unlimited"` takes a limit away. A counter belongs to the server and never goes down, but for `queued_messages`, which is how many wait now.

| limit | key | default | beyond it | counter |
| --- | --- | --- | --- | --- |
)";

constexpr std::string_view listener_prefix = "listener.";

template <typename Keys>
std::string_view default_in(Keys keys, std::string_view name) {
  const auto found = std::ranges::find_if(keys, [&](const auto& key) { return key.name == name; });
  return found == keys.end() ? std::string_view{} : found->default_text;
}

std::string_view default_of(std::string_view key) {
  return key.starts_with(listener_prefix)
             ? default_in(listener_keys(), key.substr(listener_prefix.size()))
             : default_in(server_keys(), key);
}

std::string as_code(std::string_view text) {
  return text.empty() ? std::string() : fmt::format("`{}`", text);
}

}  // namespace

std::span<const LimitRow> limit_rows() { return rows; }

std::string limits_reference() {
  std::string page(head);
  for (const LimitRow& row : rows) {
    const std::string value =
        row.key.empty() ? std::string(row.fixed) : as_code(default_of(row.key));
    page += fmt::format("| {} | {} | {} | {} | {} |\n", row.what, as_code(row.key), value,
                        row.beyond, as_code(row.counter));
  }
  return page;
}

}  // namespace peal::server

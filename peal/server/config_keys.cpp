#include "peal/server/config_keys.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

namespace peal::server {

namespace {

using broker::OnFull;
using broker::Redirect;
using broker::SharedChoice;
using Value = const ConfigValue&;

std::uint16_t read_u16(Value value, std::uint64_t low) {
  return static_cast<std::uint16_t>(read_count(value, low, 0xFFFF));
}

std::chrono::seconds read_seconds(Value value) {
  return std::chrono::duration_cast<std::chrono::seconds>(read_duration(value));
}

constexpr Choice<store::SyncMode> sync_words[] = {{"always", store::SyncMode::always},
                                                  {"os", store::SyncMode::os}};

void read_sync(StoreConfig& store, Value value) {
  const std::string word = value.kind == ConfigValue::Kind::text ? value.text : "";
  const bool is_interval = !word.empty() && word.front() >= '0' && word.front() <= '9';
  store.sync_interval = is_interval ? read_duration(value) : std::chrono::milliseconds{0};
  store.sync = is_interval ? store::SyncMode::interval : read_choice(value, sync_words);
}

/// "10 per 5m -> 15m".
auth::RepeatLimit read_repeat_limit(Value value) {
  const std::string text = read_text(value);
  if (text == "off") {
    return {.times = 0};
  }
  std::istringstream words(text);
  std::string per;
  std::string arrow;
  auth::RepeatLimit limit;
  ConfigValue within = value;
  ConfigValue out_for = value;
  const bool is_whole = (words >> limit.times >> per >> within.text >> arrow >> out_for.text) &&
                        words.eof() && text.front() != '-' && limit.times > 0 && per == "per" &&
                        arrow == "->";
  if (!is_whole) {
    refuse(value, "must be like \"10 per 5m -> 15m\", or \"off\"");
  }
  limit.within = read_duration(within);
  limit.out_for = read_duration(out_for);
  return limit;
}

/// "75" of "75%"; 0 when it is no percentage from 1 to 100.
unsigned percent_of(std::string_view text) {
  unsigned percent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  const bool is_percentage =
      error == std::errc{} && std::string_view(end, text.data() + text.size()) == "%";
  return is_percentage && percent <= 100 ? percent : 0;
}

MemoryLimit read_memory(Value value) {
  const bool is_percentage =
      value.kind == ConfigValue::Kind::text && value.text.find('%') != std::string::npos;
  if (!is_percentage) {
    return {.bytes = read_bytes(value)};
  }
  const unsigned percent = percent_of(value.text);
  if (percent == 0) {
    refuse(value, "must be \"1%\" to \"100%\", a size such as \"512MiB\", or \"unlimited\"");
  }
  return {.percent = percent};
}

/// "5% up to 256MiB", "5%", "1GiB" or "off".
MinFree read_min_free(Value value) {
  const std::string text = read_text(value);
  if (text == "off") {
    return {.percent = 0, .bytes = 0};
  }
  std::istringstream words(text);
  std::string first;
  std::string up;
  std::string to;
  ConfigValue most = value;
  words >> first;
  if (first.find('%') == std::string::npos) {
    return {.percent = 0, .bytes = read_bytes(value)};
  }
  MinFree free{.percent = percent_of(first), .bytes = broker::Settings::unlimited};
  const bool has_most = !(words >> std::ws).eof();
  const bool is_whole = !has_most || ((words >> up >> to >> most.text) && up == "up" &&
                                      to == "to" && (words >> std::ws).eof());
  if (free.percent == 0 || !is_whole) {
    refuse(value, "must be like \"5% up to 256MiB\", \"5%\", \"1GiB\", or \"off\"");
  }
  free.bytes = has_most ? read_bytes(most) : free.bytes;
  return free;
}

/// "200/s burst 1000", or "200/s": as many at once.
ConnectRate read_connect_rate(Value value) {
  const std::string text = read_text(value);
  if (text == "unlimited") {
    return {};
  }
  constexpr std::uint64_t most = 1'000'000;
  std::istringstream words(text);
  std::string unit;
  std::string burst = "burst";
  ConnectRate rate;
  bool is_whole = (words >> rate.per_second >> unit) && unit == "/s";
  rate.burst = rate.per_second;
  if (is_whole && !(words >> std::ws).eof()) {
    is_whole = (words >> burst >> rate.burst) && burst == "burst" && (words >> std::ws).eof();
  }
  const bool is_sane = text.find('-') == std::string::npos && rate.per_second > 0 &&
                       rate.per_second <= most && rate.burst > 0 && rate.burst <= most;
  if (!is_whole || !is_sane) {
    refuse(value, "must be like \"200/s burst 1000\" (up to a million), or \"unlimited\"");
  }
  return rate;
}

TlsConfig& tls_of(ListenerConfig& listener) {
  if (!listener.tls) {
    listener.tls.emplace();
  }
  return *listener.tls;
}

bool has(const std::vector<std::string>& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

void only(Value value, std::initializer_list<std::string_view> words) {
  for (const std::string& word : value.list) {
    if (std::ranges::find(words, word) == words.end()) {
      refuse_choice(value, words);
    }
  }
}

constexpr Choice<OnFull> on_full_words[] = {{"drop-oldest", OnFull::drop_oldest},
                                            {"drop-newest", OnFull::drop_newest},
                                            {"disconnect", OnFull::disconnect}};
constexpr Choice<SharedChoice> shared_words[] = {{"least-in-flight", SharedChoice::least_in_flight},
                                                 {"round-robin", SharedChoice::round_robin}};
constexpr Choice<Redirect> redirect_words[] = {{"off", Redirect::off},
                                               {"use_another_server", Redirect::use_another_server},
                                               {"server_moved", Redirect::server_moved}};
constexpr Choice<AnonymousAccess> anonymous_words[] = {{"no", AnonymousAccess::no},
                                                       {"loopback", AnonymousAccess::loopback},
                                                       {"yes", AnonymousAccess::yes}};
constexpr Choice<std::string_view> level_words[] = {{"debug", "debug"},
                                                    {"info", "info"},
                                                    {"warning", "warning"},
                                                    {"error", "error"},
                                                    {"off", "off"}};
constexpr Choice<LogFormat> format_words[] = {{"text", LogFormat::text}, {"json", LogFormat::json}};
constexpr Choice<SandboxMode> sandbox_words[] = {
    {"auto", SandboxMode::automatic}, {"on", SandboxMode::on}, {"off", SandboxMode::off}};
constexpr Choice<bool> deny_words[] = {{"reason", false}, {"disconnect", true}};
constexpr Choice<bool> auto_words[] = {{"auto", true}};
constexpr Choice<std::string_view> source_words[] = {
    {"users", "users"}, {"file", "file"}, {"certificate", "certificate"},
    {"psk", "psk"},     {"jwt", "jwt"},   {"http", "http"}};
constexpr Choice<std::string_view> failure_words[] = {{"deny", "deny"}, {"ignore", "ignore"}};
constexpr std::string_view rule_words[] = {"publish", "subscribe", "all"};
constexpr Choice<bool> proxy_words[] = {{"off", false}, {"required", true}};
constexpr Choice<std::string_view> certificate_words[] = {
    {"off", "off"}, {"optional", "optional"}, {"require", "require"}};
constexpr Choice<std::string_view> tls_words[] = {{"1.2", "1.2"}, {"1.3", "1.3"}};

std::vector<RuleConfig> rules_of(Value value) {
  std::vector<RuleConfig> rules;
  for (const ConfigValue::Pair& pair : read_pairs(value, rule_words)) {
    rules.push_back({pair.place, pair.word, pair.text});
  }
  return rules;
}

// clang-format off
constexpr std::array keys{
    ServerKey{"workers", "one per core", "event loops, each with a thread",
      [](Config& c, Value v) { c.workers = static_cast<unsigned>(read_count(v, 1, 64)); }, true},
    ServerKey{"limits.connections", "90 % of the descriptor limit, at most 100000", "connections in total; 64 descriptors are kept for the rest",
      [](Config& c, Value v) { c.connections = read_limit(v); }},
    ServerKey{"limits.connections_per_address", "\"unlimited\"", "connections from one address (IPv6: from one /64); behind PROXY the one that its header names",
      [](Config& c, Value v) { c.per_address.connections = read_limit(v); }},
    ServerKey{"limits.connect_rate_per_address", "\"unlimited\"", "new ones of these in a second, such as \"200/s burst 1000\"",
      [](Config& c, Value v) { c.per_address.rate = read_connect_rate(v); }},
    ServerKey{"limits.unauthenticated", "5000", "connections that were not let in yet; one more ends the oldest of those that have not said CONNECT",
      [](Config& c, Value v) { c.unauthenticated = read_limit(v); }},
    ServerKey{"limits.memory", "\"75%\"", "memory of the process: a part of what the machine or its cgroup has, or a size; at 80 % of it nobody gets a new session and queues are halved, at 95 % publishers wait and QoS 0 is dropped",
      [](Config& c, Value v) { c.memory = read_memory(v); }},
    ServerKey{"limits.http_connections", "64", "connections that ask for a page or for what is no WebSocket yet; one more is answered with 503",
      [](Config& c, Value v) { c.http_connections = read_limit(v); }},
    ServerKey{"limits.packet", "\"1MiB\"", "largest packet a client may send; announced as Maximum Packet Size",
      [](Config& c, Value v) { c.settings.limits.packet_bytes = std::min<std::size_t>(read_bytes(v), 268'435'460); }},
    ServerKey{"limits.connect_packet", "\"128KiB\"", "largest packet before a client is connected",
      [](Config& c, Value v) { c.settings.limits.connect_packet_bytes = read_bytes(v); }},
    ServerKey{"limits.connect_timeout", "\"10s\"", "from accept to a whole CONNECT",
      [](Config& c, Value v) { c.settings.limits.connect_timeout = read_duration(v); }},
    ServerKey{"limits.topic", "\"1KiB\"", "longest topic name or filter",
      [](Config& c, Value v) { c.settings.limits.topic_bytes = std::min<std::size_t>(read_bytes(v), 0xFFFF); }},
    ServerKey{"limits.topic_levels", "128", "levels of a topic name or filter",
      [](Config& c, Value v) { c.settings.limits.topic_levels = read_count(v, 1, 0xFFFF); }},
    ServerKey{"limits.client_id", "\"256B\"", "longest Client Identifier",
      [](Config& c, Value v) { c.settings.limits.client_id_bytes = read_bytes(v); }},
    ServerKey{"limits.user_name", "\"256B\"", "longest user name",
      [](Config& c, Value v) { c.settings.limits.user_name_bytes = read_bytes(v); }},
    ServerKey{"limits.password", "\"1KiB\"", "longest password",
      [](Config& c, Value v) { c.settings.limits.password_bytes = read_bytes(v); }},
    ServerKey{"limits.will_payload", "\"64KiB\"", "largest payload of a will",
      [](Config& c, Value v) { c.settings.limits.will_payload_bytes = read_bytes(v); }},
    ServerKey{"limits.user_properties", "64", "User Properties in one packet",
      [](Config& c, Value v) { c.settings.limits.user_properties = read_limit(v); }},
    ServerKey{"limits.properties", "\"16KiB\"", "properties of one packet, together",
      [](Config& c, Value v) { c.settings.limits.properties_bytes = read_bytes(v); }},
    ServerKey{"limits.filters_per_subscribe", "512", "filters in one SUBSCRIBE",
      [](Config& c, Value v) { c.settings.limits.filters_per_subscribe = read_limit(v); }},
    ServerKey{"limits.subscriptions_per_session", "10000", "subscriptions of one session",
      [](Config& c, Value v) { c.settings.limits.subscriptions_per_session = read_limit(v); }},
    ServerKey{"limits.subscriptions", "10000000", "subscriptions in total",
      [](Config& c, Value v) { c.settings.limits.subscriptions = read_limit(v); }},
    ServerKey{"session.sessions", "100000", "sessions in total, connected or not",
      [](Config& c, Value v) { c.settings.session.sessions = read_limit(v); }},
    ServerKey{"session.per_user", "1000", "sessions of one user; who has no name is not counted",
      [](Config& c, Value v) { c.settings.session.per_user = read_limit(v); }},
    ServerKey{"session.inflight", "256", "Receive Maximum we announce, and our window towards a client",
      [](Config& c, Value v) { c.settings.session.inflight = read_u16(v, 1); }},
    ServerKey{"session.max_expiry", "\"7d\"", "longest time a session is kept for an absent client",
      [](Config& c, Value v) { c.settings.session.max_expiry = read_seconds(v); }},
    ServerKey{"session.topic_alias_max", "32", "Topic Aliases in each direction; 0 for none",
      [](Config& c, Value v) { c.settings.session.topic_alias_max = read_u16(v, 0); }},
    ServerKey{"session.keep_alive_max", "\"1h\"", "longest Keep Alive of an MQTT 5 client",
      [](Config& c, Value v) { c.settings.session.keep_alive_max = std::min(read_seconds(v), std::chrono::seconds(0xFFFF)); }},
    ServerKey{"queue.messages", "10000", "messages that wait for one session",
      [](Config& c, Value v) { c.settings.queue.messages = read_limit(v); }},
    ServerKey{"queue.bytes", "\"16MiB\"", "their bytes",
      [](Config& c, Value v) { c.settings.queue.bytes = read_bytes(v); }},
    ServerKey{"queue.on_full", "\"drop-oldest\"", "drop-oldest, drop-newest or disconnect",
      [](Config& c, Value v) { c.settings.queue.on_full = read_choice(v, on_full_words); }},
    ServerKey{"queue.unsent", "\"1MiB\"", "bytes that wait for a connected client's socket; QoS 0 is dropped beyond",
      [](Config& c, Value v) { c.settings.queue.unsent_bytes = read_bytes(v); }},
    ServerKey{"queue.qos0_offline", "false", "whether QoS 0 messages wait for an absent client too",
      [](Config& c, Value v) { c.settings.queue.qos0_offline = read_bool(v); }},
    ServerKey{"retained.available", "true", "whether messages can be retained",
      [](Config& c, Value v) { c.settings.retained.is_available = read_bool(v); }},
    ServerKey{"retained.messages", "1000000", "retained messages",
      [](Config& c, Value v) { c.settings.retained.messages = read_limit(v); }},
    ServerKey{"retained.bytes", "\"1GiB\"", "their bytes",
      [](Config& c, Value v) { c.settings.retained.bytes = read_bytes(v); }},
    ServerKey{"retained.message", "\"256KiB\"", "the largest of them",
      [](Config& c, Value v) { c.settings.retained.message_bytes = read_bytes(v); }},
    ServerKey{"shared.choice", "\"least-in-flight\"", "who of a shared subscription gets a message: least-in-flight or round-robin",
      [](Config& c, Value v) { c.settings.shared_choice = read_choice(v, shared_words); }},
    ServerKey{"mqtt.max_qos", "2", "highest QoS that clients may publish with",
      [](Config& c, Value v) { c.settings.mqtt.max_qos = static_cast<mqtt::QoS>(read_count(v, 0, 2)); }},
    ServerKey{"mqtt.validate_payload_format", "false", "whether a payload that claims to be UTF-8 is checked",
      [](Config& c, Value v) { c.settings.mqtt.validate_payload_format = read_bool(v); }},
    ServerKey{"mqtt.response_information", "\"\"", "Response Information for clients that ask for it",
      [](Config& c, Value v) { c.settings.mqtt.response_information = read_text(v); }},
    ServerKey{"server.reference", "\"\"", "Server Reference for clients that are sent elsewhere",
      [](Config& c, Value v) { c.settings.server_reference = read_text(v); }},
    ServerKey{"server.redirect", "\"off\"", "off, use_another_server or server_moved",
      [](Config& c, Value v) { c.settings.redirect = read_choice(v, redirect_words); }},
    ServerKey{"store.dir", "\"$XDG_STATE_HOME/peal\"", "where state is kept; \"\" keeps everything in memory",
      [](Config& c, Value v) { c.store.dir = read_text(v); }, true},
    ServerKey{"store.sync", "\"always\"", "when it is safe from a power cut: always (before anything is acknowledged), a time such as \"200ms\" (so often), or os (when the system sees fit)",
      [](Config& c, Value v) { read_sync(c.store, v); }, true},
    ServerKey{"store.cache", "\"64MiB\"", "memory for what is read back from disk",
      [](Config& c, Value v) { c.store.cache_bytes = read_bytes(v); }, true},
    ServerKey{"store.min_free", "\"5% up to 256MiB\"", "room that has to stay free where the store is: with less of it QoS 1 and 2, retained messages and lasting sessions are refused; or off",
      [](Config& c, Value v) { c.store.min_free = read_min_free(v); }, true},
    ServerKey{"auth.on_deny", "\"reason\"", "what a PUBLISH that is not allowed is answered with: reason (MQTT 5: the Reason Code; 3.x: it is dropped quietly) or disconnect",
      [](Config& c, Value v) { c.settings.disconnects_on_deny = read_choice(v, deny_words); }},
    ServerKey{"auth.anonymous_user", "\"anonymous\"", "the name under which clients without one find their roles",
      [](Config& c, Value v) { c.auth.anonymous_user = read_text(v); }},
    ServerKey{"acl.file", "", "rules in mosquitto's acl_file grammar, besides the roles",
      [](Config& c, Value v) { c.auth.acl_file = read_text(v); }},
    ServerKey{"ban.bad_login", "\"10 per 5m -> 15m\"", "so many wrong passwords for a name from one address within a time lock that name out there for so long (an address as a whole after ten times as many), or off; who logged in from there before is still let in",
      [](Config& c, Value v) { c.auth.bad_login = read_repeat_limit(v); }},
    ServerKey{"ban.flapping", "\"off\"", "a client that logs in so often within a time is kept out for so long, such as \"15 per 1m -> 5m\"; or off",
      [](Config& c, Value v) { c.auth.flapping = read_repeat_limit(v); }},
    ServerKey{"ban.takeover", "\"10 per 30s -> 10s\"", "clients with one Client Identifier that throw each other out so often within a time: the one that is connected stays for so long; or off",
      [](Config& c, Value v) {
        const auth::RepeatLimit limit = read_repeat_limit(v);
        c.settings.fights = {.times = limit.times, .within = limit.within, .pause = limit.out_for};
      }},
    ServerKey{"log.level", "\"info\"", "debug, info, warning, error or off",
      [](Config& c, Value v) { c.log_level = read_choice(v, level_words); }},
    ServerKey{"log.format", "\"text\"", "text or json",
      [](Config& c, Value v) { c.log_format = read_choice(v, format_words); }},
    ServerKey{"log.rate", "10", "lines a second from one cause; those beyond are counted and summed up in one",
      [](Config& c, Value v) { c.log_rate = read_limit(v); }},
    ServerKey{"service.sandbox", "\"auto\"", "whether the process gives up every system call that a server does not need: on, off or auto (when systemd starts it)",
      [](Config& c, Value v) { c.sandbox = read_choice(v, sandbox_words); }, true},
};

constexpr std::array keys_of_listener{
    ListenerKey{"name", "\"default\"", "its name in logs",
      [](ListenerConfig& l, Value v) { l.name = read_text(v); }},
    ListenerKey{"bind", "", "\"ADDRESS:PORT\" or \"unix:PATH\"",
      [](ListenerConfig& l, Value v) { l.bind = read_text(v); }},
    ListenerKey{"protocols", "[\"mqtt\", \"ws\", \"http\"]", "what it serves; told apart by the first bytes",
      [](ListenerConfig& l, Value v) {
        const auto list = read_list(v);
        only(v, {"mqtt", "ws", "http"});
        l.mqtt = has(list, "mqtt");
        l.ws = has(list, "ws");
        l.http = has(list, "http");
      }},
    ListenerKey{"anonymous", "\"loopback\"", "who may connect without a name: no, loopback or yes",
      [](ListenerConfig& l, Value v) { l.anonymous = read_choice(v, anonymous_words); }},
    ListenerKey{"versions", "[\"3.1\", \"3.1.1\", \"5\"]", "MQTT versions it accepts",
      [](ListenerConfig& l, Value v) {
        const auto list = read_list(v);
        only(v, {"3.1", "3.1.1", "5"});
        l.v3_1 = has(list, "3.1");
        l.v3_1_1 = has(list, "3.1.1");
        l.v5 = has(list, "5");
      }},
    ListenerKey{"max_connections", "\"unlimited\"", "connections on this listener",
      [](ListenerConfig& l, Value v) { l.max_connections = read_limit(v); }},
    ListenerKey{"proxy_protocol", "\"off\"", "off or required",
      [](ListenerConfig& l, Value v) { l.proxy_protocol = read_choice(v, proxy_words); }},
    ListenerKey{"ws_path", "\"/mqtt\"", "path of WebSocket upgrades, besides /",
      [](ListenerConfig& l, Value v) { l.ws_path = read_text(v); }},
    ListenerKey{"allowed_origins", "[]", "origins of web pages that may connect, besides this host",
      [](ListenerConfig& l, Value v) { l.allowed_origins = read_list(v); }},
    ListenerKey{"allowed_hosts", "[]", "names this host is called by, besides the loopback ones",
      [](ListenerConfig& l, Value v) { l.allowed_hosts = read_list(v); }},
    ListenerKey{"unix_mode", "0o600", "permissions of a Unix socket",
      [](ListenerConfig& l, Value v) { l.unix_mode = static_cast<unsigned>(read_count(v, 0, 0777)); }},
    ListenerKey{"tls", "", "\"auto\": certificates of an own private CA, made once in the store's directory and renewed in time; clients may have some of it, too (`peal cert issue`). Instead of the keys below",
      [](ListenerConfig& l, Value v) { tls_of(l).is_auto = read_choice(v, auto_words); }},
    ListenerKey{"tls.cert", "", "certificate chain, PEM; or \"auto\", as `tls = \"auto\"`, for more keys beside it",
      [](ListenerConfig& l, Value v) {
        tls_of(l).cert = read_text(v);
        tls_of(l).is_auto = l.tls->cert == "auto";
      }},
    ListenerKey{"tls.key", "", "its private key, PEM",
      [](ListenerConfig& l, Value v) { tls_of(l).key = read_text(v); }},
    ListenerKey{"tls.client_ca", "", "authorities whose client certificates are believed, PEM",
      [](ListenerConfig& l, Value v) { tls_of(l).client_ca = read_text(v); }},
    ListenerKey{"tls.client_cert", "\"off\"", "off, optional or require; with \"auto\" optional, when nothing is said",
      [](ListenerConfig& l, Value v) { tls_of(l).client_cert = read_choice(v, certificate_words); }},
    ListenerKey{"tls.crl", "", "revoked client certificates, PEM",
      [](ListenerConfig& l, Value v) { tls_of(l).crl = read_text(v); }},
    ListenerKey{"tls.names", "[]", "with \"auto\": names and addresses that clients use for this server, besides localhost, the host's name and the addresses of its interfaces",
      [](ListenerConfig& l, Value v) { tls_of(l).names = read_list(v); }},
    ListenerKey{"tls.psk", "false", "whether clients may connect with a key instead (TLS-PSK), from an [[auth.source]] of type psk; cert and key may then be left out",
      [](ListenerConfig& l, Value v) { tls_of(l).psk = read_bool(v); }},
    ListenerKey{"tls.min", "\"1.2\"", "oldest TLS version: 1.2 or 1.3",
      [](ListenerConfig& l, Value v) { tls_of(l).min = read_choice(v, tls_words); }},
};

constexpr std::array keys_of_auth_source{
    AuthSourceKey{"type", "", "users: made with `peal user add`, kept in the store; file: a password file of `peal passwd` or mosquitto_passwd; certificate: the name in a client certificate; psk: keys for TLS-PSK, as mosquitto's psk_file has them; jwt: a JSON Web Token in place of the password; http: a service is asked",
      [](AuthSourceConfig& s, Value v) { s.type = read_choice(v, source_words); }},
    AuthSourceKey{"path", "", "file, psk: the file",
      [](AuthSourceConfig& s, Value v) { s.path = read_text(v); }},
    AuthSourceKey{"username", "", "certificate: which name is the user's, cn (Common Name, the default), subject (all of it, as RFC 2253 writes it) or san (the first DNS, email or URI name); jwt: which claim is, \"claim:sub\" by default",
      [](AuthSourceConfig& s, Value v) { s.username = read_text(v); }},
    AuthSourceKey{"jwks", "", "jwt: the keys that sign tokens, a file (JWKS or PEM) or an https URL",
      [](AuthSourceConfig& s, Value v) { s.jwks = read_text(v); }},
    AuthSourceKey{"issuer", "\"\"", "jwt: what `iss` has to be",
      [](AuthSourceConfig& s, Value v) { s.issuer = read_text(v); }},
    AuthSourceKey{"audience", "\"\"", "jwt: what `aud` has to name",
      [](AuthSourceConfig& s, Value v) { s.audience = read_text(v); }},
    AuthSourceKey{"match_username", "false", "jwt: whether the user name in CONNECT has to be the token's; otherwise it is passed over",
      [](AuthSourceConfig& s, Value v) { s.match_username = read_bool(v); }},
    AuthSourceKey{"refresh", "\"10m\"", "jwt: how often the URL is asked for other keys",
      [](AuthSourceConfig& s, Value v) { s.refresh = read_duration(v); }},
    AuthSourceKey{"url", "", "http: the service; docs/guide/secure-http.md says what it is asked",
      [](AuthSourceConfig& s, Value v) { s.url = read_text(v); }},
    AuthSourceKey{"timeout", "\"2s\"", "http, jwt: how long a service may take",
      [](AuthSourceConfig& s, Value v) { s.timeout = read_duration(v); }},
    AuthSourceKey{"on_failure", "\"deny\"", "http: what a service that does not answer means: deny, or ignore (the next source decides)",
      [](AuthSourceConfig& s, Value v) { s.on_failure = read_choice(v, failure_words); }},
    AuthSourceKey{"cache", "\"0s\"", "http: how long who was let in is believed without asking again, where the answer does not say it",
      [](AuthSourceConfig& s, Value v) { s.cache = read_text(v) == "0s" ? std::chrono::milliseconds{0} : read_duration(v); }},
    AuthSourceKey{"ca", "", "http, jwt: whose certificates are believed, PEM; the system's authorities when it is not given",
      [](AuthSourceConfig& s, Value v) { s.ca = read_text(v); }},
    AuthSourceKey{"headers", "[]", "http, jwt: lines for the service, such as \"Authorization: Bearer ...\"",
      [](AuthSourceConfig& s, Value v) { s.headers = read_list(v); }, true},
    AuthSourceKey{"insecure", "false", "http, jwt: whether passwords and keys may go over the network unencrypted (over loopback they may)",
      [](AuthSourceConfig& s, Value v) { s.insecure = read_bool(v); }},
};

constexpr std::array keys_of_role{
    RoleKey{"name", "", "its name, for people",
      [](RoleConfig& r, Value v) { r.name = read_text(v); }},
    RoleKey{"users", "", "who has it: user names, with * for any text",
      [](RoleConfig& r, Value v) { r.users = read_list(v); }},
    RoleKey{"allow", "[]", "what it may: { publish = FILTER }, { subscribe = FILTER } or { all = FILTER }; in FILTER, %u stands for the user name, %c for the Client Identifier",
      [](RoleConfig& r, Value v) { r.allow = rules_of(v); }},
    RoleKey{"deny", "[]", "what it may not, whatever else allows it",
      [](RoleConfig& r, Value v) { r.deny = rules_of(v); }},
    RoleKey{"rate.publish", "", "how many messages each of its clients may publish, such as \"20/s burst 100\"; who is faster is made to wait, nothing is dropped",
      [](RoleConfig& r, Value v) {
        const Rate rate = read_rate(v);
        r.rate.messages_per_second = rate.per_second;
        r.rate.messages_burst = rate.burst;
      }},
    RoleKey{"rate.bytes", "", "how many bytes of them, such as \"64KiB/s\"",
      [](RoleConfig& r, Value v) {
        const Rate rate = read_bytes_rate(v);
        r.rate.bytes_per_second = rate.per_second;
        r.rate.bytes_burst = rate.burst;
      }},
};
// clang-format on

}  // namespace

std::string variable_of(std::string_view key) {
  std::string name = "PEAL_";
  for (const char letter : key) {
    if (letter == '.') {
      name += "__";
    } else {
      name += letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    }
  }
  return name;
}

std::span<const ServerKey> server_keys() { return keys; }
std::span<const ListenerKey> listener_keys() { return keys_of_listener; }
std::span<const AuthSourceKey> auth_source_keys() { return keys_of_auth_source; }
std::span<const RoleKey> role_keys() { return keys_of_role; }

}  // namespace peal::server

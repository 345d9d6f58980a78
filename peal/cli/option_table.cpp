#include "peal/cli/option_table.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace peal::cli {
namespace {

using Words = std::span<const std::string>;

constexpr auto pub = static_cast<std::uint8_t>(Program::pub);
constexpr auto sub = static_cast<std::uint8_t>(Program::sub);
constexpr auto rr = static_cast<std::uint8_t>(Program::rr);
constexpr std::uint8_t all = pub | sub | rr;
constexpr std::uint8_t receiving = sub | rr;
constexpr std::uint8_t sending = pub | rr;

/// A whole decimal number from `from` to `to`.
std::int64_t number(const std::string& word, std::int64_t from, std::int64_t to,
                    const std::string& complaint) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size() || value < from || value > to) {
    throw OptionError(complaint);
  }
  return value;
}

double real(const std::string& word, double from, double to, const std::string& complaint) {
  char* end = nullptr;
  const double value = std::strtod(word.c_str(), &end);
  if (word.empty() || end != word.c_str() + word.size() || !(value >= from && value <= to)) {
    throw OptionError(complaint);
  }
  return value;
}

mqtt::QoS qos(const std::string& word, const std::string& what) {
  return static_cast<mqtt::QoS>(number(word, 0, 2, "Error: Invalid " + what + " given: " + word));
}

mqtt::ProtocolVersion protocol_version(const std::string& word) {
  if (word == "mqttv5" || word == "5") {
    return mqtt::ProtocolVersion::v5;
  }
  if (word == "mqttv311" || word == "311") {
    return mqtt::ProtocolVersion::v3_1_1;
  }
  if (word == "mqttv31" || word == "31") {
    return mqtt::ProtocolVersion::v3_1;
  }
  throw OptionError("Error: Invalid protocol version argument given.");
}

std::uint32_t session_expiry(const std::string& word) {
  constexpr std::int64_t forever = std::numeric_limits<std::uint32_t>::max();
  if (word == "\u221e") {
    return static_cast<std::uint32_t>(forever);
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) {
    throw OptionError("Error: session-expiry-interval not a number.");
  }
  if (value < -1 || value > forever) {
    throw OptionError("Error: session-expiry-interval out of range.");
  }
  return static_cast<std::uint32_t>(value == -1 ? forever : value);
}

void set_source(Options& options, MessageSource source, std::string message = {}) {
  if (options.source != MessageSource::none) {
    throw OptionError("Error: Only one type of message can be sent at once.");
  }
  options.source = source;
  options.message = std::move(message);
}

void set_client_id(Options& options, std::optional<std::string> Options::* member,
                   const std::string& word) {
  options.*member = word;
  if (options.client_id.has_value() && options.client_id_prefix.has_value()) {
    throw OptionError("Error: -i and -I argument cannot be used together.");
  }
}

std::string checked_filter(const std::string& word, const std::string& what) {
  if (!mqtt::TopicFilter::parse(word).has_value()) {
    throw OptionError("Error: Invalid " + what + " topic '" + word +
                      "', are all '+' and '#' wildcards correct?");
  }
  return word;
}

std::string checked_topic(const std::string& word, const std::string& what) {
  if (!mqtt::TopicName::parse(word).has_value()) {
    throw OptionError("Error: Invalid " + what + " topic '" + word +
                      "', does it contain '+' or '#'?");
  }
  return word;
}

void set_tls_version(Options& options, const std::string& word) {
  if (word != "tlsv1.2" && word != "tlsv1.3") {
    throw OptionError("Error: Invalid TLS version '" + word +
                      "', it must be tlsv1.3 or tlsv1.2 (older ones are not safe).");
  }
  options.endpoint.tls.version = word;
}

[[noreturn]] void refuse(const std::string& option, const std::string& instead) {
  throw OptionError("Error: " + option + " is not supported. " + instead);
}

using enum OptionGroup;

// The order is the help's order.
constexpr std::array rows{
    // clang-format off
    OptionRow{'h', "host", "HOST", all, connection, "the server; localhost if not given",
              [](Options& o, Words w) { o.endpoint.host = w[0]; o.endpoint.unix_path.clear(); }},
    OptionRow{'p', "port", "PORT", all, connection, "its port; 1883 if not given, 8883 with TLS",
              [](Options& o, Words w) { o.endpoint.port = static_cast<std::uint16_t>(
                  number(w[0], 1, 65535, "Error: Invalid port given: " + w[0])); }},
    OptionRow{'L', "url", "URL", all, connection,
              "all at once: mqtt|mqtts|ws|wss://[user[:password]@]host[:port]/topic",
              [](Options& o, Words w) { apply_url(o, w[0]); }},
    OptionRow{0, "unix", "PATH", all, connection, "connect through a Unix domain socket",
              [](Options& o, Words w) { o.endpoint.unix_path = w[0]; }},
    OptionRow{0, "ws", "", all, connection, "speak MQTT over WebSocket",
              [](Options& o, Words) { o.endpoint.websocket = true; }},
    OptionRow{0, "ws-path", "PATH", all, connection, "the WebSocket's path; /mqtt if not given",
              [](Options& o, Words w) { o.endpoint.websocket_path = w[0]; }},
    OptionRow{'A', "bind-address", "ADDRESS", all, connection, "connect from this local address",
              [](Options& o, Words w) { o.endpoint.bind_address = w[0]; }},
    OptionRow{0, "nodelay", "", all, connection, "send at once (TCP_NODELAY)",
              [](Options& o, Words) { o.endpoint.no_delay = true; }},
    OptionRow{'u', "username", "NAME", all, connection, "user name",
              [](Options& o, Words w) { o.user_name = w[0]; }},
    OptionRow{'P', "pw", "PASSWORD", all, connection, "password",
              [](Options& o, Words w) { o.password = w[0]; }},
    OptionRow{'S', "srv", "", all, connection, "not supported: look up the server with DNS SRV",
              [](Options&, Words) { refuse("-S (SRV look-up)", "Name the server with -h."); }},
    OptionRow{0, "proxy", "URL", all, connection, "not supported: connect through SOCKS5",
              [](Options&, Words) { refuse("--proxy", "Connect directly or through a tunnel of "
                                           "your own (ssh -L) and name it with -h and -p."); }},

    OptionRow{'V', "protocol-version", "VERSION", all, session,
              "5, 311 or 31 (also mqttv5, mqttv311, mqttv31); 311 if not given, 5 for rr",
              [](Options& o, Words w) { o.protocol = protocol_version(w[0]); }},
    OptionRow{'i', "id", "ID", all, session, "Client Identifier; the server chooses if not given",
              [](Options& o, Words w) { set_client_id(o, &Options::client_id, w[0]); }},
    OptionRow{'I', "id-prefix", "PREFIX", all, session,
              "Client Identifier made of this and the process id",
              [](Options& o, Words w) { set_client_id(o, &Options::client_id_prefix, w[0]); }},
    OptionRow{'c', "disable-clean-session", "", all, session,
              "continue the session of this Client Identifier, and keep it afterwards",
              [](Options& o, Words) { o.clean_start = false; }},
    OptionRow{'x', "session-expiry-interval", "SECONDS", all, session,
              "how long the server keeps the session (MQTT 5); -1 or \u221e for ever",
              [](Options& o, Words w) { o.session_expiry_seconds = session_expiry(w[0]); }},
    OptionRow{'k', "keepalive", "SECONDS", all, session, "Keep Alive, 5 to 65535; 60 if not given",
              [](Options& o, Words w) { o.keep_alive_seconds = static_cast<std::uint16_t>(
                  number(w[0], 5, 65535, "Error: Invalid keepalive given, it must be between 5 "
                                         "and 65535 inclusive.")); }},
    OptionRow{'D', "property", "COMMAND NAME VALUE", all, session,
              "an MQTT 5 property of connect, publish, subscribe, unsubscribe, disconnect or "
              "will; user-property takes two values",
              [](Options& o, Words w) { add_property_words(o.properties, w);
                                        o.protocol = mqtt::ProtocolVersion::v5; }, true},

    OptionRow{'t', "topic", "TOPIC", all, message,
              "publish to this topic, or subscribe to this filter (sub: may be repeated)",
              [](Options& o, Words w) { add_topic(o, w[0], "-t"); }},
    OptionRow{'e', "response-topic", "TOPIC", rr, message, "where the response is expected",
              [](Options& o, Words w) { o.response_topic = checked_topic(w[0], "response"); }},
    OptionRow{'q', "qos", "QOS", all, message, "Quality of Service 0, 1 or 2; 0 if not given",
              [](Options& o, Words w) { o.qos = qos(w[0], "QoS"); }},
    OptionRow{'m', "message", "TEXT", sending, message, "send this text",
              [](Options& o, Words w) { set_source(o, MessageSource::text, w[0]); }},
    OptionRow{'f', "file", "FILE", sending, message, "send what is in this file",
              [](Options& o, Words w) { set_source(o, MessageSource::file, w[0]); }},
    OptionRow{'l', "stdin-line", "", pub, message, "send each line of the standard input",
              [](Options& o, Words) { set_source(o, MessageSource::lines); }},
    OptionRow{'s', "stdin-file", "", sending, message, "send the whole standard input",
              [](Options& o, Words) { set_source(o, MessageSource::standard_input); }},
    OptionRow{'n', "null-message", "", sending, message, "send an empty message",
              [](Options& o, Words) { set_source(o, MessageSource::null); }},
    OptionRow{'r', "retain", "", pub, message, "let the server keep it as the topic's last value",
              [](Options& o, Words) { o.retain = true; }},
    OptionRow{'M', "max-inflight", "COUNT", all, message,
              "how many QoS 1 and 2 messages may wait for their acknowledgement; 20 if not given",
              [](Options& o, Words w) { o.inflight_limit = static_cast<std::uint16_t>(
                  number(w[0], 1, 65535, "Error: Maximum inflight messages must be from 1 to "
                                         "65535.")); }},
    OptionRow{0, "repeat", "COUNT", pub, message, "publish that many times",
              [](Options& o, Words w) { o.repeat = static_cast<std::uint32_t>(
                  number(w[0], 1, 0x7FFF'FFFF, "Error: --repeat argument must be >0.")); }},
    OptionRow{0, "repeat-delay", "SECONDS", pub, message, "wait that long in between",
              [](Options& o, Words w) { o.repeat_delay = std::chrono::microseconds(std::llround(
                  1e6 * real(w[0], 0, 1e9, "Error: --repeat-delay argument must be >=0.0."))); }},
    OptionRow{'U', "unsubscribe", "TOPIC", sub, message, "unsubscribe from this filter; repeatable",
              [](Options& o, Words w) {
                o.unsubscribe_filters.push_back(checked_filter(w[0], "unsubscribe")); }},
    OptionRow{'T', "filter-out", "TOPIC", sub, message, "ignore messages of this filter; repeatable",
              [](Options& o, Words w) { o.filters_out.push_back(checked_filter(w[0], "filter")); }},
    OptionRow{'C', "count", "COUNT", sub, message, "stop after that many messages",
              [](Options& o, Words w) { o.message_count = static_cast<std::uint32_t>(
                  number(w[0], 1, 0x7FFF'FFFF, "Error: Invalid message count \"" + w[0] + "\".")); }},
    OptionRow{'E', "exit-after-subscribe", "", sub, message,
              "stop as soon as all subscriptions are acknowledged",
              [](Options& o, Words) { o.exit_after_subscribe = true; }},
    OptionRow{'W', "timeout", "SECONDS", receiving, message, "stop after that time (exit code 27)",
              [](Options& o, Words w) { o.timeout = std::chrono::seconds(
                  number(w[0], 1, 0x7FFF'FFFF, "Error: Invalid timeout \"" + w[0] + "\".")); }},
    OptionRow{'R', "no-retained", "", receiving, message, "ignore retained messages",
              [](Options& o, Words) { o.no_retained = true; }},
    OptionRow{0, "retained-only", "", sub, message,
              "only retained messages; stop at the first other one",
              [](Options& o, Words) { o.retained_only = true; }},
    OptionRow{0, "retain-as-published", "", receiving, message,
              "let messages keep the retain flag they were published with (MQTT 5)",
              [](Options& o, Words) { o.retain_as_published = true; }},
    OptionRow{0, "remove-retained", "", sub, message, "clear each retained message that comes",
              [](Options& o, Words) { o.remove_retained = true; }},

    OptionRow{'v', "verbose", "", receiving, output, "print \"topic payload\"",
              [](Options& o, Words) { o.verbose = true; }},
    OptionRow{'F', "format", "FORMAT", receiving, output,
              "print in this form (see below)",
              [](Options& o, Words w) { o.format = w[0]; }},
    OptionRow{'N', "no-end-of-line", "", receiving, output, "no end of line after each message",
              [](Options& o, Words) { o.end_of_line = false; }},
    OptionRow{0, "pretty", "", receiving, output, "indent the JSON of %j and %J",
              [](Options& o, Words) { o.pretty = true; }},
    OptionRow{0, "random-filter", "PERCENT", sub, output, "print only this share of the messages",
              [](Options& o, Words w) { o.random_filter = static_cast<std::uint32_t>(
                  10 * real(w[0], 0.1, 100, "Error: --random-filter chance must be between "
                                            "0.1-100.0")); }},
    OptionRow{'d', "debug", "", all, output, "say what is sent and received",
              [](Options& o, Words) { o.debug = true; }},
    OptionRow{0, "quiet", "", all, output, "no error messages while running",
              [](Options& o, Words) { o.quiet = true; }},

    OptionRow{0, "will-topic", "TOPIC", all, will, "where the Will Message goes",
              [](Options& o, Words w) { o.will.topic = checked_topic(w[0], "will"); }},
    OptionRow{0, "will-payload", "TEXT", all, will, "what it says; empty if not given",
              [](Options& o, Words w) { o.will.payload = w[0]; }},
    OptionRow{0, "will-qos", "QOS", all, will, "its Quality of Service",
              [](Options& o, Words w) { o.will.qos = qos(w[0], "will QoS"); }},
    OptionRow{0, "will-retain", "", all, will, "the server keeps it",
              [](Options& o, Words) { o.will.retain = true; }},

    OptionRow{0, "cafile", "FILE", all, tls, "trust these certificates (PEM), and use TLS",
              [](Options& o, Words w) { o.endpoint.tls.ca_file = w[0]; }},
    OptionRow{0, "capath", "FOLDER", all, tls, "the same, a folder made by `openssl rehash`",
              [](Options& o, Words w) { o.endpoint.tls.ca_path = w[0]; }},
    OptionRow{0, "tls-use-os-certs", "", all, tls, "use TLS and trust the system's certificates",
              [](Options& o, Words) { o.endpoint.tls.use_os_certificates = true; }},
    OptionRow{0, "cert", "FILE", all, tls, "our certificate (PEM)",
              [](Options& o, Words w) { o.endpoint.tls.certificate = w[0]; }},
    OptionRow{0, "key", "FILE", all, tls, "its private key (PEM)",
              [](Options& o, Words w) { o.endpoint.tls.key = w[0]; }},
    OptionRow{0, "tls-version", "VERSION", all, tls, "tlsv1.3 or tlsv1.2; either if not given",
              [](Options& o, Words w) { set_tls_version(o, w[0]); }},
    OptionRow{0, "ciphers", "LIST", all, tls, "OpenSSL's list of ciphers",
              [](Options& o, Words w) { o.endpoint.tls.ciphers = w[0]; }},
    OptionRow{0, "tls-alpn", "PROTOCOL", all, tls, "ask for this protocol with ALPN",
              [](Options& o, Words w) { o.endpoint.tls.alpn = w[0]; }},
    OptionRow{0, "insecure", "", all, tls, "do not check the name in the server's certificate",
              [](Options& o, Words) { o.endpoint.tls.insecure = true; }},
    OptionRow{0, "keyform", "FORM", all, tls, "pem; engine is not supported",
              [](Options&, Words w) { if (w[0] != "pem") {
                refuse("--keyform " + w[0], "Keys are PEM files."); } }},
    OptionRow{0, "psk", "KEY", all, tls, "use TLS with this pre-shared key, in hexadecimal digits",
              [](Options& o, Words w) { o.endpoint.tls.psk = w[0]; }},
    OptionRow{0, "psk-identity", "NAME", all, tls, "whose key that is",
              [](Options& o, Words w) { o.endpoint.tls.psk_identity = w[0]; }},
    OptionRow{0, "tls-engine", "ENGINE", all, tls, "not supported: OpenSSL engines",
              [](Options&, Words) { refuse("--tls-engine", "Keys are PEM files: --key."); }},
    OptionRow{0, "tls-engine-kpass-sha1", "SHA1", all, tls, "not supported: see --tls-engine",
              [](Options&, Words) { refuse("--tls-engine-kpass-sha1", "Keys are PEM files."); }},

    OptionRow{0, "help", "", all, other, "print this text",
              [](Options& o, Words) { o.help = true; }},
    OptionRow{0, "version", "", all, other, "print the version",
              [](Options& o, Words) { o.version = true; }},
    // clang-format on
};

}  // namespace

std::span<const OptionRow> option_table() { return rows; }

std::string short_form(const OptionRow& row) {
  return row.letter != 0 ? std::string{'-', row.letter} : "--" + std::string(row.name);
}

}  // namespace peal::cli

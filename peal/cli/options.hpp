// What `peal pub`, `peal sub` and `peal rr` were asked to do, as values. One table
// (option_table.cpp) says of each option its letter, its long name, which program has it, what it
// does and how it is explained; help, parsing and options files walk that table.
//
// Used at start-up on one thread; errors are exceptions, caught once in the program's main
// function.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "peal/cli/property_list.hpp"
#include "peal/mqtt/packets.hpp"

namespace peal::cli {

/// Something a person typed makes no sense; the text says what.
class OptionError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Program : std::uint8_t { pub = 1, sub = 2, rr = 4 };

/// "pub", "sub", "rr".
[[nodiscard]] std::string_view program_name(Program program);

/// Where a message's payload comes from.
enum class MessageSource : std::uint8_t { none, text, file, standard_input, lines, null };

struct TlsOptions {
  bool use = false;
  std::string ca_file;
  std::string ca_path;
  std::string certificate;
  std::string key;
  std::string ciphers;
  std::string version;
  std::string alpn;
  std::string psk;  // hexadecimal
  std::string psk_identity;
  bool use_os_certificates = false;
  bool insecure = false;
};

/// Where the server is and how it is reached.
struct Endpoint {
  std::string host = "localhost";
  std::uint16_t port = 0;  // 0 until the default is known (`finish`)
  std::string unix_path;
  std::string bind_address;
  bool no_delay = false;
  bool websocket = false;
  std::string websocket_path = "/mqtt";
  TlsOptions tls;
};

struct WillOptions {
  std::optional<std::string> topic;
  std::optional<std::string> payload;
  mqtt::QoS qos = mqtt::QoS::at_most_once;
  bool retain = false;
};

struct Options {
  Program program = Program::pub;
  bool help = false;
  bool version = false;
  bool debug = false;
  bool quiet = false;

  // The connection.
  Endpoint endpoint;
  mqtt::ProtocolVersion protocol = mqtt::ProtocolVersion::v3_1_1;
  std::optional<std::string> client_id;
  std::optional<std::string> client_id_prefix;
  bool clean_start = true;
  std::uint16_t keep_alive_seconds = 60;
  std::optional<std::string> user_name;
  std::optional<std::string> password;
  std::optional<std::uint32_t> session_expiry_seconds;
  WillOptions will;
  PropertyLists properties;

  // What is published.
  std::optional<std::string> topic;
  std::optional<std::string> response_topic;
  MessageSource source = MessageSource::none;
  std::string message;  // text or file name
  mqtt::QoS qos = mqtt::QoS::at_most_once;
  bool retain = false;
  std::uint32_t repeat = 1;
  std::chrono::microseconds repeat_delay{0};
  std::uint16_t inflight_limit = 20;

  // What is received and how it is printed.
  std::vector<std::string> filters;
  std::vector<std::string> filters_out;
  std::vector<std::string> unsubscribe_filters;
  std::uint32_t message_count = 0;  // 0: no end
  std::chrono::seconds timeout{0};  // 0: none
  bool exit_after_subscribe = false;
  bool no_retained = false;
  bool retained_only = false;
  bool remove_retained = false;
  bool retain_as_published = false;
  std::uint32_t random_filter = 1000;  // tenths of a percent
  std::optional<std::string> format;
  bool verbose = false;
  bool end_of_line = true;
  bool pretty = false;
};

/// Reads the options file of `program`, then the command line, and checks that they fit together.
///
/// `words`   what follows the program's name.
/// errors    throws OptionError.
[[nodiscard]] Options parse_options(Program program, const std::vector<std::string>& words);

/// Fills in what depends on several options and refuses what does not fit together.
/// errors   throws OptionError.
void finish_options(Options& options);

/// `mqtt://`, `mqtts://`, `ws://` or `wss://` [user[:password]@]host[:port]/topic, as -L takes it.
/// errors   throws OptionError.
void apply_url(Options& options, std::string_view url);

/// A topic for the program: what `pub` and `rr` publish to, one more that `sub` subscribes to.
/// `argument`   the option it came from, for the message.    errors   throws OptionError.
void add_topic(Options& options, std::string_view topic, std::string_view argument);

/// The help text, made from the table.
[[nodiscard]] std::string help_text(Program program);

}  // namespace peal::cli

#include "peal/cli/options.hpp"

#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>

#include "peal/auth/psk_file.hpp"
#include "peal/cli/format.hpp"
#include "peal/cli/option_table.hpp"
#include "peal/net/tls_psk.hpp"

namespace peal::cli {
namespace {

constexpr std::uint32_t never_expires = std::numeric_limits<std::uint32_t>::max();

/// $XDG_CONFIG_HOME/peal_sub or ~/.config/peal_sub; empty when neither variable is set.
std::string options_file(Program program) {
  const std::string name = "/peal_" + std::string(program_name(program));
  if (const char* folder = std::getenv("XDG_CONFIG_HOME"); folder != nullptr) {
    return folder + name;
  }
  if (const char* home = std::getenv("HOME"); home != nullptr) {
    return std::string(home) + "/.config" + name;
  }
  return {};
}

/// One line of an options file is one option: "-t some topic" is the option and the rest of the
/// line.
std::vector<std::string> words_of_line(const std::string& line) {
  const std::size_t end = line.find(' ');
  if (end == std::string::npos) {
    return {line};
  }
  const std::string option = line.substr(0, end);
  const std::string rest = line.substr(line.find_first_not_of(' ', end));
  if (option != "-D" && option != "--property") {
    return {option, rest};
  }
  std::vector<std::string> words{option};
  std::istringstream stream(rest);
  for (std::string word; stream >> word;) {
    words.push_back(word);
  }
  return words;
}

void apply(Options& options, const std::vector<std::string>& words) {
  for (const GivenOption& given : split_command_line(options.program, words)) {
    given.row->apply(options, given.words);
  }
}

void apply_file(Options& options, const std::string& path) {
  std::ifstream file(path);
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) {
      line.pop_back();
    }
    if (line.empty() || line.front() == '#') {
      continue;
    }
    try {
      cli::apply(options, words_of_line(line));
    } catch (const OptionError& error) {
      throw OptionError(std::string(error.what()) + " (" + path + ":" + std::to_string(number) +
                        ")");
    }
  }
}

void finish_session(Options& options) {
  const bool has_id = options.client_id.has_value() && !options.client_id_prefix.has_value();
  if (options.protocol != mqtt::ProtocolVersion::v5) {
    if (!options.clean_start && !has_id) {
      throw OptionError("Error: You must provide a client id (-i) if you are using the -c option.");
    }
    return;
  }
  if (!options.clean_start && !options.session_expiry_seconds.has_value()) {
    options.session_expiry_seconds = never_expires;
  }
  if (options.session_expiry_seconds == never_expires && !has_id) {
    throw OptionError(
        "Error: You must provide a client id (-i) if you are using an infinite session expiry "
        "interval.");
  }
  if (options.session_expiry_seconds.value_or(0) > 0) {
    options.properties.connect.add_number(mqtt::PropertyId::session_expiry_interval,
                                          *options.session_expiry_seconds);
  }
}

void finish_will(const Options& options) {
  if (!options.will.topic.has_value()) {
    if (options.will.payload.has_value()) {
      throw OptionError("Error: Will payload given, but no will topic given.");
    }
    if (options.will.retain) {
      throw OptionError("Error: Will retain given, but no will topic given.");
    }
  }
}

void check_psk(const TlsOptions& tls) {
  if (tls.psk.empty()) {
    return;
  }
  if (!tls.ca_file.empty() || !tls.ca_path.empty()) {
    throw OptionError("Error: Only one of --psk or --cafile/--capath may be used at once.");
  }
  if (tls.psk_identity.empty()) {
    throw OptionError("Error: --psk-identity required if --psk used.");
  }
  const auto key = auth::parse_psk_key(tls.psk);
  if (!key || key->size() > net::psk_key_bytes_limit) {
    throw OptionError(
        "Error: --psk has to be hexadecimal, two digits for each byte, of at most 512 bytes.");
  }
  if (tls.psk_identity.size() > net::psk_identity_bytes_limit) {
    throw OptionError("Error: --psk-identity is longer than 256 bytes, which is all TLS takes.");
  }
}

void finish_endpoint(Endpoint& endpoint) {
  TlsOptions& tls = endpoint.tls;
  if (tls.certificate.empty() != tls.key.empty()) {
    throw OptionError("Error: Both certfile and keyfile must be provided if one of them is set.");
  }
  check_psk(tls);
  tls.use = !tls.ca_file.empty() || !tls.ca_path.empty() || tls.use_os_certificates ||
            !tls.psk.empty() || endpoint.port == 8883;
  tls.use_os_certificates =
      tls.use && tls.ca_file.empty() && tls.ca_path.empty() && tls.psk.empty();
  if (endpoint.port == 0) {
    endpoint.port = tls.use ? 8883 : 1883;
  }
}

void finish_message(Options& options) {
  const bool has_message = options.source != MessageSource::none;
  switch (options.program) {
    case Program::pub: {
      const bool has_alias = options.properties.publish.has(mqtt::PropertyId::topic_alias);
      if (!has_message || (!options.topic.has_value() && !has_alias)) {
        throw OptionError("Error: Both topic and message must be supplied.");
      }
      break;
    }
    case Program::sub:
      if (options.filters.empty() && options.unsubscribe_filters.empty()) {
        throw OptionError("Error: You must specify a topic to subscribe to.");
      }
      if (options.no_retained && options.retained_only) {
        throw OptionError("Error: Combining '-R' and '--retained-only' makes no sense.");
      }
      break;
    case Program::rr:
      if (!has_message || !options.topic.has_value() || !options.response_topic.has_value()) {
        throw OptionError("Error: All of topic, message, and response topic must be supplied.");
      }
      options.properties.publish.add_text(mqtt::PropertyId::response_topic,
                                          *options.response_topic);
      break;
  }
}

}  // namespace

std::string_view program_name(Program program) {
  switch (program) {
    case Program::pub:
      return "pub";
    case Program::sub:
      return "sub";
    case Program::rr:
      break;
  }
  return "rr";
}

void add_topic(Options& options, std::string_view topic, std::string_view argument) {
  if (options.program == Program::sub) {
    if (!mqtt::TopicFilter::parse(topic).has_value()) {
      throw OptionError("Error: Invalid subscription topic '" + std::string(topic) + "' (" +
                        std::string(argument) + "), are all '+' and '#' wildcards correct?");
    }
    options.filters.emplace_back(topic);
    return;
  }
  if (!mqtt::TopicName::parse(topic).has_value()) {
    throw OptionError("Error: Invalid publish topic '" + std::string(topic) +
                      "', does it contain '+' or '#'?");
  }
  options.topic = topic;
}

Options parse_options(Program program, const std::vector<std::string>& words) {
  Options options;
  options.program = program;
  if (program == Program::rr) {
    options.protocol = mqtt::ProtocolVersion::v5;
  }
  if (const std::string path = options_file(program); !path.empty()) {
    apply_file(options, path);
  }
  cli::apply(options, words);
  if (!options.help && !options.version) {
    finish_options(options);
  }
  return options;
}

void finish_options(Options& options) {
  finish_will(options);
  finish_endpoint(options.endpoint);
  finish_session(options);
  finish_message(options);
  check_properties(options.properties);
  if (options.format.has_value()) {
    if (const auto problem = format_problem(*options.format)) {
      throw OptionError(*problem);
    }
  }
}

}  // namespace peal::cli

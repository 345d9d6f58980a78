// -L: everything at once as a URL.
#include <array>
#include <charconv>
#include <string>

#include "peal/cli/options.hpp"

namespace peal::cli {
namespace {

struct Scheme {
  std::string_view prefix;
  std::uint16_t port;
  bool tls;
  bool websocket;
};

constexpr std::array schemes{
    Scheme{"mqtt://", 1883, false, false},
    Scheme{"mqtts://", 8883, true, false},
    Scheme{"ws://", 1883, false, true},
    Scheme{"wss://", 8883, true, true},
};

bool begins_with(std::string_view text, std::string_view prefix) {
  if (text.size() < prefix.size()) {
    return false;
  }
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != prefix[i]) {
      return false;
    }
  }
  return true;
}

/// "%40" becomes '@'; a '%' without two hexadecimal digits stays.
std::string percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr ==
            text.data() + i + 3) {
      result += static_cast<char>(value);
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

void apply_user(Options& options, std::string_view user) {
  const std::size_t colon = user.find(':');
  options.user_name = percent_decoded(user.substr(0, colon));
  if (colon != std::string_view::npos) {
    options.password = percent_decoded(user.substr(colon + 1));
  }
}

std::uint16_t parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) {
    throw OptionError("Error: Invalid port given: " + std::string(text));
  }
  return port;
}

/// host, host:port, [address] or [address]:port.
void apply_host(Endpoint& endpoint, std::string_view text) {
  std::string_view host = text;
  std::string_view rest;
  if (text.starts_with('[') && text.find(']') != std::string_view::npos) {
    host = text.substr(1, text.find(']') - 1);
    rest = text.substr(text.find(']') + 1);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  if (host.empty()) {
    throw OptionError("Error: Invalid URL for -L argument specified - host missing.");
  }
  if (!rest.empty()) {
    if (!rest.starts_with(':')) {
      throw OptionError("Error: Invalid URL for -L argument specified - '" + std::string(rest) +
                        "' behind the host.");
    }
    endpoint.port = parse_port(rest.substr(1));
  }
  endpoint.host = host;
}

}  // namespace

void apply_url(Options& options, std::string_view url) {
  const Scheme* scheme = nullptr;
  for (const Scheme& candidate : schemes) {
    if (begins_with(url, candidate.prefix)) {
      scheme = &candidate;
    }
  }
  if (scheme == nullptr) {
    throw OptionError(
        "Error: Unsupported URL scheme; mqtt://, mqtts://, ws:// and wss:// are known.");
  }
  std::string_view rest = url.substr(scheme->prefix.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) {
    throw OptionError("Error: Invalid URL for -L argument specified - topic missing.");
  }
  Endpoint& endpoint = options.endpoint;
  endpoint.port = scheme->port;
  endpoint.websocket = scheme->websocket;
  endpoint.tls.use_os_certificates |= scheme->tls;
  endpoint.unix_path.clear();
  // The topic is taken as it stands: topics may hold '%', '#' and '?'.
  add_topic(options, rest.substr(slash + 1), "-L topic");
  rest = rest.substr(0, slash);
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    apply_user(options, rest.substr(0, at));
    rest = rest.substr(at + 1);
  }
  apply_host(endpoint, rest);
}

}  // namespace peal::cli

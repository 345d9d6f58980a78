#include "peal/auth/hook_question.hpp"

#include <array>
#include <sodium.h>
#include <string_view>
#include <utility>

#include "peal/auth/login_guard.hpp"
#include "peal/mqtt/utf8.hpp"

namespace peal::auth {

namespace {

constexpr std::string_view hexadecimal = "0123456789abcdef";

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

/// Of `text` between its quotes: growing would leave a password behind.
std::size_t escaped_bytes(std::string_view text) {
  std::size_t bytes = text.size();
  for (const char c : text) {
    bytes += is_control(c) ? 5 : 0;
    bytes += c == '"' || c == '\\' ? 1 : 0;
  }
  return bytes;
}

void add_text(std::string& json, std::string_view text) {
  json += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (is_control(c)) {
      json += "\\u00";
      json += hexadecimal[byte >> 4U];
      json += hexadecimal[byte & 0xFU];
    } else {
      json += c;
    }
  }
  json += '"';
}

void add_member(std::string& json, std::string_view name, std::string_view text) {
  json += ",\"";
  json += name;
  json += "\":";
  add_text(json, text);
}

/// With a NUL behind it.
std::size_t base64_bytes(std::string_view bytes) {
  return sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL);
}

void add_base64(std::string& json, std::string_view name, std::string_view bytes) {
  json += ",\"";
  json += name;
  json += "\":\"";
  const std::size_t before = json.size();
  const std::size_t with_nul = base64_bytes(bytes);
  json.resize(before + with_nul);
  sodium_bin2base64(json.data() + before, with_nul,
                    reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  json.back() = '"';
}

/// Without its port, and without the brackets that set an IPv6 address off from one.
std::string_view host_of(std::string_view address) {
  std::string_view host = without_port(address);
  if (host.starts_with('[') && host.ends_with(']')) {
    host.remove_prefix(1);
    host.remove_suffix(1);
  }
  return host;
}

}  // namespace

std::optional<std::string> hook_question(const Credentials& who) {
  const std::string_view password = who.password ? std::string_view(*who.password) : "";
  const std::string_view user = who.user_name ? std::string_view(*who.user_name) : "";
  const std::array texts{std::pair{std::string_view("address"), host_of(who.address)},
                         std::pair{std::string_view("certificate_common_name"),
                                   std::string_view(who.certificate_common_name)},
                         std::pair{std::string_view("certificate_subject"),
                                   std::string_view(who.certificate_subject)}};
  const bool is_text = mqtt::is_utf8(password);
  std::size_t bytes = escaped_bytes(who.client_id) + escaped_bytes(user) +
                      (is_text ? escaped_bytes(password) : base64_bytes(password));
  bool is_well_formed = mqtt::is_utf8(who.client_id) && mqtt::is_utf8(user);
  for (const auto& [name, text] : texts) {
    bytes += escaped_bytes(text);
    is_well_formed = is_well_formed && mqtt::is_utf8(text);
  }
  if (!is_well_formed) {
    return std::nullopt;
  }
  std::string json;
  json.reserve(256 + bytes);
  json += R"({"client_id":)";
  add_text(json, who.client_id);
  if (who.user_name) {
    add_member(json, "username", user);
  }
  if (who.password) {
    if (is_text) {
      add_member(json, "password", password);
    } else {
      add_base64(json, "password_base64", password);
    }
  }
  for (const auto& [name, text] : texts) {
    if (!text.empty()) {
      add_member(json, name, text);
    }
  }
  json += who.is_encrypted ? R"(,"encrypted":true})" : R"(,"encrypted":false})";
  return json;
}

}  // namespace peal::auth

#include "peal/net/proxy_header.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

namespace peal::net {
namespace {

using Status = ProxyHeader::Status;

constexpr std::string_view version_1_start = "PROXY ";
constexpr std::size_t version_1_bytes_max = 107;
constexpr std::string_view version_2_start{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t version_2_fixed_bytes = 16;

const ProxyHeader bad{.status = Status::bad, .bytes = 0, .source = {}};

/// Takes the next word, which ends with a space or with the text.
std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool has_leading_zero = text.size() > 1 && text.front() == '0';
  if (error != std::errc{} || end != text.data() + text.size() || has_leading_zero) {
    return std::nullopt;
  }
  return port;
}

/// "TCP4 source destination source-port destination-port", behind "PROXY ".
ProxyHeader parse_version_1_line(std::string_view line, std::size_t bytes) {
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) {
    return {.status = Status::complete, .bytes = bytes, .source = {}};
  }
  if (std::count(line.begin(), line.end(), ' ') != 4) {
    return bad;
  }
  const std::string_view family = take_word(line);
  const std::string_view source = take_word(line);
  const std::string_view destination = take_word(line);
  const auto source_port = parse_port(take_word(line));
  const auto destination_port = parse_port(take_word(line));
  if ((family != "TCP4" && family != "TCP6") || !source_port || !destination_port) {
    return bad;
  }
  const bool is_version_6 = family == "TCP6";
  const auto looks_right = [is_version_6](std::string_view address) {
    return (address.find(':') != std::string_view::npos) == is_version_6;
  };
  const auto address = Address::parse(source, *source_port);
  if (!address || !Address::parse(destination, 0) || !looks_right(source) ||
      !looks_right(destination)) {
    return bad;
  }
  return {.status = Status::complete, .bytes = bytes, .source = *address};
}

ProxyHeader parse_version_1(std::string_view text) {
  const std::size_t end = text.substr(0, version_1_bytes_max).find("\r\n");
  if (end != std::string_view::npos) {
    const std::size_t start = version_1_start.size();
    return parse_version_1_line(text.substr(start, end - start), end + 2);
  }
  return text.size() >= version_1_bytes_max ? bad : ProxyHeader{};
}

std::uint16_t read_u16(Bytes bytes) { return static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]); }

ProxyHeader parse_version_2(Bytes bytes) {
  const std::uint8_t version_and_command = bytes[12];
  const std::uint8_t family = bytes[13];
  const std::size_t size = version_2_fixed_bytes + read_u16(bytes.subspan(14));
  if (version_and_command >> 4 != 2 || (version_and_command & 0x0f) > 1 ||
      size > proxy_header_bytes_max) {
    return bad;
  }
  if (bytes.size() < size) {
    return {};
  }
  const ProxyHeader no_address{.status = Status::complete, .bytes = size, .source = {}};
  const bool is_local_command = (version_and_command & 0x0f) == 0;
  if (is_local_command) {
    return no_address;
  }
  const Bytes body = bytes.first(size).subspan(version_2_fixed_bytes);
  switch (family) {
    case 0x00:  // UNSPEC
      return no_address;
    case 0x11:  // TCP over IPv4: 4 + 4 + 2 + 2 bytes
      return body.size() < 12
                 ? bad
                 : ProxyHeader{Status::complete, size,
                               Address::from_bytes(body.first(4), read_u16(body.subspan(8)))};
    case 0x21:  // TCP over IPv6: 16 + 16 + 2 + 2 bytes
      return body.size() < 36
                 ? bad
                 : ProxyHeader{Status::complete, size,
                               Address::from_bytes(body.first(16), read_u16(body.subspan(32)))};
    case 0x31:  // a Unix stream socket: two names of 108 bytes
      return body.size() < 216 ? bad : ProxyHeader{Status::complete, size, Address::local()};
    default:
      return bad;
  }
}

}  // namespace

ProxyHeader parse_proxy_header(Bytes bytes) {
  const std::string_view text = as_text(bytes);
  const auto begins_with = [text](std::string_view start) {
    const std::size_t size = std::min(text.size(), start.size());
    return text.substr(0, size) == start.substr(0, size);
  };
  if (begins_with(version_1_start)) {
    return text.size() < version_1_start.size() ? ProxyHeader{} : parse_version_1(text);
  }
  if (begins_with(version_2_start)) {
    return text.size() < version_2_fixed_bytes ? ProxyHeader{} : parse_version_2(bytes);
  }
  return bad;
}

}  // namespace peal::net

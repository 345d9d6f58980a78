#include "peal/net/websocket.hpp"

#include <algorithm>
#include <cstring>

namespace peal::net {
namespace {

constexpr std::uint8_t final_bit = 0x80;
constexpr std::uint8_t reserved_bits = 0x70;
constexpr std::uint8_t type_bits = 0x0f;
constexpr std::uint8_t mask_bit = 0x80;
constexpr std::uint8_t length_bits = 0x7f;
constexpr std::uint8_t length_in_2_bytes = 126;
constexpr std::uint8_t length_in_8_bytes = 127;
constexpr std::uint64_t control_bytes_max = 125;

std::uint64_t read_big_endian(Bytes bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) {
    value = value << 8 | byte;
  }
  return value;
}

void write_big_endian(MutableBytes place, std::uint64_t value) {
  for (std::size_t i = place.size(); i > 0; --i) {
    place[i - 1] = static_cast<std::uint8_t>(value);
    value >>= 8;
  }
}

std::size_t length_bytes(std::uint8_t length) {
  if (length == length_in_8_bytes) {
    return 8;
  }
  return length == length_in_2_bytes ? 2 : 0;
}

bool is_known(FrameType type) {
  return type <= FrameType::binary || (type >= FrameType::close && type <= FrameType::pong);
}

/// Whether a close frame may carry `code` (RFC 6455 §7.4).
bool may_be_sent(std::uint16_t code) {
  const bool is_assigned =
      code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
  return is_assigned || (code >= 3000 && code <= 4999);
}

}  // namespace

std::size_t write_frame_header(std::span<std::uint8_t, frame_header_bytes_max> place,
                               FrameType type, std::uint64_t payload_bytes,
                               const std::optional<MaskKey>& mask) {
  const std::uint8_t masked = mask ? mask_bit : std::uint8_t{0};
  std::uint8_t length = 0;
  if (payload_bytes > 0xffff) {
    length = length_in_8_bytes;
  } else {
    length = payload_bytes > control_bytes_max ? length_in_2_bytes
                                               : static_cast<std::uint8_t>(payload_bytes);
  }
  place[0] = static_cast<std::uint8_t>(final_bit | static_cast<std::uint8_t>(type));
  place[1] = masked | length;
  std::size_t size = 2;
  write_big_endian(place.subspan(size, length_bytes(length)), payload_bytes);
  size += length_bytes(length);
  if (mask) {
    std::copy(mask->begin(), mask->end(), place.begin() + static_cast<std::ptrdiff_t>(size));
    size += mask->size();
  }
  return size;
}

void apply_mask(MutableBytes bytes, const MaskKey& mask, std::uint64_t position) {
  MaskKey turned{};
  for (std::size_t i = 0; i < turned.size(); ++i) {
    turned[i] = mask[(position + i) % mask.size()];
  }
  std::uint32_t word = 0;
  std::memcpy(&word, turned.data(), sizeof word);
  const std::uint64_t words = std::uint64_t{word} << 32 | word;
  std::size_t i = 0;
  for (; i + sizeof words <= bytes.size(); i += sizeof words) {
    std::uint64_t chunk = 0;
    std::memcpy(&chunk, bytes.data() + i, sizeof chunk);
    chunk ^= words;
    std::memcpy(bytes.data() + i, &chunk, sizeof chunk);
  }
  for (; i < bytes.size(); ++i) {
    bytes[i] ^= turned[i % turned.size()];
  }
}

MutableBytes FrameDecoder::decode(MutableBytes bytes) {
  std::size_t next = 0;
  std::size_t kept = 0;
  while (error_ == WebSocketCode::none && close_code_ == WebSocketCode::none) {
    if (!in_payload_) {
      if (next == bytes.size()) {
        break;
      }
      header_[header_size_++] = bytes[next++];
      if (header_is_whole()) {
        read_header();
      }
      continue;
    }
    const std::uint64_t left = payload_bytes_ - position_;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, bytes.size() - next));
    const MutableBytes part = bytes.subspan(next, size);
    if (role_ == Role::server) {
      apply_mask(part, mask_, position_);
    }
    if (is_control()) {
      std::copy(part.begin(), part.end(), control_.begin() + control_size_);
      control_size_ = static_cast<std::uint8_t>(control_size_ + size);
    } else {
      if (kept != next && size > 0) {
        std::memmove(bytes.data() + kept, part.data(), size);
      }
      kept += size;
    }
    next += size;
    position_ += size;
    if (position_ < payload_bytes_) {
      break;
    }
    in_payload_ = false;
    header_size_ = 0;
    if (is_control()) {
      end_control_frame();
    } else {
      in_message_ = !is_final_;
    }
  }
  return bytes.first(kept);
}

bool FrameDecoder::header_is_whole() const {
  if (header_size_ < 2) {
    return false;
  }
  const std::size_t mask_size = (header_[1] & mask_bit) != 0 ? mask_.size() : 0;
  return header_size_ == 2 + length_bytes(header_[1] & length_bits) + mask_size;
}

void FrameDecoder::read_header() {
  const std::uint8_t length = header_[1] & length_bits;
  const std::size_t extended = length_bytes(length);
  const Bytes header(header_);
  type_ = static_cast<FrameType>(header_[0] & type_bits);
  is_final_ = (header_[0] & final_bit) != 0;
  payload_bytes_ = extended == 0 ? length : read_big_endian(header.subspan(2, extended));
  const bool is_masked = (header_[1] & mask_bit) != 0;
  if (is_masked) {
    std::copy_n(header.begin() + static_cast<std::ptrdiff_t>(2 + extended), mask_.size(),
                mask_.begin());
  }
  position_ = 0;
  control_size_ = 0;
  in_payload_ = true;
  const bool is_shortest = extended == 0 || (extended == 2 && payload_bytes_ > control_bytes_max) ||
                           (extended == 8 && payload_bytes_ > 0xffff);
  if (!is_shortest) {
    fail(WebSocketCode::protocol_error);
    return;
  }
  check_header(is_final_, header_[0] & reserved_bits, is_masked);
}

/// The rules of RFC 6455 §5.1 to §5.5, and that MQTT is binary [MQTT-6.0.0-1].
void FrameDecoder::check_header(bool is_final, std::uint8_t reserved, bool is_masked) {
  const bool must_be_masked = role_ == Role::server;
  const bool is_continuation = type_ == FrameType::continuation;
  if (reserved != 0 || is_masked != must_be_masked || !is_known(type_)) {
    fail(WebSocketCode::protocol_error);
  } else if (is_control()) {
    if (!is_final || payload_bytes_ > control_bytes_max) {
      fail(WebSocketCode::protocol_error);
    }
  } else if (is_continuation != in_message_) {
    fail(WebSocketCode::protocol_error);
  } else if (type_ == FrameType::text) {
    fail(WebSocketCode::unsupported_data);
  } else if (payload_bytes_ > limit_) {
    fail(WebSocketCode::too_big);
  }
}

void FrameDecoder::end_control_frame() {
  if (type_ == FrameType::ping) {
    std::copy_n(control_.begin(), control_size_, ping_.begin());
    ping_size_ = control_size_;
    has_ping_ = true;
  } else if (type_ == FrameType::close) {
    end_close_frame();
  }
}

void FrameDecoder::end_close_frame() {
  if (control_size_ == 0) {
    close_code_ = WebSocketCode::no_status;
    return;
  }
  const auto code =
      static_cast<std::uint16_t>(control_size_ < 2 ? 0 : control_[0] << 8 | control_[1]);
  if (!may_be_sent(code)) {
    fail(WebSocketCode::protocol_error);
    return;
  }
  close_code_ = static_cast<WebSocketCode>(code);
}

std::optional<Bytes> FrameDecoder::take_ping() {
  if (!has_ping_) {
    return std::nullopt;
  }
  has_ping_ = false;
  return Bytes(ping_).first(ping_size_);
}

bool WebSocket::note_ping() {
  if (const auto ping = decoder_.take_ping()) {
    std::copy(ping->begin(), ping->end(), pong_.begin());
    pong_size_ = static_cast<std::uint8_t>(ping->size());
    pong_is_due_ = true;
  }
  return pong_is_due_;
}

Bytes WebSocket::pong_if_due() {
  if (!pong_is_due_) {
    return {};
  }
  pong_is_due_ = false;
  const std::span place(pong_frame_);
  const std::size_t size =
      write_frame_header(place.first<frame_header_bytes_max>(), FrameType::pong, pong_size_);
  std::copy_n(pong_.begin(), pong_size_, place.begin() + static_cast<std::ptrdiff_t>(size));
  return place.first(size + pong_size_);
}

Bytes WebSocket::close_frame() {
  WebSocketCode code = WebSocketCode::normal;
  if (decoder_.error() != WebSocketCode::none) {
    code = decoder_.error();
  } else if (decoder_.close_code() != WebSocketCode::none &&
             decoder_.close_code() != WebSocketCode::no_status) {
    code = decoder_.close_code();
  }
  close_frame_ = {
      static_cast<std::uint8_t>(final_bit | static_cast<std::uint8_t>(FrameType::close)), 2,
      static_cast<std::uint8_t>(static_cast<std::uint16_t>(code) >> 8),
      static_cast<std::uint8_t>(code)};
  return close_frame_;
}

}  // namespace peal::net

// WebSocket frames (RFC 6455 §5) without any I/O: what came in is turned into application bytes in
// place, what goes out gets a header.
//
// Frames and packets need not line up [MQTT-6.0.0-2] [MQTT3-6.0.0-2]: payload is handed on as it
// arrives, in any split, so a decoder keeps nothing but the frame's header and a control frame's
// few bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "peal/base/bytes.hpp"

namespace peal::net {

enum class FrameType : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

/// Why a WebSocket is closed (RFC 6455 §7.4.1).
enum class WebSocketCode : std::uint16_t {
  none = 0,
  normal = 1000,
  protocol_error = 1002,
  unsupported_data = 1003,
  no_status = 1005,  // never sent: the close frame was empty
  too_big = 1009,
};

using MaskKey = std::array<std::uint8_t, 4>;

/// The longest header: 2 bytes, 8 of length, 4 of mask.
inline constexpr std::size_t frame_header_bytes_max = 14;

/// Writes the header of a final frame.    returns   how many bytes it took.
/// `place`   `frame_header_bytes_max` bytes.
[[nodiscard]] std::size_t write_frame_header(std::span<std::uint8_t, frame_header_bytes_max> place,
                                             FrameType type, std::uint64_t payload_bytes,
                                             const std::optional<MaskKey>& mask = std::nullopt);

/// Masks or unmasks `bytes` in place; `position` is that of the first byte in the payload.
void apply_mask(MutableBytes bytes, const MaskKey& mask, std::uint64_t position = 0);

/// Reads one direction of a WebSocket.
class FrameDecoder {
 public:
  enum class Role : std::uint8_t { server, client };  // of the reader

  /// `frame_bytes_limit`   a frame that says to be longer is refused with `too_big`.
  explicit FrameDecoder(Role role, std::uint64_t frame_bytes_limit)
      : limit_(frame_bytes_limit), role_(role) {}

  /// Takes all of `bytes`.
  /// returns   the application bytes in them, moved together at the beginning of `bytes`. After the
  ///           peer's close frame or an error nothing more is returned.
  [[nodiscard]] MutableBytes decode(MutableBytes bytes);

  /// What was wrong; `none` while all is well.
  [[nodiscard]] WebSocketCode error() const { return error_; }
  /// The code of the peer's close frame; `none` while there was none.
  [[nodiscard]] WebSocketCode close_code() const { return close_code_; }
  /// The payload of the last ping since the last call, if there was one. Valid until `decode`. (An
  /// endpoint may answer only the most recent of several, RFC 6455 §5.5.3.)
  [[nodiscard]] std::optional<Bytes> take_ping();

 private:
  [[nodiscard]] bool header_is_whole() const;
  void read_header();
  void check_header(bool is_final, std::uint8_t reserved, bool is_masked);
  void end_control_frame();
  void end_close_frame();
  [[nodiscard]] bool is_control() const { return type_ >= FrameType::close; }
  void fail(WebSocketCode code) { error_ = code; }

  std::uint64_t limit_;
  std::uint64_t payload_bytes_ = 0;  // of the current frame
  std::uint64_t position_ = 0;       // in its payload
  MaskKey mask_{};
  WebSocketCode error_ = WebSocketCode::none;
  WebSocketCode close_code_ = WebSocketCode::none;
  Role role_;
  FrameType type_ = FrameType::continuation;
  bool in_payload_ = false;
  bool in_message_ = false;  // a fragmented message goes on
  bool is_final_ = false;
  bool has_ping_ = false;
  std::uint8_t header_size_ = 0;
  std::uint8_t control_size_ = 0;
  std::uint8_t ping_size_ = 0;
  std::array<std::uint8_t, frame_header_bytes_max> header_{};
  std::array<std::uint8_t, 125> control_{};
  std::array<std::uint8_t, 125> ping_{};
};

/// The server's side of one WebSocket: the decoder, and the bytes around what is sent.
class WebSocket {
 public:
  explicit WebSocket(std::uint64_t frame_bytes_limit)
      : decoder_(FrameDecoder::Role::server, frame_bytes_limit) {}

  [[nodiscard]] FrameDecoder& decoder() { return decoder_; }

  /// Notes a ping that wants an answer.    returns   whether there is one to send.
  [[nodiscard]] bool note_ping();
  /// A pong frame if one is due, else nothing. Valid until the next call.
  [[nodiscard]] Bytes pong_if_due();
  /// The close frame that answers what the decoder saw (1000 when it saw nothing). Lives as long as
  /// this object.
  [[nodiscard]] Bytes close_frame();

 private:
  FrameDecoder decoder_;
  bool pong_is_due_ = false;
  std::uint8_t pong_size_ = 0;
  std::array<std::uint8_t, 125> pong_{};
  std::array<std::uint8_t, frame_header_bytes_max + 125> pong_frame_{};
  std::array<std::uint8_t, 4> close_frame_{};
};

}  // namespace peal::net

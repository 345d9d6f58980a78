#include "peal/mqtt/escaped.hpp"

#include <cstdint>

#include "peal/mqtt/utf8.hpp"

namespace peal::mqtt {

namespace {

constexpr char32_t no_character = 0xFFFFFFFF;

/// One character, or one byte that is none.
struct Piece {
  std::size_t size = 1;
  char32_t code = no_character;
};

/// The bytes that a character which begins with `lead` has.
std::size_t size_after(std::uint8_t lead) {
  return lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/// What `text`, which is not empty, begins with.
Piece first_piece(std::string_view text) {
  const auto lead = static_cast<std::uint8_t>(text.front());
  const std::string_view character = text.substr(0, size_after(lead));
  if (lead == 0) {
    return {.size = 1, .code = 0};
  }
  if (!is_utf8(character)) {
    return {};
  }
  const unsigned lead_bits = character.size() == 1 ? 0x7FU : 0x7FU >> character.size();
  char32_t code = lead & lead_bits;
  for (const char byte : character.substr(1)) {
    code = (code << 6U) | (static_cast<std::uint8_t>(byte) & 0x3FU);
  }
  return {.size = character.size(), .code = code};
}

bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

void append_number(std::string& out, char32_t code) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += "\\u";
  for (unsigned shift = 16; shift > 0; shift -= 4) {
    out += digits[(code >> (shift - 4)) & 0xFU];
  }
}

void append_piece(std::string& out, std::string_view bytes, char32_t code) {
  if (code == no_character) {
    append_number(out, static_cast<std::uint8_t>(bytes.front()));
  } else if (is_control(code)) {
    append_number(out, code);
  } else {
    out += bytes;
  }
}

}  // namespace

std::string escaped(std::string_view text, std::size_t limit) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const Piece piece = first_piece(text.substr(at));
    if (at + piece.size > limit) {
      return out + "...";
    }
    if (piece.code == U'"' || piece.code == U'\\') {
      out += '\\';
    }
    append_piece(out, text.substr(at, piece.size), piece.code);
    at += piece.size;
  }
  return out;
}

std::string printable(std::string_view message) {
  std::string out;
  std::size_t at = 0;
  while (at < message.size()) {
    const Piece piece = first_piece(message.substr(at));
    append_piece(out, message.substr(at, piece.size), piece.code);
    at += piece.size;
  }
  return out;
}

}  // namespace peal::mqtt

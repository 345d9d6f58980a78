// The keys of clients that connect with TLS-PSK, as Mosquitto's psk_file lists them:
// `identity:key`, one on a line, the key in hexadecimal digits; empty lines and lines that begin
// with # say nothing.
//
// Read whole or refused whole, as password_file.hpp says and why.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "peal/base/bytes.hpp"
#include "peal/base/text_hash.hpp"

namespace peal::auth {

/// The bytes of a key in hexadecimal digits.    errors   nothing: another text, or half a byte.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> parse_psk_key(std::string_view digits);

/// One reading of a file: a value. Whoever wants to see changes reads again. The keys are wiped
/// when it goes.
class PskFile {
 public:
  /// errors   a sentence with `path:line: ` in front that says what to do: a file that cannot be
  ///          read or that others may read, a line without a colon or longer than 4 KiB, a bad
  ///          identity, one twice, a key that is not hexadecimal, shorter than 8 or longer than
  ///          256 bytes, more than a million lines.
  /// cost     O(size). Waits for the disk.
  [[nodiscard]] static std::expected<PskFile, std::string> read(const std::string& path);

  PskFile() = default;
  ~PskFile();
  PskFile(PskFile&&) = default;
  PskFile& operator=(PskFile&&) = delete;
  PskFile(const PskFile&) = delete;
  PskFile& operator=(const PskFile&) = delete;

  /// returns  the identity's key, which lives as long as this object; empty when there is none.
  /// cost     O(1), no allocation.    threads   any.
  [[nodiscard]] Bytes find(std::string_view identity) const;

  [[nodiscard]] std::size_t size() const { return keys_.size(); }

 private:
  struct Entry {
    std::vector<std::uint8_t> key;
    std::size_t line;
  };

  /// returns   what is wrong with the line; empty when nothing is.
  std::string add(std::string_view line, std::size_t number);

  std::unordered_map<std::string, Entry, TextHash, std::equal_to<>> keys_;
};

}  // namespace peal::auth

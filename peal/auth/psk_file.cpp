#include "peal/auth/psk_file.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <memory>
#include <openssl/crypto.h>
#include <optional>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "peal/auth/password_file.hpp"
#include "peal/base/trim.hpp"

namespace peal::auth {

namespace {

constexpr std::size_t max_line_bytes = 4096;
constexpr std::size_t min_key_bytes = 8;
constexpr std::size_t max_key_bytes = 256;
constexpr std::size_t max_identity_bytes = 255;
constexpr std::size_t max_keys = 1'000'000;

struct Closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Closer>;

std::string unreadable(int error) {
  std::string text = "cannot be read: " + std::generic_category().message(error);
  if (error == ENOENT) {
    text += "; make one with a line IDENTITY:HEXKEY for each client (chmod 600)";
  } else if (error == EACCES || error == EPERM) {
    text += "; give it to the user that the server runs as";
  }
  return text;
}

std::expected<File, std::string> open_file(const std::string& path) {
  // A pipe would let the server wait for who never writes.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return std::unexpected(unreadable(errno));
  }
  struct stat status{};
  File file(::fdopen(fd, "r"));
  if (!file || ::fstat(fd, &status) != 0) {
    return std::unexpected(unreadable(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return std::unexpected("is not a regular file; name one with a line IDENTITY:HEXKEY for each");
  }
  // Here stand keys, not hashes of them.
  if ((status.st_mode & S_IRWXO) != 0) {
    return std::unexpected("holds keys, and every user of this machine may read it; chmod 600");
  }
  return file;
}

/// Reads one line without its end; of one that is too long, one byte more than it may have.
///
/// returns   false at the end of the file, or when it cannot be read (std::ferror).
bool read_line(std::FILE* file, std::string& line) {
  line.clear();
  int byte = 0;
  while (line.size() <= max_line_bytes && (byte = ::getc_unlocked(file)) != EOF && byte != '\n') {
    line += static_cast<char>(byte);
  }
  return !line.empty() || byte == '\n';
}

int digit_value(char digit) {
  if (digit >= '0' && digit <= '9') {
    return digit - '0';
  }
  const int letter = digit | 0x20;
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

}  // namespace

std::optional<std::vector<std::uint8_t>> parse_psk_key(std::string_view digits) {
  if (digits.size() % 2 != 0) {
    return std::nullopt;
  }
  std::vector<std::uint8_t> key;
  key.reserve(digits.size() / 2);
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = digit_value(digits[i]);
    const int low = digit_value(digits[i + 1]);
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    key.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return key;
}

PskFile::~PskFile() {
  for (auto& [identity, entry] : keys_) {
    OPENSSL_cleanse(entry.key.data(), entry.key.size());
  }
}

std::expected<PskFile, std::string> PskFile::read(const std::string& path) {
  const auto file = open_file(path);
  if (!file) {
    return std::unexpected(path + ": " + file.error());
  }
  PskFile keys;
  std::string line;
  for (std::size_t number = 1; read_line(file->get(), line); ++number) {
    if (const std::string problem = keys.add(line, number); !problem.empty()) {
      return std::unexpected(path + ':' + std::to_string(number) + ": " + problem);
    }
  }
  OPENSSL_cleanse(line.data(), line.size());
  if (std::ferror(file->get()) != 0) {
    return std::unexpected(path + ": " + unreadable(errno));
  }
  return keys;
}

Bytes PskFile::find(std::string_view identity) const {
  const auto found = keys_.find(identity);
  return found == keys_.end() ? Bytes{} : Bytes(found->second.key);
}

std::string PskFile::add(std::string_view line, std::size_t number) {
  if (line.size() > max_line_bytes) {
    return "the line is longer than 4096 bytes; write IDENTITY:HEXKEY";
  }
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  if (line.starts_with('#') || trimmed(line).empty()) {
    return {};
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) {
    return "the line has no colon; write IDENTITY:HEXKEY, or # in front of a comment";
  }
  const std::string_view identity = line.substr(0, colon);
  // An identity is a user's name to everybody else.
  if (const std::string_view problem = user_name_problem(identity); !problem.empty()) {
    return std::string(problem) + "; change it, or delete the line";
  }
  if (identity.size() > max_identity_bytes) {
    return "the identity is longer than 255 bytes, which is all that TLS takes; change it";
  }
  auto key = parse_psk_key(trimmed(line.substr(colon + 1)));
  if (!key) {
    return "the key is not hexadecimal, two digits for each byte; `openssl rand -hex 32` makes one";
  }
  if (key->size() < min_key_bytes || key->size() > max_key_bytes) {
    return "the key has fewer than 8 bytes or more than 256; `openssl rand -hex 32` makes one";
  }
  if (const auto found = keys_.find(identity); found != keys_.end()) {
    return "the identity '" + std::string(identity) + "' stands on line " +
           std::to_string(found->second.line) + ", too; delete one of the two";
  }
  if (keys_.size() == max_keys) {
    return "there are more than 1000000 identities; delete some";
  }
  keys_.emplace(identity, Entry{std::move(*key), number});
  return {};
}

}  // namespace peal::auth

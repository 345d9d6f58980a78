#include "peal/server/config_text.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "peal/base/bytes.hpp"
#include "peal/mqtt/utf8.hpp"

namespace peal::server {

namespace {

constexpr std::string_view opening = "${";
constexpr std::size_t secret_file_limit = std::size_t{64} << 10;
/// A shorter one is found by accident in many a word.
constexpr std::size_t hidden_from = 4;

using Text = std::expected<std::string, std::string>;

Text variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) {
    return std::unexpected("the variable " + name + " is not set");
  }
  return std::string(value);
}

Text content(const std::string& path) {
  auto text = read_whole_file(path, secret_file_limit);
  if (!text) {
    return std::unexpected(path + " " + text.error());
  }
  if (text->ends_with('\n')) {
    text->pop_back();
  }
  if (text->ends_with('\r')) {
    text->pop_back();
  }
  return text;
}

/// What "env:NAME" or "file:PATH" stands for.
Text meaning_of(std::string_view reference) {
  constexpr std::string_view env = "env:";
  constexpr std::string_view file = "file:";
  Text text = reference.starts_with(env) ? variable(std::string(reference.substr(env.size())))
              : reference.starts_with(file)
                  ? content(std::string(reference.substr(file.size())))
                  : std::unexpected(std::string("${...} is ${env:NAME} or ${file:PATH}; for a "
                                                "plain ${ write $${"));
  if (text && (!mqtt::is_utf8(*text) || text->find('\0') != std::string::npos)) {
    return std::unexpected("what ${" + std::string(reference) + "} stands for is no UTF-8");
  }
  return text;
}

}  // namespace

bool has_reference(std::string_view text) { return text.find(opening) != std::string_view::npos; }

std::expected<ExpandedText, std::string> expand_text(std::string_view text) {
  ExpandedText expanded;
  std::size_t from = 0;
  for (std::size_t at = text.find(opening); at != std::string_view::npos;
       at = text.find(opening, from)) {
    if (at > from && text[at - 1] == '$') {  // "$${"
      expanded.text += text.substr(from, at - 1 - from);
      expanded.text += opening;
      from = at + opening.size();
      continue;
    }
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) {
      return std::unexpected("${ has no end; for a plain ${ write $${");
    }
    const std::size_t begin = at + opening.size();
    auto meaning = meaning_of(text.substr(begin, end - begin));
    if (!meaning) {
      return std::unexpected(meaning.error());
    }
    expanded.text += text.substr(from, at - from);
    expanded.text += *meaning;
    expanded.secrets.push_back(std::move(*meaning));
    from = end + 1;
  }
  expanded.text += text.substr(from);
  return expanded;
}

std::expected<std::string, std::string> read_whole_file(const std::string& path,
                                                        std::size_t limit) {
  const auto failed = [] {
    return std::unexpected(std::string("cannot be read: ") + std::strerror(errno));
  };
  // A pipe that nobody writes to must not hold a reload up.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return failed();
  }
  std::string text;
  char buffer[16384];
  ssize_t count = 0;
  while (text.size() <= limit && (count = ::read(fd, buffer, sizeof buffer)) > 0) {
    text.append(buffer, static_cast<std::size_t>(count));
  }
  auto result = count < 0 ? std::expected<std::string, std::string>(failed()) : std::move(text);
  ::close(fd);
  if (result && result->size() > limit) {
    return std::unexpected("is larger than " + std::to_string(limit >> 10) + " KiB");
  }
  return result;
}

std::string without_secrets(std::string text, const std::vector<std::string>& secrets) {
  constexpr std::string_view stars = "***";
  for (const std::string& secret : secrets) {
    if (secret.size() < hidden_from) {
      continue;
    }
    for (std::size_t at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + stars.size())) {
      text.replace(at, secret.size(), stars);
    }
  }
  return text;
}

}  // namespace peal::server

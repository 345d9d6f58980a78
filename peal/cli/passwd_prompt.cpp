#include "peal/cli/passwd_prompt.hpp"

#include <cstdio>
#include <poll.h>
#include <stdexcept>
#include <termios.h>
#include <unistd.h>

#include "peal/cli/interrupt.hpp"
#include "peal/cli/line_reader.hpp"

namespace peal::cli {

namespace {

/// The terminal shows nothing but ends of lines while this lives.
class Hidden {
 public:
  Hidden() {
    is_changed_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    hidden.c_lflag |= ECHONL;
    // What was typed before the question was seen is no answer to it.
    is_changed_ = is_changed_ && ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0;
    if (!is_changed_) {
      throw std::runtime_error(
          "the terminal cannot be kept from showing the password; "
          "pipe it into the standard input");
    }
  }
  ~Hidden() { ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_); }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;

 private:
  termios before_{};
  bool is_changed_ = false;
};

/// An interrupt is let in here alone, so that the terminal is put right before the program ends.
void wait_for_input() {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  const sigset_t signals = signals_while_waiting();
  (void)::ppoll(&input, 1, nullptr, &signals);
  if (is_interrupted()) {
    throw std::runtime_error("interrupted; nothing was changed");
  }
}

std::string read_line(LineReader& lines) {
  while (true) {
    if (auto line = lines.take()) {
      return *line;
    }
    if (lines.is_at_end()) {
      throw std::runtime_error("the standard input ended before a password came");
    }
    wait_for_input();
    lines.read();
  }
}

std::string ask(LineReader& lines, std::string_view question) {
  const Hidden hidden;
  std::fprintf(stderr, "%.*s: ", static_cast<int>(question.size()), question.data());
  return read_line(lines);
}

}  // namespace

std::string ask_password(std::string_view user) {
  LineReader lines(STDIN_FILENO);
  if (::isatty(STDIN_FILENO) == 0) {
    return read_line(lines);
  }
  catch_interrupts();
  const std::string password = ask(lines, "Password of " + std::string(user));
  if (ask(lines, "The same again") != password) {
    throw std::runtime_error("the two passwords differ; nothing was changed");
  }
  return password;
}

}  // namespace peal::cli

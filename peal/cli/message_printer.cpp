#include "peal/cli/message_printer.hpp"

#include <cstdio>

#include "peal/cli/format.hpp"
#include "peal/cli/program.hpp"

namespace peal::cli {
namespace {

std::string verbose_text(const mqtt::Publish& message) {
  return std::string(message.topic.text()) + " " +
         (message.payload.empty() ? "(null)" : std::string(as_text(message.payload)));
}

}  // namespace

MessagePrinter::MessagePrinter(const Options& options)
    : options_(options), random_(std::random_device{}()) {}

bool MessagePrinter::print(const mqtt::Publish& message) {
  if (random_() % 1000 >= options_.random_filter) {
    return true;
  }
  std::string text;
  if (options_.format.has_value()) {
    std::string problem;
    text = format_message(*options_.format, message, print_time_now(), options_.pretty, problem);
    report(options_, problem);
  } else if (message.payload.empty() && !(options_.verbose && options_.end_of_line)) {
    return true;  // nothing to see
  } else {
    text = options_.verbose ? verbose_text(message) : std::string(as_text(message.payload));
  }
  if (options_.end_of_line) {
    text += '\n';
  }
  const bool is_written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  return std::fflush(stdout) == 0 && is_written;
}

}  // namespace peal::cli

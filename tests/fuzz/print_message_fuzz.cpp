// What a subscriber prints of a message that comes from anybody: each format gives something or
// says why not, and JSON is one line of it. The first line is the topic.
#include <algorithm>
#include <array>
#include <string>

#include "peal/base/assert.hpp"
#include "peal/cli/format.hpp"

namespace {

using namespace peal;

constexpr std::array<std::string_view, 6> formats{
    "%j", "%J", "%t %p", "%x %X", "%C|%D|%E|%F|%P|%R|%S", "@Y %I %l %q"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(data, size);
  const std::string_view text = as_text(bytes);
  const std::size_t end = std::min(text.find('\n'), size);
  const auto topic = mqtt::TopicName::parse(text.substr(0, end));
  if (!topic) {
    return 0;
  }
  mqtt::Publish message;
  message.topic = *topic;
  message.payload = bytes.subspan(std::min(end + 1, size));
  for (const std::string_view format : formats) {
    std::string problem;
    const std::string out = cli::format_message(format, message, {}, false, problem);
    PEAL_ASSERT(!out.empty() || !problem.empty());
    if (format == "%j" || (format == "%J" && problem.empty())) {
      PEAL_ASSERT(out.front() == '{' && out.back() == '}' && !out.contains('\n'));
    }
  }
  return 0;
}

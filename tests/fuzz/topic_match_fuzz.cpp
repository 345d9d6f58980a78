// Any Topic Filter against any Topic Name, compared with the naive matcher. A line break parts
// them.
#include <algorithm>
#include <string>

#include "support/naive_match.hpp"

#include "peal/base/assert.hpp"
#include "peal/mqtt/topic_filter.hpp"

namespace {

using namespace peal::mqtt;

void check(const std::string& filter_text, const std::string& topic_text) {
  const auto filter = TopicFilter::parse(filter_text);
  const auto topic = TopicName::parse(topic_text);
  if (topic) {
    PEAL_ASSERT(topic->text() == topic_text);
    // A Topic Name is a filter that matches itself, unless it looks shared and is not.
    const auto same = TopicFilter::parse(topic_text);
    PEAL_ASSERT(same || topic_text.starts_with("$share/"));
    PEAL_ASSERT(!same || same->is_shared() || matches(*same, *topic));
  }
  if (!filter || !topic) {
    return;
  }
  PEAL_ASSERT(filter->is_shared() == !filter->share_name().empty());
  PEAL_ASSERT(matches(*filter, *topic) ==
              test::naive_match(std::string(filter->filter()), topic_text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  check(text.substr(0, end), text.substr(std::min(end + 1, text.size())));
  return 0;
}

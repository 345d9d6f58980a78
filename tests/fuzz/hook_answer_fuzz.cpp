// Answers of an HTTP service that says who a client is: whatever it sends, nobody is let in without
// a name, with rights that are no rules, or when his time is over.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "peal/auth/access_rule.hpp"
#include "peal/auth/hook_answer.hpp"
#include "peal/base/assert.hpp"
#include "peal/mqtt/utf8.hpp"

namespace {

using namespace peal::auth;
using namespace std::chrono_literals;

constexpr std::chrono::system_clock::time_point now{1'700'000'000s};

/// A line is "role NAME" or EFFECT ACTION FILTER.
void check_line(std::string_view line) {
  const bool is_role = line.starts_with("role ");
  const bool is_rule = line.starts_with("allow ") || line.starts_with("deny ");
  PEAL_ASSERT(is_role != is_rule);
  PEAL_ASSERT(peal::mqtt::is_utf8(line));
  if (is_rule) {
    const std::string_view rest = line.substr(line.find(' ') + 1);
    const std::size_t blank = rest.find(' ');
    PEAL_ASSERT(blank != std::string_view::npos);
    const std::string_view action = rest.substr(0, blank);
    PEAL_ASSERT(action == "publish" || action == "subscribe" || action == "all");
    PEAL_ASSERT(TopicPattern::parse(rest.substr(blank + 1)).has_value());
  }
}

void check_identity(const Identity& identity) {
  PEAL_ASSERT(!identity.user.empty() && identity.user.size() <= 256);
  PEAL_ASSERT(peal::mqtt::is_utf8(identity.user));
  PEAL_ASSERT(!identity.expires || *identity.expires > now);
  PEAL_ASSERT(identity.grants.empty() || identity.grants.back() == '\n');
  std::string_view rest = identity.grants;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    check_line(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = peal::as_text({data, size});
  for (const std::string_view user : {"anna", ""}) {
    const auto answer = read_hook_answer(200, body, user, now);
    if (!answer) {
      PEAL_ASSERT(!answer.error().empty());
      continue;
    }
    PEAL_ASSERT(size <= hook_answer_bytes_limit);
    PEAL_ASSERT(!answer->cache || (*answer->cache >= 0ms && *answer->cache <= hook_cache_limit));
    if (answer->finding.verdict == Verdict::accepted) {
      PEAL_ASSERT(body.find("allow") != std::string_view::npos ||
                  body.find("\\u") != std::string_view::npos);
      check_identity(answer->finding.identity);
    }
  }
  PEAL_ASSERT(!read_hook_answer(204, body, "anna", now).has_value());
  return 0;
}

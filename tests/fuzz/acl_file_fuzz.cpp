// An acl_file: refused with a place and a clean sentence, or a set of rules that answers every
// question, and allows nothing that none of its lines allows.
#include <array>
#include <string>

#include "file_of_bytes.hpp"

#include "peal/auth/acl_file.hpp"

namespace {

using namespace peal;

constexpr std::array<std::string_view, 5> names{"", "anna", "b*", "a/+", "$x"};
constexpr std::array<std::string_view, 5> topics{"a", "a/b", "home/anna/id", "$SYS/x", "/"};

void ask(auth::AccessRules& rules, const broker::ClientIdentity& who) {
  const auto set = rules.rules_of(who);
  for (const std::string_view topic : topics) {
    const auto name = mqtt::TopicName::trusted(topic);
    const auto publish = set->decide_publish(who, name);
    PEAL_ASSERT(publish.is_allowed == set->may_publish(who, name, false));
    PEAL_ASSERT(!publish.is_allowed ||
                (publish.rule != nullptr && publish.rule->effect == auth::Effect::allow));
    const auto filter = mqtt::TopicFilter::parse(topic);
    const auto right = set->may_subscribe(who, *filter);
    // Who may receive all that a filter matches may receive what it matches.
    PEAL_ASSERT(right != broker::SubscribeRight::all || set->may_receive(who, name));
    PEAL_ASSERT(right != broker::SubscribeRight::none || !set->may_receive(who, name));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static test::FileOfBytes file;
  file.fill({data, size});
  auto roles = auth::read_acl_file(file.path(), "anonymous");
  if (!roles) {
    test::check_error(roles.error());
    PEAL_ASSERT(roles.error().starts_with(file.path() + ":"));
    return 0;
  }
  auth::AccessRules rules(std::move(*roles), "anonymous");
  for (const std::string_view user : names) {
    for (const std::string_view client_id : names) {
      ask(rules, {client_id, user});
    }
  }
  return 0;
}

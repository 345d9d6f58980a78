// Random filters, topics and sessions, for tests that compare an index with the naive matcher.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "peal/broker/session.hpp"
#include "peal/broker/space.hpp"

namespace peal::broker::test {

inline std::string random_topic(std::mt19937& random) {
  constexpr std::string_view levels[] = {"a", "b", "c", "", "$x"};
  std::string topic(levels[random() % 5]);
  for (auto i = random() % 4; i > 0; --i) {
    topic += "/" + std::string(levels[random() % 5]);
  }
  return topic.empty() ? "a" : topic;
}

inline std::string random_filter(std::mt19937& random) {
  constexpr std::string_view levels[] = {"a", "b", "c", "", "$x", "+", "+"};
  std::string filter(levels[random() % 7]);
  for (auto i = random() % 4; i > 0; --i) {
    filter += "/" + std::string(levels[random() % 7]);
  }
  if (random() % 3 == 0) {
    filter = random() % 5 == 0 ? "#" : filter + "/#";
  }
  return filter.empty() ? "+" : filter;
}

/// Sessions that belong to no worker.
struct LooseSessions {
  explicit LooseSessions(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      all.push_back(std::make_unique<Session>(SessionHandle{i, 0}, space, std::to_string(i),
                                              PublisherId{i + 1}));
    }
  }
  Session& operator[](std::size_t index) { return *all[index]; }
  Space space{NamespaceId{0}, 1};
  std::vector<std::unique_ptr<Session>> all;
};

}  // namespace peal::broker::test

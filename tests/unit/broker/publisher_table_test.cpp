// Publishers of retained messages: each once, forgotten with its last message.
#include "peal/broker/publisher_table.hpp"

#include <gtest/gtest.h>
#include <map>
#include <random>
#include <string>

namespace peal::broker {
namespace {

PublisherRef publisher(const std::string& client_id, const std::string& user = "",
                       const std::string& grants = "") {
  return Publisher::make({client_id, user, grants});
}

TEST(PublisherTable, TellsNamesApart) {
  PublisherTable table(1);
  const auto ab = table.add(publisher("a", "b"));
  EXPECT_NE(table.add(publisher("ab")), ab);
  EXPECT_NE(table.add(publisher("a", "", "b")), ab);
  EXPECT_EQ(table.add(publisher("a", "b")), ab);
  EXPECT_EQ(table.count(), 3U);
  const ClientIdentity found = table.find(ab)->identity();
  EXPECT_EQ(found.client_id, "a");
  EXPECT_EQ(found.user, "b");
  EXPECT_EQ(found.grants, "");
  EXPECT_EQ(table.add({}), PublisherNumber::none);
  EXPECT_FALSE(table.find(PublisherNumber::none));
  table.remove(PublisherNumber::none);
}

TEST(PublisherTable, HoldsWhatAMapHolds) {
  std::mt19937 random(1);
  PublisherTable table(7);
  std::map<std::string, std::pair<PublisherNumber, int>> model;
  for (int i = 0; i < 5000; ++i) {
    const std::string name = "client-" + std::to_string(random() % 40);
    auto& [number, count] = model[name];
    if (random() % 2 == 0) {
      const PublisherNumber given = table.add(publisher(name, "user"));
      ASSERT_TRUE(count == 0 || given == number);
      number = given;
      ++count;
    } else if (count > 0) {
      table.remove(number);
      --count;
    }
    std::size_t known = 0;
    std::size_t bytes = 0;
    for (const auto& [client_id, each] : model) {
      if (each.second > 0) {
        ASSERT_EQ(table.find(each.first)->identity().client_id, client_id);
        ++known;
        bytes += client_id.size() + std::string("user").size() + 2;
      }
    }
    ASSERT_EQ(table.count(), known);
    ASSERT_EQ(table.bytes(), bytes);
  }
}

}  // namespace
}  // namespace peal::broker

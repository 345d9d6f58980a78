#include "peal/broker/retained_list.hpp"

#include <gtest/gtest.h>
#include <string>

namespace peal::broker {
namespace {

Retained retained(const std::string& topic, const PublisherRef& publisher) {
  const MessageFields fields{
      .topic = *mqtt::TopicName::parse(topic), .payload = {}, .properties = {}};
  return {Message::make(fields), publisher};
}

/// "TOPIC of CLIENT" of what is taken.
std::string taken(RetainedList& list) {
  const Retained next = list.take();
  return std::string(next.message->topic().text()) + " of " +
         (next.publisher ? std::string(next.publisher->identity().client_id) : "nobody");
}

TEST(RetainedList, GivesEachMessageWithItsPublisherInTheirOrder) {
  const PublisherRef bell = Publisher::make({"bell", "", ""});
  const PublisherRef lamp = Publisher::make({"lamp", "", ""});
  RetainedList list;
  EXPECT_TRUE(list.is_empty());
  for (const auto& [topic, publisher] :
       {std::pair{"a", bell}, {"b", bell}, {"c", lamp}, {"d", PublisherRef{}}}) {
    list.add(retained(topic, publisher));
  }
  EXPECT_EQ(taken(list), "a of bell");
  RetainedList more;
  more.add(retained("e", {}));
  more.add(retained("f", bell));
  list.add(std::move(more));
  for (const char* expected :
       {"b of bell", "c of lamp", "d of nobody", "e of nobody", "f of bell"}) {
    EXPECT_EQ(taken(list), expected);
  }
  EXPECT_TRUE(list.is_empty());
  list.add(retained("g", lamp));
  EXPECT_EQ(taken(list), "g of lamp");
  list.add(retained("h", bell));
  list.clear();
  EXPECT_TRUE(list.is_empty());
}

}  // namespace
}  // namespace peal::broker

#include "peal/broker/outgoing.hpp"

#include <algorithm>
#include <deque>
#include <gtest/gtest.h>
#include <random>
#include <set>

namespace peal::broker {
namespace {

using mqtt::PacketId;
using mqtt::QoS;

MessageRef message(unsigned number, Time expires = never) {
  const std::string payload = std::to_string(number);
  return Message::make({.topic = mqtt::TopicName::trusted("t"),
                        .payload = as_bytes(payload),
                        .properties = {},
                        .expires = expires});
}

unsigned number_of(const OutgoingMessage& entry) {
  return static_cast<unsigned>(std::stoul(std::string(as_text(entry.message()->payload()))));
}

void push(Outgoing& outgoing, unsigned number, QoS qos, const GroupRef* group = nullptr) {
  outgoing.push(message(number), qos, false, {}, group);
}

TEST(OutgoingTest, KeepsIdentifiers) {
  Outgoing outgoing;
  const std::uint32_t one[] = {7};
  const std::uint32_t several[] = {1, 2, 3};
  outgoing.push(message(0), QoS::at_least_once, false, {}, nullptr);
  outgoing.push(message(1), QoS::at_least_once, false, one, nullptr);
  outgoing.push(message(2), QoS::at_least_once, false, several, nullptr);
  EXPECT_TRUE(outgoing.identifiers_of(outgoing.begin_flight()).empty());
  EXPECT_EQ(outgoing.identifiers_of(outgoing.begin_flight())[0], 7);
  EXPECT_EQ(outgoing.identifiers_of(outgoing.begin_flight()).size(), 3);
}

TEST(OutgoingTest, KeepsOneStuckMessageThroughAWrapAroundOfIdentifiers) {  // [MQTT-2.2.1-4]
  Outgoing outgoing;
  push(outgoing, 0, QoS::at_least_once);
  const PacketId stuck = outgoing.begin_flight().packet_id;
  push(outgoing, 1, QoS::exactly_once);
  const PacketId second = outgoing.begin_flight().packet_id;
  std::deque<PacketId> open;
  for (unsigned i = 2; i < 140'000; ++i) {
    push(outgoing, i, QoS::at_least_once);
    const PacketId id = outgoing.begin_flight().packet_id;
    ASSERT_NE(id, stuck);
    ASSERT_NE(id, second);
    ASSERT_NE(id, PacketId::none);
    open.push_back(id);
    if (open.size() > 10) {
      OutgoingMessage* entry = outgoing.in_flight(open.front());
      ASSERT_NE(entry, nullptr) << i;
      ASSERT_EQ(entry->packet_id, open.front());
      open.pop_front();
      outgoing.finish(*entry);
    }
  }
  ASSERT_NE(outgoing.in_flight(stuck), nullptr);
  EXPECT_EQ(number_of(*outgoing.in_flight(stuck)), 0);
  EXPECT_EQ(outgoing.count(), 12);
}

TEST(OutgoingTest, TakesBackOnlyWhatIsSharedAndNotBegunWithQos2) {  // [MQTT-4.8.2-4]
  Outgoing outgoing;
  const GroupRef group{};
  push(outgoing, 0, QoS::at_least_once);
  push(outgoing, 1, QoS::at_least_once, &group);
  push(outgoing, 2, QoS::exactly_once, &group);
  for (int i = 0; i < 3; ++i) {
    outgoing.begin_flight();
  }
  push(outgoing, 3, QoS::exactly_once, &group);
  push(outgoing, 4, QoS::exactly_once);
  const auto taken = outgoing.take_shared();
  ASSERT_EQ(taken.size(), 2);
  EXPECT_EQ(number_of(taken[0]), 1);
  EXPECT_EQ(number_of(taken[1]), 3);
  for (const OutgoingMessage& entry : taken) {
    EXPECT_TRUE(outgoing.details_of(entry)->is_shared);
    outgoing.drop(entry);
  }
  EXPECT_EQ(outgoing.count(), 3);
  EXPECT_EQ(outgoing.outstanding(), 2);
  EXPECT_EQ(number_of(*outgoing.next_waiting()), 4);
}

TEST(OutgoingTest, TakesOffWhatExpired) {
  Outgoing outgoing;
  const Time now{std::chrono::hours(1)};
  for (unsigned i = 0; i < 10; ++i) {
    outgoing.push(message(i, i % 3 == 0 ? now : never), QoS::at_least_once, false, {}, nullptr);
  }
  const auto taken = outgoing.take_expired(now);
  EXPECT_EQ(taken.size(), 4);
  for (const OutgoingMessage& entry : taken) {
    outgoing.drop(entry);
  }
  EXPECT_EQ(outgoing.waiting_bytes(), 6 * 2);
  for (const unsigned number : {1U, 2U, 4U, 5U, 7U, 8U}) {
    const OutgoingMessage entry = outgoing.take_waiting();
    EXPECT_EQ(number_of(entry), number);
    outgoing.drop(entry);
  }
}

/// The same as two lists.
struct Model {
  struct Entry {
    unsigned number = 0;
    PacketId id = PacketId::none;
    QoS qos = QoS::at_most_once;
    bool is_released = false;
    bool is_sent_here = false;
  };
  std::deque<Entry> flight;
  std::deque<Entry> waiting;
};

class OutgoingModelTest : public testing::TestWithParam<unsigned> {
 protected:
  void push_one() {
    const QoS qos = random_() % 2 == 0 ? QoS::at_least_once : QoS::exactly_once;
    push(outgoing_, next_number_, qos);
    model_.waiting.push_back({.number = next_number_++, .qos = qos});
  }
  void begin_one() {
    if (model_.waiting.empty() || outgoing_.next_resend() != nullptr) {
      return;
    }
    const OutgoingMessage& entry = outgoing_.begin_flight();
    Model::Entry expected = model_.waiting.front();
    model_.waiting.pop_front();
    ASSERT_EQ(number_of(entry), expected.number);
    for (const auto& other : model_.flight) {
      ASSERT_NE(other.id, entry.packet_id);
    }
    expected.id = entry.packet_id;
    expected.is_sent_here = true;
    model_.flight.push_back(expected);
  }
  void acknowledge_one() {
    if (model_.flight.empty()) {
      return;
    }
    const auto at =
        model_.flight.begin() + static_cast<std::ptrdiff_t>(random_() % model_.flight.size());
    OutgoingMessage* entry = outgoing_.in_flight(at->id);
    ASSERT_NE(entry, nullptr);
    if (at->qos == QoS::exactly_once && !at->is_released) {
      ASSERT_EQ(number_of(*entry), at->number);
      outgoing_.release(*entry);
      at->is_released = true;
      return;
    }
    const PacketId id = at->id;
    outgoing_.finish(*entry);
    model_.flight.erase(at);
    ASSERT_EQ(outgoing_.in_flight(id), nullptr);
  }
  void resend_all() {
    outgoing_.rewind();
    for (auto& expected : model_.flight) {
      OutgoingMessage* entry = outgoing_.next_resend();
      ASSERT_NE(entry, nullptr);
      ASSERT_EQ(entry->packet_id, expected.id);
      ASSERT_EQ(entry->state == FlowState::released, expected.is_released);
      outgoing_.resent();
      expected.is_sent_here = true;
    }
    ASSERT_EQ(outgoing_.next_resend(), nullptr);
  }
  void rewind_only() {
    outgoing_.rewind();
    for (auto& entry : model_.flight) {
      entry.is_sent_here = false;
    }
  }
  void check() {
    const auto here = std::ranges::count_if(model_.flight, &Model::Entry::is_sent_here);
    ASSERT_EQ(outgoing_.outstanding(), here);
    ASSERT_EQ(outgoing_.count(), model_.flight.size() + model_.waiting.size());
    ASSERT_EQ(outgoing_.has_flight(), !model_.flight.empty());
  }

  std::mt19937 random_{GetParam()};
  Outgoing outgoing_;
  Model model_;
  unsigned next_number_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Seeds, OutgoingModelTest, testing::Range(1U, 9U));

TEST_P(OutgoingModelTest, DoesWhatItsModelDoes) {
  for (int i = 0; i < 20'000; ++i) {
    const auto choice = random_() % 1000;
    if (choice < 330) {
      push_one();
    } else if (choice < 660) {
      begin_one();
    } else if (choice < 995) {
      acknowledge_one();
    } else if (choice < 998) {
      resend_all();
    } else {
      rewind_only();
      acknowledge_one();  // before it was sent again
      check();
      resend_all();
    }
    if (HasFatalFailure()) {
      return;
    }
    check();
  }
}

}  // namespace
}  // namespace peal::broker

#include "peal/store/page_ledger.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

namespace peal::store {
namespace {

using namespace std::chrono_literals;

constexpr StreamId one{1};

PageLedger::Page page(PageLedger& ledger, StreamId stream, std::uint64_t first, std::uint64_t last,
                      std::uint32_t references, Time written = {}) {
  const bool is_empty = first == 0;
  return {.number = ledger.next_page(stream),
          .first = is_empty ? KeptId::none : kept_id(stream, first),
          .last = is_empty ? KeptId::none : kept_id(stream, last),
          .references = references,
          .bytes = 100,
          .written = written};
}

TEST(PageLedger, PagesGoFromTheFrontWhenNobodyWaits) {
  PageLedger ledger(one, 1);
  ledger.add(one, page(ledger, one, 1, 1, 2));
  ledger.add(one, page(ledger, one, 2, 2, 1));
  EXPECT_EQ(ledger.done({StoredId{1}, kept_id(one, 2)}), PageLedger::Place::page);
  EXPECT_TRUE(ledger.trim(one).empty());
  EXPECT_EQ(ledger.done({StoredId{1}, kept_id(one, 1)}), PageLedger::Place::page);
  EXPECT_TRUE(ledger.trim(one).empty());
  EXPECT_EQ(ledger.done_in_oldest(one), (std::vector<CopyName>{{StoredId{1}, kept_id(one, 1)}}));
  EXPECT_EQ(ledger.done({StoredId{2}, kept_id(one, 1)}), PageLedger::Place::page);
  EXPECT_EQ(ledger.trim(one), (std::vector{PageNumber{1}, PageNumber{2}}));
  EXPECT_EQ(ledger.pages(), 0U);
  EXPECT_EQ(ledger.bytes(), 0U);
}

TEST(PageLedger, APageOfDonesStaysBehindWhatItIsAbout) {
  PageLedger ledger(one, 1);
  ledger.add(one, page(ledger, one, 1, 2, 2));
  ledger.add(one, page(ledger, one, 0, 0, 0));
  ledger.add(one, page(ledger, one, 3, 3, 1));
  EXPECT_EQ(ledger.find(kept_id(one, 2)), (PageName{one, PageNumber{1}}));
  EXPECT_EQ(ledger.find(kept_id(one, 3)), (PageName{one, PageNumber{3}}));
  EXPECT_EQ(ledger.find(kept_id(one, 4)), std::nullopt);
  (void)ledger.done({StoredId{1}, kept_id(one, 1)});
  EXPECT_TRUE(ledger.trim(one).empty());
  (void)ledger.done({StoredId{1}, kept_id(one, 2)});
  EXPECT_EQ(ledger.trim(one), (std::vector{PageNumber{1}, PageNumber{2}}));
  EXPECT_EQ(ledger.find(kept_id(one, 2)), std::nullopt);
}

TEST(PageLedger, SpillsWhatIsOldOrTooMuch) {
  PageLedger ledger(one, 1);
  ledger.add(one, page(ledger, one, 1, 1, 1, Time{10ms}));
  ledger.add(one, page(ledger, one, 2, 2, 1, Time{20ms}));
  EXPECT_FALSE(ledger.to_spill(one, 200, Time{10ms}));
  EXPECT_TRUE(ledger.to_spill(one, 199, Time{10ms}));
  EXPECT_TRUE(ledger.to_spill(one, 200, Time{11ms}));
  EXPECT_EQ(ledger.oldest_written(), Time{10ms});
  ledger.spilled(one);
  EXPECT_EQ(ledger.oldest_written(), Time{20ms});
  EXPECT_EQ(ledger.done({StoredId{1}, kept_id(one, 1)}), PageLedger::Place::spilled);
  EXPECT_EQ(ledger.done({StoredId{1}, kept_id(StreamId{9}, 1)}), PageLedger::Place::spilled);
}

/// Against a model that keeps every copy: pages, dones and spills in random order.
TEST(PageLedger, NeverLosesAReference) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    std::mt19937 random(seed);
    PageLedger ledger(one, 2);
    std::map<CopyName, PageName> waiting;  // in a page
    std::set<CopyName> spilled;
    std::map<StreamId, std::set<PageNumber>> pages;
    std::uint64_t sequence = 0;
    for (int step = 0; step < 500; ++step) {
      const StreamId stream{static_cast<std::uint32_t>(1 + random() % 2)};
      switch (random() % 4) {
        case 0: {
          const auto messages = random() % 4;
          const auto sessions = 1 + random() % 3;
          const PageName name{stream, ledger.next_page(stream)};
          const std::uint64_t first = messages == 0 ? 0 : sequence + 1;
          for (std::uint64_t m = 0; m < messages; ++m) {
            ++sequence;
            for (std::uint64_t s = 1; s <= sessions; ++s) {
              waiting[{StoredId{s}, kept_id(stream, sequence)}] = name;
            }
          }
          ledger.add(stream, page(ledger, stream, first, sequence,
                                  static_cast<std::uint32_t>(messages * sessions)));
          pages[stream].insert(name.number);
          break;
        }
        case 1:
        case 2: {
          if (!waiting.empty()) {
            auto at = waiting.begin();
            std::advance(at, static_cast<std::ptrdiff_t>(random() % waiting.size()));
            EXPECT_EQ(ledger.find(at->first.message), at->second);
            EXPECT_EQ(ledger.done(at->first), PageLedger::Place::page);
            waiting.erase(at);
          } else if (!spilled.empty()) {
            EXPECT_EQ(ledger.done(*spilled.begin()), PageLedger::Place::spilled);
            spilled.erase(spilled.begin());
          }
          break;
        }
        default:
          if (const auto oldest = ledger.to_spill(stream, 300, Time{})) {
            EXPECT_EQ(oldest->number, *pages[stream].begin());
            std::size_t moved = 0;
            for (auto at = waiting.begin(); at != waiting.end();) {
              if (at->second == PageName{stream, oldest->number}) {
                spilled.insert(at->first);
                at = waiting.erase(at);
                ++moved;
              } else {
                ++at;
              }
            }
            EXPECT_EQ(oldest->references, moved);
            ledger.spilled(stream);
            pages[stream].erase(oldest->number);
          }
      }
      for (const PageNumber gone : ledger.trim(stream)) {
        EXPECT_EQ(gone, *pages[stream].begin());
        pages[stream].erase(gone);
        for (const auto& [copy, in] : waiting) {
          EXPECT_NE(in, (PageName{stream, gone}));
        }
      }
      EXPECT_EQ(ledger.pages(), pages[one].size() + pages[StreamId{2}].size());
    }
  }
}

}  // namespace
}  // namespace peal::store

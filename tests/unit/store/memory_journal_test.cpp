#include "peal/store/memory_journal.hpp"

#include <gtest/gtest.h>

namespace peal::store {
namespace {

TEST(MemoryJournal, KeepsNothingAndHasNothingToWaitFor) {
  MemoryJournal journal;
  EXPECT_FALSE(journal.is_durable());
  EXPECT_FALSE(journal.has_failed());
  EXPECT_GE(journal.committed(), journal.written());
}

TEST(MemoryJournalDeathTest, NobodyMayWriteIntoIt) {
  MemoryJournal journal;
  EXPECT_DEATH(journal.erase_session(broker::StoredId{1}), "keeps nothing");
}

}  // namespace
}  // namespace peal::store

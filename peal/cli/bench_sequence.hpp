// Watches the sequence numbers of one stream of messages: what is missing, what came twice, what
// came late. Costs one comparison as long as all is well.
#pragma once

#include <cstdint>
#include <vector>

namespace peal::cli {

enum class Arrival : std::uint8_t { in_order, reordered, duplicate };

class SequenceCheck {
 public:
  Arrival arrived(std::uint32_t sequence) {
    if (sequence == next_) [[likely]] {
      ++next_;
      return Arrival::in_order;
    }
    return arrived_unexpected(sequence);
  }

 private:
  struct Gap {
    std::uint32_t begin;
    std::uint32_t end;
  };

  Arrival arrived_unexpected(std::uint32_t sequence);

  std::uint32_t next_ = 0;
  std::vector<Gap> gaps_;  // ascending: what was jumped over and has not come since
};

/// What all streams together have seen.
struct Tally {
  std::uint64_t delivered = 0;  // without duplicates
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;
  std::uint64_t misdirected = 0;   // of a publisher that this subscriber has nothing to do with
  std::uint64_t acknowledged = 0;  // to publishers: PUBACK or PUBCOMP
};

}  // namespace peal::cli

#include "peal/store/transit.hpp"

namespace peal::store {

namespace {

constexpr std::uint32_t sessions_flag = 1;
constexpr std::uint32_t groups_flag = 2;
constexpr std::uint32_t retained_flag = 4;
constexpr unsigned owner_shift = 8;
constexpr unsigned space_shift = 16;
constexpr unsigned half = 32;

}  // namespace

broker::StoredCopy transit_copy(const broker::StoredTransit& transit) {
  const broker::Forward& how = transit.how;
  const std::uint32_t place = (how.for_sessions ? sessions_flag : 0) |
                              (how.for_groups ? groups_flag : 0) |
                              (how.for_retained ? retained_flag : 0) |
                              static_cast<std::uint32_t>(transit.group.owner) << owner_shift |
                              static_cast<std::uint32_t>(how.space) << space_shift;
  broker::StoredCopy copy;
  copy.message = transit.message;
  copy.identifiers.push_back(place);
  if (const std::uint64_t number = transit.group.number; number != 0) {
    copy.identifiers.push_back(static_cast<std::uint32_t>(number));
    copy.identifiers.push_back(static_cast<std::uint32_t>(number >> half));
  }
  return copy;
}

std::optional<broker::StoredTransit> read_transit(StoredId session,
                                                  const broker::StoredCopy& copy) {
  const auto& words = copy.identifiers;
  if (!is_transit_session(session) || (words.size() != 1 && words.size() != 3)) {
    return std::nullopt;
  }
  const auto space = static_cast<NamespaceId>(words[0] >> space_shift);
  broker::StoredTransit transit{
      .message = copy.message,
      .to = static_cast<broker::WorkerIndex>(static_cast<std::uint64_t>(session) - 1),
      .how = {.space = space,
              .for_sessions = (words[0] & sessions_flag) != 0,
              .for_groups = (words[0] & groups_flag) != 0,
              .for_retained = (words[0] & retained_flag) != 0},
      .group = {}};
  if (words.size() == 3) {
    transit.group = {.owner = static_cast<broker::WorkerIndex>(words[0] >> owner_shift & 0xFF),
                     .space = space,
                     .number = words[1] | std::uint64_t{words[2]} << half};
  }
  return transit;
}

}  // namespace peal::store

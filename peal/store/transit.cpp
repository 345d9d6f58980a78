#include "peal/store/transit.hpp"

#include <algorithm>
#include <span>
#include <string>

namespace peal::store {

namespace {

constexpr std::uint32_t sessions_flag = 1;
constexpr std::uint32_t groups_flag = 2;
constexpr std::uint32_t retained_flag = 4;
constexpr std::uint32_t publisher_flag = 8;
constexpr unsigned owner_shift = 8;
constexpr unsigned space_shift = 16;
constexpr unsigned half = 32;
constexpr std::size_t word_size = sizeof(std::uint32_t);
/// As many as a copy may have, less the place and the size.
constexpr std::size_t publisher_words_limit = 0xFFFF - 2;

/// Who published it, as its size and as many words as that takes: in the order of a Client
/// Identifier, a user name and rights, each behind a NUL but for the first.
void put_publisher(std::vector<std::uint32_t>& words, const broker::PublisherRef& publisher) {
  const std::string& key = publisher->key();
  const std::size_t count = (key.size() + word_size - 1) / word_size;
  if (count > publisher_words_limit) {
    return;  // not with rights as short as they have to be
  }
  words.front() |= publisher_flag;
  words.push_back(static_cast<std::uint32_t>(key.size()));
  for (std::size_t at = 0; at < key.size(); at += word_size) {
    std::uint32_t word = 0;
    for (std::size_t i = 0; i < std::min(word_size, key.size() - at); ++i) {
      word |= std::uint32_t{static_cast<std::uint8_t>(key[at + i])} << (8 * i);
    }
    words.push_back(word);
  }
}

/// `words`   behind the place.    returns   null: they are none.
broker::PublisherRef read_publisher(std::span<const std::uint32_t> words) {
  if (words.empty() || words[0] > (words.size() - 1) * word_size ||
      words.size() - 1 != (words[0] + word_size - 1) / word_size) {
    return {};
  }
  std::string key;
  for (std::size_t at = 0; at < words[0]; ++at) {
    key.push_back(static_cast<char>(words[1 + at / word_size] >> (8 * (at % word_size))));
  }
  const auto identity = broker::Publisher::identity_of(key);
  if (!identity || identity->client_id.empty()) {
    return {};
  }
  return broker::Publisher::make(*identity);
}

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
  } else if (how.publisher) {
    put_publisher(copy.identifiers, how.publisher);
  }
  return copy;
}

std::optional<broker::StoredTransit> read_transit(StoredId session,
                                                  const broker::StoredCopy& copy) {
  const auto& words = copy.identifiers;
  if (!is_transit_session(session) || words.empty()) {
    return std::nullopt;
  }
  const bool has_publisher = (words[0] & publisher_flag) != 0;
  const auto publisher =
      has_publisher ? read_publisher(std::span(words).subspan(1)) : broker::PublisherRef{};
  if (has_publisher ? !publisher : words.size() != 1 && words.size() != 3) {
    return std::nullopt;
  }
  const auto space = static_cast<NamespaceId>(words[0] >> space_shift);
  broker::StoredTransit transit{
      .message = copy.message,
      .to = static_cast<broker::WorkerIndex>(static_cast<std::uint64_t>(session) - 1),
      .how = {.space = space,
              .for_sessions = (words[0] & sessions_flag) != 0,
              .for_groups = (words[0] & groups_flag) != 0,
              .for_retained = (words[0] & retained_flag) != 0,
              .publisher = publisher},
      .group = {}};
  if (!has_publisher && words.size() == 3) {
    transit.group = {.owner = static_cast<broker::WorkerIndex>(words[0] >> owner_shift & 0xFF),
                     .space = space,
                     .number = words[1] | std::uint64_t{words[2]} << half};
  }
  return transit;
}

}  // namespace peal::store

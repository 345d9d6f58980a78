// What the store reads back: pages with a right checksum and values of every table. The first byte
// says which. What can be read says the same once it was written again.
#include <array>
#include <string>
#include <vector>

#include "peal/base/assert.hpp"
#include "peal/store/page.hpp"

namespace {

using namespace peal;
using namespace peal::store;

const WallClock wall(Time{std::chrono::milliseconds(5000)}, 1'700'000'000'000);

void append(std::string& out, const Record& record) {
  if (const auto* message = std::get_if<MessageRecord>(&record)) {
    append_message(out, message->id, message->message, wall);
  } else if (const auto* attach = std::get_if<AttachRecord>(&record)) {
    append_attach(out, attach->session, attach->copy);
  } else {
    const auto& done = std::get<DoneRecord>(record);
    append_done(out, done.session, done.message);
  }
}

std::string page_of(std::string_view records, std::uint32_t count) {
  const std::array<std::string_view, 1> parts{records};
  return page_header(parts, count) + std::string(records);
}

/// The records of a page, written again; nothing when it is no page.
std::optional<std::string> rewritten(Bytes page, std::uint32_t& count) {
  std::string out;
  count = 0;
  const auto read = for_each_record(page, wall, [&](const Record& record) {
    append(out, record);
    ++count;
  });
  return read ? std::optional(out) : std::nullopt;
}

void check_page(Bytes records, std::uint32_t claimed) {
  std::uint32_t count = 0;
  const std::string page = page_of(as_text(records), claimed);
  const auto once = rewritten(as_bytes(page), count);
  if (!once) {
    return;
  }
  PEAL_ASSERT(count == claimed);
  const std::string again = page_of(*once, count);
  const auto twice = rewritten(as_bytes(again), count);
  PEAL_ASSERT(twice && *twice == *once && count == claimed);
}

void check_values(Bytes value) {
  constexpr std::string_view topic = "a/b";
  if (const auto subscription = decode_subscription(topic, value)) {
    std::string out;
    encode_subscription(out, *subscription);
    const auto again = decode_subscription(topic, as_bytes(out));
    PEAL_ASSERT(again && again->options == subscription->options &&
                again->identifier == subscription->identifier);
  }
  if (const auto retained = decode_retained(topic, value, wall)) {
    std::string out;
    encode_retained(out, retained->message, retained->publisher, wall);
    const auto again = decode_retained(topic, as_bytes(out), wall);
    PEAL_ASSERT(again && as_text(again->message.payload) == as_text(retained->message.payload) &&
                again->publisher.client_id == retained->publisher.client_id &&
                again->publisher.user == retained->publisher.user &&
                again->publisher.grants == retained->publisher.grants);
  }
  if (const auto pending = decode_pending(value, wall)) {
    std::string out;
    encode_pending(out, pending->copy, pending->message, wall);
    const auto again = decode_pending(as_bytes(out), wall);
    PEAL_ASSERT(again && again->message.topic == pending->message.topic &&
                again->copy.identifiers == pending->copy.identifiers);
  }
  if (const auto flight = decode_flight(value)) {
    std::string out;
    encode_flight(out, *flight);
    const auto again = decode_flight(as_bytes(out));
    PEAL_ASSERT(again && again->packet_id == flight->packet_id &&
                again->is_released == flight->is_released);
  }
  if (const auto number = decode_number(value)) {
    std::string out;
    encode_number(out, *number);
    PEAL_ASSERT(decode_number(as_bytes(out)) == number);
  }
  if (const auto session = decode_session(value, wall)) {
    PEAL_ASSERT(session->client_id.size() + session->user.size() <= value.size());
    PEAL_ASSERT(session->has_will == static_cast<bool>(session->will));
  }
}

void check_keys(std::string_view key) {
  if (const auto copy = copy_of_key(key)) {
    PEAL_ASSERT(copy_key(copy->session, copy->message) == key);
    PEAL_ASSERT(session_of_key(key) == copy->session);
  }
  if (const auto page = page_of_key(key)) {
    PEAL_ASSERT(page_key(page->stream, page->number) == key);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  // From bytes of exactly their size, so that reading beyond them is seen.
  const std::vector<std::uint8_t> rest(data + 1, data + size);
  if (data[0] < 16) {
    check_page(rest, data[0]);
  } else if (data[0] < 32) {
    std::uint32_t count = 0;
    static_cast<void>(rewritten(rest, count));  // its header is anything, too
  } else if (data[0] < 48) {
    check_keys(as_text(rest));
  } else {
    check_values(rest);
  }
  return 0;
}

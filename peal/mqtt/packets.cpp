#include "peal/mqtt/packets.hpp"

#include "peal/mqtt/reader.hpp"

namespace peal::mqtt {
namespace {

void read_entry(Reader& reader, SubscribeEntry& entry) {
  entry.filter_text = reader.unchecked_text();
  const std::uint8_t bits = reader.byte();
  entry.options = {.qos = static_cast<QoS>(bits & 3),
                   .no_local = (bits & 4) != 0,
                   .retain_as_published = (bits & 8) != 0,
                   .retain_handling = static_cast<RetainHandling>(bits >> 4 & 3)};
}

void read_entry(Reader& reader, std::string_view& filter_text) {
  filter_text = reader.unchecked_text();
}

}  // namespace

template <typename Entry>
void EntryList<Entry>::Iterator::read() {
  Reader reader(rest_);
  if (!rest_.empty()) {
    read_entry(reader, current_);
  }
  size_ = rest_.size() - reader.left();
}

template class EntryList<SubscribeEntry>;
template class EntryList<std::string_view>;

}  // namespace peal::mqtt

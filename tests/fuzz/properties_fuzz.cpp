// A run of properties in any place: what is valid can be walked to its end, found, and written
// again property by property. The first byte chooses the place.
#include <algorithm>
#include <vector>

#include "peal/base/assert.hpp"
#include "peal/mqtt/properties.hpp"

namespace {

using namespace peal::mqtt;

void write_again(PropertiesBuilder& builder, const Property& property) {
  switch (property.type) {
    case PropertyType::text:
    case PropertyType::binary:
      builder.text(property.id, property.text);
      return;
    case PropertyType::pair:
      builder.pair(property.id, property.text, property.value);
      return;
    default:
      builder.number(property.id, property.number);
      return;
  }
}

void check(peal::Bytes raw, PropertyPlace place) {
  const auto view = PropertiesView::parse(raw, place);
  if (!view) {
    return;
  }
  std::vector<std::uint8_t> room(raw.size());
  PropertiesBuilder builder(room);
  for (const Property& property : *view) {
    const auto found = view->find(property.id);
    PEAL_ASSERT(found && found->type == property_type(property.id));
    write_again(builder, property);
  }
  PEAL_ASSERT(builder.ok() && std::ranges::equal(builder.view().raw(), raw));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) {
    const std::vector<std::uint8_t> raw(data + 1, data + size);
    check(raw, static_cast<PropertyPlace>(1 + data[0] % 16));
  }
  return 0;
}

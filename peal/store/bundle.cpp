#include "peal/store/bundle.hpp"

namespace peal::store {

namespace {

constexpr std::size_t room_kept_bytes = std::size_t{1} << 20;

}  // namespace

void Bundle::clear() {
  if (records.capacity() + changes.bytes() +
          (dones.capacity() + arrived.capacity()) * sizeof(CopyName) >
      room_kept_bytes) {
    *this = Bundle{};
    return;
  }
  records.clear();
  dones.clear();
  arrived.clear();
  changes.clear();
  record_count = references = 0;
  first = last = KeptId::none;
  payload_bytes = 0;
  needs_sync = false;
  end = {};
}

}  // namespace peal::store

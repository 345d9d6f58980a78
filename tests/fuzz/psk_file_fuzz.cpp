// A file of pre-shared keys: read whole or refused whole, with a place; an identity that is found
// stands on a line, with its key behind it.
#include <algorithm>
#include <string>

#include "file_of_bytes.hpp"

#include "peal/auth/psk_file.hpp"
#include "peal/base/trim.hpp"

namespace {

using namespace peal;

void check_keys(const auth::PskFile& keys, std::string_view text) {
  std::size_t found = 0;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    const std::size_t colon = line.find(':');
    if (line.starts_with('#') || trimmed(line).empty()) {
      continue;
    }
    PEAL_ASSERT(colon != std::string_view::npos);
    const auto key = auth::parse_psk_key(trimmed(line.substr(colon + 1)));
    PEAL_ASSERT(key && key->size() >= 8 && key->size() <= 256);
    PEAL_ASSERT(std::ranges::equal(keys.find(line.substr(0, colon)), *key));
    ++found;
  }
  PEAL_ASSERT(found == keys.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static test::FileOfBytes file;
  file.fill({data, size});
  const auto keys = auth::PskFile::read(file.path());
  if (keys) {
    check_keys(*keys, as_text(Bytes(data, size)));
  } else {
    test::check_error(keys.error());
    PEAL_ASSERT(keys.error().starts_with(file.path() + ":"));
  }
  return 0;
}

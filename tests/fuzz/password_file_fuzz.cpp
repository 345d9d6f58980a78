// A password file: read whole or refused whole, with a place; a user that is found stands on a
// line.
#include <algorithm>
#include <string>

#include "file_of_bytes.hpp"

#include "peal/auth/password_file.hpp"

namespace {

using namespace peal;

void check_users(const auth::PasswordFile& users, std::string_view text) {
  PEAL_ASSERT(users.size() <= 1 + static_cast<std::size_t>(std::ranges::count(text, '\n')));
  PEAL_ASSERT((users.any() == nullptr) == (users.size() == 0));
  std::size_t found = 0;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (found == 0 && line.starts_with("\xEF\xBB\xBF")) {
      line.remove_prefix(3);
    }
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && !line.starts_with('#')) {
      PEAL_ASSERT(users.find(line.substr(0, colon)) != nullptr);
      ++found;
    }
  }
  PEAL_ASSERT(found == users.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static test::FileOfBytes file;
  file.fill({data, size});
  const auto users = auth::PasswordFile::read(file.path());
  if (users) {
    check_users(*users, as_text(Bytes(data, size)));
  } else {
    test::check_error(users.error());
    PEAL_ASSERT(users.error().starts_with(file.path() + ":"));
  }
  return 0;
}

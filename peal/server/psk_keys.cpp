#include "peal/server/psk_keys.hpp"

#include <utility>

namespace peal::server {

std::shared_ptr<const PskKeys::Files> PskKeys::read(const AuthConfig& config) {
  Files files;
  for (const AuthSourceConfig& source : config.sources) {
    if (source.type != "psk") {
      continue;
    }
    auto file = auth::PskFile::read(source.path);
    if (!file) {
      throw ConfigError(file.error());
    }
    files.push_back(std::move(*file));
  }
  return std::make_shared<const Files>(std::move(files));
}

void PskKeys::use(std::shared_ptr<const Files> files) {
  const std::scoped_lock lock(mutex_);
  files_ = std::move(files);
}

std::vector<std::uint8_t> PskKeys::find(std::string_view identity) const {
  std::shared_ptr<const Files> files;
  {
    const std::scoped_lock lock(mutex_);
    files = files_;
  }
  for (std::size_t i = 0; files != nullptr && i < files->size(); ++i) {
    if (const Bytes key = (*files)[i].find(identity); !key.empty()) {
      return {key.begin(), key.end()};
    }
  }
  return {};
}

}  // namespace peal::server

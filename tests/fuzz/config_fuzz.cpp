// A configuration file and, in its first line, one --set: a configuration or an error for a person,
// and never a listener that lets strangers in unasked.
#include <algorithm>
#include <string>

#include "file_of_bytes.hpp"

#include "peal/server/config.hpp"

namespace {

using namespace peal;
using server::AnonymousAccess;

bool is_local(const std::string& bind) {
  return bind.starts_with("unix:") || bind.starts_with("127.") || bind.starts_with("[::1]:") ||
         bind.starts_with("localhost:");
}

void check(const server::Config& config) {
  PEAL_ASSERT(!config.listeners.empty());
  for (const server::ListenerConfig& listener : config.listeners) {
    PEAL_ASSERT(!listener.bind.empty());
    PEAL_ASSERT(is_local(listener.bind) || config.auth.has_users() ||
                listener.anonymous == AnonymousAccess::yes);
    PEAL_ASSERT(listener.mqtt || listener.ws || listener.http);
  }
  PEAL_ASSERT(config.settings.session.inflight > 0);
  PEAL_ASSERT(config.settings.limits.packet_bytes > 0);
  PEAL_ASSERT(config.workers <= 64);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static test::FileOfBytes file;
  const Bytes bytes(data, size);
  const std::string_view text = as_text(bytes);
  const std::size_t end = std::min(text.find('\n'), size);
  file.fill(bytes.subspan(std::min(end + 1, size)));
  server::ConfigSources sources;
  sources.file = file.path();
  if (end > 0) {
    sources.settings.emplace_back(text.substr(0, end));
  }
  try {
    check(server::load_config(sources));
  } catch (const server::ConfigError& error) {
    test::check_error(error.what());
  }
  return 0;
}

// The keys of clients that connect with TLS-PSK, of all sources, as a running server has them now.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "peal/auth/psk_file.hpp"
#include "peal/server/config.hpp"

namespace peal::server {

class PskKeys {
 public:
  using Files = std::vector<auth::PskFile>;

  /// Those of every source of type "psk".    errors   ConfigError: with file and line.
  [[nodiscard]] static std::shared_ptr<const Files> read(const AuthConfig& config);

  /// From now on these, for handshakes that begin.    threads   any.
  void use(std::shared_ptr<const Files> files);
  /// A copy: the caller wipes it. Empty: nobody has the identity.    threads   any.
  [[nodiscard]] std::vector<std::uint8_t> find(std::string_view identity) const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Files> files_;
};

}  // namespace peal::server

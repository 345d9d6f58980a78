// Who published a retained message: whose right is asked for when it is delivered. (The names of
// somebody whose session may have ended long ago.)
//
// Immutable, counted, shared by the messages and workers that refer to it.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "peal/base/shared_buffer.hpp"
#include "peal/broker/message.hpp"
#include "peal/broker/ports/authorizer.hpp"

namespace peal::broker {

class Publisher {
 public:
  /// `identity`   of a client; its Client Identifier is not empty.
  [[nodiscard]] static SharedRef<Publisher> make(const ClientIdentity& identity) {
    return SharedRef<Publisher>::adopt(new Publisher(identity));
  }
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // For SharedRef: gone with the last holder, on whatever thread that is.
  void retain() const { holders_.fetch_add(1, std::memory_order_relaxed); }
  void release() const {
    if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      delete this;
    }
  }

  [[nodiscard]] ClientIdentity identity() const { return *identity_of(key_); }
  /// The names one after the other, a NUL between them (which none has): the same for the same.
  [[nodiscard]] const std::string& key() const { return key_; }
  [[nodiscard]] static std::string key_of(const ClientIdentity& identity) {
    std::string key;
    key.reserve(identity.client_id.size() + identity.user.size() + identity.grants.size() + 2);
    key.append(identity.client_id).append(1, '\0').append(identity.user).append(1, '\0');
    return key.append(identity.grants);
  }
  /// Views into `key`; nothing: it is no such key.
  [[nodiscard]] static std::optional<ClientIdentity> identity_of(std::string_view key) {
    const std::size_t first = key.find('\0');
    const std::size_t second = first == std::string_view::npos ? first : key.find('\0', first + 1);
    if (second == std::string_view::npos) {
      return std::nullopt;
    }
    return ClientIdentity{key.substr(0, first), key.substr(first + 1, second - first - 1),
                          key.substr(second + 1)};
  }

 private:
  explicit Publisher(const ClientIdentity& identity) : key_(key_of(identity)) {}
  ~Publisher() = default;

  mutable std::atomic<std::uint32_t> holders_{1};
  std::string key_;
};

using PublisherRef = SharedRef<Publisher>;

/// A retained message, and who published it: null for the server itself, and where it is not known.
struct Retained {
  MessageRef message;
  PublisherRef publisher;
};

}  // namespace peal::broker

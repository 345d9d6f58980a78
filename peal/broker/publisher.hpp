// Who published a retained message: whose right is asked for when it is delivered. (The names of
// somebody whose session may have ended long ago.)
//
// Immutable, counted, shared by the messages and workers that refer to it.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

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

  [[nodiscard]] ClientIdentity identity() const {
    const std::string_view all = key_;
    return {all.substr(0, client_id_size_), all.substr(client_id_size_ + 1, user_size_),
            all.substr(client_id_size_ + user_size_ + 2)};
  }
  /// The names one after the other, a NUL between them (which none has): the same for the same.
  [[nodiscard]] const std::string& key() const { return key_; }
  [[nodiscard]] static std::string key_of(const ClientIdentity& identity) {
    std::string key;
    key.reserve(identity.client_id.size() + identity.user.size() + identity.grants.size() + 2);
    key.append(identity.client_id).append(1, '\0').append(identity.user).append(1, '\0');
    return key.append(identity.grants);
  }

 private:
  explicit Publisher(const ClientIdentity& identity)
      : client_id_size_(static_cast<std::uint32_t>(identity.client_id.size())),
        user_size_(static_cast<std::uint32_t>(identity.user.size())),
        key_(key_of(identity)) {}
  ~Publisher() = default;

  mutable std::atomic<std::uint32_t> holders_{1};
  std::uint32_t client_id_size_;
  std::uint32_t user_size_;
  std::string key_;
};

using PublisherRef = SharedRef<Publisher>;

/// A retained message, and who published it: null for the server itself, and where it is not known.
struct Retained {
  MessageRef message;
  PublisherRef publisher;
};

}  // namespace peal::broker

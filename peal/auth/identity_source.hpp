// One way to find out who a client is: a list of users, a certificate, a token, a service to ask.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "peal/auth/identity.hpp"
#include "peal/mqtt/reason_code.hpp"

namespace peal::auth {

/// What a client shows of itself, owned: a source may look at it on another thread.
struct Credentials {
  std::string client_id;
  std::optional<std::string> user_name;
  std::optional<std::string> password;  // may hold any byte
  std::string address;                  // "192.0.2.1:40312", "unix"
  bool is_encrypted = false;
  std::string certificate_common_name;  // empty without a verified client certificate
  std::string certificate_subject;
  std::string certificate_alternative_name;
  std::string psk_identity;  // empty without TLS-PSK
};

enum class Verdict : std::uint8_t { accepted, refused, not_mine };

struct Finding {
  Verdict verdict = Verdict::not_mine;
  mqtt::ReasonCode reason = mqtt::ReasonCode::bad_user_name_or_password;  // when refused
  Identity identity;                                                      // when accepted

  [[nodiscard]] static Finding accept(Identity identity) {
    Finding finding;
    finding.verdict = Verdict::accepted;
    finding.identity = std::move(identity);
    return finding;
  }
  [[nodiscard]] static Finding refuse(mqtt::ReasonCode reason) {
    Finding finding;
    finding.verdict = Verdict::refused;
    finding.reason = reason;
    return finding;
  }
};

/// The chain asks its sources in the order of the file; the first that does not say `not_mine`
/// decides. One for a server.    threads   any, several at once.
class IdentitySource {
 public:
  using Done = std::move_only_function<void(Finding)>;
  /// True: nobody waits for the answer any more.
  using GivenUp = std::shared_ptr<const std::atomic<bool>>;

  IdentitySource() = default;
  IdentitySource(const IdentitySource&) = delete;
  IdentitySource& operator=(const IdentitySource&) = delete;
  virtual ~IdentitySource() = default;

  /// returns   the finding at once; nothing: `done` is called once, later, from another thread, or
  ///           not at all when `is_given_up` was set. Never blocks.
  [[nodiscard]] virtual std::optional<Finding> identify(
      const std::shared_ptr<const Credentials>& who, GivenUp is_given_up, Done done) = 0;
};

}  // namespace peal::auth

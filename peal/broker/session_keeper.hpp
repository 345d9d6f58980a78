// Begins, resumes, leaves and ends sessions: the rules of Clean Start, Session Expiry, takeover and
// wills, in the one place that knows their order. (MQTT 5 §3.1.2.4, §3.1.2.5, §3.1.2.11.2, §3.1.4,
// §4.1)
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "peal/broker/session.hpp"
#include "peal/mqtt/packets.hpp"

namespace peal::broker {

class Channel;
class Worker;
struct Failure;
struct Space;

/// Whether the connection of a session is to end.
using DisconnectWhom = std::function<bool(const Session&)>;

class SessionKeeper {
 public:
  explicit SessionKeeper(Worker& worker) : worker_(worker) {}

  /// What a CONNECT asks of its session.
  struct Opening {
    Space& space;
    std::string_view client_id;
    std::string_view user;
    std::string_view grants;
    bool clean_start = true;
    ExpiryInterval expiry_interval{0};
    RightsRef rights;
  };
  struct Opened {
    Session* session = nullptr;
    bool is_present = false;
  };
  /// Takes over, ends or resumes what there is, and binds the session to `channel`. The old
  /// connection's DISCONNECT and will go out before this returns, so before the new one's CONNACK.
  /// errors   not_authorized: the session is another user's; it and its connection stay.
  /// quota_exceeded: too many, in all or of this user.    server_busy: memory is tight, or two
  /// clients fight for it.
  [[nodiscard]] mqtt::Result<Opened> open(Channel& channel, const Opening& opening);

  /// The Network Connection is gone. `publish_will` is false after DISCONNECT 0x00. [MQTT-3.14.4-3]
  void leave(Session& session, bool publish_will);

  /// A start found that session; its client is away. Without its subscriptions.
  Session& restore(RestoredSession restored);

  /// Ends a session for good: its will, its subscriptions, its messages. [MQTT-4.1.0-2]
  void end(Session& session);

  /// Asks for the rights of a session anew.
  void review_rights(Session& session);
  /// Of the sessions of one user at once, or of all: a slice now, the others by `go_on`.
  void rights_changed(const std::optional<std::string>& user);
  /// Reviews another slice of the rights that have to be.
  void go_on();
  [[nodiscard]] bool is_due() const { return reviews_left_ > 0; }
  /// Ends the connections of the sessions that are meant, at the next `settle`.    cost
  /// O(sessions).
  void disconnect(const DisconnectWhom& is_meant, const Failure& why);

  /// Acts on timers that fired.
  void settle();

 private:
  friend struct Session::Absence;
  [[nodiscard]] mqtt::Result<void> count(std::string_view user, bool is_limited);
  /// How often a session was taken over lately, from a connection that was there.
  struct Takeovers {
    unsigned count = 0;
    Time since{};
    Time none_before{};  // while two clients fight for it
  };
  [[nodiscard]] bool has_expired(const Session& session) const;
  void take_over(Session& session, bool clean_start);
  [[nodiscard]] bool may_be_taken_over(const Session& session, const Channel& challenger);
  void publish_will(Session& session);
  void begin_absence(Session& session);

  Worker& worker_;
  std::vector<SessionHandle> wills_due_;
  std::vector<SessionHandle> ends_due_;
  std::size_t review_at_ = 0;  // of the places of sessions, round and round
  std::size_t reviews_left_ = 0;
  std::unordered_map<std::string, Takeovers> takeovers_;  // by Client Identifier
};

}  // namespace peal::broker

// What workers tell each other. Everything a Mail holds is owned by it or immutable, so it may
// cross threads.
//
// Mail from one worker to another arrives in the order it was sent; between different pairs nothing
// is promised.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "peal/broker/message.hpp"
#include "peal/broker/publisher.hpp"
#include "peal/broker/retained_list.hpp"

namespace peal::broker {

/// Which event loop of this server. At most 64: sets of workers are one word.
enum class WorkerIndex : std::uint8_t {};
inline constexpr unsigned workers_limit = 64;

enum class NamespaceId : std::uint16_t { default_namespace = 0 };

/// Names a session of one worker; a session that ended leaves its number to others with another
/// generation.
struct SessionHandle {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  friend bool operator==(const SessionHandle&, const SessionHandle&) = default;
};

/// A shared subscription's group: the worker that decides for it, and its number there: the same in
/// every run of the server, as long as the number of workers is.
struct GroupRef {
  WorkerIndex owner{};
  NamespaceId space{};
  std::uint64_t number = 0;  // 0: none
};

/// Names a SUBSCRIBE that waits until every worker knows of it.
enum class BarrierId : std::uint32_t { none = 0 };

/// What of a message's way the receiving worker is asked to do.
struct Forward {
  NamespaceId space{};
  bool for_sessions = false;  // its own subscribers
  bool for_groups = false;    // shared subscriptions that it decides
  bool for_retained = false;  // it keeps the retained message of this topic
  WorkerIndex from{};
  KeptId logged{};  // not none: in the sender's journal, until this worker says `arrived`
  PublisherRef publisher = {};  // for_retained; null: not known, or the server itself
};

namespace mail {

/// A message for this worker's own part of the work: one message per interested worker, whatever
/// its subscribers.
struct Publish {
  MessageRef message;
  Forward how;
};

/// Somebody at `worker` wants `filter` now, or nobody any more.
struct Interest {
  std::string filter;
  NamespaceId space{};
  WorkerIndex worker{};
  bool is_wanted = true;
  bool is_group = false;    // `worker` decides for a shared subscription of this filter
  bool is_durable = false;  // for a session that outlasts the process
};

/// All that one packet changed, in its order: one letter.
struct Interests {
  std::vector<Interest> changes;
  bool asks_retained = false;  // retained messages are asked for once everybody knows
  WorkerIndex reply_to{};
  BarrierId barrier{};  // not none: answer with Known to `reply_to`
};

/// The sender has taken note of all Interests before.
struct Known {
  BarrierId barrier{};
  WorkerIndex from{};
  /// When retained messages are asked for: how many the sender sent to each worker to keep.
  std::vector<std::uint64_t> kept_by = {};
};

/// Asks for the retained messages that the receiver keeps and `filter` matches.
struct RetainedRequest {
  std::string filter;
  NamespaceId space{};
  WorkerIndex reply_to{};
  std::uint32_t job = 0;
  /// By worker: how many retained messages of it have to be here first. Who published one and saw
  /// it acknowledged before the SUBSCRIBE came may count on it. Empty: none.
  std::vector<std::uint64_t> after = {};
};
struct RetainedReply {
  RetainedList messages;
  std::uint32_t job = 0;
};

/// Who is a member of a shared subscription.
struct Member {
  WorkerIndex worker{};
  SessionHandle session;
  friend bool operator==(const Member&, const Member&) = default;
};

/// A session subscribed to "$share/NAME/FILTER" (again, maybe with other options).
struct GroupJoin {
  std::string filter;  // with the share prefix
  NamespaceId space{};
  Member member;
  mqtt::QoS qos = mqtt::QoS::at_most_once;
  bool retain_as_published = false;
  std::uint32_t identifier = 0;
  bool is_online = true;
  bool is_durable = false;  // it outlasts the process
  BarrierId barrier{};
};
struct GroupLeave {
  std::string filter;
  NamespaceId space{};
  Member member;
  BarrierId barrier{};
};
/// The member's client connected or went; its subscription stays.
struct GroupPresence {
  std::string filter;
  NamespaceId space{};
  Member member;
  bool is_online = true;
};
/// The group chose this member for the message.
struct GroupDeliver {
  MessageRef message;
  GroupRef group;
  SessionHandle session;
  std::uint32_t identifier = 0;
  mqtt::QoS qos = mqtt::QoS::at_most_once;
  bool retain = false;
  std::uint8_t attempts = 0;  // members that could not take it before
  bool may_wait = false;      // the group knows that the member is away and has no better one
  KeptId logged{};            // as in Forward
};
/// `count` messages of the group are done with at this member.
struct GroupDone {
  GroupRef group;
  Member member;
  std::uint32_t count = 1;
};
/// The member went away, or refuses the message (gone, full): it goes to another one.
struct GroupReturn {
  MessageRef message;
  GroupRef group;
  Member member;
  // As it was dealt out, for a member that left its group and keeps what it was given.
  std::uint32_t identifier = 0;
  mqtt::QoS qos = mqtt::QoS::at_most_once;
  bool retain = false;
  bool is_refused = false;  // the same member is not asked again
  std::uint8_t attempts = 0;
  KeptId logged{};  // as in Forward
};

}  // namespace mail

using Mail =
    std::variant<mail::Publish, mail::Interests, mail::Known, mail::RetainedRequest,
                 mail::RetainedReply, mail::GroupJoin, mail::GroupLeave, mail::GroupPresence,
                 mail::GroupDeliver, mail::GroupDone, mail::GroupReturn>;

/// How much work a letter is, next to a small message.    cost   O(1).      threads   pure.
[[nodiscard]] std::size_t weight_of(const Mail& mail);

}  // namespace peal::broker

// One shared subscription: a ShareName and a filter, and the members among whom messages are dealt
// out. (MQTT 5 §4.8.2)
//
// One worker decides for a group (found by its name), wherever the members' sessions live, so that
// choosing needs no agreement. It counts what each member has been given and has not yet finished.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "peal/broker/mail.hpp"
#include "peal/broker/settings.hpp"
#include "peal/broker/topic_tree.hpp"

namespace peal::broker {

struct SharedMember {
  mail::Member at;
  std::uint32_t identifier = 0;
  std::uint32_t in_flight = 0;  // given and not yet done with
  mqtt::QoS qos = mqtt::QoS::at_most_once;
  bool retain_as_published = false;
  bool is_online = true;
};

class SharedGroup {
 public:
  SharedGroup(std::string_view share_name, NamespaceId space, NodeId node, std::uint64_t number)
      : share_name_(share_name), node_(node), number_(number), space_(space) {}

  /// Adds a member or replaces its options.
  void join(const SharedMember& member);
  /// Whether a session that outlasts the process ever joined: what is dealt to others is written
  /// down then.
  [[nodiscard]] bool is_durable() const { return is_durable_; }
  void set_durable() { is_durable_ = true; }
  /// Whether it was a member.
  bool leave(const mail::Member& at);
  [[nodiscard]] SharedMember* find(const mail::Member& at);

  /// Who gets the next message: a connected member not among `but`, by `choice`; without one, and
  /// only for QoS above 0, a member whose session waits offline. Null when nobody is left.
  [[nodiscard]] SharedMember* choose(SharedChoice choice, mqtt::QoS qos,
                                     std::span<const mail::Member> but);

  [[nodiscard]] const std::string& share_name() const { return share_name_; }
  [[nodiscard]] NodeId node() const { return node_; }
  [[nodiscard]] NamespaceId space() const { return space_; }
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] bool is_empty() const { return members_.empty(); }

 private:
  std::string share_name_;
  std::vector<SharedMember> members_;
  NodeId node_;
  std::uint64_t number_;
  std::uint32_t turn_ = 0;
  NamespaceId space_;
  bool is_durable_ = false;
};

}  // namespace peal::broker

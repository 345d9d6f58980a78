#include "peal/broker/subscription_index.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "peal/base/assert.hpp"
#include "peal/base/hash.hpp"
#include "peal/broker/session.hpp"

namespace peal::broker {

namespace {

constexpr std::uint64_t bit_of(WorkerIndex worker) {
  return std::uint64_t{1} << static_cast<unsigned>(worker);
}

Delivery delivery_of(const Subscription& subscription, MatchResult& result) {
  Delivery delivery;
  delivery.session = subscription.session;
  delivery.qos = subscription.qos;
  delivery.retain_as_published = subscription.retain_as_published;
  delivery.audience = subscription.no_local ? Audience::others : Audience::everyone;
  delivery.first_identifier = static_cast<std::uint32_t>(result.identifiers.size());
  if (subscription.identifier != 0) {
    result.identifiers.push_back(subscription.identifier);
    delivery.identifier_count = 1;
  }
  return delivery;
}

/// Joins the deliveries of one session, as seen by the publishers of `audience`.
Delivery join(std::span<const Delivery> parts, Audience audience, std::vector<std::uint32_t>& ids) {
  Delivery joined;
  joined.session = parts.front().session;
  joined.audience = audience;
  joined.first_identifier = static_cast<std::uint32_t>(ids.size());
  for (const Delivery& part : parts) {
    if (audience == Audience::own && part.audience == Audience::others) {
      continue;  // [MQTT-3.8.3-3]
    }
    joined.qos = std::max(joined.qos, part.qos);  // [MQTT-3.3.4-2] [MQTT3-3.3.5-1]
    joined.retain_as_published = joined.retain_as_published || part.retain_as_published;
    for (std::uint32_t i = 0; i < part.identifier_count; ++i) {
      ids.push_back(std::uint32_t{ids[part.first_identifier + i]});  // [MQTT-3.3.4-3]
      ++joined.identifier_count;
    }
  }
  return joined;
}

}  // namespace

void MatchResult::clear() {
  deliveries.clear();
  identifiers.clear();
  groups.clear();
  workers = group_owners = durable_elsewhere = 0;
}

SubscriptionIndex::Subscribers& SubscriptionIndex::subscribers_at(NodeId node) {
  std::uint32_t slot = tree_.value(node);
  if (slot == TopicTree::no_value) {
    if (free_slots_.empty()) {
      slot = static_cast<std::uint32_t>(slots_.size());
      slots_.emplace_back();
    } else {
      slot = free_slots_.back();
      free_slots_.pop_back();
    }
    tree_.set_value(node, slot);
  }
  return slots_[slot];
}

SubscriptionIndex::Subscribers::Elsewhere& SubscriptionIndex::elsewhere_at(NodeId node) {
  Subscribers& subscribers = subscribers_at(node);
  if (subscribers.elsewhere == nullptr) {
    subscribers.elsewhere = std::make_unique<Subscribers::Elsewhere>();
  }
  return *subscribers.elsewhere;
}

void SubscriptionIndex::release_if_empty(NodeId node) {
  const std::uint32_t slot = tree_.value(node);
  if (slot == TopicTree::no_value) {
    tree_.prune(node);
    return;
  }
  Subscribers& subscribers = slots_[slot];
  if (auto& away = subscribers.elsewhere;
      away != nullptr && away->workers == 0 && away->group_owners == 0 && away->groups.empty()) {
    away.reset();
  }
  if (subscribers.is_empty()) {
    subscribers = Subscribers{};
    free_slots_.push_back(slot);
    tree_.set_value(node, TopicTree::no_value);
    tree_.prune(node);
  }
}

SubscriptionIndex::Added SubscriptionIndex::add(std::string_view filter,
                                                const Subscription& subscription) {
  Added added{.node = tree_.insert(filter)};
  auto& sessions = subscribers_at(added.node).sessions;
  const auto known = std::ranges::find(sessions, subscription.session, &Subscription::session);
  if (known != sessions.end()) {
    *known = subscription;
    return added;
  }
  added.is_new = true;
  added.is_first_here = sessions.empty();
  sessions.push_back(subscription);
  return added;
}

SubscriptionIndex::Removed SubscriptionIndex::remove(NodeId node, const Session& session) {
  const std::uint32_t slot = node == NodeId::none ? TopicTree::no_value : tree_.value(node);
  if (slot == TopicTree::no_value) {
    return {};
  }
  auto& sessions = slots_[slot].sessions;
  const auto known = std::ranges::find(sessions, &session, &Subscription::session);
  if (known == sessions.end()) {
    return {};
  }
  *known = sessions.back();
  sessions.pop_back();
  const Removed removed{.existed = true, .was_last_here = sessions.empty()};
  release_if_empty(node);
  return removed;
}

const Subscription* SubscriptionIndex::subscription_of(NodeId node, const Session& session) const {
  const std::uint32_t slot = node == NodeId::none ? TopicTree::no_value : tree_.value(node);
  if (slot == TopicTree::no_value) {
    return nullptr;
  }
  const auto& sessions = slots_[slot].sessions;
  const auto known = std::ranges::find(sessions, &session, &Subscription::session);
  return known == sessions.end() ? nullptr : &*known;
}

void SubscriptionIndex::set_interest(const mail::Interest& interest) {
  const NodeId node =
      interest.is_wanted ? tree_.insert(interest.filter) : tree_.find(interest.filter);
  if (node == NodeId::none || (!interest.is_wanted && tree_.value(node) == TopicTree::no_value)) {
    return;
  }
  auto& away = elsewhere_at(node);
  const std::uint64_t bit = bit_of(interest.worker);
  std::uint64_t& set = interest.is_group ? away.group_owners : away.workers;
  std::uint64_t& durable = interest.is_group ? away.durable_group_owners : away.durable_workers;
  set = interest.is_wanted ? set | bit : set & ~bit;
  durable = (interest.is_durable ? durable | bit : durable) & set;
  release_if_empty(node);
}

SharedGroup& SubscriptionIndex::group(std::string_view filter, std::string_view share_name,
                                      bool& is_new) {
  if (SharedGroup* known = find_group(filter, share_name)) {
    is_new = false;
    return *known;
  }
  is_new = true;
  const std::uint64_t number = number_of(filter, share_name);
  const NodeId node = tree_.insert(filter);
  auto& away = elsewhere_at(node);
  away.groups.push_back(std::make_unique<SharedGroup>(share_name, space_, node, number));
  groups_[number] = away.groups.back().get();
  return *groups_[number];
}

SharedGroup* SubscriptionIndex::find_group(std::string_view filter, std::string_view share_name) {
  const NodeId node = tree_.find(filter);
  const std::uint32_t slot = node == NodeId::none ? TopicTree::no_value : tree_.value(node);
  if (slot == TopicTree::no_value || slots_[slot].elsewhere == nullptr) {
    return nullptr;
  }
  for (const auto& group : slots_[slot].elsewhere->groups) {
    if (group->share_name() == share_name) {
      return group.get();
    }
  }
  return nullptr;
}

/// From the names, so that a group that is made again, in this run or the next, is the same one.
std::uint64_t SubscriptionIndex::number_of(std::string_view filter,
                                           std::string_view share_name) const {
  std::uint64_t number = mix(hash_text(filter, hash_key_), hash_text(share_name, hash_key_));
  while (number == 0 || groups_.contains(number)) {
    ++number;  // 0 is none; two names with one number are not to be expected
  }
  return number;
}

SharedGroup* SubscriptionIndex::group_by_number(std::uint64_t number) {
  const auto found = groups_.find(number);
  return found == groups_.end() ? nullptr : found->second;
}

bool SubscriptionIndex::remove_group(SharedGroup& group) {
  const NodeId node = group.node();
  auto& groups = elsewhere_at(node).groups;
  groups_.erase(group.number());
  std::erase_if(groups, [&](const auto& candidate) { return candidate.get() == &group; });
  const bool was_last = groups.empty();
  release_if_empty(node);
  return was_last;
}

void SubscriptionIndex::collect(NodeId node, MatchResult& result, unsigned& contributors) const {
  const std::uint32_t slot = tree_.value(node);
  if (slot == TopicTree::no_value) {
    return;
  }
  const Subscribers& subscribers = slots_[slot];
  contributors += subscribers.sessions.empty() ? 0 : 1;
  for (const Subscription& subscription : subscribers.sessions) {
    result.deliveries.push_back(delivery_of(subscription, result));
  }
  if (subscribers.elsewhere != nullptr) {
    result.workers |= subscribers.elsewhere->workers;
    result.group_owners |= subscribers.elsewhere->group_owners;
    result.durable_elsewhere |=
        subscribers.elsewhere->durable_workers | subscribers.elsewhere->durable_group_owners;
    for (const auto& group : subscribers.elsewhere->groups) {
      result.groups.push_back(group.get());
    }
  }
}

void SubscriptionIndex::match(mqtt::TopicName topic, MatchResult& result) const {
  struct Step {
    NodeId node;
    std::string_view rest;
  };
  result.clear();
  unsigned contributors = 0;
  std::vector<Step> steps;
  steps.push_back({NodeId::root, topic.text()});
  while (!steps.empty()) {
    const Step step = steps.back();
    steps.pop_back();
    // Wildcards in the first level pass over topics that begin with '$'. [MQTT-4.7.2-1]
    const bool wildcards_match = step.node != NodeId::root || !topic.is_dollar();
    if (wildcards_match && tree_.has_hash(step.node)) {
      collect(tree_.child(step.node, "#"), result, contributors);  // "a/#" matches "a" too
    }
    if (step.rest.data() == nullptr) {
      collect(step.node, result, contributors);
      continue;
    }
    std::string_view rest = step.rest;
    const std::string_view level = mqtt::take_level(rest);
    if (wildcards_match && tree_.has_plus(step.node)) {
      steps.push_back({tree_.child(step.node, "+"), rest});
    }
    if (const NodeId next = tree_.child(step.node, level); next != NodeId::none) {
      steps.push_back({next, rest});
    }
  }
  // Most topics are wanted by one filter, whose sessions are distinct already.
  if (contributors > 1) {
    join_overlaps(result);
  }
}

void SubscriptionIndex::join_overlaps(MatchResult& result) {
  // By slot and not by address, so that the order is the same in every run of a simulation.
  std::ranges::sort(result.deliveries, {}, [](const Delivery& delivery) {
    return std::pair(delivery.session->handle().slot, delivery.first_identifier);
  });
  std::vector<Delivery> joined;
  joined.reserve(result.deliveries.size());
  for (auto first = result.deliveries.begin(); first != result.deliveries.end();) {
    const auto last = std::find_if(first, result.deliveries.end(), [&](const Delivery& delivery) {
      return delivery.session != first->session;
    });
    const std::span<const Delivery> parts(first, last);
    const auto excluded = std::ranges::count_if(
        parts, [](const Delivery& part) { return part.audience == Audience::others; });
    if (parts.size() == 1) {
      joined.push_back(parts.front());
    } else if (excluded == 0) {
      joined.push_back(join(parts, Audience::everyone, result.identifiers));
    } else {
      joined.push_back(join(parts, Audience::others, result.identifiers));
      if (static_cast<std::size_t>(excluded) < parts.size()) {
        joined.push_back(join(parts, Audience::own, result.identifiers));
      }
    }
    first = last;
  }
  result.deliveries = std::move(joined);
}

}  // namespace peal::broker

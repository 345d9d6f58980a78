#include "peal/broker/retained_index.hpp"

#include <algorithm>

namespace peal::broker {

void RetainedIndex::set(Retained retained) {
  const NodeId node = tree_.insert(retained.message->topic().text());
  std::uint32_t slot = tree_.value(node);
  bytes_ += retained.message->bytes();
  const PublisherNumber publisher = publishers_.add(std::move(retained.publisher));
  if (slot != TopicTree::no_value) {
    bytes_ -= slots_[slot].message->bytes();
    publishers_.remove(slots_[slot].publisher);
    slots_[slot].message = std::move(retained.message);
    slots_[slot].publisher = publisher;
    return;
  }
  if (free_slots_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  slots_[slot] = {std::move(retained.message), node, publisher};
  tree_.set_value(node, slot);
  ++count_;
}

void RetainedIndex::erase_node(NodeId node) {
  const std::uint32_t slot = tree_.value(node);
  bytes_ -= slots_[slot].message->bytes();
  --count_;
  publishers_.remove(slots_[slot].publisher);
  slots_[slot] = {};
  free_slots_.push_back(slot);
  tree_.set_value(node, TopicTree::no_value);
  tree_.prune(node);
}

bool RetainedIndex::erase(mqtt::TopicName topic) {
  const NodeId node = tree_.find(topic.text());
  if (node == NodeId::none || tree_.value(node) == TopicTree::no_value) {
    return false;
  }
  erase_node(node);
  return true;
}

const Message* RetainedIndex::find(mqtt::TopicName topic) const {
  const NodeId node = tree_.find(topic.text());
  if (node == NodeId::none || tree_.value(node) == TopicTree::no_value) {
    return nullptr;
  }
  return slots_[tree_.value(node)].message.get();
}

void RetainedIndex::take(NodeId node, Time now, RetainedList& out) const {
  const std::uint32_t slot = tree_.value(node);
  if (slot != TopicTree::no_value && !slots_[slot].message->is_expired(now)) {
    out.add({slots_[slot].message, publishers_.find(slots_[slot].publisher)});
  }
}

void RetainedIndex::collect(const mqtt::TopicFilter& filter, Time now, RetainedList& out) const {
  struct Step {
    NodeId node;
    std::string_view rest;  // of the filter
    bool is_below_hash;     // everything from here down matches
  };
  std::vector<Step> steps{{NodeId::root, filter.filter(), false}};
  while (!steps.empty()) {
    const Step step = steps.back();
    steps.pop_back();
    const bool is_at_end = step.rest.data() == nullptr;
    if (is_at_end || step.is_below_hash) {
      take(step.node, now, out);
    }
    if (is_at_end && !step.is_below_hash) {
      continue;
    }
    std::string_view rest = step.rest;
    const std::string_view level = step.is_below_hash ? "#" : mqtt::take_level(rest);
    if (level != "+" && level != "#") {
      if (const NodeId next = tree_.child(step.node, level); next != NodeId::none) {
        steps.push_back({next, rest, false});
      }
      continue;
    }
    const bool is_hash = level == "#";
    if (is_hash && !step.is_below_hash && step.node != NodeId::root) {
      take(step.node, now, out);  // "a/#" matches "a"
    }
    for (NodeId next = tree_.first_child(step.node); next != NodeId::none;
         next = tree_.next_sibling(next)) {
      // [MQTT-4.7.2-1]
      if (step.node == NodeId::root && tree_.level(next).starts_with('$')) {
        continue;
      }
      steps.push_back({next, is_hash ? std::string_view{} : rest, is_hash});
    }
  }
}

std::vector<MessageRef> RetainedIndex::sweep_expired(Time now, std::size_t budget) {
  std::vector<MessageRef> removed;
  for (budget = std::min(budget, slots_.size()); budget > 0; --budget) {
    sweep_at_ = sweep_at_ + 1 < slots_.size() ? sweep_at_ + 1 : 0;
    const Slot& slot = slots_[sweep_at_];
    if (slot.message && slot.message->is_expired(now)) {
      removed.push_back(slot.message);
      erase_node(slot.node);
    }
  }
  return removed;
}

}  // namespace peal::broker

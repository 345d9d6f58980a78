#include "peal/broker/topic_tree.hpp"

#include <algorithm>
#include <cstring>

#include "peal/base/assert.hpp"
#include "peal/base/hash.hpp"
#include "peal/mqtt/topic_name.hpp"

namespace peal::broker {

namespace {

constexpr std::size_t first_edges = 64;

char* load_pointer(const char* from) {
  char* pointer = nullptr;
  std::memcpy(&pointer, from, sizeof(pointer));
  return pointer;
}

}  // namespace

std::string_view TopicTree::Node::text() const {
  return {text_size <= inline_bytes ? inline_text : load_pointer(inline_text), text_size};
}

void TopicTree::Node::set_text(std::string_view level) {
  PEAL_ASSERT(level.size() <= 0xFFFF);  // a topic's limit [MQTT-4.7.3-3]
  text_size = static_cast<std::uint16_t>(level.size());
  if (level.size() <= inline_bytes) {
    std::copy(level.begin(), level.end(), inline_text);
    return;
  }
  char* block = new char[level.size()];
  std::copy(level.begin(), level.end(), block);
  std::memcpy(inline_text, &block, sizeof(block));
}

void TopicTree::Node::free_text() {
  if (text_size > inline_bytes) {
    delete[] load_pointer(inline_text);
  }
  text_size = 0;
}

TopicTree::TopicTree(std::uint64_t hash_key)
    : hash_key_(hash_key), nodes_(1), edges_(first_edges, NodeId::none) {}

TopicTree::~TopicTree() {
  for (Node& node : nodes_) {
    node.free_text();
  }
}

std::uint32_t TopicTree::hash_of(NodeId parent, std::string_view level) const {
  const std::uint64_t key = hash_key_ + static_cast<std::uint32_t>(parent);
  return static_cast<std::uint32_t>(hash_text(level, key) >> 32);
}

NodeId TopicTree::child(NodeId parent, std::string_view level) const {
  const std::uint32_t hash = hash_of(parent, level);
  const std::size_t mask = edges_.size() - 1;
  for (std::size_t slot = hash & mask; edges_[slot] != NodeId::none; slot = (slot + 1) & mask) {
    const Node& node = at(edges_[slot]);
    if (node.hash == hash && node.parent == parent && node.text() == level) {
      return edges_[slot];
    }
  }
  return NodeId::none;
}

NodeId TopicTree::find(std::string_view text) const {
  NodeId node = NodeId::root;
  while (text.data() != nullptr && node != NodeId::none) {
    node = child(node, mqtt::take_level(text));
  }
  return node;
}

NodeId TopicTree::insert(std::string_view text) {
  NodeId node = NodeId::root;
  while (text.data() != nullptr) {
    const std::string_view level = mqtt::take_level(text);
    const NodeId next = child(node, level);
    node = next != NodeId::none ? next : add_child(node, level);
  }
  return node;
}

NodeId TopicTree::add_child(NodeId parent, std::string_view level) {
  NodeId id = free_;
  if (id != NodeId::none) {
    free_ = at(id).parent;
    at(id) = Node{};
  } else {
    id = static_cast<NodeId>(nodes_.size());
    PEAL_ASSERT(id != NodeId::none);
    nodes_.emplace_back();
  }
  Node& node = at(id);
  node.parent = parent;
  node.set_text(level);
  node.hash = hash_of(parent, level);
  Node& above = at(parent);
  node.next_sibling = above.first_child;
  if (above.first_child != NodeId::none) {
    at(above.first_child).previous_sibling = id;
  }
  above.first_child = id;
  above.has_plus = above.has_plus || level == "+";
  above.has_hash = above.has_hash || level == "#";
  ++used_;
  insert_edge(id);
  return id;
}

void TopicTree::prune(NodeId node) {
  while (node != NodeId::root && at(node).value == no_value &&
         at(node).first_child == NodeId::none) {
    const NodeId above = at(node).parent;
    remove_leaf(node);
    node = above;
  }
}

void TopicTree::remove_leaf(NodeId id) {
  erase_edge(id);
  Node& node = at(id);
  Node& above = at(node.parent);
  if (node.previous_sibling != NodeId::none) {
    at(node.previous_sibling).next_sibling = node.next_sibling;
  } else {
    above.first_child = node.next_sibling;
  }
  if (node.next_sibling != NodeId::none) {
    at(node.next_sibling).previous_sibling = node.previous_sibling;
  }
  if (node.text() == "+") {
    above.has_plus = false;
  } else if (node.text() == "#") {
    above.has_hash = false;
  }
  node.free_text();
  node = Node{};
  node.parent = free_;
  node.next_sibling = NodeId::freed;
  free_ = id;
  --used_;
}

void TopicTree::insert_edge(NodeId id) {
  if (used_ * 4 > edges_.size() * 3) {
    grow_edges();  // places `id` too
    return;
  }
  const std::size_t mask = edges_.size() - 1;
  std::size_t slot = at(id).hash & mask;
  while (edges_[slot] != NodeId::none) {
    slot = (slot + 1) & mask;
  }
  edges_[slot] = id;
}

void TopicTree::grow_edges() {
  edges_.assign(edges_.size() * 2, NodeId::none);
  const std::size_t mask = edges_.size() - 1;
  for (std::size_t i = 1; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    if (node.next_sibling == NodeId::freed) {
      continue;
    }
    std::size_t slot = node.hash & mask;
    while (edges_[slot] != NodeId::none) {
      slot = (slot + 1) & mask;
    }
    edges_[slot] = static_cast<NodeId>(i);
  }
}

void TopicTree::erase_edge(NodeId id) {
  const std::size_t mask = edges_.size() - 1;
  std::size_t hole = at(id).hash & mask;
  while (edges_[hole] != id) {
    hole = (hole + 1) & mask;
  }
  // Backward shift: entries behind move up as long as that brings them no nearer than their home.
  for (std::size_t slot = (hole + 1) & mask; edges_[slot] != NodeId::none;
       slot = (slot + 1) & mask) {
    const std::size_t home = at(edges_[slot]).hash & mask;
    if (((slot - home) & mask) >= ((slot - hole) & mask)) {
      edges_[hole] = edges_[slot];
      hole = slot;
    }
  }
  edges_[hole] = NodeId::none;
}

std::string TopicTree::text(NodeId node) const {
  std::vector<std::string_view> parts;
  for (; node != NodeId::root; node = at(node).parent) {
    parts.push_back(level(node));
  }
  std::string text;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (part != parts.rbegin()) {
      text += '/';
    }
    text += *part;
  }
  return text;
}

}  // namespace peal::broker

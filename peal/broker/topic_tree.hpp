// A tree of topic levels: the ground under the subscriptions and under the retained messages.
//
// Nodes lie in one flat table and know each other by number; the edges of all nodes are one hash
// table keyed by (parent, level), so that a step costs the same under a node with two children and
// under one with a million. A level of up to 13 bytes stands in its node. About 50 bytes a node,
// everything counted.
//
// Owned by one worker, used on its thread. Nothing recurses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace peal::broker {

enum class NodeId : std::uint32_t { root = 0, freed = 0xFFFFFFFE, none = 0xFFFFFFFF };

class TopicTree {
 public:
  static constexpr std::uint32_t no_value = 0xFFFFFFFF;

  /// `hash_key`   random per process, so that nobody can choose colliding levels.
  explicit TopicTree(std::uint64_t hash_key);
  ~TopicTree();
  TopicTree(const TopicTree&) = delete;
  TopicTree& operator=(const TopicTree&) = delete;

  /// The node of a whole topic or filter.    cost   O(levels).
  [[nodiscard]] NodeId find(std::string_view text) const;
  /// The same, made where it is missing.
  NodeId insert(std::string_view text);
  /// Removes `node` and its ancestors as far as they have neither value nor children.
  void prune(NodeId node);

  [[nodiscard]] NodeId child(NodeId parent, std::string_view level) const;
  [[nodiscard]] NodeId first_child(NodeId node) const { return at(node).first_child; }
  [[nodiscard]] NodeId next_sibling(NodeId node) const { return at(node).next_sibling; }
  [[nodiscard]] NodeId parent(NodeId node) const { return at(node).parent; }
  [[nodiscard]] std::string_view level(NodeId node) const { return at(node).text(); }
  /// Whether a child "+" or "#" exists: spares the look-up where there is none.
  [[nodiscard]] bool has_plus(NodeId node) const { return at(node).has_plus; }
  [[nodiscard]] bool has_hash(NodeId node) const { return at(node).has_hash; }

  [[nodiscard]] std::uint32_t value(NodeId node) const { return at(node).value; }
  void set_value(NodeId node, std::uint32_t value) { at(node).value = value; }

  /// The whole text from the root down.    cost   O(levels), allocates.
  [[nodiscard]] std::string text(NodeId node) const;
  [[nodiscard]] std::size_t node_count() const { return used_; }

 private:
  struct Node {
    static constexpr std::size_t inline_bytes = 13;
    [[nodiscard]] std::string_view text() const;
    void set_text(std::string_view level);
    void free_text();

    NodeId parent = NodeId::none;
    NodeId first_child = NodeId::none;
    NodeId next_sibling = NodeId::none;
    NodeId previous_sibling = NodeId::none;
    std::uint32_t value = no_value;
    std::uint32_t hash = 0;
    std::uint16_t text_size = 0;
    bool has_plus : 1 = false;
    bool has_hash : 1 = false;
    char inline_text[inline_bytes] = {};
  };
  static_assert(sizeof(Node) == 40);

  Node& at(NodeId id) { return nodes_[static_cast<std::uint32_t>(id)]; }
  [[nodiscard]] const Node& at(NodeId id) const { return nodes_[static_cast<std::uint32_t>(id)]; }
  [[nodiscard]] std::uint32_t hash_of(NodeId parent, std::string_view level) const;
  NodeId add_child(NodeId parent, std::string_view level);
  void remove_leaf(NodeId id);
  void insert_edge(NodeId id);
  void erase_edge(NodeId id);
  void grow_edges();

  std::uint64_t hash_key_;
  std::vector<Node> nodes_;
  std::vector<NodeId> edges_;   // open addressing, linear probing; a power of two
  NodeId free_ = NodeId::none;  // freed nodes, chained by `parent`
  std::size_t used_ = 1;
};

}  // namespace peal::broker

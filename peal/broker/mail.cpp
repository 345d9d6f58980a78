#include "peal/broker/mail.hpp"

namespace peal::broker {

namespace {

/// A place in the index to find or make, and caches that it empties.
constexpr std::size_t filter_weight = 32;

struct Weight {
  std::size_t operator()(const mail::Interests& interests) const {
    return filter_weight * interests.changes.size();
  }
  std::size_t operator()(const mail::GroupJoin&) const { return filter_weight; }
  std::size_t operator()(const mail::GroupLeave&) const { return filter_weight; }
  std::size_t operator()(const auto&) const { return 1; }
};

}  // namespace

std::size_t weight_of(const Mail& mail) { return std::visit(Weight{}, mail); }

}  // namespace peal::broker

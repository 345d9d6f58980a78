#include "peal/broker/context.hpp"

#include "peal/base/hash.hpp"

namespace peal::broker {

WorkerIndex home_of(std::string_view name, NamespaceId space, std::uint64_t hash_key,
                    unsigned worker_count) {
  if (worker_count == 1) {
    return WorkerIndex{0};
  }
  const std::uint64_t hash = hash_text(name, hash_key + static_cast<std::uint16_t>(space));
  return static_cast<WorkerIndex>((hash >> 32) % worker_count);
}

}  // namespace peal::broker

// The table of all limits: which key sets one, what happens beyond it, what counts that, and which
// test reaches it. docs/reference/limits.md is made from it, and a test holds it together with the
// keys, the counters and the tests, so that none of them can go its own way.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "peal/broker/counters.hpp"
#include "peal/store/counters.hpp"

namespace peal::server {

struct LimitRow {
  std::string_view what;
  std::string_view key;     // "limits.packet", "listener.max_connections"; empty: it is not set
  std::string_view fixed;   // without a key, its value
  std::string_view beyond;  // what happens then
  std::string_view counter;
  broker::Counter broker::Counters::* of_workers;  // one of these two, unless `counter` is empty
  store::StoreCounters::Count store::StoreCounters::* of_store;
  std::string_view test_file;
  std::string_view test;  // its name in there
};

[[nodiscard]] std::span<const LimitRow> limit_rows();

/// The page.
[[nodiscard]] std::string limits_reference();

}  // namespace peal::server

// Bytes of fixed-width numbers: big-endian in keys, so that keys sort as numbers do, and
// little-endian in values. The reader's first failure sticks: read all fields, ask `ok` once.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "peal/base/bytes.hpp"

namespace peal::store {

static_assert(std::endian::native == std::endian::little, "values are written as they are");

template <typename Number>
void put_little(std::string& out, Number number) {
  char bytes[sizeof(Number)];
  std::memcpy(bytes, &number, sizeof(Number));
  out.append(bytes, sizeof(Number));
}

template <typename Number>
void put_big(std::string& out, Number number) {
  if constexpr (sizeof(Number) > 1) {
    number = std::byteswap(number);
  }
  put_little(out, number);
}

class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : rest_(bytes) {}

  [[nodiscard]] bool ok() const { return is_ok_; }
  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }
  [[nodiscard]] std::size_t left() const { return rest_.size(); }
  void fail() {
    is_ok_ = false;
    rest_ = {};
  }
  void require(bool claim) {
    if (!claim) {
      fail();
    }
  }

  Bytes take(std::size_t size) {
    if (size > rest_.size()) {
      fail();
      return {};
    }
    const Bytes taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  std::string_view text(std::size_t size) { return as_text(take(size)); }

  template <typename Number>
  Number little() {
    Number number{};
    const Bytes taken = take(sizeof(Number));
    if (!taken.empty()) {
      std::memcpy(&number, taken.data(), sizeof(Number));
    }
    return number;
  }
  template <typename Number>
  Number big() {
    return std::byteswap(little<Number>());
  }

 private:
  Bytes rest_;
  bool is_ok_ = true;
};

}  // namespace peal::store

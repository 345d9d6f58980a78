// A table for people: columns as wide as what is in them, a line of headings above.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace peal::cli {

class TextTable {
 public:
  explicit TextTable(std::vector<std::string> headings) : rows_{std::move(headings)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  /// Text of a peer is shown as what it says, never as what a terminal makes of it.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// `items` with `between` between them.
[[nodiscard]] std::string joined(const std::vector<std::string>& items, std::string_view between);

}  // namespace peal::cli

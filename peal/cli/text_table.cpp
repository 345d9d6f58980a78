#include "peal/cli/text_table.hpp"

#include <algorithm>

#include "peal/mqtt/escaped.hpp"

namespace peal::cli {

namespace {

constexpr std::size_t cell_limit = 256;

/// How many columns it takes: characters, not bytes.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::string TextTable::text() const {
  std::vector<std::vector<std::string>> cells;
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    auto& shown = cells.emplace_back();
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t column = 0; column < row.size(); ++column) {
      shown.push_back(mqtt::escaped(row[column], cell_limit));
      widths[column] = std::max(widths[column], width_of(shown.back()));
    }
  }
  std::string text;
  for (const auto& row : cells) {
    std::string line;
    for (std::size_t column = 0; column < row.size(); ++column) {
      line += row[column];
      line.append(widths[column] - width_of(row[column]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string joined(const std::vector<std::string>& items, std::string_view between) {
  std::string text;
  for (const std::string& item : items) {
    text += (text.empty() ? "" : std::string(between)) + item;
  }
  return text;
}

}  // namespace peal::cli

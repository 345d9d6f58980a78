// How bad something is that a scan found, and the grade that follows from it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace peal::cli {

enum class Severity : std::uint8_t { low, medium, high, critical };

struct SeverityRow {
  Severity severity;
  std::string_view name;
  char grade;  // of a host whose worst finding it is
};

inline constexpr std::array severity_table{
    SeverityRow{Severity::low, "low", 'B'},
    SeverityRow{Severity::medium, "medium", 'C'},
    SeverityRow{Severity::high, "high", 'D'},
    SeverityRow{Severity::critical, "critical", 'F'},
};

[[nodiscard]] constexpr const SeverityRow& severity_row(Severity severity) {
  return severity_table[std::to_underlying(severity)];
}

/// The worst finding decides: nothing found is A.
[[nodiscard]] constexpr char grade_of(std::optional<Severity> worst) {
  return worst.has_value() ? severity_row(*worst).grade : 'A';
}

}  // namespace peal::cli

#include "peal/cli/scan_text.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <string_view>
#include <vector>

namespace peal::cli {
namespace {

constexpr std::size_t label_column = 10;  // behind the severity
constexpr std::size_t text_column = 20;   // behind "elsewhere"
constexpr std::size_t topic_columns = 24;

constexpr std::string_view bold = "\033[1m";
constexpr std::string_view dim = "\033[2m";
constexpr std::string_view green = "\033[32m";
constexpr std::array<std::string_view, severity_table.size()> severity_colors{
    "\033[36m", "\033[33m", "\033[1;31m", "\033[1;37;41m"};

/// All results of one check that are alike: one entry in the list.
struct Group {
  const ScanCheck* check;
  Severity severity;
  std::vector<const ScanResult*> results;
};

std::vector<Group> grouped(const std::vector<ScanResult>& results) {
  std::vector<Group> groups;
  for (const ScanResult& result : results) {
    const auto group = std::ranges::find(groups, result.check, &Group::check);
    if (group != groups.end()) {
      group->results.push_back(&result);
    } else {
      groups.push_back({result.check, result.judgement.severity, {&result}});
    }
  }
  return groups;
}

class Page {
 public:
  explicit Page(const ScanStyle& style) : style_(style) {}

  void line(std::string_view text = "") { text_.append(text).append("\n"); }
  [[nodiscard]] std::string colored(std::string_view color, std::string_view text) const {
    return style_.is_colored ? fmt::format("{}{}\033[0m", color, text) : std::string(text);
  }
  [[nodiscard]] std::size_t columns() const { return style_.columns; }
  [[nodiscard]] const std::string& text() const { return text_; }

  /// A label and its text, wrapped behind it.
  void entry(std::string_view label, std::string_view text) {
    line(std::string(label_column, ' ') +
         colored(dim, fmt::format("{:<{}}", label, text_column - label_column)) +
         wrapped(text, text_column, style_.columns));
  }

 private:
  const ScanStyle& style_;
  std::string text_;
};

std::string ports_of(const Group& group) {
  std::string text;
  for (const ScanResult* result : group.results) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", result->port);
  }
  return fmt::format("port{} {}", group.results.size() == 1 ? "" : "s", text);
}

/// One text for ports that look alike, else one for each.
std::vector<std::string> seen_texts(const Group& group) {
  const std::string& first = group.results.front()->judgement.seen;
  const bool are_alike = std::ranges::all_of(group.results, [&first](const ScanResult* result) {
    return result->judgement.seen == first;
  });
  if (are_alike) {
    return {first};
  }
  std::vector<std::string> texts;
  for (const ScanResult* result : group.results) {
    texts.push_back(fmt::format("{}: {}", result->port, result->judgement.seen));
  }
  return texts;
}

void add_finding(Page& page, const Group& group) {
  const SeverityRow& row = severity_row(group.severity);
  const std::string ports = ports_of(group);
  const std::size_t used = label_column + group.check->title.size() + ports.size();
  const std::size_t gap = used + 2 < page.columns() ? page.columns() - used : 2;
  page.line(page.colored(severity_colors[std::to_underlying(row.severity)], row.name) +
            std::string(label_column - row.name.size(), ' ') +
            page.colored(bold, group.check->title) + std::string(gap, ' ') +
            page.colored(dim, ports));
  std::string_view label = "seen";
  for (const std::string& text : seen_texts(group)) {
    page.entry(label, text);
    label = "";
  }
  page.entry("in Peal", group.check->peal);
  page.entry("elsewhere", group.check->general);
  page.line();
}

/// What a line of a list says: on which ports, where that is not all of them.
std::string listed_text(const Group& group, const std::string& text, std::size_t ports) {
  const bool is_of_all = ports == group.results.size() || seen_texts(group).size() > 1;
  return is_of_all ? text : fmt::format("{} ({})", text, ports_of(group));
}

void add_list(Page& page, std::string_view title, std::string_view color, std::string_view mark,
              const std::vector<ScanResult>& results, std::size_t ports) {
  if (results.empty()) {
    return;
  }
  page.line(page.colored(bold, title));
  for (const Group& group : grouped(results)) {
    std::string topic = fmt::format("{:<{}}", group.check->topic, topic_columns);
    for (const std::string& text : seen_texts(group)) {
      page.line(
          fmt::format("  {} {}{}", page.colored(color, mark), topic,
                      wrapped(listed_text(group, text, ports), 4 + topic_columns, page.columns())));
      topic = std::string(topic_columns, ' ');
    }
  }
  page.line();
}

std::string counts(const ScanVerdict& verdict) {
  std::string text;
  for (auto row = severity_table.rbegin(); row != severity_table.rend(); ++row) {
    const auto count = std::ranges::count_if(verdict.findings, [row](const ScanResult& result) {
      return result.judgement.severity == row->severity;
    });
    if (count > 0) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, row->name);
    }
  }
  return text.empty() ? "nothing to find fault with" : text;
}

void add_grade(Page& page, const HostSeen& host, const ScanVerdict& verdict,
               const ScanStyle& style) {
  const std::string grade = fmt::format("Grade {}", verdict.grade());
  const std::string_view color =
      verdict.worst.has_value() ? severity_colors[std::to_underlying(*verdict.worst)] : green;
  page.line(fmt::format("{}   {}", page.colored(color, grade), counts(verdict)));
  if (host.is_loopback) {
    page.line(wrapped("This is what programs on this machine see; others may see less, or nothing.",
                      0, style.columns));
    if (!style.other_address.empty()) {
      page.line("What others see:  peal scan " + style.other_address);
    }
  }
  page.line();
}

std::string trouble_text(const PortSeen& port) {
  const std::size_t colon = port.trouble.find(": ");
  return colon == std::string::npos ? port.trouble : port.trouble.substr(colon + 2);
}

std::string versions_text(const PortSeen& port) {
  const bool by_5 = port.login_5.is_understood();
  const bool by_3 = port.login_3.is_understood();
  return by_5 && by_3 ? "MQTT 5 and 3.1.1" : by_5 ? "MQTT 5" : "MQTT 3.1.1";
}

std::string silent_port_text(const PortSeen& port) {
  if (port.tls.is_spoken()) {
    return port.tls.any.asks_for_certificate
               ? "TLS that asks for a client certificate; what is behind it was not looked at"
               : "TLS, but no MQTT inside it";
  }
  return port.is_heard ? "open, but what answers does not speak MQTT" : "open, but nothing answers";
}

}  // namespace

std::string port_text(const PortSeen& port) {
  if (!port.is_open) {
    return "closed: " + trouble_text(port);
  }
  if (port.way == Way::none) {
    return silent_port_text(port);
  }
  constexpr std::array<std::string_view, 5> ways{"", " without TLS", " inside TLS",
                                                 " in a WebSocket without TLS",
                                                 " in a WebSocket inside TLS"};
  std::string text = versions_text(port).append(ways[std::to_underlying(port.way)]);
  if (!is_encrypted(port.way) && port.tls.is_spoken()) {
    text += "; TLS, too";
  }
  if (!is_websocket(port.way) && port.http.websocket == Answer::yes) {
    text += "; WebSockets";
  } else if (!is_websocket(port.way) && port.http.answers == Answer::yes) {
    text += "; HTTP";
  }
  return text;
}

std::string wrapped(std::string_view text, std::size_t indent, std::size_t columns) {
  std::string result;
  std::size_t column = indent;
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    const bool is_first = column == indent;
    if (!is_first && column + 1 + word.size() > columns) {
      result += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (!is_first) {
      result += ' ';
      ++column;
    }
    result += word;
    column += word.size();
    text = space == std::string_view::npos ? "" : text.substr(space + 1);
  }
  return result;
}

std::string scan_text(const HostSeen& host, const ScanVerdict& verdict, const ScanStyle& style) {
  Page page(style);
  const bool is_named = host.host != host.address;
  page.line(page.colored(bold, host.host) + (is_named ? " (" + host.address + ")" : ""));
  for (const PortSeen& port : host.ports) {
    page.line(fmt::format("  {:<7}{}", port.port, wrapped(port_text(port), 9, style.columns)));
  }
  page.line();
  if (is_judgeable(host)) {
    add_grade(page, host, verdict, style);
    for (const Group& group : grouped(verdict.findings)) {
      add_finding(page, group);
    }
    const auto ports = static_cast<std::size_t>(std::ranges::count_if(host.ports, is_spoken_to));
    add_list(page, "Good", green, "+", verdict.good, ports);
    add_list(page, "Not known", dim, "?", verdict.unknown, ports);
  }
  page.line(page.colored(dim, fmt::format("{} connection{}, one at a time; {:.1f} s",
                                          host.connections, host.connections == 1 ? "" : "s",
                                          std::chrono::duration<double>(host.duration).count())));
  return page.text();
}

}  // namespace peal::cli

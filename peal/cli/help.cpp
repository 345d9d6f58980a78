// The help of `peal pub`, `peal sub` and `peal rr`, made from the option table.
#include <array>
#include <string>

#include "peal/cli/option_table.hpp"

namespace peal::cli {
namespace {

constexpr std::size_t text_column = 34;
constexpr std::size_t line_columns = 100;

struct Heading {
  OptionGroup group;
  std::string_view title;
};

constexpr std::array headings{
    Heading{OptionGroup::connection, "Connection"}, Heading{OptionGroup::message, "Messages"},
    Heading{OptionGroup::output, "Output"},         Heading{OptionGroup::session, "Session"},
    Heading{OptionGroup::will, "Will Message"},     Heading{OptionGroup::tls, "TLS"},
    Heading{OptionGroup::other, "Other"},
};

constexpr std::string_view format_codes =
    "\nWhat a FORMAT may hold (-F):\n"
    "  %t topic            %p payload           %x %X payload, hexadecimal   %l its length\n"
    "  %q QoS              %r retained, 0 or 1  %m Packet Identifier         %% a percent sign\n"
    "  %A Topic Alias      %C Content Type      %D Correlation Data          %P User Properties\n"
    "  %E Message Expiry   %F Payload Format    %R Response Topic            %S Subscription "
    "Identifier\n"
    "  %j all as JSON      %J the same, with a payload that is JSON itself\n"
    "  %I time, ISO 8601   %U time, Unix        @X time, as strftime's %X    @N nanoseconds   @@ "
    "an "
    "@\n"
    "  \\\\ \\0 \\a \\e \\n \\r \\t \\v as in C; \\e is escape\n"
    "Between % and the letter: - for left, 0 for zeros, a width, and .N for at most N characters "
    "of\n"
    "%C %I %R %t, as in %-20.20t.\n";

std::string_view introduction(Program program) {
  switch (program) {
    case Program::pub:
      return "peal pub: publish messages.\n\n"
             "Usage: peal pub [-h HOST] [-p PORT] -t TOPIC {-m TEXT | -f FILE | -l | -s | -n}\n"
             "       peal pub -L mqtt://HOST/TOPIC -m TEXT\n\n"
             "Example: peal pub -t kitchen/light -m on -q 1 -r\n";
    case Program::sub:
      return "peal sub: subscribe and print what comes.\n\n"
             "Usage: peal sub [-h HOST] [-p PORT] -t TOPIC [-t TOPIC]... [-v | -F FORMAT]\n"
             "       peal sub -L mqtt://HOST/TOPIC\n\n"
             "Example: peal sub -t 'kitchen/#' -F '@H:@M:@S %t: %p'\n";
    case Program::rr:
      break;
  }
  return "peal rr: send a request, print the response.\n\n"
         "Usage: peal rr [-h HOST] [-p PORT] -t TOPIC -e RESPONSE-TOPIC {-m TEXT | -f FILE | -s | "
         "-n}\n\n"
         "Example: peal rr -t clock/ask -e clock/answer -m now -W 5\n";
}

std::string without_trailing_blanks(std::string text) {
  for (std::size_t at = text.find(" \n"); at != std::string::npos; at = text.find(" \n")) {
    text.erase(at, 1);
  }
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

/// `text` broken into lines behind the column where explanations stand.
std::string wrapped(std::string_view text) {
  std::string result;
  std::size_t column = text_column;
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    if (column + word.size() >= line_columns && column != text_column) {
      result += '\n' + std::string(text_column, ' ');
      column = text_column;
    }
    result.append(word).append(" ");
    column += word.size() + 1;
    text = space == std::string_view::npos ? "" : text.substr(space + 1);
  }
  return without_trailing_blanks(result) + '\n';
}

std::string described(const OptionRow& row) {
  std::string line = row.letter != 0 ? std::string("  -") + row.letter + ", --" : "      --";
  line.append(row.name);
  if (!row.value.empty()) {
    line.append(" ").append(row.value);
  }
  if (line.size() + 2 > text_column) {
    line += '\n';
    line.append(text_column, ' ');
  } else {
    line.append(text_column - line.size(), ' ');
  }
  return line + wrapped(row.help);
}

}  // namespace

std::string help_text(Program program) {
  std::string text(introduction(program));
  for (const Heading& heading : headings) {
    std::string group;
    for (const OptionRow& row : option_table()) {
      if (row.group == heading.group && is_option_of(row, program)) {
        group += described(row);
      }
    }
    if (!group.empty()) {
      text.append("\n").append(heading.title).append(":\n").append(group);
    }
  }
  if (program != Program::pub) {
    text += format_codes;
  }
  const std::string name = "peal_" + std::string(program_name(program));
  text += "\nOptions that you always want can stand in $XDG_CONFIG_HOME/" + name +
          " or ~/.config/" + name + ",\none on a line; the command line wins.\n";
  return text;
}

}  // namespace peal::cli

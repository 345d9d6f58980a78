// UTF-8 Encoded Strings (MQTT 5 §1.5.4): RFC 3629 without surrogates and without U+0000.
//
// Text is looked at eight bytes at a time as long as it is ASCII, which topics nearly always are;
// wildcards are found in the same pass. U+FEFF is a character as any other
// [MQTT-1.5.4-3] [MQTT3-1.5.3-3], and nothing is ever normalised [MQTT-4.7.3-4] [MQTT3-4.7.3-4].
#pragma once

#include <string_view>

namespace peal::mqtt {

struct TextScan {
  bool is_well_formed = false;
  bool has_wildcard = false;  // '+' or '#' somewhere; says nothing when not well-formed
};

/// One pass over `text`.    cost   O(size), no allocation.      threads   pure.
[[nodiscard]] TextScan scan_text(std::string_view text);

/// Well-formed UTF-8 without U+0000 [MQTT-1.5.4-1] [MQTT-1.5.4-2] [MQTT3-1.5.3-1] [MQTT3-1.5.3-2].
[[nodiscard]] inline bool is_utf8(std::string_view text) { return scan_text(text).is_well_formed; }

}  // namespace peal::mqtt

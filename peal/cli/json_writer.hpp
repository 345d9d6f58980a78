// Writes JSON text piece by piece, in the form people know from mosquitto_sub: compact, or indented
// with tabs. Keeps the order and the repetition of keys, which a tree of maps would lose.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace peal::cli {

class JsonWriter {
 public:
  explicit JsonWriter(bool pretty) : pretty_(pretty) {}

  void begin_object();
  void end_object();
  void begin_array();
  void end_array();
  void key(std::string_view name);
  void string(std::string_view value);
  void number(double value);
  /// true, false or null.
  void word(std::string_view value);

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void before_value();
  void quoted(std::string_view value);
  void new_line(std::size_t tabs);

  bool pretty_;
  std::string text_;
  std::string open_;      // '{' or '[' for each level that is open
  bool is_first_ = true;  // of the level
  bool is_after_key_ = false;
};

}  // namespace peal::cli

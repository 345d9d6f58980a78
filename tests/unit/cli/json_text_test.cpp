#include "peal/cli/json_text.hpp"

#include <gtest/gtest.h>
#include <optional>
#include <string>

namespace peal::cli {
namespace {

std::optional<std::string> copied(std::string_view text, bool pretty = false) {
  JsonWriter writer(pretty);
  if (!copy_json(text, writer)) {
    return std::nullopt;
  }
  return writer.text();
}

TEST(CopyJson, KeepsTheValue) {
  EXPECT_EQ(copied(" [1 , \"a\" ,{ }, null,true , false] "), "[1,\"a\",{},null,true,false]");
  EXPECT_EQ(copied("\"\\u00e9\\/\\n\\u0001\\ud83d\\ude00\""),
            "\"\xC3\xA9/\\n\\u0001\xF0\x9F\x98\x80\"");
  EXPECT_EQ(copied("5"), "5");
}

TEST(CopyJson, KeepsOrderAndRepetition) {
  EXPECT_EQ(copied(R"({"b":1,"a":2,"b":3})"), R"({"b":1,"a":2,"b":3})");
}

TEST(CopyJson, NumbersAsShortAsTheyCanBe) {
  EXPECT_EQ(copied("[2.50,1e3,-0,0.1,1e30,12345678901]"), "[2.5,1000,-0,0.1,1e+30,12345678901]");
  EXPECT_EQ(copied("123456789012345678"), "1.2345678901234568e+17");
}

TEST(CopyJson, RefusesWhatIsNoJson) {
  for (const std::string_view text :
       {"", " ", "a", "[1,]", "{\"a\"}", "{'a':1}", "1 2", "[1", "\"", "nul"}) {
    EXPECT_EQ(copied(text), std::nullopt) << text;
  }
}

TEST(CopyJson, ADeepValueEndsInARefusal) {
  EXPECT_NE(copied(std::string(900, '[') + std::string(900, ']')), std::nullopt);
  EXPECT_EQ(copied(std::string(100'000, '[')), std::nullopt);
}

TEST(CopyJson, Pretty) {
  EXPECT_EQ(copied(R"({"a":[1,{"b":2}],"c":{}})", true),
            "{\n\t\"a\":\t[1, {\n\t\t\t\"b\":\t2\n\t\t}],\n\t\"c\":\t{\n\t}\n}");
}

}  // namespace
}  // namespace peal::cli

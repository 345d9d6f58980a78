#include "peal/auth/strict_json.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <gtest/gtest.h>
#include <optional>
#include <string>

namespace peal::auth {
namespace {

using namespace std::string_view_literals;

std::optional<JsonError> error_of(std::string_view text, std::size_t depth = 16) {
  const auto value = read_json(text, {.bytes = 1000, .depth = depth});
  return value ? std::nullopt : std::optional(value.error());
}

TEST(StrictJson, ReadsEveryKindOfValue) {
  const std::string_view text =
      R"({"a":[1,-2,18446744073709551615,1.5E0,true,false,null,"x\u00e9"],"b":{},"c":[]})";
  const auto value = read_json(text, {.bytes = 1000, .depth = 16});
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(boost::json::serialize(*value),
            R"({"a":[1,-2,18446744073709551615,1.5E0,true,false,null,"xé"],"b":{},"c":[]})");
}

TEST(StrictJson, ReadsTextsLongerThanItsBuffers) {
  const std::string name(300, 'k');
  std::string text(300, 'v');
  text.replace(100, 1, "\\n");
  const auto value = read_json("{\"" + name + "\":\"" + text + "\"}", {.bytes = 1000, .depth = 16});
  ASSERT_TRUE(value.has_value());
  const auto* object = value->if_object();
  ASSERT_NE(object, nullptr);
  const auto* member = object->if_contains(name);
  ASSERT_NE(member, nullptr);
  EXPECT_EQ(member->as_string().size(), 300u);
}

TEST(StrictJson, AMemberTwiceIsRefusedHoweverItIsWritten) {
  for (const std::string_view text :
       {R"({"a":1,"a":1})"sv, R"({"a":1,"\u0061":2})"sv, R"([{"x":{"a":{"b":1},"a":{"b":1}}}])"sv,
        R"({"a":1,"b":2,"c":3,"a":null})"sv}) {
    EXPECT_EQ(error_of(text), JsonError::member_twice) << text;
  }
  EXPECT_EQ(error_of(R"([{"a":1},{"a":1},{"A":1,"a":{"a":1}}])"), std::nullopt);
}

TEST(StrictJson, DepthHasALimit) {
  EXPECT_EQ(error_of("[[[1]]]", 3), std::nullopt);
  EXPECT_EQ(error_of("[[[[1]]]]", 3), JsonError::too_deep);
  EXPECT_EQ(error_of(R"({"a":{"a":{"a":{}}}})", 3), JsonError::too_deep);
  EXPECT_EQ(error_of(std::string(900, '[')), JsonError::too_deep);
}

TEST(StrictJson, SizeHasALimit) {
  EXPECT_EQ(error_of('"' + std::string(998, 'x') + '"'), std::nullopt);
  EXPECT_EQ(error_of('"' + std::string(999, 'x') + '"'), JsonError::too_long);
}

TEST(StrictJson, WhatIsNoJsonIsRefused) {
  for (const std::string_view text : {""sv,
                                      " "sv,
                                      "{"sv,
                                      "{}x"sv,
                                      "{} {}"sv,
                                      "{,}"sv,
                                      "[1,]"sv,
                                      "{\"a\":1,}"sv,
                                      "// x\n{}"sv,
                                      "{'a':1}"sv,
                                      "{a:1}"sv,
                                      "01"sv,
                                      "+1"sv,
                                      ".5"sv,
                                      "NaN"sv,
                                      "Infinity"sv,
                                      "\xEF\xBB\xBF{}"sv,
                                      "\"\xFF\""sv,
                                      "\"\xC0\x80\""sv,
                                      "\"\xED\xA0\x80\""sv,
                                      R"("\ud800")"sv,
                                      R"("\x")"sv,
                                      "\"\n\""sv,
                                      "{}\0"sv,
                                      "\0{}"sv,
                                      "nul"sv,
                                      "\"a"sv}) {
    EXPECT_EQ(error_of(text), JsonError::no_json) << text;
  }
}

TEST(StrictJson, ANumberBeyondADoubleIsNoFiniteOne) {
  const auto value = read_json("1e999", {.bytes = 1000, .depth = 16});
  ASSERT_TRUE(value.has_value());
  const double* number = value->if_double();
  ASSERT_NE(number, nullptr);
  EXPECT_TRUE(std::isinf(*number));
}

TEST(StrictJson, EveryErrorHasAText) {
  for (const JsonError error :
       {JsonError::too_long, JsonError::too_deep, JsonError::no_json, JsonError::member_twice}) {
    EXPECT_FALSE(text_of(error).empty());
  }
}

}  // namespace
}  // namespace peal::auth

#include "peal/auth/base64.hpp"

#include <array>
#include <gtest/gtest.h>

namespace peal::auth {
namespace {

using namespace std::string_view_literals;

constexpr std::array variants{Base64::padded, Base64::unpadded, Base64::url};

TEST(Base64, WritesWhatRfc4648Shows) {
  EXPECT_EQ(encode_base64(as_bytes("foob"), Base64::padded), "Zm9vYg==");
  EXPECT_EQ(encode_base64(as_bytes("foob"), Base64::unpadded), "Zm9vYg");
  EXPECT_EQ(encode_base64(as_bytes("\xFB\xFF\xFE"sv), Base64::padded), "+//+");
  EXPECT_EQ(encode_base64(as_bytes("\xFB\xFF\xFE"sv), Base64::url), "-__-");
  EXPECT_EQ(encode_base64({}, Base64::padded), "");
}

TEST(Base64, ReadsWhatItWrote) {
  std::string bytes;
  for (int next = 0; next < 300; ++next) {
    for (const Base64 variant : variants) {
      EXPECT_EQ(decode_base64(encode_base64(as_bytes(bytes), variant), variant), bytes);
    }
    bytes += static_cast<char>(next * 37);
  }
}

TEST(Base64, HasOneTextForEachRunOfBytes) {
  EXPECT_EQ(decode_base64("Zm9vYg", Base64::url), "foob");
  for (const std::string_view text : {"Zm9vYh"sv, "Zm9vYv"sv, "Zm9vYg="sv, "Zm9vYg=="sv, "Zm9vY"sv,
                                      " Zm9vYg"sv, "Zm9v\nYg"sv, "Zm9vYg\0"sv, "Zm9vYg."sv}) {
    EXPECT_EQ(decode_base64(text, Base64::url), std::nullopt) << text;
    EXPECT_EQ(decode_base64(text, Base64::unpadded), std::nullopt) << text;
  }
  EXPECT_EQ(decode_base64("Zm9vYg==", Base64::padded), "foob");
  for (const std::string_view text :
       {"Zm9vYg"sv, "Zm9vYg="sv, "Zm9vYh=="sv, "Zm9vYg==="sv, "Zm9v===="sv, "="sv}) {
    EXPECT_EQ(decode_base64(text, Base64::padded), std::nullopt) << text;
  }
}

TEST(Base64, NoOtherByteIsALetter) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  for (const Base64 variant : variants) {
    const std::string alphabet = std::string(letters) + (variant == Base64::url ? "-_" : "+/");
    for (int byte = 0; byte < 256; ++byte) {
      for (std::size_t at = 0; at < 4; ++at) {
        std::string text = "AAAAAAAA";
        text[at] = static_cast<char>(byte);
        EXPECT_EQ(decode_base64(text, variant).has_value(), alphabet.contains(text[at])) << byte;
      }
    }
  }
}

TEST(Base64, AlphabetsAreToldApart) {
  EXPECT_EQ(decode_base64("+//+", Base64::url), std::nullopt);
  EXPECT_EQ(decode_base64("-__-", Base64::padded), std::nullopt);
  EXPECT_EQ(decode_base64("-__-", Base64::unpadded), std::nullopt);
}

}  // namespace
}  // namespace peal::auth

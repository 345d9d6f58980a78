// Keys and tokens that other people made, and tokens made on the spot. For the tests of auth alone.
#pragma once

#include <array>
#include <sodium.h>
#include <string>
#include <string_view>

#include "peal/auth/base64.hpp"

namespace peal::test {

struct KnownToken {
  std::string_view what;
  std::string_view key;  // a JSON Web Key
  std::string_view header;
  std::string_view claims;
  std::string_view signature;

  [[nodiscard]] std::string content() const {
    return std::string(header) + '.' + std::string(claims);
  }
  [[nodiscard]] std::string token() const { return content() + '.' + std::string(signature); }
};

/// {"iss":"joe", "exp":1300819380, "http://example.com/is_root":true}, with line ends.
inline constexpr std::string_view claims_of_joe =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q";

inline constexpr KnownToken hs256_token{
    .what = "RFC 7515 A.1",
    .key =
        R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})",
    .header = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
    .claims = claims_of_joe,
    .signature = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"};

inline constexpr KnownToken rs256_token{
    .what = "RFC 7515 A.2",
    .key =
        R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"})",
    .header = "eyJhbGciOiJSUzI1NiJ9",
    .claims = claims_of_joe,
    .signature =
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
        "O8W2Fp"
        "5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
        "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMH"
        "lb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"
        "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w"
        "9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"};

inline constexpr KnownToken es256_token{
    .what = "RFC 7515 A.3",
    .key =
        R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})",
    .header = "eyJhbGciOiJFUzI1NiJ9",
    .claims = claims_of_joe,
    .signature =
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"};

/// Its claims are text: "Example of Ed25519 signing".
inline constexpr KnownToken eddsa_token{
    .what = "RFC 8037 A.4",
    .key = R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
    .header = "eyJhbGciOiJFZERTQSJ9",
    .claims = "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
    .signature =
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"};

inline constexpr std::array known_tokens{hs256_token, rs256_token, es256_token, eddsa_token};

/// Other public keys, in PEM.
// clang-format off
inline constexpr std::string_view rsa1024_pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDxaHKGiAtH9hKzh//5FFEFrr1n\n"
    "QV26Z+Luxiyb15MiWwaC9/txGqA1WXS9Cs3UI4vrvglq+KnCMbf03EN8Q641hY6v\n"
    "Eitp5BgaX0wnNY+W5nJwyQhAbo+X/6X8/HBAKDWtZQbhWHCPwCxOzO0jGps0f3zZ\n"
    "jkfiaUb0vYpnNzDYkwIDAQAB\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr std::string_view rsa2048_pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxNBfGnmBXvWcHd0RvV/L\n"
    "mytFzygtp6iYlajDe85YLNAZDVZ7dT+koJAjQtXu/kSO7wOjXOQqAtsDEgwZXdKO\n"
    "Vtfx2lhsVN+F6QvTvCfcu+FAtuWgKSLF52ef1hQ5ISsAb4uuV5VuZo80z1L9sW5g\n"
    "Z9/aM1aGFTHlyLK20d9MKVkfp/ocaIwA7lHzKm9Qkdh9/xMQYHW9M4CFY1SUWAjj\n"
    "AtmHN0BPRRJjSerua924E7BPvYYhXyc47Is3vBN80fqxDEHD27lG2YJkbH1MAoYt\n"
    "4tvSIrR+QBOpOVqUqH9gurYLV/GPWJOHwpN4xaBryoDv8fFgMNvPSwXeFOQdHEWg\n"
    "cwIDAQAB\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr std::string_view rsa_e3_pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIDANBgkqhkiG9w0BAQEFAAOCAQ0AMIIBCAKCAQEAl9kWs+Vn1fk601etPNFG\n"
    "e8CQeGfQYTFFqyalKTAnoyZo24NQIrCTjPxFW2x0weSc3MESQC9Of6vMiSHG+l+j\n"
    "W165WYipGDL7E/BjljJ04Wfq3OpZsD3R8uKZ+SlNKYI8NjtJNUxLJEtkN6rweaBU\n"
    "oLDy9ibmNN5xWM9cw9vBpm58RLYq8DrwsZ7mVpYvnos+XFpqzku19J8oIApIOin1\n"
    "8muMF6MCsFlcTSgcCG6IXYJLrSbuOtcFIOf3ydimoQegb80bkAhtqrDVHbxs6Ep8\n"
    "uclI24SH/DRPEeAoq70z4ULBuT2gZi9JrkgoJcILByqR0dkz6QdoPyLRSoRDmwV6\n"
    "WQIBAw==\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr std::string_view p384_pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAELU7VoQ2XWQOrS8ezhAM7BcWQdpalUuLJ\n"
    "vHXZY+pO3DqRyKj2XdCnTjNkaia866QZISiluVfdF9npIbJNh2x+bTfTsaomynnv\n"
    "aOH/gWKydIvx9SWmst+79pXbhERHgy08\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr std::string_view secp256k1_pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAERkInPD8nFA7Yi+MB2LtDj7nS4XwCP7o6\n"
    "O2K3SkPNgNblXlFnnecEM2vjIUD+wJK1nx68sNPdURnymGnEeR2VfQ==\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr std::string_view p256_pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAqbOlrqIDLMOm2fMVSGqI/KDb2D7\n"
    "Hx1kftYpHvKwz1i4ox8l+ihY7k4feTgupkaSnWZWlIqMiPZ4XSZHWhdQVQ==\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr std::string_view ed25519_pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAE8eQc8AnoP5A1VpkpFiUioh2yFxQZg/jKAmOqkLqPXg=\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr std::string_view x25519_pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VuAyEAkDYaobSyi2z/R24BdlZXxrrOogdZ4ZgfPhIu/gg2+RM=\n"
    "-----END PUBLIC KEY-----\n";
inline constexpr std::string_view ed448_pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MEMwBQYDK2VxAzoAdZkXTn8nF7U9XqKe89GIvarrURfySNOQqjxT8CSFwz2dRkoy\n"
    "PdtO1PqHWcnMHoP5zXJLfZBTAyEA\n"
    "-----END PUBLIC KEY-----\n";
// clang-format on

/// {"keys": [...]} of keys that are JSON themselves.
inline std::string key_set(std::initializer_list<std::string_view> keys) {
  std::string text = R"({"keys":[)";
  for (const std::string_view key : keys) {
    text.append(text.back() == '[' ? "" : ",").append(key);
  }
  return text + "]}";
}

inline std::string as_base64url(std::string_view text) {
  return auth::encode_base64(as_bytes(text), auth::Base64::url);
}

/// HMAC-SHA-256 in base64url.
inline std::string mac_of(std::string_view content, std::string_view secret) {
  std::array<std::uint8_t, crypto_auth_hmacsha256_BYTES> mac;
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, as_bytes(secret).data(), secret.size());
  crypto_auth_hmacsha256_update(&state, as_bytes(content).data(), content.size());
  crypto_auth_hmacsha256_final(&state, mac.data());
  return auth::encode_base64(mac, auth::Base64::url);
}

inline constexpr std::string_view shared_secret = "thirty-two bytes are the least!!";
inline constexpr std::string_view shared_key =
    R"({"kty":"oct","kid":"shared","k":"dGhpcnR5LXR3byBieXRlcyBhcmUgdGhlIGxlYXN0ISE"})";

/// A token with that header and those claims, whatever they are, signed with `shared_secret`.
inline std::string token_with_header(std::string_view header, std::string_view claims) {
  const std::string content = as_base64url(header) + '.' + as_base64url(claims);
  return content + '.' + mac_of(content, shared_secret);
}
inline std::string token_with(std::string_view claims) {
  return token_with_header(R"({"alg":"HS256"})", claims);
}

}  // namespace peal::test

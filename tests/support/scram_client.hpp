// The client's side of SCRAM-SHA-256, for a user whose keys are known without any password: nothing
// is hashed many times. For the tests of auth alone.
#pragma once

#include <string>
#include <string_view>

#include "peal/auth/base64.hpp"
#include "peal/auth/scram_verifier.hpp"

namespace peal::test {

class ScramClient {
 public:
  /// `letter`   what its key is made of; another letter is another password.
  explicit ScramClient(char letter = 'k') {
    client_key_.fill(static_cast<std::uint8_t>(letter));
    server_key_.fill(static_cast<std::uint8_t>(letter + 1));
  }

  [[nodiscard]] auth::ScramVerifier verifier() const {
    return {4096, "salt of 16 bytes", auth::scram_hash(client_key_), server_key_};
  }
  /// Its last message without the proof, for what the server said first.
  static std::string without_proof(std::string_view server_first,
                                   std::string_view gs2_header = "n,,") {
    return "c=" + auth::encode_base64(as_bytes(gs2_header), auth::Base64::padded) + ',' +
           std::string(server_first.substr(0, server_first.find(",s=")));
  }
  /// The whole of it; `bare` is its first message without the header.
  [[nodiscard]] std::string sign(std::string_view bare, std::string_view server_first,
                                 std::string_view without_proof) const {
    auth::ScramKey proof =
        auth::scram_hmac(auth::scram_hash(client_key_), joined(bare, server_first, without_proof));
    for (std::size_t at = 0; at < proof.size(); ++at) {
      proof[at] ^= client_key_[at];
    }
    return std::string(without_proof) + ",p=" + auth::encode_base64(proof, auth::Base64::padded);
  }
  /// What the server has to end with.
  [[nodiscard]] std::string expected(std::string_view bare, std::string_view server_first,
                                     std::string_view without_proof) const {
    return "v=" + auth::encode_base64(
                      auth::scram_hmac(server_key_, joined(bare, server_first, without_proof)),
                      auth::Base64::padded);
  }

 private:
  static std::string joined(std::string_view a, std::string_view b, std::string_view c) {
    return std::string(a) + ',' + std::string(b) + ',' + std::string(c);
  }

  auth::ScramKey client_key_{};
  auth::ScramKey server_key_{};
};

}  // namespace peal::test

// Clients that are let in by a key: TLS 1.2 and 1.3, beside certificates and without, and nothing
// that tells an unknown identity from a wrong key.
#include "peal/net/tls_psk.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <optional>

#include "tests/unit/net/tls_client.hpp"

#include "peal/net/certificate_names.hpp"
#include "peal/net/tls_context.hpp"

namespace peal::net {
namespace {

using namespace std::string_view_literals;

struct ClientKey {
  std::string identity;
  std::string key;
};

unsigned give_client_key(SSL* ssl, const char* /*hint*/, char* identity, unsigned identity_room,
                         unsigned char* key, unsigned key_room) {
  const auto& mine = *static_cast<const ClientKey*>(SSL_get_app_data(ssl));
  if (mine.identity.size() >= identity_room || mine.key.size() > key_room) {
    return 0;
  }
  *std::ranges::copy(mine.identity, identity).out = '\0';
  std::ranges::copy(mine.key, key);
  return static_cast<unsigned>(mine.key.size());
}

struct Outcome {
  bool is_in = false;
  int alert = 0;  // or another reason of OpenSSL's
  Peer peer;
  std::string suite;
  SSL_SESSION* session = nullptr;
};

class TlsPskTest : public testing::TestWithParam<int> {
 protected:
  [[nodiscard]] PskLookup lookup() {
    return [this](std::string_view identity) {
      const auto found = keys.find(identity);
      return found == keys.end()
                 ? std::vector<std::uint8_t>{}
                 : std::vector<std::uint8_t>(found->second.begin(), found->second.end());
    };
  }
  [[nodiscard]] std::unique_ptr<TlsContext> make(bool with_certificate) {
    TlsServerOptions options;
    if (with_certificate) {
      const auto issued = authority.issue("server");
      options.certificate = issued.certificate;
      options.key = issued.key;
      options.client_certificate = ClientCertificate::optional;
      options.client_ca = authority.ca;
    }
    options.psk = lookup();
    auto context = TlsContext::server(std::move(options));
    EXPECT_TRUE(context.has_value()) << context.error();
    return std::move(*context);
  }
  static Outcome connect(TlsContext& context, TlsClientSetup setup,
                         const std::optional<ClientKey>& key) {
    ConnectionSettings settings;
    settings.tls = &context;
    settings.require_tls = true;
    Duo duo(settings);
    TlsClient client(duo, setup);
    if (key) {
      SSL_set_app_data(client.ssl(), const_cast<ClientKey*>(&*key));
      SSL_set_psk_client_callback(client.ssl(), &give_client_key);
    }
    Outcome outcome;
    ERR_clear_error();
    if (client.handshake()) {
      client.say("x");
      duo.turns(2);
      client.hear();
    }
    outcome.alert = ERR_GET_REASON(ERR_peek_last_error());
    outcome.is_in = duo.handler.received == "x";
    if (outcome.is_in) {
      outcome.peer = duo.connection->peer();
      outcome.suite = SSL_get_cipher_name(client.ssl());
      outcome.session = client.session();
    }
    return outcome;
  }
  [[nodiscard]] Outcome connect(TlsContext& context, const std::optional<ClientKey>& key) const {
    Outcome outcome = connect(context, {.max_version = GetParam()}, key);
    SSL_SESSION_free(std::exchange(outcome.session, nullptr));
    return outcome;
  }

  Authority authority;
  std::map<std::string, std::string, std::less<>> keys{{"bell", "of the bell"},
                                                       {"horn", "of the horn"}};
};

TEST_P(TlsPskTest, lets_in_who_has_the_key) {
  for (const bool with_certificate : {false, true}) {
    const auto context = make(with_certificate);
    const Outcome in = connect(*context, ClientKey{"bell", "of the bell"});
    EXPECT_TRUE(in.is_in) << with_certificate;
    EXPECT_EQ(in.peer.psk_identity, "bell");
    EXPECT_EQ(in.peer.certificate_common_name, "");
    EXPECT_EQ(in.suite, GetParam() == TLS1_3_VERSION ? "TLS_AES_128_GCM_SHA256"
                                                     : "ECDHE-PSK-CHACHA20-POLY1305");
    EXPECT_FALSE(connect(*context, ClientKey{"bell", "of the horn"}).is_in);
    EXPECT_FALSE(connect(*context, ClientKey{"gong", "of the bell"}).is_in);
  }
}

TEST_P(TlsPskTest, tells_an_unknown_identity_as_a_wrong_key) {
  for (const bool with_certificate : {false, true}) {
    const auto context = make(with_certificate);
    const Outcome wrong = connect(*context, ClientKey{"bell", "wrong"});
    EXPECT_NE(wrong.alert, 0);
    for (const char* identity : {"gong", "Bell", "bell ", "bell\n", "\x01", "\xFF\xFE"}) {
      const Outcome unknown = connect(*context, ClientKey{identity, "of the bell"});
      EXPECT_EQ(unknown.peer.psk_identity, "");
      // In TLS 1.3 what is no text may be a ticket, and counts for nothing: a certificate may do.
      if (GetParam() == TLS1_2_VERSION || is_clean_text(identity)) {
        EXPECT_FALSE(unknown.is_in);
        EXPECT_EQ(unknown.alert, wrong.alert) << identity;
      }
    }
  }
}

TEST_P(TlsPskTest, needs_a_key_where_there_is_no_certificate) {
  const auto context = make(false);
  EXPECT_FALSE(connect(*context, std::nullopt).is_in);
}

TEST_P(TlsPskTest, leaves_certificates_as_they_are) {
  const auto context = make(true);
  const auto device = authority.issue("device");
  TlsClientSetup setup{
      .certificate = device.certificate, .key = device.key, .max_version = GetParam()};
  Outcome first = connect(*context, setup, std::nullopt);
  EXPECT_TRUE(first.is_in);
  EXPECT_EQ(first.peer.certificate_common_name, "device");
  EXPECT_EQ(first.peer.psk_identity, "");
  // Its ticket is no identity of anybody.
  setup.session = first.session;
  const Outcome again = connect(*context, setup, std::nullopt);
  EXPECT_TRUE(again.is_in);
  EXPECT_EQ(again.peer.certificate_common_name, "device");
  EXPECT_EQ(again.peer.psk_identity, "");
  SSL_SESSION_free(first.session);
  SSL_SESSION_free(again.session);
}

TEST_P(TlsPskTest, takes_keys_and_identities_up_to_their_limits) {
  const std::string long_name(psk_identity_bytes_limit - 1, 'n');
  keys[long_name] = "k";
  keys["long"] = std::string(64, 'k');
  const auto context = make(false);
  EXPECT_EQ(connect(*context, ClientKey{"long", std::string(64, 'k')}).peer.psk_identity, "long");
  // OpenSSL's client gives no longer ones than 128 bytes in some versions: what comes is known.
  const Outcome outcome = connect(*context, ClientKey{long_name, "k"});
  if (outcome.is_in) {
    EXPECT_EQ(outcome.peer.psk_identity, long_name);
  }
}

TEST_P(TlsPskTest, asks_anew_for_each_connection) {
  const auto context = make(false);
  EXPECT_TRUE(connect(*context, ClientKey{"bell", "of the bell"}).is_in);
  keys["bell"] = "another";
  EXPECT_FALSE(connect(*context, ClientKey{"bell", "of the bell"}).is_in);
  EXPECT_TRUE(connect(*context, ClientKey{"bell", "another"}).is_in);
  ASSERT_TRUE(context->reload());
  EXPECT_TRUE(connect(*context, ClientKey{"bell", "another"}).is_in);
}

TEST_P(TlsPskTest, resumes_nothing_of_a_key_that_was_withdrawn) {
  const auto context = make(false);
  const ClientKey key{"bell", "of the bell"};
  TlsClientSetup setup{.max_version = GetParam()};
  const Outcome first = connect(*context, setup, key);
  ASSERT_TRUE(first.is_in);
  keys.erase("bell");
  ASSERT_TRUE(context->reload());
  setup.session = first.session;
  EXPECT_FALSE(connect(*context, setup, key).is_in);
  SSL_SESSION_free(first.session);
}

INSTANTIATE_TEST_SUITE_P(Versions, TlsPskTest, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                           return version.param == TLS1_2_VERSION ? "tls_1_2" : "tls_1_3";
                         });

// In TLS 1.3 a client may offer a key beside a ticket. It is who it is by what was used, not by
// what it offered: here a key that does not go with the suite, and a ticket that does.
using TlsPskWithTickets = TlsPskTest;
TEST_P(TlsPskWithTickets, knows_who_it_is_by_what_was_used) {
  const auto context = make(true);
  const auto device = authority.issue("device");
  TlsClientSetup setup{.certificate = device.certificate, .key = device.key};
  ConnectionSettings settings;
  settings.tls = context.get();
  const auto with_384 = [&](const std::optional<ClientKey>& key, SSL_SESSION* session) {
    Duo duo(settings);
    setup.session = session;
    TlsClient client(duo, setup);
    SSL_set_ciphersuites(client.ssl(), "TLS_AES_256_GCM_SHA384");
    if (key) {
      SSL_set_app_data(client.ssl(), const_cast<ClientKey*>(&*key));
      SSL_set_psk_client_callback(client.ssl(), &give_client_key);
    }
    EXPECT_TRUE(client.handshake());
    client.say("x");
    duo.turns(2);
    client.hear();
    EXPECT_EQ(duo.handler.received, "x");
    const Peer peer = duo.connection->peer();
    EXPECT_EQ(peer.psk_identity, "");
    EXPECT_EQ(peer.certificate_common_name, "device");
    return client.session();
  };
  SSL_SESSION* session = with_384(std::nullopt, nullptr);
  SSL_SESSION_free(with_384(ClientKey{"bell", "wrong"}, session));
  SSL_SESSION_free(session);
}

INSTANTIATE_TEST_SUITE_P(Version, TlsPskWithTickets, testing::Values(TLS1_3_VERSION));

TEST(TlsPsk, needs_neither_certificate_nor_key_file) {
  TlsServerOptions options;
  EXPECT_FALSE(TlsContext::server(options).has_value());
  options.psk = [](std::string_view) { return std::vector<std::uint8_t>{}; };
  const auto context = TlsContext::server(options);
  ASSERT_TRUE(context.has_value()) << context.error();
  EXPECT_TRUE((*context)->files().empty());
  EXPECT_TRUE((*context)->expiries().empty());
}

}  // namespace
}  // namespace peal::net

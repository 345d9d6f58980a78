// What a server's TLS is made of: certificates, names, client certificates, revocation, ALPN,
// reload; and the sentences when something is wrong with a file.
#include "peal/net/tls_context.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "tests/unit/net/tls_client.hpp"

namespace peal::net {
namespace {

class TlsContextTest : public testing::Test {
 protected:
  TlsServerOptions options() {
    TlsServerOptions result;
    result.certificate = server.certificate;
    result.key = server.key;
    return result;
  }
  static std::unique_ptr<TlsContext> make(TlsServerOptions options) {
    auto context = TlsContext::server(std::move(options));
    EXPECT_TRUE(context.has_value()) << context.error();
    return std::move(*context);
  }
  static ConnectionSettings with(TlsContext& context) {
    ConnectionSettings settings;
    settings.tls = &context;
    return settings;
  }
  static std::string error_of(TlsServerOptions options) {
    const auto context = TlsContext::server(std::move(options));
    return context.has_value() ? "" : context.error();
  }
  TlsServerOptions with_clients(ClientCertificate mode) {
    TlsServerOptions result = options();
    result.client_certificate = mode;
    result.client_ca = authority.ca;
    return result;
  }
  /// Whether a client with `setup` gets a byte through, and as whom.
  static bool reaches(TlsContext& context, const TlsClientSetup& setup, Peer* peer = nullptr) {
    Duo duo(with(context));
    TlsClient client(duo, setup);
    if (!client.handshake()) {
      return false;
    }
    // In TLS 1.3 the client is done before the server has judged its certificate.
    duo.turn();
    if (duo.handler.closed.has_value()) {
      EXPECT_EQ(duo.handler.closed, CloseCause::tls_error);
      return false;
    }
    client.say("x");
    duo.turn();
    if (peer != nullptr) {
      *peer = duo.connection->peer();
    }
    return duo.handler.received == "x";
  }

  Authority authority;
  Authority stranger;
  Authority::Issued server = authority.issue("server");
};

TEST_F(TlsContextTest, speaks_1_2_and_1_3_as_told) {
  const auto from_1_2 = make(options());
  Peer peer;
  EXPECT_TRUE(reaches(*from_1_2, {.max_version = TLS1_2_VERSION}, &peer));
  EXPECT_EQ(peer.tls_version, "TLSv1.2");
  EXPECT_TRUE(reaches(*from_1_2, {}, &peer));
  EXPECT_EQ(peer.tls_version, "TLSv1.3");
  EXPECT_EQ(peer.certificate_subject, "");
  EXPECT_FALSE(reaches(*from_1_2, {.max_version = TLS1_1_VERSION}));
  TlsServerOptions newer = options();
  newer.min_version = TlsVersion::tls_1_3;
  const auto from_1_3 = make(std::move(newer));
  EXPECT_FALSE(reaches(*from_1_3, {.max_version = TLS1_2_VERSION}));
  EXPECT_TRUE(reaches(*from_1_3, {}));
}

TEST_F(TlsContextTest, asks_for_client_certificates) {
  const auto known = authority.issue("device-7");
  const auto unknown = stranger.issue("device-7");
  const TlsClientSetup none;
  const TlsClientSetup good{.certificate = known.certificate, .key = known.key};
  const TlsClientSetup bad{.certificate = unknown.certificate, .key = unknown.key};
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto of = [version](TlsClientSetup setup) {
      setup.max_version = version;
      return setup;
    };
    Peer peer;
    const auto required = make(with_clients(ClientCertificate::require));
    EXPECT_FALSE(reaches(*required, of(none)));
    EXPECT_FALSE(reaches(*required, of(bad)));
    EXPECT_TRUE(reaches(*required, of(good), &peer));
    EXPECT_EQ(peer.certificate_common_name, "device-7");
    EXPECT_EQ(peer.certificate_subject, "CN=device-7,O=Peal");
    const auto optional = make(with_clients(ClientCertificate::optional));
    EXPECT_TRUE(reaches(*optional, of(none), &peer));
    EXPECT_EQ(peer.certificate_common_name, "");
    EXPECT_TRUE(reaches(*optional, of(good), &peer));
    EXPECT_EQ(peer.certificate_common_name, "device-7");
    EXPECT_FALSE(reaches(*optional, of(bad)));
    const auto off = make(options());
    EXPECT_TRUE(reaches(*off, of(bad), &peer));
    EXPECT_EQ(peer.certificate_common_name, "");
  }
}

TEST_F(TlsContextTest, escapes_what_stands_in_a_name) {
  const auto odd = authority.issue("a,b+c=\"d\" #");
  Peer peer;
  const auto context = make(with_clients(ClientCertificate::require));
  EXPECT_TRUE(reaches(*context, {.certificate = odd.certificate, .key = odd.key}, &peer));
  EXPECT_EQ(peer.certificate_common_name, "a,b+c=\"d\" #");
  EXPECT_EQ(peer.certificate_subject, R"(CN=a\,b\+c=\"d\" #,O=Peal)");
}

TEST_F(TlsContextTest, knows_clients_by_their_alternative_name) {
  const auto named = authority.issue("bell", "IP:192.0.2.1,DNS:bell.example,DNS:other.example");
  const auto of_stranger = stranger.issue("bell", "DNS:bell.example");
  const auto context = make(with_clients(ClientCertificate::optional));
  Peer peer;
  EXPECT_TRUE(reaches(*context, {.certificate = named.certificate, .key = named.key}, &peer));
  EXPECT_EQ(peer.certificate_alternative_name, "bell.example");
  EXPECT_TRUE(reaches(*context, {}, &peer));
  EXPECT_EQ(peer.certificate_alternative_name, "");
  const auto off = make(options());
  EXPECT_TRUE(
      reaches(*off, {.certificate = of_stranger.certificate, .key = of_stranger.key}, &peer));
  EXPECT_EQ(
      peer.certificate_alternative_name + peer.certificate_common_name + peer.certificate_subject,
      "");
}

TEST_F(TlsContextTest, refuses_revoked_certificates) {
  const auto good = authority.issue("good");
  const auto revoked = authority.issue("revoked");
  TlsServerOptions with_list = with_clients(ClientCertificate::require);
  with_list.client_revocation_list = authority.revoke({revoked.serial});
  const auto context = make(std::move(with_list));
  EXPECT_TRUE(reaches(*context, {.certificate = good.certificate, .key = good.key}));
  EXPECT_FALSE(reaches(*context, {.certificate = revoked.certificate, .key = revoked.key}));
}

TEST_F(TlsContextTest, revokes_by_reload_though_a_session_could_be_resumed) {
  const auto device = authority.issue("device");
  TlsServerOptions with_list = with_clients(ClientCertificate::require);
  with_list.client_revocation_list = authority.revoke({});
  const auto context = make(std::move(with_list));
  TlsClientSetup setup{.certificate = device.certificate, .key = device.key};
  {
    Duo duo(with(*context));
    TlsClient client(duo, setup);
    ASSERT_TRUE(client.handshake());
    client.say("x");
    duo.turn();
    client.hear();  // takes the tickets
    setup.session = client.session();
  }
  {
    Duo duo(with(*context));
    TlsClient client(duo, setup);
    ASSERT_TRUE(client.handshake());
    EXPECT_TRUE(client.is_resumed());
    duo.turn();
    EXPECT_EQ(duo.connection->peer().certificate_common_name, "device");
  }
  static_cast<void>(authority.revoke({device.serial}));
  ASSERT_TRUE(context->reload().has_value());
  EXPECT_FALSE(reaches(*context, setup));
  SSL_SESSION_free(setup.session);
}

TEST_F(TlsContextTest, chooses_the_certificate_by_name) {
  TlsServerOptions named = options();
  const auto one = authority.issue("one");
  const auto wild = authority.issue("wild");
  named.named = {{"one.example", one.certificate, one.key},
                 {"*.wild.example", wild.certificate, wild.key}};
  const auto context = make(std::move(named));
  const std::vector<std::pair<std::string, std::string>> expected{
      {"one.example", "one"},
      {"ONE.example", "one"},
      {"a.wild.example", "wild"},
      {"a.b.wild.example", "server"},
      {"wild.example", "server"},
      {"other.example", "server"},
      {"", "server"},
  };
  for (const auto& [name, certificate] : expected) {
    Duo duo(with(*context));
    TlsClient client(duo, {.server_name = name});
    ASSERT_TRUE(client.handshake()) << name;
    EXPECT_EQ(client.server_common_name(), certificate) << name;
    EXPECT_EQ(duo.connection->peer().server_name, name);
  }
}

TEST_F(TlsContextTest, asks_for_client_certificates_under_every_name) {
  TlsServerOptions named = with_clients(ClientCertificate::require);
  named.named = {{"one.example", server.certificate, server.key}};
  const auto context = make(std::move(named));
  EXPECT_FALSE(reaches(*context, {.server_name = "one.example"}));
  const auto device = authority.issue("device");
  EXPECT_TRUE(reaches(
      *context,
      {.certificate = device.certificate, .key = device.key, .server_name = "one.example"}));
}

TEST_F(TlsContextTest, resumes_sessions_under_a_name) {
  const auto one = authority.issue("one");
  const auto device = authority.issue("device");
  TlsServerOptions named = with_clients(ClientCertificate::require);
  named.named = {{"one.example", one.certificate, one.key}};
  const auto context = make(std::move(named));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClientSetup setup{.certificate = device.certificate,
                         .key = device.key,
                         .server_name = "one.example",
                         .max_version = version};
    for (const bool is_second : {false, true}) {
      Duo duo(with(*context));
      TlsClient client(duo, setup);
      ASSERT_TRUE(client.handshake());
      EXPECT_EQ(client.is_resumed(), is_second);
      client.say("x");
      duo.turn();
      EXPECT_EQ(duo.handler.received, "x");
      EXPECT_EQ(duo.connection->peer().certificate_common_name, "device");
      client.hear();
      SSL_SESSION_free(std::exchange(setup.session, client.session()));
    }
    SSL_SESSION_free(setup.session);
  }
}

TEST_F(TlsContextTest, agrees_on_a_protocol) {
  const auto context = make(options());
  for (const char* protocol : {"mqtt", "http/1.1", "h2"}) {
    Duo duo(with(*context));
    TlsClient client(duo, {.protocol = protocol});
    EXPECT_TRUE(client.handshake()) << protocol;
    EXPECT_EQ(client.protocol(), protocol == std::string_view("h2") ? "" : protocol);
  }
}

TEST_F(TlsContextTest, gives_new_connections_what_was_reloaded) {
  const std::string certificate = authority.path("current.crt");
  const std::string key = authority.path("current.key");
  const auto put = [&](const Authority::Issued& issued) {
    std::filesystem::copy_file(issued.certificate, certificate,
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::copy_file(issued.key, key, std::filesystem::copy_options::overwrite_existing);
  };
  put(server);
  TlsServerOptions current = options();
  current.certificate = certificate;
  current.key = key;
  const auto context = make(std::move(current));
  Duo before(with(*context));
  TlsClient old_client(before);
  ASSERT_TRUE(old_client.handshake());
  put(authority.issue("renewed"));
  ASSERT_TRUE(context->reload().has_value());
  Duo after(with(*context));
  TlsClient new_client(after);
  ASSERT_TRUE(new_client.handshake());
  EXPECT_EQ(new_client.server_common_name(), "renewed");
  old_client.say("still here");
  before.turn();
  EXPECT_EQ(before.handler.received, "still here");
  // A reload that fails changes nothing.
  std::ofstream(certificate) << "nonsense";
  EXPECT_FALSE(context->reload().has_value());
  EXPECT_TRUE(reaches(*context, {}));
}

TEST_F(TlsContextTest, gives_what_was_reloaded_under_every_name) {
  const auto before = authority.issue("before");
  const auto after = authority.issue("after");
  TlsServerOptions named = options();
  named.named = {{"one.example", authority.path("one.crt"), authority.path("one.key")}};
  const auto put = [&](const Authority::Issued& issued) {
    constexpr auto over = std::filesystem::copy_options::overwrite_existing;
    std::filesystem::copy_file(issued.certificate, authority.path("one.crt"), over);
    std::filesystem::copy_file(issued.key, authority.path("one.key"), over);
  };
  put(before);
  const auto context = make(std::move(named));
  const auto seen = [&] {
    Duo duo(with(*context));
    TlsClient client(duo, {.server_name = "one.example"});
    EXPECT_TRUE(client.handshake());
    return client.server_common_name();
  };
  EXPECT_EQ(seen(), "before");
  put(after);
  ASSERT_TRUE(context->reload().has_value());
  EXPECT_EQ(seen(), "after");
  std::ofstream(authority.path("one.key")) << "half";
  EXPECT_FALSE(context->reload().has_value());
  EXPECT_EQ(seen(), "after");
}

TEST_F(TlsContextTest, says_which_files_it_reads_and_when_they_end) {
  using std::chrono::minutes;
  const auto one = authority.issue("one");
  TlsServerOptions all = with_clients(ClientCertificate::optional);
  all.named = {{"one.example", one.certificate, one.key}};
  all.client_revocation_list = authority.revoke({});
  const auto context = make(all);
  EXPECT_EQ(context->files(),
            (std::vector<std::string>{server.certificate, server.key, one.certificate, one.key,
                                      all.client_ca, all.client_revocation_list}));
  std::vector<std::string> files;
  const auto now = std::chrono::system_clock::now();
  for (const TlsExpiry& expiry : context->expiries()) {
    files.push_back(expiry.file);
    EXPECT_GT(expiry.ends, now + minutes(55)) << expiry.file;
    EXPECT_LE(expiry.ends, now + minutes(61)) << expiry.file;
  }
  EXPECT_EQ(files, (std::vector<std::string>{server.certificate, one.certificate, all.client_ca,
                                             all.client_revocation_list}));
  EXPECT_EQ(make(options())->expiries().size(), 1U);
}

TEST_F(TlsContextTest, says_what_is_wrong_with_which_file) {
  const auto other = authority.issue("other");
  std::ofstream(authority.path("nonsense")) << "nonsense\n";
  const auto contains = [](const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  };
  TlsServerOptions missing = options();
  missing.certificate = "/nonexistent.crt";
  EXPECT_TRUE(contains(error_of(missing), "/nonexistent.crt"));
  EXPECT_TRUE(contains(error_of(missing), "No such file")) << error_of(missing);
  TlsServerOptions nonsense = options();
  nonsense.certificate = authority.path("nonsense");
  EXPECT_TRUE(contains(error_of(nonsense), "nonsense: ")) << error_of(nonsense);
  TlsServerOptions no_key = options();
  no_key.key = "/nonexistent.key";
  EXPECT_TRUE(contains(error_of(no_key), "/nonexistent.key"));
  TlsServerOptions mixed = options();
  mixed.key = other.key;
  EXPECT_TRUE(contains(error_of(mixed), other.key + " does not belong")) << error_of(mixed);
  TlsServerOptions no_ca = options();
  no_ca.client_certificate = ClientCertificate::require;
  EXPECT_TRUE(contains(error_of(no_ca), "client_ca"));
  no_ca.client_ca = "/nonexistent.ca";
  EXPECT_TRUE(contains(error_of(no_ca), "/nonexistent.ca"));
  TlsServerOptions no_list = with_clients(ClientCertificate::require);
  no_list.client_revocation_list = "/nonexistent.crl";
  EXPECT_TRUE(contains(error_of(no_list), "/nonexistent.crl")) << error_of(no_list);
  TlsClientOptions no_such_ca;
  no_such_ca.ca_file = "/nonexistent.ca";
  const auto client = TlsContext::client(no_such_ca);
  ASSERT_FALSE(client.has_value());
  EXPECT_TRUE(contains(client.error(), "/nonexistent.ca"));
}

}  // namespace
}  // namespace peal::net

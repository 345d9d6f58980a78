// A private certificate authority on disk: made once, completed after every interruption, renewed
// in time, and never written over what it does not understand.
#include "peal/net/certificate_authority.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temporary_folder.hpp"

#include "peal/net/x509.hpp"

namespace peal::net {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;

std::chrono::system_clock::time_point clock_now;  // a clock is a function without a state

class CertificateAuthorityTest : public testing::Test {
 protected:
  CertificateAuthorityTest() {
    clock_now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  }
  static CertificateAuthority::Options options(std::vector<std::string> names = {}) {
    return {.server_names = std::move(names), .now = [] { return clock_now; }};
  }
  CertificateAuthority make(std::vector<std::string> names = {}) const {
    auto made = CertificateAuthority::open_or_make(path, options(std::move(names)));
    EXPECT_TRUE(made) << made.error();
    return std::move(*made);
  }
  /// Of both ways to open it.
  [[nodiscard]] std::string error() const {
    const auto made = CertificateAuthority::open_or_make(path, options());
    const auto opened = CertificateAuthority::open(path, options());
    EXPECT_FALSE(opened);
    return made ? "" : made.error();
  }
  [[nodiscard]] std::string text(const std::string& name) const {
    std::ifstream file(fs::path(path) / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void put(const std::string& name, const std::string& content) const {
    std::ofstream(fs::path(path) / name) << content;
  }
  [[nodiscard]] CertificatePointer server_certificate() const {
    return parse_certificate(text("server.crt"));
  }

  test::TemporaryFolder folder;
  std::string path = (folder / "tls").string();
};

TEST_F(CertificateAuthorityTest, is_made_once_for_its_owner_alone) {
  const CertificateAuthority authority = make();
  EXPECT_TRUE(authority.is_new());
  for (const char* name : {"ca.crt", "ca.key", "server.crt", "server.key", "crl.pem", "lock"}) {
    struct stat status{};
    ASSERT_EQ(::stat((fs::path(path) / name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << name;
  }
  for (const auto& directory : {path, path + "/issued"}) {
    struct stat status{};
    ASSERT_EQ(::stat(directory.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);
  }
  const std::string before = text("ca.crt") + text("ca.key") + text("server.crt") + text("crl.pem");
  const CertificateAuthority again = make();
  EXPECT_FALSE(again.is_new());
  EXPECT_EQ(text("ca.crt") + text("ca.key") + text("server.crt") + text("crl.pem"), before);
  const auto own = again.certificate();
  ASSERT_TRUE(own);
  EXPECT_EQ(own->file, path + "/ca.crt");
  EXPECT_TRUE(own->name.starts_with("Peal CA "));
  EXPECT_GT(own->ends, clock_now + days(3650));
}

TEST_F(CertificateAuthorityTest, names_the_server_as_clients_do) {
  make({"broker.example", "192.0.2.9"});
  const auto names = alternative_names_of(server_certificate().get());
  for (const char* name : {"localhost", "127.0.0.1", "::1", "broker.example", "192.0.2.9"}) {
    EXPECT_NE(std::ranges::find(names, name), names.end()) << name;
  }
  EXPECT_EQ(time_of(X509_get0_notAfter(server_certificate().get())), clock_now + days(397));
  // A new name makes a new certificate, for the same key; a renewal without it keeps it.
  const std::string key = text("server.key");
  const CertificateAuthority more = make({"other.example"});
  const auto has_other = [&] {
    const auto all = alternative_names_of(server_certificate().get());
    return std::ranges::find(all, "other.example") != all.end();
  };
  EXPECT_TRUE(has_other());
  EXPECT_EQ(text("server.key"), key);
  const std::string before = text("server.crt");
  ASSERT_TRUE(CertificateAuthority::open(path, options())->renew_server());
  EXPECT_NE(text("server.crt"), before);
  EXPECT_TRUE(has_other());
  const auto bad = CertificateAuthority::open_or_make(path, options({"no name"}));
  EXPECT_TRUE(bad.error().contains("'no name' is neither"));
}

TEST_F(CertificateAuthorityTest, issues_lists_and_revokes) {
  const CertificateAuthority authority = make();
  const auto bell = authority.issue_client("bell-1");
  ASSERT_TRUE(bell) << bell.error();
  EXPECT_EQ(bell->issued.name, "bell-1");
  EXPECT_EQ(bell->issued.alternative_names, std::vector<std::string>{"bell-1"});
  EXPECT_EQ(bell->issued.ends, clock_now + days(730));
  const auto certificate = parse_certificate(bell->certificate);
  EXPECT_EQ(X509_check_private_key(certificate.get(), parse_key(bell->key).get()), 1);
  EXPECT_FALSE(text("issued/" + bell->issued.serial + ".crt").empty());
  const auto odd = authority.issue_client("J\xC3\xB6rg / 1+#", days(1));
  ASSERT_TRUE(odd) << odd.error();
  EXPECT_TRUE(odd->issued.alternative_names.empty());
  const auto second = authority.issue_client("bell-1");
  const auto other = authority.issue_client("bell-2");
  ASSERT_TRUE(second && other);

  auto list = authority.list();
  ASSERT_TRUE(list) << list.error();
  EXPECT_EQ(list->size(), 5U);
  EXPECT_EQ(std::ranges::count(*list, true, &IssuedCertificate::is_server), 1);

  const auto by_serial = authority.revoke(other->issued.serial);
  ASSERT_TRUE(by_serial) << by_serial.error();
  EXPECT_EQ(by_serial->size(), 1U);
  const auto by_name = authority.revoke("bell-1");
  ASSERT_TRUE(by_name) << by_name.error();
  EXPECT_EQ(by_name->size(), 2U);
  list = authority.list();
  ASSERT_TRUE(list);
  for (const IssuedCertificate& each : *list) {
    EXPECT_EQ(each.revoked.has_value(), each.name.starts_with("bell")) << each.name;
  }
  EXPECT_TRUE(authority.revoke("bell-1").error().contains("no certificate that is still good"));
  EXPECT_TRUE(authority.revoke("localhost-not").error().contains("peal cert list"));
  EXPECT_EQ(revocations_of(parse_revocation_list(text("crl.pem")).get()).size(), 3U);
  EXPECT_EQ(number_of(parse_revocation_list(text("crl.pem")).get()), 3U);
  ASSERT_TRUE(CertificateAuthority::open(path, options()));
}

TEST_F(CertificateAuthorityTest, takes_serial_numbers_as_people_copy_them) {
  const CertificateAuthority authority = make();
  const auto bell = authority.issue_client("bell");
  ASSERT_TRUE(bell);
  std::string serial;
  for (const char c : bell->issued.serial) {
    serial += serial.size() % 3 == 2 ? ":" : "";
    serial += static_cast<char>(std::toupper(c));
  }
  const auto revoked = authority.revoke(serial);
  ASSERT_TRUE(revoked) << revoked.error();
  EXPECT_EQ(revoked->front().name, "bell");
}

TEST_F(CertificateAuthorityTest, refuses_names_that_are_none) {
  const CertificateAuthority authority = make();
  EXPECT_TRUE(authority.issue_client("").error().contains("empty"));
  EXPECT_TRUE(authority.issue_client(std::string(65, 'x')).error().contains("64 bytes"));
  EXPECT_TRUE(authority.issue_client(std::string(64, 'x')));
  for (const char* name : {"a\nb", "\xFF", " a", "a ", "\xC2\x85"}) {
    EXPECT_TRUE(authority.issue_client(name).error().contains("not UTF-8")) << name;
  }
  EXPECT_FALSE(authority.issue_client("a", days(0)));
  EXPECT_FALSE(authority.issue_client("a", days(3651)));
  const auto longest = authority.issue_client("a", days(3650));
  ASSERT_TRUE(longest);
  // Not longer than the authority itself, later in its life.
  clock_now += days(3600);
  const auto late = authority.issue_client("a");
  ASSERT_TRUE(late) << late.error();
  EXPECT_EQ(late->issued.ends, authority.certificate()->ends);
}

TEST_F(CertificateAuthorityTest, renews_in_time) {
  const CertificateAuthority authority = make();
  ASSERT_TRUE(authority.issue_client("bell"));
  ASSERT_TRUE(authority.revoke("bell"));
  const auto done_now = [&] {
    const auto done = authority.maintain();
    EXPECT_TRUE(done) << done.error();
    return done ? *done : std::vector<std::string>{};
  };
  EXPECT_TRUE(done_now().empty());
  clock_now += days(14);
  EXPECT_TRUE(done_now().empty());
  clock_now += days(2);
  EXPECT_EQ(done_now(), std::vector<std::string>{"the revocation list was signed anew"});
  const auto list = parse_revocation_list(text("crl.pem"));
  EXPECT_EQ(time_of(X509_CRL_get0_nextUpdate(list.get())), clock_now + days(30));
  EXPECT_EQ(revocations_of(list.get()).size(), 1U);
  const std::string before = text("server.crt");
  clock_now += days(350);
  EXPECT_EQ(done_now().size(), 1U);
  EXPECT_EQ(text("server.crt"), before);
  clock_now += days(2);
  EXPECT_EQ(done_now(), std::vector<std::string>{"the server's certificate was renewed"});
  EXPECT_NE(text("server.crt"), before);
  EXPECT_TRUE(done_now().empty());
}

TEST_F(CertificateAuthorityTest, goes_on_where_it_was_interrupted) {
  const std::vector<std::string> order = {"ca.key", "ca.crt", "crl.pem", "server.key",
                                          "server.crt"};
  make();
  for (std::size_t kept = 0; kept < order.size(); ++kept) {
    const std::string ca_key = text("ca.key");
    const std::string ca_certificate = text("ca.crt");
    const std::string server_key = text("server.key");
    for (std::size_t i = kept; i < order.size(); ++i) {
      fs::remove(fs::path(path) / order[i]);
    }
    fs::remove_all(path + "/issued");
    const CertificateAuthority authority = make();
    EXPECT_EQ(authority.is_new(), kept < 2);
    EXPECT_EQ(text("ca.key") == ca_key, kept > 0);
    EXPECT_EQ(text("ca.crt") == ca_certificate, kept > 1);
    EXPECT_EQ(text("server.key") == server_key, kept > 3);
    EXPECT_TRUE(CertificateAuthority::open(path, options()));
  }
}

TEST_F(CertificateAuthorityTest, never_replaces_what_is_damaged) {
  const CertificateAuthority authority = make();
  ASSERT_TRUE(authority.issue_client("bell"));
  for (const char* name : {"ca.key", "ca.crt", "crl.pem", "server.crt", "server.key"}) {
    const std::string good = text(name);
    for (const std::string& bad : {std::string(), good.substr(0, good.size() / 2)}) {
      put(name, bad);
      EXPECT_TRUE(error().starts_with(path + "/" + name + " is no ")) << error();
      EXPECT_EQ(text(name), bad);
    }
    put(name, good);
    ASSERT_TRUE(CertificateAuthority::open_or_make(path, options())) << name;
  }
  EXPECT_TRUE(authority.list());
  put("issued/" + std::string(32, 'a') + ".crt", "half");
  EXPECT_TRUE(authority.list().error().contains("is no certificate of this authority"));
  EXPECT_TRUE(authority.revoke("bell").error().contains("is no certificate of this authority"));
}

TEST_F(CertificateAuthorityTest, never_replaces_what_is_missing_in_an_authority_in_use) {
  const CertificateAuthority authority = make();
  ASSERT_TRUE(authority.issue_client("bell"));
  const auto without = [&](const std::string& name) {
    const std::string good = text(name);
    fs::remove(fs::path(path) / name);
    std::string said = error();
    EXPECT_FALSE(fs::exists(fs::path(path) / name)) << name;
    put(name, good);
    return said;
  };
  EXPECT_TRUE(without("ca.key").contains("ca.key cannot be read"));
  EXPECT_TRUE(without("ca.crt").contains("no ca.crt beside it"));
  EXPECT_TRUE(without("crl.pem").contains("believed again"));
  EXPECT_TRUE(without("server.key").contains("server.key cannot be read"));
  // Nor when the server's certificate is away, too.
  fs::remove(fs::path(path) / "server.crt");
  EXPECT_TRUE(without("crl.pem").contains("believed again"));
  EXPECT_TRUE(CertificateAuthority::open_or_make(path, options()));
}

TEST_F(CertificateAuthorityTest, never_mixes_two_authorities) {
  make();
  const std::string other = (folder / "other").string();
  ASSERT_TRUE(CertificateAuthority::open_or_make(other, options()));
  const auto with_theirs = [&](const std::string& name) {
    const std::string good = text(name);
    fs::copy_file(fs::path(other) / name, fs::path(path) / name,
                  fs::copy_options::overwrite_existing);
    std::string said = error();
    put(name, good);
    return said;
  };
  EXPECT_TRUE(with_theirs("ca.key").contains("is not the key of ca.crt"));
  EXPECT_TRUE(with_theirs("ca.crt").contains("is not the key of ca.crt"));
  EXPECT_TRUE(with_theirs("crl.pem").contains("no revocation list of this authority"));
  EXPECT_TRUE(with_theirs("server.crt").contains("no certificate of this authority"));
  EXPECT_TRUE(with_theirs("server.key").contains("is not the key of server.crt"));
  // A server's certificate is none that signs others.
  const std::string ca = text("ca.crt");
  const std::string key = text("ca.key");
  put("ca.crt", text("server.crt"));
  put("ca.key", text("server.key"));
  EXPECT_TRUE(error().contains("is not a certificate of ours")) << error();
  put("ca.crt", ca);
  put("ca.key", key);
  EXPECT_TRUE(CertificateAuthority::open(path, options()));
}

TEST_F(CertificateAuthorityTest, is_not_made_by_who_only_looks) {
  EXPECT_TRUE(CertificateAuthority::open(path, options()).error().contains("tls = \"auto\""));
  EXPECT_FALSE(fs::exists(path));
  std::ofstream(path) << "a file";
  EXPECT_TRUE(error().contains("is not a directory"));
}

}  // namespace
}  // namespace peal::net

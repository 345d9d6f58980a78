// Who is let in: sources one after the other, bans, and who says nothing.
#include "peal/auth/chain_authenticator.hpp"

#include <deque>
#include <future>
#include <gtest/gtest.h>
#include <map>
#include <thread>

#include "peal/auth/password_source.hpp"
#include "peal/auth/transport_source.hpp"
#include "peal/auth/user_book.hpp"

namespace peal::auth {
namespace {

using namespace std::chrono_literals;
using broker::AuthAnswer;
using broker::AuthState;
using broker::AuthTicket;
using mqtt::ReasonCode;

class LogOfLines final : public broker::Log {
 public:
  [[nodiscard]] bool wants(broker::LogLevel /*level*/) const override { return true; }
  void write(const broker::LogEvent& event) override { lines.emplace_back(event.what); }
  std::vector<std::string> lines;
};

/// Says what it is told to say; later, when it is slow.
class FakeSource final : public IdentitySource {
 public:
  [[nodiscard]] std::optional<Finding> identify(const std::shared_ptr<const Credentials>& who,
                                                GivenUp is_given_up, Done done) override {
    asked.push_back(who->user_name.value_or("nobody"));
    if (!is_slow) {
      return finding;
    }
    given_up = std::move(is_given_up);
    waiting.push_back(std::move(done));
    return std::nullopt;
  }
  Finding finding;
  bool is_slow = false;
  std::vector<std::string> asked;
  std::deque<Done> waiting;
  GivenUp given_up;
};

Finding known_as(std::string user) {
  return Finding::accept({.user = std::move(user), .grants = {}, .expires = {}});
}

class ChainAuthenticatorTest : public testing::Test {
 protected:
  /// The chain of these sources.
  void use(std::initializer_list<std::shared_ptr<IdentitySource>> list, bool is_guarded = false) {
    auto sources = std::make_shared<Sources>();
    for (const auto& source : list) {
      sources->links.push_back({source, is_guarded});
    }
    desk_.use(sources);
  }

  /// The answer at once, or what came for the ticket.
  AuthAnswer ask(const broker::AuthRequest& request) {
    const AuthTicket ticket{++last_ticket_};
    AuthAnswer answer = chain_.authenticate(request, ticket);
    if (answer.state != AuthState::pending) {
      return answer;
    }
    run_all();
    if (answers_.contains(last_ticket_)) {
      return answers_[last_ticket_];
    }
    return answer;
  }
  void run_all() {
    for (int tries = 0; tries < 60'000 && !answers_.contains(last_ticket_); ++tries) {
      std::deque<std::move_only_function<void()>> now;
      {
        const std::scoped_lock lock(mutex_);
        now.swap(actions_);
      }
      if (now.empty() && !waits_for_pool_) {
        return;
      }
      for (auto& action : now) {
        action();
      }
      std::this_thread::sleep_for(1ms);
    }
  }
  static broker::AuthRequest request(std::optional<std::string_view> user = {},
                                     std::optional<std::string_view> password = {}) {
    broker::AuthRequest request;
    request.client_id = "device";
    request.user_name = user;
    if (password) {
      request.password = as_bytes(*password);
    }
    request.peer.address = "192.0.2.1:1000";
    return request;
  }
  std::shared_ptr<FakeSource> first_ = std::make_shared<FakeSource>();
  std::shared_ptr<FakeSource> second_ = std::make_shared<FakeSource>();
  LogOfLines log_;
  BanList bans_;
  std::map<std::uint64_t, AuthAnswer> answers_;
  std::mutex mutex_;
  std::deque<std::move_only_function<void()>> actions_;
  bool waits_for_pool_ = false;
  std::uint64_t last_ticket_ = 0;
  LoginDesk desk_{
      {.bad_login = {.times = 3}, .flapping = {.times = 3}}, bans_, std::string(32, 's'), log_};
  ChainAuthenticator chain_{desk_,
                            [this](std::move_only_function<void()> action) {
                              const std::scoped_lock lock(mutex_);
                              actions_.push_back(std::move(action));
                            },
                            [this](AuthTicket ticket, const AuthAnswer& answer) {
                              answers_[std::to_underlying(ticket)] = answer;
                            }};
};

TEST_F(ChainAuthenticatorTest, TakesTheFirstSourceThatDecides) {
  use({first_, second_});
  second_->finding = known_as("anna");
  EXPECT_EQ(ask(request("x", "y")).user, "anna");
  EXPECT_EQ(first_->asked.size(), 1U);
  first_->finding = Finding::refuse(ReasonCode::server_unavailable);
  EXPECT_EQ(ask(request("x", "y")).reason, ReasonCode::server_unavailable);
  EXPECT_EQ(second_->asked.size(), 1U) << "it was not asked again";
}

TEST_F(ChainAuthenticatorTest, GoesOnBehindASourceThatTakesItsTime) {
  use({first_, second_});
  first_->is_slow = true;
  second_->finding = known_as("anna");
  EXPECT_EQ(ask(request("x", "y")).state, AuthState::pending);
  first_->waiting.front()({});
  run_all();
  EXPECT_EQ(answers_.at(1).user, "anna");
}

TEST_F(ChainAuthenticatorTest, TellsASourceThatNobodyWaits) {
  use({first_});
  first_->is_slow = true;
  EXPECT_EQ(ask(request("x", "y")).state, AuthState::pending);
  chain_.forget(AuthTicket{1});
  EXPECT_TRUE(*first_->given_up);
  first_->waiting.front()(known_as("anna"));
  run_all();
  EXPECT_TRUE(answers_.empty());
}

TEST_F(ChainAuthenticatorTest, LetsNobodyInWithoutAName) {
  use({first_});
  first_->finding = known_as("");
  EXPECT_EQ(ask(request("x", "y")).reason, ReasonCode::not_authorized);
}

TEST_F(ChainAuthenticatorTest, AnonymousOnlyWhereTheListenerSaysSo) {
  use({first_});
  auto nobody = request();
  EXPECT_EQ(ask(nobody).state, AuthState::accepted);
  EXPECT_EQ(ask(nobody).user, "");
  nobody.anonymous_allowed = false;
  EXPECT_EQ(ask(nobody).reason, ReasonCode::not_authorized);
  waits_for_pool_ = true;
  for (const auto& [user, password] : std::initializer_list<
           std::pair<std::optional<std::string_view>, std::optional<std::string_view>>>{
           {"", ""}, {"", std::nullopt}, {std::nullopt, "y"}, {"x", std::nullopt}, {"x", "y"}}) {
    EXPECT_EQ(ask(request(user, password)).state, AuthState::refused)
        << user.value_or("none") << " " << password.value_or("none");
  }
}

TEST_F(ChainAuthenticatorTest, BelievesNoNamesWhereNobodyChecksThem) {
  auto open = std::make_shared<Sources>();
  open->is_open = true;
  desk_.use(open);
  const auto answer = ask(request("root", "x"));
  EXPECT_EQ(answer.state, AuthState::accepted);
  EXPECT_EQ(answer.user, "");
  auto nobody = request("root", "x");
  nobody.anonymous_allowed = false;
  EXPECT_EQ(ask(nobody).reason, ReasonCode::not_authorized);
}

TEST_F(ChainAuthenticatorTest, ChecksPasswordsOfItsUsers) {
  auto book = std::make_shared<UserBook>();
  User anna;
  anna.name = "anna";
  anna.password = hash_password(as_bytes("right"), HashKind::sha512);
  ASSERT_EQ(book->put(anna), "");
  use({std::make_shared<PasswordSource>(desk_.passwords(), book)});
  waits_for_pool_ = true;
  EXPECT_EQ(ask(request("anna", "right")).user, "anna");
  for (const auto& [user, password] :
       std::initializer_list<std::pair<std::string_view, std::optional<std::string_view>>>{
           {"anna", "wrong"}, {"anna", std::string_view("right\0", 6)}, {"anna", std::nullopt}}) {
    EXPECT_EQ(ask(request(user, password)).reason, ReasonCode::bad_user_name_or_password);
  }
  anna.is_disabled = true;
  ASSERT_EQ(book->put(anna), "");
  EXPECT_EQ(ask(request("anna", "right")).state, AuthState::refused);
}

TEST_F(ChainAuthenticatorTest, NamesByCertificateAndKey) {
  use({std::make_shared<CertificateSource>(CertificateName::common_name)});
  auto with = request("somebody else", "x");
  with.peer.certificate_common_name = "pump-7";
  EXPECT_EQ(ask(with).user, "pump-7");
}

TEST_F(ChainAuthenticatorTest, SaysWhatCameWithTheLoginAndForHowLong) {
  use({first_});
  first_->finding = known_as("anna");
  first_->finding.identity.grants = "allow all a\n";
  first_->finding.identity.expires = std::chrono::system_clock::now() + 1h;
  const auto answer = ask(request("x", "y"));
  EXPECT_EQ(answer.grants, "allow all a\n");
  ASSERT_TRUE(answer.valid_for);
  EXPECT_LE(*answer.valid_for, 1h);
  EXPECT_GT(*answer.valid_for, 59min);
  first_->finding.identity.expires = std::chrono::system_clock::now() - 1s;
  EXPECT_EQ(ask(request("x", "y")).state, AuthState::refused);
}

TEST_F(ChainAuthenticatorTest, KeepsOutWhoIsBanned) {
  use({first_});
  first_->finding = known_as("anna");
  const auto banned = [&](BanKind kind, std::string name) {
    EXPECT_TRUE(bans_.add({.kind = kind, .name = name, .until = {}, .reason = {}}));
    const auto answer = ask(request("x", "y"));
    EXPECT_TRUE(bans_.remove(kind, name));
    return answer.reason == ReasonCode::banned && answer.state == AuthState::refused;
  };
  EXPECT_TRUE(banned(BanKind::address, "192.0.2.0/24"));
  EXPECT_TRUE(banned(BanKind::client, "device"));
  EXPECT_TRUE(banned(BanKind::user, "x")) << "the name it gives";
  EXPECT_TRUE(banned(BanKind::user, "anna")) << "the name it turns out to have";
  EXPECT_FALSE(banned(BanKind::address, "192.0.3.0/24"));
  EXPECT_EQ(ask(request("x", "y")).state, AuthState::accepted);
}

TEST_F(ChainAuthenticatorTest, KeepsOutWhoComesAndGoes) {
  use({first_});
  first_->finding = known_as("anna");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ask(request("x", "y")).state, AuthState::accepted);
  }
  EXPECT_EQ(ask(request("x", "y")).reason, ReasonCode::banned);
  EXPECT_EQ(log_.lines.size(), 1U);
  first_->finding = known_as("bert");
  EXPECT_EQ(ask(request("x", "y")).state, AuthState::accepted) << "another one's client";
}

TEST_F(ChainAuthenticatorTest, LocksOutWhoGuessesAtAGuardedSource) {
  use({first_}, true);
  first_->finding = Finding::refuse(ReasonCode::bad_user_name_or_password);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ask(request("x", "y")).reason, ReasonCode::bad_user_name_or_password);
  }
  EXPECT_EQ(ask(request("x", "y")).reason, ReasonCode::banned);
  EXPECT_EQ(first_->asked.size(), 3U);
}

}  // namespace
}  // namespace peal::auth

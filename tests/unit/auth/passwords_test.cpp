// Logins: what is answered at once, what later, what is remembered.
#include "peal/auth/passwords.hpp"

#include <fstream>
#include <future>
#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"

#include "peal/auth/password_authenticator.hpp"

namespace peal::auth {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const UserTable> users(
    std::initializer_list<std::pair<std::string, std::string>> list) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "users";
  std::ofstream file(path);
  for (const auto& [user, password] : list) {
    file << user << ':' << hash_password(as_bytes(password), HashKind::sha512) << '\n';
  }
  file.close();
  auto read = PasswordFile::read(path);
  std::vector<PasswordFile> files;
  files.push_back(std::move(*read));
  return std::make_shared<UserTable>(std::move(files));
}

class NoLog final : public broker::Log {
 public:
  [[nodiscard]] bool wants(broker::LogLevel /*level*/) const override { return true; }
  void write(const broker::LogEvent& /*event*/) override { ++events; }
  std::atomic<int> events = 0;
};

/// The answer, whenever it comes, and whether it came at once.
struct Answered {
  Login login = Login::busy;
  bool at_once = false;
  friend bool operator==(const Answered&, const Answered&) = default;
};

Answered ask(Passwords& passwords, std::string_view user, std::string_view password) {
  auto promise = std::make_shared<std::promise<Login>>();
  auto future = promise->get_future();
  const auto known = passwords.check({user, as_bytes(password), "192.0.2.1:1000"},
                                     std::make_shared<std::atomic<bool>>(false),
                                     [promise](Login login) { promise->set_value(login); });
  return known ? Answered{*known, true} : Answered{future.get(), false};
}

TEST(Passwords, RemembersWhatWasRightAndNothingElse) {
  NoLog log;
  Passwords passwords({.failures = 100}, log);
  passwords.use(users({{"anna", "right"}}));
  EXPECT_EQ(ask(passwords, "anna", "wrong"), (Answered{Login::wrong, false}));
  EXPECT_EQ(ask(passwords, "anna", "wrong"), (Answered{Login::wrong, false}));
  EXPECT_EQ(ask(passwords, "anna", "right"), (Answered{Login::right, false}));
  EXPECT_EQ(ask(passwords, "anna", "right"), (Answered{Login::right, true}));
  EXPECT_EQ(ask(passwords, "nobody", "right"), (Answered{Login::wrong, false}));
}

TEST(Passwords, ForgetsWithTheUser) {
  NoLog log;
  Passwords passwords({.failures = 100}, log);
  passwords.use(users({{"anna", "right"}}));
  EXPECT_EQ(ask(passwords, "anna", "right").login, Login::right);
  passwords.use(users({{"anna", "right"}}));  // the same password, hashed anew
  EXPECT_EQ(ask(passwords, "anna", "right"), (Answered{Login::right, false}));
  passwords.use(users({{"bert", "right"}}));
  EXPECT_EQ(ask(passwords, "anna", "right"), (Answered{Login::wrong, false}));
}

TEST(Passwords, HashesNothingForWhoIsGone) {
  NoLog log;
  Passwords passwords({.failures = 100}, log);
  passwords.use(users({{"anna", "right"}}));
  std::atomic<bool> was_answered = false;
  EXPECT_EQ(passwords.check({"anna", as_bytes("right"), "192.0.2.2:1"},
                            std::make_shared<std::atomic<bool>>(true),
                            [&](Login) { was_answered = true; }),
            std::nullopt);
  // Jobs begin in their order; what this one would have remembered is not there.
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(ask(passwords, "anna", "wrong").login, Login::wrong);
  }
  EXPECT_FALSE(was_answered);
  EXPECT_EQ(ask(passwords, "anna", "right"), (Answered{Login::right, false}));
}

TEST(Passwords, KnowsNobodyWithoutUsers) {
  NoLog log;
  Passwords passwords({.failures = 100}, log);
  EXPECT_EQ(ask(passwords, "anna", "").login, Login::wrong);
}

TEST(Passwords, LocksOutWhoGuessesAndNobodyElse) {
  NoLog log;
  Passwords passwords({.failures = 3}, log);
  passwords.use(users({{"anna", "right"}, {"bert", "right"}}));
  EXPECT_EQ(ask(passwords, "bert", "right").login, Login::right);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ask(passwords, "anna", "guess").login, Login::wrong);
    EXPECT_EQ(ask(passwords, "bert", "guess").login, Login::wrong);
  }
  EXPECT_EQ(ask(passwords, "anna", "guess"), (Answered{Login::locked_out, true}));
  EXPECT_EQ(ask(passwords, "anna", "right"), (Answered{Login::locked_out, true}));
  EXPECT_EQ(ask(passwords, "bert", "right"), (Answered{Login::right, true})) << "was right before";
  EXPECT_EQ(log.events, 2);
}

TEST(LoginGuard, CountsNamesAndAddresses) {
  LoginGuard guard({.failures = 2, .within = 60s, .out_for = 600s});
  const auto now = LoginGuard::Clock::now();
  EXPECT_FALSE(guard.failed("a", "x", now));
  EXPECT_FALSE(guard.failed("a", "x", now + 61s)) << "the first one is forgotten";
  EXPECT_TRUE(guard.failed("a", "x", now + 62s));
  EXPECT_FALSE(guard.failed("a", "x", now + 63s)) << "it was out already";
  EXPECT_TRUE(guard.is_locked_out("a", "x", now + 64s));
  EXPECT_FALSE(guard.is_locked_out("a", "y", now + 64s));
  EXPECT_FALSE(guard.is_locked_out("b", "x", now + 64s));
  EXPECT_FALSE(guard.is_locked_out("a", "x", now + 700s));
  bool is_out = false;
  for (int i = 0; i < 20; ++i) {
    is_out = guard.failed("c", std::to_string(i), now) || is_out;
  }
  EXPECT_TRUE(is_out);
  EXPECT_TRUE(guard.is_locked_out("c", "anybody", now));
}

TEST(LoginGuard, RemembersABoundedNumber) {
  LoginGuard guard({.failures = 2, .within = 60s, .out_for = 600s});
  const auto now = LoginGuard::Clock::now();
  for (int i = 0; i < 100'000; ++i) {
    (void)guard.failed(std::to_string(i), "x", now);
  }
  EXPECT_FALSE(guard.failed("one more", "x", now));
  EXPECT_FALSE(guard.failed("one more", "x", now)) << "no room for it";
  EXPECT_FALSE(guard.failed("one more", "x", now + 61s));
  EXPECT_TRUE(guard.failed("one more", "x", now + 61s)) << "the others are forgotten";
}

TEST(LoginGuard, LeavesThePortAside) {
  EXPECT_EQ(without_port("192.0.2.1:40312"), "192.0.2.1");
  EXPECT_EQ(without_port("[2001:db8::1]:40312"), "[2001:db8::1]");
  EXPECT_EQ(without_port("unix"), "unix");
}

TEST(LoginCache, TellsUserHashAndPasswordApart) {
  LoginCache cache(100, 1h);
  const auto now = LoginCache::Clock::now();
  cache.remember(cache.digest("ab", "c", as_bytes("d")), now);
  EXPECT_TRUE(cache.knows(cache.digest("ab", "c", as_bytes("d")), now));
  EXPECT_FALSE(cache.knows(cache.digest("a", "bc", as_bytes("d")), now));
  EXPECT_FALSE(cache.knows(cache.digest("ab", "cd", as_bytes("")), now));
  EXPECT_FALSE(cache.knows(cache.digest("ab", "x", as_bytes("d")), now));
  EXPECT_FALSE(LoginCache(100, 1h).knows(cache.digest("ab", "c", as_bytes("d")), now));
}

TEST(LoginCache, ForgetsInTimeAndInNumber) {
  LoginCache cache(10, 1h);
  const auto now = LoginCache::Clock::now();
  const auto login = [&](int i) { return cache.digest(std::to_string(i), "", {}); };
  cache.remember(login(0), now);
  EXPECT_TRUE(cache.knows(login(0), now + 59min));
  EXPECT_FALSE(cache.knows(login(0), now + 61min));
  for (int i = 1; i <= 1000; ++i) {
    cache.remember(login(i), now);
  }
  EXPECT_FALSE(cache.knows(login(0), now));
  int known = 0;
  for (int i = 0; i <= 1000; ++i) {
    known += cache.knows(login(i), now) ? 1 : 0;
  }
  EXPECT_GE(known, 5);
  EXPECT_LE(known, 10);
}

TEST(PasswordPool, RefusesMoreThanMayWait) {
  std::promise<void> go;
  std::shared_future<void> gone = go.get_future().share();
  std::promise<void> begun;
  PasswordPool pool(1, 2);
  ASSERT_TRUE(pool.add([&] {
    begun.set_value();
    gone.wait();
  }));
  begun.get_future().wait();
  EXPECT_TRUE(pool.add([] {}));
  EXPECT_TRUE(pool.add([] {}));
  EXPECT_FALSE(pool.add([] {}));
  go.set_value();
}

class PasswordAuthenticatorTest : public testing::Test {
 protected:
  PasswordAuthenticatorTest() { passwords_.use(users({{"anna", "right"}})); }

  broker::AuthAnswer ask(const broker::AuthRequest& request) {
    std::promise<broker::AuthAnswer> later;
    PasswordAuthenticator authenticator(
        passwords_, [&](broker::AuthTicket ticket, const broker::AuthAnswer& answer) {
          EXPECT_EQ(ticket, broker::AuthTicket{7});
          later.set_value(answer);
        });
    const auto answer = authenticator.authenticate(request, broker::AuthTicket{7});
    return answer.state == broker::AuthState::pending ? later.get_future().get() : answer;
  }
  static broker::AuthRequest request(std::optional<std::string_view> user,
                                     std::optional<std::string_view> password) {
    broker::AuthRequest request;
    request.user_name = user;
    if (password) {
      request.password = as_bytes(*password);
    }
    return request;
  }

 private:
  NoLog log_;
  Passwords passwords_{{}, log_};
};

TEST_F(PasswordAuthenticatorTest, LetsInWhoHasThePassword) {
  const auto answer = ask(request("anna", "right"));
  EXPECT_EQ(answer.state, broker::AuthState::accepted);
  EXPECT_EQ(answer.user, "anna");
}

TEST_F(PasswordAuthenticatorTest, RefusesEverythingElse) {
  for (const auto& [user, password] : std::initializer_list<
           std::pair<std::optional<std::string_view>, std::optional<std::string_view>>>{
           {"anna", "wrong"},
           {"anna", ""},
           {"anna", std::nullopt},
           {"anna", std::string_view("right\0", 6)},
           {"bert", "right"},
           {"", "right"},
           {"", ""},
           {"", std::nullopt},
           {std::nullopt, "right"}}) {
    EXPECT_EQ(ask(request(user, password)).state, broker::AuthState::refused)
        << user.value_or("none") << " " << password.value_or("none");
  }
}

TEST_F(PasswordAuthenticatorTest, AnonymousOnlyWhereTheListenerSaysSo) {
  auto nobody = request(std::nullopt, std::nullopt);
  const auto answer = ask(nobody);
  EXPECT_EQ(answer.state, broker::AuthState::accepted);
  EXPECT_EQ(answer.user, "");
  nobody.anonymous_allowed = false;
  EXPECT_EQ(ask(nobody).state, broker::AuthState::refused);
}

}  // namespace
}  // namespace peal::auth

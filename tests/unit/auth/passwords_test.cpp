// Logins: what is answered at once, what later, what is remembered.
#include "peal/auth/passwords.hpp"

#include <future>
#include <gtest/gtest.h>

#include "peal/auth/user_book.hpp"

namespace peal::auth {
namespace {

using namespace std::chrono_literals;

/// Names and passwords, cheaply hashed.
std::shared_ptr<UserBook> users(std::initializer_list<std::pair<std::string, std::string>> list) {
  auto book = std::make_shared<UserBook>();
  for (const auto& [name, password] : list) {
    User user;
    user.name = name;
    user.password = hash_password(as_bytes(password), HashKind::sha512);
    EXPECT_EQ(book->put(user), "");
  }
  return book;
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

Answered ask(Passwords& passwords, const UserBook& book, std::string_view user,
             std::string_view password) {
  auto promise = std::make_shared<std::promise<Login>>();
  auto future = promise->get_future();
  const auto entry = book.find(user);
  const auto known =
      passwords.check({user, as_bytes(password), "192.0.2.1:1000"},
                      entry ? entry->password : nullptr, std::make_shared<std::atomic<bool>>(false),
                      [promise](Login login) { promise->set_value(login); });
  return known ? Answered{*known, true} : Answered{future.get(), false};
}

TEST(Passwords, RemembersWhatWasRightAndNothingElse) {
  NoLog log;
  Passwords passwords({.times = 100}, log);
  auto book = users({{"anna", "right"}});
  EXPECT_EQ(ask(passwords, *book, "anna", "wrong"), (Answered{Login::wrong, false}));
  EXPECT_EQ(ask(passwords, *book, "anna", "wrong"), (Answered{Login::wrong, false}));
  EXPECT_EQ(ask(passwords, *book, "anna", "right"), (Answered{Login::right, false}));
  EXPECT_EQ(ask(passwords, *book, "anna", "right"), (Answered{Login::right, true}));
  EXPECT_EQ(ask(passwords, *book, "nobody", "right"), (Answered{Login::wrong, false}));
}

TEST(Passwords, ForgetsWithTheUser) {
  NoLog log;
  Passwords passwords({.times = 100}, log);
  auto book = users({{"anna", "right"}});
  EXPECT_EQ(ask(passwords, *book, "anna", "right").login, Login::right);
  book = users({{"anna", "right"}});  // the same password, hashed anew
  EXPECT_EQ(ask(passwords, *book, "anna", "right"), (Answered{Login::right, false}));
  book = users({{"bert", "right"}});
  EXPECT_EQ(ask(passwords, *book, "anna", "right"), (Answered{Login::wrong, false}));
}

TEST(Passwords, HashesNothingForWhoIsGone) {
  NoLog log;
  Passwords passwords({.times = 100}, log);
  auto book = users({{"anna", "right"}});
  std::atomic<bool> was_answered = false;
  EXPECT_EQ(passwords.check({"anna", as_bytes("right"), "192.0.2.2:1"},
                            book->find("anna")->password, std::make_shared<std::atomic<bool>>(true),
                            [&](Login) { was_answered = true; }),
            std::nullopt);
  // Jobs begin in their order; what this one would have remembered is not there.
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(ask(passwords, *book, "anna", "wrong").login, Login::wrong);
  }
  EXPECT_FALSE(was_answered);
  EXPECT_EQ(ask(passwords, *book, "anna", "right"), (Answered{Login::right, false}));
}

TEST(Passwords, KnowsNobodyWithoutUsers) {
  NoLog log;
  Passwords passwords({.times = 100}, log);
  const auto book = users({});
  EXPECT_EQ(ask(passwords, *book, "anna", "").login, Login::wrong);
}

TEST(Passwords, LocksOutWhoGuessesAndNobodyElse) {
  NoLog log;
  Passwords passwords({.times = 3}, log);
  auto book = users({{"anna", "right"}, {"bert", "right"}});
  EXPECT_EQ(ask(passwords, *book, "bert", "right").login, Login::right);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ask(passwords, *book, "anna", "guess").login, Login::wrong);
    EXPECT_EQ(ask(passwords, *book, "bert", "guess").login, Login::wrong);
  }
  EXPECT_EQ(ask(passwords, *book, "anna", "guess"), (Answered{Login::locked_out, true}));
  EXPECT_EQ(ask(passwords, *book, "anna", "right"), (Answered{Login::locked_out, true}));
  EXPECT_EQ(ask(passwords, *book, "bert", "right"), (Answered{Login::right, true}))
      << "was right before";
  EXPECT_EQ(log.events, 2);
}

TEST(LoginGuard, CountsNamesAndAddresses) {
  LoginGuard guard({.times = 2, .within = 60s, .out_for = 600s});
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

TEST(LoginGuard, TakesAnotherLimit) {
  LoginGuard guard({.times = 2, .within = 60s, .out_for = 600s});
  const auto now = LoginGuard::Clock::now();
  (void)guard.failed("192.0.2.1", "anna", now);
  EXPECT_TRUE(guard.failed("192.0.2.1", "anna", now));
  guard.use({.times = 5, .within = 60s, .out_for = 600s});
  EXPECT_TRUE(guard.is_locked_out("192.0.2.1", "anna", now));
  EXPECT_FALSE(guard.failed("192.0.2.1", "bob", now));
  guard.use({.times = 0});
  EXPECT_FALSE(guard.is_locked_out("192.0.2.1", "anna", now));
  guard.use({.times = 1, .within = 60s, .out_for = 600s});
  EXPECT_FALSE(guard.is_locked_out("192.0.2.1", "anna", now));
}

TEST(LoginGuard, RemembersABoundedNumber) {
  LoginGuard guard({.times = 2, .within = 60s, .out_for = 600s});
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

}  // namespace
}  // namespace peal::auth

// Fakes of all that the broker asks of the world, each with its state in the open.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "peal/base/assert.hpp"
#include "peal/broker/ports/authenticator.hpp"
#include "peal/broker/ports/authorizer.hpp"
#include "peal/broker/ports/clock.hpp"
#include "peal/broker/ports/connection.hpp"
#include "peal/broker/ports/log.hpp"
#include "peal/broker/ports/mailbox.hpp"
#include "peal/broker/ports/publish_hook.hpp"
#include "peal/broker/ports/random.hpp"
#include "peal/broker/ports/user_sessions.hpp"
#include "peal/broker/publication.hpp"

namespace peal::broker::test {

class FakeClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return time; }
  Time time{std::chrono::hours(24)};
};

class FakeRandom final : public Random {
 public:
  explicit FakeRandom(std::uint64_t seed) : engine(seed) {}
  [[nodiscard]] std::uint64_t next() override { return engine(); }
  /// 0 to `limit` - 1.
  [[nodiscard]] std::uint64_t below(std::uint64_t limit) { return engine() % limit; }
  std::mt19937_64 engine;
};

class FakeLog final : public Log {
 public:
  [[nodiscard]] bool wants(LogLevel) const override { return true; }
  void write(const LogEvent& event) override {
    std::string line(event.what);
    for (const std::string_view part : {event.client_id, event.reason, event.detail}) {
      line += part.empty() ? "" : ": " + std::string(part);
    }
    lines.push_back(std::move(line));
  }
  std::vector<std::string> lines;
};

/// A run that owns its bytes.
struct PostedRun {
  PublishRun run;  // but for `packets`
  std::vector<std::uint8_t> bytes;

  [[nodiscard]] PublishRun view() const {
    PublishRun complete = run;
    complete.packets = bytes;
    return complete;
  }
  [[nodiscard]] bool takes(NamespaceId space, mqtt::TopicName topic, bool is_v5) const {
    return run.space == space && run.is_v5 == is_v5 && view().topic() == topic;
  }
  void add(const PlainPublish& packet) {
    const std::size_t size = packet.size();
    bytes.resize(bytes.size() + size);
    packet.write(bytes.data() + bytes.size() - size);
    ++run.count;
    run.largest_bytes = std::max(run.largest_bytes, static_cast<std::uint32_t>(size));
  }
};

/// What one worker sends another at once.
using Posted = std::variant<Mail, PostedRun>;

/// Mail on its way: in order between two workers, whatever order the reader likes between pairs.
class Post {
 public:
  explicit Post(unsigned workers) : workers_(workers), lines_(std::size_t{workers} * workers) {}

  void send(unsigned from, unsigned to, Mail mail) {
    PEAL_ASSERT(from != to && to < workers_);
    line(from, to).push_back(std::move(mail));
    ++count_;
  }
  /// Appends to the run that was sent last, if `packet` is of its kind.
  void send(unsigned from, unsigned to, NamespaceId space, mqtt::TopicName topic,
            const PlainPublish& packet) {
    auto& posted = line(from, to);
    auto* last = posted.empty() ? nullptr : std::get_if<PostedRun>(&posted.back());
    if (last == nullptr || !last->takes(space, topic, packet.is_v5)) {
      last = &std::get<PostedRun>(posted.emplace_back(
          PostedRun{{.space = space, .is_v5 = packet.is_v5, .packets = {}}, {}}));
      ++count_;
    }
    last->add(packet);
  }
  [[nodiscard]] std::size_t count() const { return count_; }
  void clear() {
    for (auto& mail : lines_) {
      mail.clear();
    }
    count_ = 0;
  }
  [[nodiscard]] bool has(unsigned from, unsigned to) { return !line(from, to).empty(); }
  [[nodiscard]] Posted take(unsigned from, unsigned to) {
    Posted posted = std::move(line(from, to).front());
    line(from, to).pop_front();
    --count_;
    return posted;
  }

 private:
  std::deque<Posted>& line(unsigned from, unsigned to) { return lines_[from * workers_ + to]; }
  unsigned workers_;
  std::vector<std::deque<Posted>> lines_;
  std::size_t count_ = 0;
};

class FakeMailbox final : public Mailbox {
 public:
  FakeMailbox(Post& post, unsigned from) : post_(post), from_(from) {}
  void send(WorkerIndex to, Mail mail) override {
    post_.send(from_, static_cast<unsigned>(to), std::move(mail));
  }
  void forward(WorkerIndex to, const Forward& how, Publication& publication) override {
    if (!publication.plain() || how.for_groups || how.for_retained) {
      Mailbox::forward(to, how, publication);
      return;
    }
    post_.send(from_, static_cast<unsigned>(to), how.space, publication.fields().topic,
               *publication.plain());
  }

 private:
  Post& post_;
  unsigned from_;
};

class FakeUserSessions final : public UserSessions {
 public:
  [[nodiscard]] bool add(std::string_view user, bool is_limited) override {
    PEAL_ASSERT(!user.empty());
    std::size_t& count = counts[std::string(user)];
    if (is_limited && count >= limit) {
      return false;
    }
    ++count;
    return true;
  }
  void remove(std::string_view user) override {
    const auto found = counts.find(user);
    PEAL_ASSERT(found != counts.end() && found->second > 0);
    --found->second;
  }
  std::map<std::string, std::size_t, std::less<>> counts;
  std::size_t limit = SIZE_MAX;
};

/// Keeps what it is sent; asserts that nothing is sent once it was closed.
class FakeConnection final : public Connection {
 public:
  void send(Bytes bytes, const SharedBuffer*) override {
    PEAL_ASSERT(!is_closed);
    output.insert(output.end(), bytes.begin(), bytes.end());
    unsent += is_stalled ? bytes.size() : 0;
    ++sends;
  }
  [[nodiscard]] std::size_t unsent_bytes() const override { return unsent; }
  void close() override {
    PEAL_ASSERT(!is_closed);
    is_closed = true;
  }
  [[nodiscard]] PeerInfo peer() const override {
    return {.address = "127.0.0.1:5000",
            .is_loopback = is_loopback,
            .is_encrypted = false,
            .certificate_common_name = {},
            .certificate_subject = {},
            .certificate_alternative_name = {},
            .psk_identity = {}};
  }
  void pause_input() override { is_paused = true; }
  void resume_input() override { is_paused = false; }
  void let_in() override { is_let_in = true; }

  std::vector<std::uint8_t> output;
  std::size_t unsent = 0;
  std::size_t sends = 0;
  bool is_stalled = false;  // what is sent now stays unsent
  bool is_closed = false;
  bool is_paused = false;
  bool is_let_in = false;
  bool is_loopback = true;
};

/// Accepts everybody as the user they say, unless told otherwise. Knows the method "riddle": asks
/// "why?" and wants "because".
class FakeAuthenticator final : public Authenticator {
 public:
  [[nodiscard]] AuthAnswer authenticate(const AuthRequest& request, AuthTicket ticket) override {
    client_ids.emplace_back(request.client_id);
    if (request.method == "riddle") {
      return AuthAnswer::ask("why?");
    }
    if (is_slow) {
      waiting.push_back(ticket);
      return AuthAnswer::pend();
    }
    return answer(request);
  }
  [[nodiscard]] AuthAnswer proceed(const AuthRequest& request, AuthTicket ticket) override {
    client_ids.emplace_back(request.client_id);
    if (is_slow) {
      waiting.push_back(ticket);
      return AuthAnswer::pend();
    }
    if (as_text(request.data) != "because") {
      return AuthAnswer::refuse(mqtt::ReasonCode::not_authorized);
    }
    AuthAnswer right = AuthAnswer::accept(riddler);
    right.data = "right";
    right.grants = grants;
    right.valid_for = valid_for;
    return right;
  }
  [[nodiscard]] bool knows_method(std::string_view method) const override {
    return method == "riddle";
  }
  void forget(AuthTicket ticket) override { forgotten.push_back(ticket); }

  std::map<std::string, std::string> passwords;  // when there are any, they are checked
  std::string grants;                            // that everybody gets
  std::optional<std::chrono::milliseconds> valid_for;
  std::string riddler = "sphinx";  // who gives the right answer
  bool is_slow = false;
  std::vector<AuthTicket> waiting;
  std::vector<AuthTicket> forgotten;
  std::vector<std::string> client_ids;  // who was asked about

 private:
  [[nodiscard]] AuthAnswer answer(const AuthRequest& request) const {
    const std::string user(request.user_name.value_or(""));
    if (!passwords.empty()) {
      const auto known = passwords.find(user);
      const std::string_view password = request.password ? as_text(*request.password) : "";
      if (known == passwords.end() || known->second != password) {
        return AuthAnswer::refuse(mqtt::ReasonCode::bad_user_name_or_password);
      }
    }
    AuthAnswer answer = AuthAnswer::accept(user);
    answer.grants = grants;
    answer.valid_for = valid_for;
    return answer;
  }
};

/// Allows everything but what is named.
struct FakeRules {
  std::set<std::string> no_publish;  // "TOPIC" of everybody, "CLIENT TOPIC"
  std::set<std::string> no_subscribe;
  std::set<std::string> no_receive;  // "CLIENT TOPIC"
  PublishRate rate;

  [[nodiscard]] bool is_empty() const {
    return no_publish.empty() && no_subscribe.empty() && no_receive.empty() && !rate.is_limited();
  }
};

class FakeRights final : public Rights {
 public:
  explicit FakeRights(FakeRules rules) : rules_(std::move(rules)) {}
  [[nodiscard]] bool may_publish(const ClientIdentity& client, mqtt::TopicName topic,
                                 bool) const override {
    ++questions;
    return !rules_.no_publish.contains(std::string(topic.text())) &&
           !rules_.no_publish.contains(std::string(client.client_id) + " " +
                                       std::string(topic.text()));
  }
  [[nodiscard]] SubscribeRight may_subscribe(const ClientIdentity&,
                                             const mqtt::TopicFilter& filter) const override {
    if (rules_.no_subscribe.contains(std::string(filter.text()))) {
      return SubscribeRight::none;
    }
    return rules_.no_receive.empty() ? SubscribeRight::all : SubscribeRight::some;
  }
  [[nodiscard]] bool may_receive(const ClientIdentity& client,
                                 mqtt::TopicName topic) const override {
    ++questions;
    return !rules_.no_receive.contains(std::string(client.client_id) + " " +
                                       std::string(topic.text()));
  }
  [[nodiscard]] PublishRate publish_rate() const override { return rules_.rate; }
  mutable int questions = 0;  // asked on the way of a message

 private:
  FakeRules rules_;
};

/// Its rules hold for who connects from now on; `BrokerHarness::rights_changed` tells the rest.
class FakeAuthorizer final : public Authorizer, public FakeRules {
 public:
  [[nodiscard]] RightsRef rights_of(const ClientIdentity& client) override {
    asked.push_back(std::string(client.user) + ": " + std::string(client.grants));
    if (is_empty()) {
      return {};
    }
    last = SharedRef<FakeRights>::adopt(new FakeRights(*this));
    return RightsRef::share(last.get());
  }
  SharedRef<FakeRights> last;
  std::vector<std::string> asked;  // "USER: GRANTS"
};

class FakePublishHook final : public PublishHook {
 public:
  [[nodiscard]] bool on_publish(const ClientIdentity& client,
                                const MessageFields& message) override {
    seen.push_back(std::string(client.client_id) + " " + std::string(message.topic.text()));
    return !message.topic.text().starts_with("hooked/");
  }
  std::vector<std::string> seen;
};

}  // namespace peal::broker::test

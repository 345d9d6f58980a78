// A broker inside your own program: who may connect, what they may do, what they publish, and a
// message from inside.
//
//     find_package(Peal REQUIRED)
//     target_link_libraries(embedded_broker PRIVATE Peal::server)
//
// Run it, then from another terminal (the port is in its first line):
//
//     peal sub -p PORT -u maker -P bell -t 'clock/#' -v
//     peal pub -p PORT -u maker -P bell -t bell/ring -m now
#include <csignal>
#include <cstdio>
#include <ctime>
#include <string>

#include "peal/server/server.hpp"

namespace {

/// Who are you? Called for every CONNECT, on the workers' threads.
class OneUser final : public peal::broker::Authenticator {
 public:
  peal::broker::AuthAnswer authenticate(const peal::broker::AuthRequest& request,
                                        peal::broker::AuthTicket /*ticket*/) override {
    peal::broker::AuthAnswer answer;  // refused, unless we say otherwise
    const bool is_known = request.user_name == "maker" && request.password &&
                          peal::as_text(*request.password) == "bell";
    if (is_known) {
      answer.state = peal::broker::AuthState::accepted;
      answer.user = "maker";
    } else {
      answer.reason = peal::mqtt::ReasonCode::bad_user_name_or_password;
    }
    return answer;
  }
  peal::broker::AuthAnswer proceed(const peal::broker::AuthRequest& /*request*/,
                                   peal::broker::AuthTicket /*ticket*/) override {
    return {};
  }
  bool knows_method(std::string_view /*method*/) const override { return false; }
  void forget(peal::broker::AuthTicket /*ticket*/) override {}
};

/// What may you do? Everybody may listen; only bells may be rung.
class OnlyBells final : public peal::broker::Rights {
 public:
  bool may_publish(const peal::broker::ClientIdentity& /*client*/, peal::mqtt::TopicName topic,
                   bool /*retain*/) const override {
    return topic.text().starts_with("bell/");
  }
  peal::broker::SubscribeRight may_subscribe(
      const peal::broker::ClientIdentity& /*client*/,
      const peal::mqtt::TopicFilter& /*filter*/) const override {
    return peal::broker::SubscribeRight::all;
  }
  bool may_receive(const peal::broker::ClientIdentity& /*client*/,
                   peal::mqtt::TopicName /*topic*/) const override {
    return true;
  }
};

/// Whose rights are which? Here they are the same for all.
class SameForAll final : public peal::broker::Authorizer {
 public:
  peal::broker::RightsRef rights_of(const peal::broker::ClientIdentity& /*client*/) override {
    return rights_;
  }

 private:
  peal::broker::RightsRef rights_ = peal::broker::RightsRef::adopt(new OnlyBells);
};

/// Sees every message that clients publish; `false` would keep it from going on.
class PrintMessages final : public peal::broker::PublishHook {
 public:
  bool on_publish(const peal::broker::ClientIdentity& client,
                  const peal::broker::MessageFields& message) override {
    const std::string topic(message.topic.text());
    const std::string payload(peal::as_text(message.payload));
    std::printf("%s says %s = %s\n", std::string(client.user).c_str(), topic.c_str(),
                payload.c_str());
    std::fflush(stdout);
    return true;
  }
};

}  // namespace

int main() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);  // before there are threads: they inherit it

  OneUser authenticator;
  SameForAll authorizer;
  PrintMessages publish_hook;

  peal::server::Config config;
  config.workers = 1;
  peal::server::ListenerConfig listener;
  listener.bind = "127.0.0.1:0";  // a free port
  config.listeners.push_back(listener);

  try {
    peal::server::Server server(
        config,
        {.authenticator = &authenticator, .authorizer = &authorizer, .publish = &publish_hook});
    server.start();
    std::printf("listening on %s\n", server.listening().front().address.c_str());
    std::fflush(stdout);

    const timespec second{.tv_sec = 1, .tv_nsec = 0};
    for (int ticks = 0; sigtimedwait(&signals, nullptr, &second) < 0; ++ticks) {
      server.publish("clock/ticks", std::to_string(ticks));
    }
    server.stop();
  } catch (const peal::server::ConfigError& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
  return 0;
}

#include "peal/cli/bench_relay.hpp"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <vector>

#include "peal/cli/bench_peer.hpp"
#include "peal/mqtt/decode.hpp"
#include "peal/mqtt/encode.hpp"

namespace peal::cli {
namespace {

constexpr std::size_t room_bytes = std::size_t{1} << 20;

struct Member {
  explicit Member(BenchSocket socket) : peer(std::move(socket)) {}

  BenchPeer peer;
  std::vector<std::string> filters;
  // Of a publisher, once it has sent its first PUBLISH.
  std::size_t packet_bytes = 0;
  std::vector<Member*> destinations;
  Packet half;  // of a message, at the end of the last read
  mqtt::ProtocolVersion version = mqtt::ProtocolVersion::v3_1_1;
};

class Relay {
 public:
  explicit Relay(std::uint16_t port)
      : listener_(listen_on(port)), epoll_(::epoll_create1(EPOLL_CLOEXEC)), room_(room_bytes) {
    listener_.set_nonblocking();
    epoll_event event{.events = EPOLLIN, .data = {.fd = listener_.fd()}};
    ::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, listener_.fd(), &event);
  }

  [[nodiscard]] std::uint16_t port() const { return port_of(listener_); }
  void serve_once();

 private:
  void accept_all();
  void serve(Member& member);
  void shake_hands(Member& member, const mqtt::Frame& frame);
  void learn_destinations(Member& publisher, const mqtt::Frame& frame);
  void forward(const Member& publisher, Bytes bytes);

  BenchSocket listener_;
  BenchSocket epoll_;
  Packet room_;
  std::map<int, std::unique_ptr<Member>> members_;  // by descriptor
  std::vector<Member*> blocked_;                    // did not take all
};

void Relay::serve_once() {
  epoll_event events[1024];
  const int ready = ::epoll_wait(epoll_.fd(), events, 1024, blocked_.empty() ? -1 : 1);
  for (int nth = 0; nth < ready; ++nth) {
    const int fd = events[nth].data.fd;
    if (fd == listener_.fd()) {
      accept_all();
      continue;
    }
    try {
      serve(*members_.at(fd));
    } catch (const std::exception&) {  // it has gone: so has the whole scenario
      blocked_.clear();
      members_.clear();
      return;
    }
  }
  std::erase_if(blocked_, [](Member* member) { return member->peer.flush(); });
}

void Relay::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      return;
    }
    BenchSocket socket(fd);
    tune(socket);
    members_[fd] = std::make_unique<Member>(std::move(socket));
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    ::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, fd, &event);
  }
}

void Relay::serve(Member& member) {
  if (member.destinations.empty()) {
    member.peer.receive(room_, [&](const mqtt::Frame& frame) { shake_hands(member, frame); });
    member.peer.flush();
    return;
  }
  std::copy(member.half.begin(), member.half.end(), room_.begin());
  const MutableBytes free_room = MutableBytes(room_).subspan(member.half.size());
  const std::size_t filled = member.half.size() + member.peer.read(free_room);
  const std::size_t whole = filled - filled % member.packet_bytes;
  forward(member, Bytes(room_).first(whole));
  member.half.assign(room_.begin() + static_cast<std::ptrdiff_t>(whole),
                     room_.begin() + static_cast<std::ptrdiff_t>(filled));
}

void Relay::shake_hands(Member& member, const mqtt::Frame& frame) {
  Packet& out = member.peer.out();
  if (frame.header.type == mqtt::PacketType::connect) {
    const auto connect = mqtt::decode_connect(frame.header, frame.body);
    member.version = connect ? connect->version : member.version;
    out.resize(mqtt::encoded_size(mqtt::Connack{}, member.version));
    (void)mqtt::encode(mqtt::Connack{}, member.version, out);
  } else if (frame.header.type == mqtt::PacketType::subscribe) {
    const auto subscribe = mqtt::decode_subscribe(frame.body, member.version);
    Packet granted;
    for (const mqtt::SubscribeEntry& entry : subscribe->entries) {
      member.filters.emplace_back(entry.filter_text);
      granted.push_back(0);
    }
    const mqtt::Suback suback{.type = mqtt::PacketType::suback,
                              .packet_id = subscribe->packet_id,
                              .properties = {},
                              .reason_codes = granted};
    out.resize(mqtt::encoded_size(suback, member.version));
    (void)mqtt::encode(suback, member.version, out);
  } else if (frame.header.type == mqtt::PacketType::publish) {
    learn_destinations(member, frame);
    forward(member, {frame.body.data() - frame.header.size, frame.size});
  }
}

void Relay::learn_destinations(Member& publisher, const mqtt::Frame& frame) {
  const auto publish = mqtt::decode_publish(frame.header, frame.body, publisher.version);
  if (!publish) {
    return;
  }
  publisher.packet_bytes = frame.size;
  publisher.destinations.clear();
  for (const auto& [fd, member] : members_) {
    for (const std::string& text : member->filters) {
      const auto filter = mqtt::TopicFilter::parse(text);
      if (filter && mqtt::matches(*filter, publish->topic)) {
        publisher.destinations.push_back(member.get());
      }
    }
  }
}

void Relay::forward(const Member& publisher, Bytes bytes) {
  for (Member* destination : publisher.destinations) {
    if (!destination->peer.send(bytes)) {
      blocked_.push_back(destination);
    }
  }
}

}  // namespace

void run_relay(const BenchOptions& options) {
  Relay relay(options.port == BenchOptions{}.port ? std::uint16_t{0} : options.port);
  fmt::print("listening 127.0.0.1:{}\n", relay.port());
  std::fflush(stdout);
  for (;;) {
    relay.serve_once();
  }
}

}  // namespace peal::cli

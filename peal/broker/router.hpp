// Takes a message to everything that wants it: sessions here, other workers (once each), shared
// subscriptions, the retained messages.
#pragma once

#include <functional>

#include "peal/broker/mail.hpp"
#include "peal/broker/publication.hpp"
#include "peal/broker/subscription_index.hpp"

namespace peal::broker {

class Worker;
struct Space;

class Router {
 public:
  explicit Router(Worker& worker) : worker_(worker) {}

  /// Routes what was published on this worker. Each receiver gets it before this returns or in the
  /// order of one queue, so in the order of arrival. [MQTT-4.6.0-5] [MQTT3-4.6.0-5] [MQTT3-4.6.0-6]
  /// returns   whether anybody at all wanted it. [0x10 No matching subscribers]
  bool route(Space& space, Publication& publication);

  /// Whether the limits allow to keep `message` as its topic's retained message.
  /// `own_place`   1: it counts among them already.
  [[nodiscard]] bool can_retain(Space& space, const MessageFields& message,
                                std::size_t own_place = 0) const;

  /// Removes retained messages that expired, some thousands at a time.
  void sweep_retained(Space& space);

  /// A start found that retained message.
  void restore(Space& space, Retained retained);

  /// Does this worker's part for a message of another one.
  void receive(const mail::Publish& published);
  void receive(const Forward& how, Publication& publication);
  /// The same without word of it to the sender.
  void take(const Forward& how, Publication& publication);
  /// The same for a run, whose bytes stay until the flush. Where nothing differs for a receiver it
  /// gets the run as it lies, else message by message.
  /// `flush`   writes what lies in the arena and empties it; called when that is much.
  void receive(const PublishRun& run, const std::function<void()>& flush);

 private:
  void deliver_here(const MatchResult& match, Publication& publication);
  void deliver_each(const MatchResult& match, const PublishRun& run,
                    const std::function<void()>& flush);
  void send_elsewhere(Space& space, const MatchResult& match, Publication& publication);
  void retain(Space& space, Publication& publication);
  void set_retained(Space& space, Publication& publication);
  void write_retained(const Space& space, Publication& publication);
  void count_retained(const Space& space, std::size_t count_before, std::size_t bytes_before);

  Worker& worker_;
};

}  // namespace peal::broker

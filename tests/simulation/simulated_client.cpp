#include "simulated_client.hpp"

#include <algorithm>

namespace peal::broker::simulation {

SimulatedClient::SimulatedClient(test::BrokerHarness& harness, unsigned its_number,
                                 Observer& observer)
    : number(its_number),
      harness_(harness),
      observer_(observer),
      version_(its_number % 4 == 3 ? mqtt::ProtocolVersion::v3_1_1 : mqtt::ProtocolVersion::v5) {
  client_ = &harness.client_on(its_number, "c" + std::to_string(its_number), version_);
  other_ = &harness.client(client_->id(), version_);
  client_->acknowledges = other_->acknowledges = false;
}

bool SimulatedClient::has_session(Time now) const {
  return is_open() || (exists_ && now < left_ + std::chrono::seconds(expiry_));
}

void SimulatedClient::forget_session() {
  ++session_number;
  changes = 0;
  subscriptions.clear();
  half_received_.clear();
  sent_.clear();
  order_.clear();
}

/// What a client forgets with its connection.
void SimulatedClient::leave() {
  due_.clear();
  subscribing_.clear();
  aliases_in_.clear();
  aliases_out_.clear();
  aliases_out_limit_ = 0;
  is_welcome_ = false;
  left_ = harness_.clock.time;
  exists_ = expiry_ > 0;
  if (!exists_) {
    forget_session();
  }
}

void SimulatedClient::connect(bool clean_start, std::uint32_t expiry, std::uint16_t receive_maximum,
                              const std::optional<test::WillSays>& will) {
  read();
  const bool takes_over = is_open();
  if (takes_over) {
    leave();
    std::swap(client_, other_);
  }
  is_present_expected_ = !clean_start && has_session(harness_.clock.time);
  expiry_ = expiry;
  if (version_ != mqtt::ProtocolVersion::v5) {
    expiry_ =
        clean_start ? 0 : static_cast<std::uint32_t>(harness_.settings.session.max_expiry.count());
  }
  has_will = will.has_value();
  test::ConnectSays says{.clean_start = clean_start, .expiry = expiry, .will = will};
  says.properties.number(mqtt::PropertyId::receive_maximum, receive_maximum);
  if (aliases > 0) {
    says.properties.number(mqtt::PropertyId::topic_alias_maximum, aliases);
  }
  client_->open();
  client_->send_connect(says);
  if (takes_over && other_->is_open()) {
    throw Violation{"a connection that was taken over stays"};
  }
  (void)other_->read_all();
  read();
}

void SimulatedClient::stall() { client_->stall(); }

void SimulatedClient::drain() {
  if (is_open()) {
    client_->connection().is_stalled = false;
    client_->connection().unsent = 0;
    client_->channel().drained();
    harness_.flush(client_->id());
  }
}

void SimulatedClient::break_off() {
  read();
  client_->break_off();
  (void)client_->read_all();  // what the server still said to the connection that is no more
  leave();
}

void SimulatedClient::break_off_in_a_packet() {
  read();
  mqtt::Publish packet;
  packet.topic = mqtt::TopicName::trusted("t/a");
  packet.payload = as_bytes("never said");
  packet.packet_id = static_cast<PacketId>(next_packet_id());
  packet.qos = QoS::exactly_once;
  const auto bytes = mqtt::test::encode_any(packet, version_);
  client_->send_bytes(Bytes(bytes).first(bytes.size() / 2));
  break_off();
}

void SimulatedClient::crashed(bool has_arrived) {
  if (has_arrived) {
    read();
  }
  (void)client_->read_all();
  leave();
}

void SimulatedClient::disconnect() {
  read();
  client_->send(mqtt::Disconnect{});
  leave();
}

void SimulatedClient::subscribe(const std::string& filter, QoS qos) {
  changes += subscriptions.contains(filter) ? 1 : 0;
  subscriptions[filter] = {.qos = qos};
  subscribing_.push_back(filter);
  client_->send_subscribe(filter, {.qos = qos});
}

void SimulatedClient::unsubscribe(const std::string& filter) {
  changes += 1;
  subscriptions.erase(filter);
  std::vector<std::uint8_t> room(filter.size() + 2);
  std::size_t used = 0;
  PEAL_ASSERT(mqtt::append_entry(room, used, filter));
  client_->send(mqtt::Unsubscribe{.packet_id = static_cast<PacketId>(next_packet_id()),
                                  .filters = mqtt::EntryList<std::string_view>::trusted(room)});
}

std::uint16_t SimulatedClient::next_packet_id() {
  do {
    ++last_packet_id_;
  } while (last_packet_id_ == 0 || sent_.contains(last_packet_id_));
  return last_packet_id_;
}

/// With an alias where the server takes one: a topic that it knows already is left out.
void SimulatedClient::say(const Sent& message, std::uint16_t packet_id, bool dup) {
  test::PublishSays says{
      .qos = message.qos, .retain = message.retain, .dup = dup, .packet_id = packet_id};
  std::string_view topic = message.topic;
  const std::uint32_t limit = std::min<std::uint32_t>(aliases, aliases_out_limit_);
  if (const auto known = aliases_out_.find(message.topic); known != aliases_out_.end()) {
    says.properties.number(mqtt::PropertyId::topic_alias, known->second);
    topic = {};
  } else if (limit > 0) {
    // A new topic takes the place of one that came long before.
    const auto alias = static_cast<std::uint16_t>(1 + last_alias_++ % limit);
    std::erase_if(aliases_out_, [&](const auto& entry) { return entry.second == alias; });
    aliases_out_[message.topic] = alias;
    says.properties.number(mqtt::PropertyId::topic_alias, alias);
  }
  client_->send_publish(topic, message.payload, says);
}

/// The topic in place of an alias that this connection was told.
mqtt::Publish SimulatedClient::with_topic(const mqtt::Publish& packet) {
  const auto alias = packet.properties.find(mqtt::PropertyId::topic_alias);
  if (!alias) {
    return packet;
  }
  if (alias->number == 0 || alias->number > aliases) {
    throw Violation{"an alias beyond what the client takes"};
  }
  if (!packet.topic.empty()) {
    aliases_in_[alias->number] = packet.topic.text();
  }
  const auto known = aliases_in_.find(alias->number);
  if (known == aliases_in_.end()) {
    throw Violation{"an alias that stands for nothing"};
  }
  mqtt::Publish complete = packet;
  complete.topic = mqtt::TopicName::trusted(known->second);
  return complete;
}

void SimulatedClient::publish(const std::string& topic, const std::string& payload, QoS qos,
                              bool retain) {
  const Sent message{.topic = topic, .payload = payload, .qos = qos, .retain = retain};
  std::uint16_t packet_id = 0;
  if (qos != QoS::at_most_once) {
    packet_id = next_packet_id();
    sent_[packet_id] = message;
    order_.push_back(packet_id);
  }
  say(message, packet_id, false);
}

void SimulatedClient::send_again() {
  for (const std::uint16_t packet_id : std::vector(order_)) {
    const Sent message = sent_[packet_id];
    if (message.is_received) {
      client_->send_ack(PacketType::pubrel, static_cast<PacketId>(packet_id));
    } else {
      say(message, packet_id, true);
    }
  }
}

void SimulatedClient::read() {
  while (client_->waiting() > 0) {
    const test::ReceivedPacket packet = client_->take();
    if (const auto* connack = std::get_if<mqtt::Connack>(&packet.value)) {
      note(*connack);
    } else if (packet.is_publish()) {
      note(packet.publish());
    } else if (const auto* ack = std::get_if<mqtt::Ack>(&packet.value)) {
      note(*ack);
    } else if (const auto* suback = std::get_if<mqtt::Suback>(&packet.value)) {
      note(*suback);
    } else {
      throw Violation{"unexpected " + test::words_of(packet.value)};
    }
  }
  if (is_welcome_ && !is_open()) {
    throw Violation{"the server closed a connection: " +
                    (harness_.log.lines.empty() ? std::string() : harness_.log.lines.back())};
  }
}

void SimulatedClient::note(const mqtt::Connack& packet) {
  if (packet.session_present != is_present_expected_) {
    throw Violation{"Session Present is wrong for c" + std::to_string(number) + ": " +
                    std::to_string(packet.session_present)};
  }
  is_welcome_ = true;
  const auto limit = packet.properties.find(mqtt::PropertyId::topic_alias_maximum);
  aliases_out_limit_ = limit ? limit->number : 0;
  exists_ = false;
  if (packet.session_present) {
    send_again();
  } else {
    forget_session();
  }
}

void SimulatedClient::note(const mqtt::Publish& with_alias) {
  const mqtt::Publish packet = with_topic(with_alias);
  const auto packet_id = static_cast<std::uint16_t>(packet.packet_id);
  if (packet.qos == QoS::exactly_once) {
    due_.push_back({.type = PacketType::pubrec, .packet_id = packet.packet_id});
    if (!half_received_.insert(packet_id).second) {
      return;  // known already [MQTT-4.3.3-10]
    }
  } else if (packet.qos == QoS::at_least_once) {
    due_.push_back({.type = PacketType::puback, .packet_id = packet.packet_id});
  }
  observer_.received(number, packet);
}

void SimulatedClient::note(const mqtt::Ack& packet) {
  const auto packet_id = static_cast<std::uint16_t>(packet.packet_id);
  if (packet.type == PacketType::pubrel) {
    half_received_.erase(packet_id);
    due_.push_back({.type = PacketType::pubcomp, .packet_id = packet.packet_id});
    return;
  }
  const auto sent = sent_.find(packet_id);
  // Who asks again after the server has forgotten is done as well. (MQTT 5 §3.7.2.1)
  const bool is_refused =
      is_error(packet.reason) && packet.reason != mqtt::ReasonCode::packet_identifier_not_found;
  if (sent == sent_.end() || is_refused) {
    throw Violation{"unexpected " + test::words_of(packet)};
  }
  if (packet.type == PacketType::pubrec) {
    sent->second.is_received = true;
    due_.push_back({.type = PacketType::pubrel, .packet_id = packet.packet_id});
    return;
  }
  std::erase(order_, packet_id);
  sent_.erase(sent);
}

void SimulatedClient::note(const mqtt::Suback& packet) {
  if (packet.type == PacketType::unsuback) {
    return;
  }
  if (subscribing_.empty() || packet.reason_codes.size() != 1 || packet.reason_codes[0] > 2) {
    throw Violation{"unexpected " + test::words_of(packet)};
  }
  const auto found = subscriptions.find(subscribing_.front());
  subscribing_.pop_front();
  if (found != subscriptions.end()) {
    found->second.is_confirmed = true;
  }
}

bool SimulatedClient::acknowledge() {
  if (due_.empty() || !is_connected()) {
    return false;
  }
  const mqtt::Ack ack = due_.front();
  due_.pop_front();
  client_->send(ack);
  read();
  return true;
}

}  // namespace peal::broker::simulation

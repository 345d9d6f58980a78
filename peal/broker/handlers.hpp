// One function per packet type that a client may send. Each is a list of named checks and steps
// whose order is the design; what it returns as a Failure ends the connection (Channel::fail).
//
// `body` is a view into the read buffer and valid during the call.
#pragma once

#include "peal/broker/channel.hpp"

namespace peal::broker {

Handled handle_connect(Channel& channel, const mqtt::FixedHeader& header, Bytes body);
Handled handle_publish(Channel& channel, const mqtt::FixedHeader& header, Bytes body);
Handled handle_ack(Channel& channel, const mqtt::FixedHeader& header, Bytes body);
Handled handle_subscribe(Channel& channel, const mqtt::FixedHeader& header, Bytes body);
Handled handle_unsubscribe(Channel& channel, const mqtt::FixedHeader& header, Bytes body);
Handled handle_pingreq(Channel& channel, const mqtt::FixedHeader& header, Bytes body);
Handled handle_disconnect(Channel& channel, const mqtt::FixedHeader& header, Bytes body);
Handled handle_auth(Channel& channel, const mqtt::FixedHeader& header, Bytes body);

// What follows once something is stored (Commits).

/// The session that a CONNECT asked for is stored: the CONNACK and what follows it.
void finish_connect(Channel& channel);

}  // namespace peal::broker

"""DISCONNECT from a client ends the connection; nothing behind it is looked at."""

import socket

from peer import main, properties, versions, wire


@versions(3, 4, 5)
def test_closes(case, version):
    client = case.client(version)
    client.send(b"\xe0\x00")
    client.expect_closed()  # [MQTT-3.14.4-2]


def test_every_form_of_5(case):
    for packet in (wire.disconnect(0), wire.disconnect(0, b""), wire.disconnect(4, b""),
                   wire.disconnect(0, properties(reason_string="bye", user_property=[("a", "b")])),
                   wire.disconnect(0x80), wire.disconnect(0x9D - 5)):
        client = case.client()
        client.send(packet)
        client.expect_closed()


@versions(4, 5)
def test_nothing_behind_it(case, version):
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic())
    client = case.client(version)
    client.send(wire.disconnect(), wire.publish(case.topic(), "no", version=version),
                wire.pingreq())
    client.expect_closed()  # [MQTT-3.14.4-1] [MQTT3-3.14.4-2]
    case.fence(case.client(name="other"), watcher)


@versions(4, 5)
def test_what_came_before_is_done(case, version):
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic(), 1)
    client = case.client(version)
    client.send(wire.publish(case.topic(), "yes", 1, 1, version), wire.disconnect())
    watcher.take(case.topic(), "yes")


@versions(4, 5)
def test_half_closed(case, version):
    """A client that only stops sending still gets the answers to what it said."""
    client = case.peer(version)
    client.send(wire.connect(client.client_id, version), wire.pingreq())
    client.socket.shutdown(socket.SHUT_WR)
    client.expect("CONNACK")
    client.expect("PINGRESP")
    client.expect_closed()


main(globals())

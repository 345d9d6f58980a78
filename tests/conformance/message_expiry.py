"""Message Expiry Interval: what waited too long is dropped, the rest is told what remains."""

import time

from peer import main, properties, timed, wire

KEPT = properties(session_expiry_interval=300)


def away(case):
    client = case.client(clean=False, props=KEPT)
    client.subscribe(case.topic(), 2)
    client.disconnect()
    return case.client(name="pub")


def expiring(seconds):
    return properties(message_expiry_interval=seconds)


def test_passed_on_at_once(case):
    client, publisher = case.client(), case.client(name="pub")
    client.subscribe(case.topic(), 1)
    publisher.publish(case.topic(), "m", 1, props=expiring(100))
    assert client.take().prop("message_expiry_interval") in (99, 100)  # [MQTT-3.3.2-6]
    publisher.publish(case.topic(), "m", 1)
    assert client.take().prop("message_expiry_interval") is None


@timed
def test_dropped(case):
    publisher = away(case)
    for qos in (1, 2):
        publisher.publish(case.topic(), "short", qos, props=expiring(1))
        publisher.publish(case.topic(), "long", qos, props=expiring(100))
        publisher.publish(case.topic(), "ever", qos)
    time.sleep(2.2)
    client = case.client(clean=False, props=KEPT)
    for qos in (1, 2):  # [MQTT-3.3.2-5]
        packet = client.take(case.topic(), "long", qos=qos)
        assert 96 <= packet.prop("message_expiry_interval") <= 98, packet  # [MQTT-3.3.2-6]
        packet = client.take(case.topic(), "ever", qos=qos)
        assert packet.prop("message_expiry_interval") is None
    client.expect_nothing()


@timed
def test_behind_a_full_window(case):
    """A client that is there but slow: the copy that waits expires too."""
    client = case.client(props=properties(receive_maximum=1))
    client.subscribe(case.topic(), 1)
    publisher = case.client(name="pub")
    publisher.publish(case.topic(), "first", 1)
    publisher.publish(case.topic(), "short", 1, props=expiring(1))
    publisher.publish(case.topic(), "last", 1, props=expiring(50))
    first = client.expect("PUBLISH", payload="first")
    time.sleep(2.2)
    client.send(wire.puback(first.pid))
    packet = client.expect("PUBLISH", payload="last")  # [MQTT-3.3.2-5]
    assert packet.prop("message_expiry_interval") <= 48


@timed
def test_not_once_sent(case):
    """[MQTT-4.3.3-7]: QoS 2 that was sent is finished; it is sent again after it expired."""
    client = case.client(clean=False, props=KEPT)
    client.subscribe(case.topic(), 2)
    publisher = case.client(name="pub")
    publisher.publish(case.topic(), "sent", 2, props=expiring(1))
    pid = client.expect("PUBLISH", payload="sent").pid
    client.drop()
    time.sleep(2.2)
    client = case.client(clean=False, props=KEPT)
    packet = client.take(payload="sent", pid=pid, dup=True)
    assert packet.prop("message_expiry_interval") in (None, 0, 1), packet


@timed
def test_incoming_handshake_is_finished(case):
    """[MQTT-4.3.3-13]: PUBREL comes after the message expired."""
    client = case.client()
    client.send(wire.publish(case.topic(), "m", 2, 5, props=expiring(1)))
    client.expect("PUBREC", pid=5)
    time.sleep(1.5)
    client.send(wire.pubrel(5))
    client.expect("PUBCOMP", pid=5, code=0)


@timed
def test_in_3x_it_is_only_kept(case):
    """A 3.1.1 client gets what did not expire, without a word about it."""
    client = case.client(4, clean=False)
    client.subscribe(case.topic(), 1)
    client.disconnect()
    publisher = case.client(name="pub")
    publisher.publish(case.topic(), "short", 1, props=expiring(1))
    publisher.publish(case.topic(), "long", 1, props=expiring(100))
    time.sleep(2.2)
    client = case.client(4, clean=False)
    client.take(case.topic(), "long")
    client.expect_nothing()
    client.disconnect()


main(globals())

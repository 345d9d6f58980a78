"""Session Expiry Interval: how long a session outlives its connection."""

import time

from peer import main, properties, settings, timed, wire


@timed
def test_ends(case):
    client = case.client(clean=False, props=properties(session_expiry_interval=1))
    client.subscribe(case.topic(), 1)
    client.disconnect()
    case.client(name="pub").publish(case.topic(), "kept for a second", 1)
    time.sleep(2.2)
    client = case.client(clean=False)
    assert not client.connack.present  # [MQTT-4.1.0-2]
    client.expect_nothing()


@timed
def test_does_not_end_before(case):
    client = case.client(clean=False, props=properties(session_expiry_interval=30))
    client.drop()
    time.sleep(1.5)
    assert case.client(clean=False).connack.present  # [MQTT-3.1.2-23]


@timed
def test_not_while_connected(case):
    client = case.client(clean=False, props=properties(session_expiry_interval=1))
    client.subscribe(case.topic(), 1)
    time.sleep(2.2)
    client.publish(case.topic(), "still here", 1)
    client.take(case.topic(), "still here")  # [MQTT-4.1.0-1] [MQTT3-4.1.0-2]
    client.drop()
    assert case.client(clean=False).connack.present


def test_absent_is_zero(case):
    client = case.client(clean=False)
    client.subscribe(case.topic(), 1)
    client.drop()
    assert not case.client(clean=False).connack.present


def test_zero_in_disconnect(case):
    client = case.client(clean=False, props=properties(session_expiry_interval=300))
    client.disconnect(0, properties(session_expiry_interval=0))
    assert not case.client(clean=False).connack.present


@timed
def test_shorter_by_disconnect(case):
    client = case.client(clean=False, props=properties(session_expiry_interval=300))
    client.disconnect(0, properties(session_expiry_interval=1))
    time.sleep(2.2)
    assert not case.client(clean=False).connack.present


@timed
def test_longer_by_disconnect(case):
    client = case.client(clean=False, props=properties(session_expiry_interval=1))
    client.disconnect(0, properties(session_expiry_interval=300))
    time.sleep(2.2)
    assert case.client(clean=False).connack.present


def test_not_from_zero(case):
    client = case.client(clean=False)
    client.send(wire.disconnect(0, properties(session_expiry_interval=10)))
    client.expect_refusal(0x82)  # [MQTT-3.14.2-2]
    assert not case.client(clean=False).connack.present


def test_new_at_each_connect(case):
    client = case.client(clean=False, props=properties(session_expiry_interval=300))
    client.drop()
    client = case.client(clean=False)
    assert client.connack.present
    client.drop()
    assert not case.client(clean=False).connack.present


def test_never_and_most(case):
    """0xFFFFFFFF means never; this server lowers it to `session.max_expiry` and says so."""
    client = case.client(clean=False, props=properties(session_expiry_interval=0xFFFFFFFF))
    assert client.connack.prop("session_expiry_interval") == 7 * 24 * 3600, client.connack
    client.drop()
    client = case.client(clean=False, props=properties(session_expiry_interval=300))
    assert client.connack.present
    assert client.connack.prop("session_expiry_interval") in (None, 300)


@settings('session.max_expiry="1s"')
@timed
def test_lowered(case):
    client = case.client(clean=False, props=properties(session_expiry_interval=600))
    assert client.connack.prop("session_expiry_interval") == 1, client.connack
    client.drop()
    time.sleep(2.2)
    assert not case.client(clean=False).connack.present


main(globals())

"""Keep Alive: silence of one and a half times its length closes the connection."""

import time

from peer import main, settings, timed, versions, wire


@timed
@versions(3, 4, 5)
def test_silence(case, version):
    watcher = case.client(version, "watcher")
    watcher.subscribe(case.topic("will"))
    client = case.client(version, keep_alive=1, will=wire.will(case.topic("will"), "silent"))
    start = time.monotonic()
    client.expect_refusal(0x8D)  # [MQTT-3.1.2-22] [MQTT3-3.1.2-24]
    waited = time.monotonic() - start
    assert 1.3 <= waited <= 3, waited
    watcher.take(case.topic("will"), "silent")  # [MQTT-3.1.2-22]: as if the network had failed


@timed
@versions(4, 5)
def test_any_packet_counts(case, version):
    client = case.client(version, keep_alive=1)
    end = time.monotonic() + 3.5
    while time.monotonic() < end:
        time.sleep(0.8)
        client.publish(case.topic(), "alive")  # [MQTT-3.2.2-22]
    client.send(wire.pingreq())
    client.expect("PINGRESP")  # [MQTT-3.12.4-1] [MQTT3-3.12.4-1]


@timed
@versions(4, 5)
def test_what_is_delivered_does_not_count(case, version):
    """Only what the client sends keeps it alive."""
    client = case.client(version, keep_alive=1)
    client.subscribe(case.topic())
    publisher = case.client(version, "pub")
    start = time.monotonic()
    try:
        while time.monotonic() - start < 4:
            time.sleep(0.3)
            publisher.publish(case.topic(), "tick")
            client.take(case.topic(), "tick")
    except AssertionError:
        pass
    assert time.monotonic() - start < 3.5, "not closed"


@timed
@versions(4, 5)
def test_zero_is_none(case, version):
    client = case.client(version, keep_alive=0)
    time.sleep(3)
    client.expect_nothing()


@timed
def test_half_a_packet_is_silence(case):
    client = case.client(4, keep_alive=1)
    start = time.monotonic()
    client.send(wire.publish("a", b"x" * 100, version=4)[:50])
    client.expect_closed()  # [MQTT3-3.1.2-24]
    assert time.monotonic() - start < 3


@timed
@settings('session.keep_alive_max="2s"')
def test_server_keep_alive(case):
    client = case.client(keep_alive=600)
    start = time.monotonic()
    assert client.connack.prop("server_keep_alive") == 2, client.connack  # [MQTT-3.2.2-21]
    client.expect_refusal(0x8D)
    waited = time.monotonic() - start
    assert 2.7 <= waited <= 4.5, waited


@settings('session.keep_alive_max="2s"')
def test_server_keep_alive_only_when_needed(case):
    assert case.client(keep_alive=2).connack.prop("server_keep_alive") in (None, 2)
    assert case.client(name="d", keep_alive=1).connack.prop("server_keep_alive") is None


@timed
@settings('limits.connect_timeout="1s"')
def test_connect_must_come_in_time(case):
    for said in (b"", wire.connect(case.id())[:8]):
        peer = case.peer()
        start = time.monotonic()
        peer.send(said)
        peer.expect_closed()
        assert 0.8 <= time.monotonic() - start <= 3


main(globals())

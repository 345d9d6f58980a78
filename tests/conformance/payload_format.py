"""Payload Format Indicator: forwarded as it is, and looked at only when the server is asked to."""

from peer import main, properties, settings, wire

CHECKED = "mqtt.validate_payload_format=true"
TEXT = properties(payload_format_indicator=1)
BAD = [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"abc\xe2\x82", b"\xf4\x90\x80\x80"]
GOOD = [b"", "text \u00e4 \U0001f600".encode(), b"with\0nul"]


def test_not_looked_at_by_default(case):
    client = case.client()
    client.subscribe(case.topic(), 1)
    for payload in BAD + GOOD:
        client.publish(case.topic(), payload, 1, props=TEXT)
        # [MQTT-3.3.2-4]
        assert client.take(case.topic(), payload).prop("payload_format_indicator") == 1


@settings(CHECKED)
def test_good(case):
    client = case.client()
    client.subscribe(case.topic(), 1)
    for payload in GOOD[:2]:
        assert client.publish(case.topic(), payload, 1, props=TEXT).code == 0
        client.take(case.topic(), payload)
    for payload in BAD:  # 0 says nothing about the bytes
        client.publish(case.topic(), payload, 1, props=properties(payload_format_indicator=0))
        client.take(case.topic(), payload)
        client.publish(case.topic(), payload, 1)
        client.take(case.topic(), payload)


@settings(CHECKED)
def test_bad(case):
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic(), 1)
    client = case.client()
    for payload in BAD:
        assert client.publish(case.topic(), payload, 1, props=TEXT).code == 0x99
        assert client.publish(case.topic(), payload, 2, props=TEXT).code == 0x99
    case.fence(client, watcher)


@settings(CHECKED)
def test_bad_qos_0(case):
    """There is no acknowledgement to say it in: the message is dropped, or the connection ends."""
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic(), 1)
    client = case.client()
    client.send(wire.publish(case.topic(), b"\xff", props=TEXT), wire.pingreq())
    answer = client.receive()
    assert answer.kind == "PINGRESP" or answer.code == 0x99, answer
    case.fence(case.client(name="other"), watcher)


@settings(CHECKED)
def test_will(case):
    peer = case.peer()
    will = wire.will("w", b"\xff", payload_format_indicator=1)
    peer.send(wire.connect(peer.client_id, will=will))
    peer.expect("CONNACK", code=0x99)
    peer.expect_closed()


main(globals())

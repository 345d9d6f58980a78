"""What belongs to a message goes through the server as it came, in its order."""

import random

from peer import main, properties, versions

PAIRS = [("k", "v"), ("a", "1"), ("k", "w"), ("", ""), ("\u00e9\U0001f600", "\ufeffx"), ("k", "v")]


def check(packet):
    assert packet.all("user_property") == PAIRS, packet  # [MQTT-3.3.2-17] [MQTT-3.3.2-18]
    assert packet.prop("payload_format_indicator") == 1  # [MQTT-3.3.2-4]
    assert packet.prop("content_type") == "text/\u00fcber"  # [MQTT-3.3.2-20] [MQTT-3.3.2-19]
    assert packet.prop("response_topic") == "r/\u00e4"  # [MQTT-3.3.2-15]
    assert packet.prop("correlation_data") == bytes(range(256))  # [MQTT-3.3.2-16]


ALL = properties(user_property=PAIRS[:3], payload_format_indicator=1,
                 content_type="text/\u00fcber", response_topic="r/\u00e4",
                 correlation_data=bytes(range(256))) + properties(user_property=PAIRS[3:])


def test_live(case):
    client, publisher = case.client(), case.client(name="pub")
    client.subscribe(case.topic(), 2)
    for qos in (0, 1, 2):
        publisher.publish(case.topic(), "m", qos, props=ALL)
        check(client.take(case.topic(), "m", qos=qos))


def test_queued(case):
    kept = {"clean": False, "props": properties(session_expiry_interval=60)}
    client = case.client(**kept)
    client.subscribe(case.topic(), 2)
    client.drop()
    publisher = case.client(name="pub")
    for qos in (1, 2):
        publisher.publish(case.topic(), "m", qos, props=ALL)
    client = case.client(**kept)
    for qos in (1, 2):
        check(client.take(case.topic(), "m", qos=qos))


def test_resent(case):
    kept = {"clean": False, "props": properties(session_expiry_interval=60)}
    client = case.client(**kept)
    client.subscribe(case.topic(), 1)
    case.client(name="pub").publish(case.topic(), "m", 1, props=ALL)
    check(client.expect("PUBLISH"))
    client.drop()
    check(case.client(**kept).take(case.topic(), "m", dup=True))


def test_3x_gets_the_payload(case):
    client, publisher = case.client(4), case.client(name="pub")
    client.subscribe(case.topic(), 1)
    publisher.publish(case.topic(), "m", 1, props=ALL)
    client.take(case.topic(), "m")


@versions(3, 4, 5)
def test_any_payload(case, version):
    client = case.client(version)
    client.subscribe(case.topic(), 1)
    source = random.Random(1)
    for size in (0, 1, 127, 128, 129, 16383, 16384, 65535, 65536, 70000):
        payload = source.randbytes(size)
        client.send(b"")
        client.publish(case.topic(), payload, 1)
        client.take(case.topic(), payload)


@versions(3, 4, 5)
def test_topics_are_not_changed(case, version):
    """[MQTT-4.7.3-4] [MQTT3-4.7.3-4] [MQTT-1.5.4-3] [MQTT3-1.5.3-3]: no normalising."""
    client = case.client(version)
    names = ["e\u0301", "\u00e9", "\ufeffbom", "A", "a", "a b", "\U0001f600", "a/", "/a", "a//b",
             "%41", "..", "./x", "a\\b", "'\"", "\u200b"]
    for name in names:
        client.subscribe(case.topic(name), 1)
    for name in names:
        client.publish(case.topic(name), name, 1)
        client.take(case.topic(name), name)  # [MQTT-3.3.2-3] [MQTT3-3.3.2-3]
    case.fence(client, client)


main(globals())

"""Retained messages: stored, replaced, removed, found by wildcards, expired."""

import time

from peer import main, properties, settings, timed, versions


def all_of(case, client, topic_filter, count, qos=2, **options):
    """What subscribing gives, as {topic: payload}."""
    client.subscribe(topic_filter, qos, **options)
    got = {}
    for _ in range(count):
        packet = client.take(retain=True)
        got[packet.topic[len(case.topic("")):]] = packet.payload.decode()
    case.fence(client, client)
    return got


@versions(3, 4, 5)
def test_replaced(case, version):
    publisher = case.client(version, "pub")
    for number, qos in enumerate((0, 1, 2, 1, 0)):
        publisher.publish(case.topic(), f"{number}", qos, retain=True)
        case.fence(publisher, publisher)
        reader = case.client(version, f"c{number}")
        reader.subscribe(case.topic(), 2)
        # [MQTT-3.3.1-5] [MQTT3-3.3.1-5] [MQTT3-3.3.1-6] [MQTT3-3.3.1-7]
        reader.take(case.topic(), f"{number}", qos=qos, retain=True, dup=False)
    publisher.publish(case.topic(), b"", 1, retain=True)


@versions(3, 4, 5)
def test_removed(case, version):
    publisher, watcher = case.client(version, "pub"), case.client(version, "watcher")
    watcher.subscribe(case.topic())
    publisher.publish(case.topic(), "m", 1, retain=True)
    watcher.take(case.topic(), "m")
    publisher.publish(case.topic(), b"", 1, retain=True)
    # [MQTT-3.3.1-6] [MQTT3-3.3.1-10]: delivered as usual
    watcher.take(case.topic(), b"", retain=False)
    reader = case.client(version)
    reader.subscribe(case.topic())
    case.fence(publisher, reader)  # [MQTT-3.3.1-6] [MQTT-3.3.1-7] [MQTT3-3.3.1-11]


@versions(4, 5)
def test_left_alone(case, version):
    publisher = case.client(version, "pub")
    publisher.publish(case.topic(), "kept", 1, retain=True)
    publisher.publish(case.topic(), "passes", 1)
    publisher.publish(case.topic(), b"", 1)
    reader = case.client(version)
    reader.subscribe(case.topic())
    reader.take(case.topic(), "kept", retain=True)  # [MQTT-3.3.1-8] [MQTT3-3.3.1-12]
    publisher.publish(case.topic(), b"", 1, retain=True)


@versions(4, 5)
def test_wildcards(case, version):
    names = ["a", "a/b", "a/b/c", "a//c", "b/b", "/", "a/", "$x"]
    publisher = case.client(version, "pub")
    for name in names:
        publisher.publish(case.topic(name), name, 1, retain=True)
    wanted = {
        "#": names, "a/#": ["a", "a/b", "a/b/c", "a//c", "a/"], "+": ["a", "$x"],
        "+/b": ["a/b", "b/b"], "a/+": ["a/b", "a/"], "a/+/c": ["a/b/c", "a//c"], "+/+": [
            "a/b", "b/b", "/", "a/"], "a/b/#": ["a/b", "a/b/c"], "+/b/#": ["a/b", "a/b/c", "b/b"],
        "a": ["a"], "x/#": [], "+/+/+": ["a/b/c", "a//c"]}
    for number, (topic_filter, expected) in enumerate(wanted.items()):
        reader = case.client(version, f"c{number}")
        got = all_of(case, reader, case.topic(topic_filter), len(expected))
        assert sorted(got) == sorted(expected), (topic_filter, got)
        assert all(topic == payload for topic, payload in got.items())
        reader.drop()
    for name in names:
        publisher.publish(case.topic(name), b"", 1, retain=True)


def test_dollar_topics_are_not_found_by_wildcards(case):
    client = case.client()
    client.subscribe(case.topic("end"))
    for topic_filter in ("#", "+/#", "+/broker/version", "+/+/uptime"):
        client.subscribe(topic_filter, handling=0)
        client.publish(case.topic("end"), topic_filter)
        packet = client.receive()
        # What other tests left retained may come; nothing of `$SYS`.
        while packet.payload != topic_filter.encode():
            assert not packet.topic.startswith("$"), packet  # [MQTT-4.7.2-1] [MQTT3-4.7.2-1]
            packet = client.receive()
        client.unsubscribe(topic_filter)


def test_qos_is_the_lower(case):
    publisher = case.client(name="pub")
    for published in (0, 1, 2):
        publisher.publish(case.topic(), "m", published, retain=True)
        case.fence(publisher, publisher)
        for granted in (0, 1, 2):
            reader = case.client(name=f"r{published}{granted}")
            reader.subscribe(case.topic(), granted)
            reader.take(case.topic(), qos=min(published, granted))  # [MQTT-3.8.4-8]
    publisher.publish(case.topic(), b"", 1, retain=True)


def test_properties_are_kept(case):
    publisher, reader = case.client(name="pub"), case.client()
    pairs = [("b", "2"), ("a", "1"), ("b", "3")]
    publisher.publish(case.topic(), "m", 1, retain=True, props=properties(
        user_property=pairs, content_type="x/y", response_topic="r", correlation_data=b"\xff\0",
        payload_format_indicator=1))
    reader.subscribe(case.topic(), 1)
    packet = reader.take(case.topic(), "m")
    assert packet.all("user_property") == pairs  # [MQTT-3.3.2-17] [MQTT-3.3.2-18]
    assert (packet.prop("content_type"), packet.prop("response_topic")) == ("x/y", "r")
    assert packet.prop("correlation_data") == b"\xff\0"
    assert packet.prop("payload_format_indicator") == 1
    publisher.publish(case.topic(), b"", 1, retain=True)


@timed
def test_expires(case):
    publisher = case.client(name="pub")
    publisher.publish(case.topic("short"), "m", 1, retain=True,
                      props=properties(message_expiry_interval=1))
    publisher.publish(case.topic("long"), "m", 1, retain=True,
                      props=properties(message_expiry_interval=100))
    publisher.publish(case.topic("ever"), "m", 1, retain=True)
    time.sleep(2.2)
    reader = case.client()
    reader.subscribe(case.topic("#"), 1)
    got = {packet.topic: packet for packet in (reader.take(), reader.take())}
    case.fence(publisher, reader)  # [MQTT-3.3.2-5]: the short one is gone
    # [MQTT-3.3.2-6]
    assert 96 <= got[case.topic("long")].prop("message_expiry_interval") <= 98, got
    assert got[case.topic("ever")].prop("message_expiry_interval") is None
    for name in ("long", "ever"):
        publisher.publish(case.topic(name), b"", 1, retain=True)


def test_many(case):
    """More than fit into one loop turn; all come, none twice."""
    publisher = case.client(name="pub")
    for number in range(500):
        publisher.publish(case.topic(f"{number % 7}/{number}"), f"{number}" * 50, retain=True)
    reader = case.client()
    case.fence(publisher, reader)
    reader.subscribe(case.topic("#"), 0)
    got = [reader.take(retain=True).topic for _ in range(500)]
    assert len(set(got)) == 500
    case.fence(publisher, reader)
    for topic in got:
        publisher.publish(topic, b"", retain=True)


@settings("retained.messages=40")
def test_no_more_than_set(case):
    """At most as many as set; those that are there may be replaced, and make room when removed."""
    publisher, reader = case.client(name="pub"), case.client()
    for number in range(100):
        publisher.publish(case.topic(str(number)), "old", 1, retain=True)

    def there():
        reader.subscribe(case.topic("#"), 1)
        reader.subscribe(case.topic("end"), 1)  # what the first one gives is there by now
        publisher.publish(case.topic("end"), "end", 1)
        got = {}
        while (packet := reader.take()).payload != b"end":
            got[packet.topic] = packet.payload
        reader.unsubscribe(case.topic("#"), case.topic("end"))
        return got

    kept = there()
    assert 4 <= len(kept) <= 40, len(kept)
    for topic in kept:
        publisher.publish(topic, "new", 1, retain=True)
    assert set(there().values()) == {b"new"}
    for topic in kept:
        publisher.publish(topic, b"", 1, retain=True)
    assert not there()
    publisher.publish(case.topic("again"), "m", 1, retain=True)
    assert list(there()) == [case.topic("again")]


main(globals())

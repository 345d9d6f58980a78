"""Topic Aliases from clients: set, used, replaced, and gone with the connection."""

from peer import main, properties, settings, wire


def alias(number):
    return properties(topic_alias=number)


def start(case):
    client = case.client()
    client.subscribe(case.topic("#"), 2)
    return client


def test_all_of_them(case):
    client = start(case)
    for number in range(1, 33):  # [MQTT-3.3.2-12]
        client.publish(case.topic(str(number)), "set", props=alias(number))
        client.take(case.topic(str(number)), "set")
    for number in range(32, 0, -1):
        for qos in (0, 1, 2):
            client.publish("", "used", qos, props=alias(number))
            packet = client.take(case.topic(str(number)), "used", qos=qos)
            assert packet.prop("topic_alias") is None  # [MQTT-3.1.2-27]


def test_replaced(case):
    client = start(case)
    client.publish(case.topic("a"), "1", props=alias(1))
    client.publish("", "2", props=alias(1))
    client.publish(case.topic("b"), "3", props=alias(1))
    client.publish("", "4", props=alias(1))
    for topic, payload in (("a", "1"), ("a", "2"), ("b", "3"), ("b", "4")):
        client.take(case.topic(topic), payload)


def test_same_topic_twice(case):
    client = start(case)
    client.publish(case.topic("a"), "1", props=alias(1))
    client.publish(case.topic("a"), "2", props=alias(2))
    client.publish("", "3", props=alias(2))
    client.publish("", "4", props=alias(1))
    for payload in "1234":
        client.take(case.topic("a"), payload)


def test_unknown(case):
    client = start(case)
    client.send(wire.publish("", "m", props=alias(3)))
    client.expect_refusal(0x82)


def test_zero_and_too_high(case):
    for number in (0, 33, 65535):
        client = start(case)
        client.send(wire.publish(case.topic(), "m", props=alias(number)))
        client.expect_refusal(0x94)  # [MQTT-3.3.2-8] [MQTT-3.3.2-9]


@settings("session.topic_alias_max=0")
def test_none_allowed(case):
    client = case.client()
    assert client.connack.prop("topic_alias_maximum") in (None, 0)
    client.send(wire.publish(case.topic(), "m", props=alias(1)))
    client.expect_refusal(0x94, 0x82)


def test_ends_with_the_connection(case):
    kept = {"clean": False, "props": properties(session_expiry_interval=60)}
    client = case.client(**kept)
    client.publish(case.topic(), "m", 1, props=alias(1))
    client.disconnect()
    client = case.client(**kept)
    assert client.connack.present
    client.send(wire.publish("", "m", props=alias(1)))
    client.expect_refusal(0x82)  # [MQTT-3.3.2-7]


def test_one_connection_each(case):
    first, second = case.client(name="first"), case.client(name="second")
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic("#"))
    first.publish(case.topic("first"), "1", 1, props=alias(1))
    second.publish(case.topic("second"), "2", 1, props=alias(1))
    first.publish("", "3", 1, props=alias(1))
    got = sorted((p.topic, p.payload) for p in (watcher.take(), watcher.take(), watcher.take()))
    assert got == [(case.topic("first"), b"1"), (case.topic("first"), b"3"),
                   (case.topic("second"), b"2")], got


def test_refused_message_sets_its_alias(case):
    """The client counts on it, and each use is refused again."""
    client = case.client()
    client.subscribe(case.topic("#"))
    assert client.publish("$no/way", "m", 1, props=alias(5)).code == 0x87
    for qos in (1, 2):
        assert client.publish("", "m", qos, props=alias(5)).code == 0x87
    client.publish("", "m", props=alias(5))
    client.publish(case.topic(), "now", 1, props=alias(5))
    client.take(case.topic(), "now")


def test_not_forwarded_and_retained_whole(case):
    client = case.client()
    client.publish(case.topic(), "kept", 1, props=alias(1))
    client.publish("", "retained", 1, retain=True, props=alias(1))
    late = case.client(name="late")
    late.subscribe(case.topic())
    packet = late.take(case.topic(), "retained", retain=True)
    assert packet.prop("topic_alias") is None
    client.publish(case.topic(), retain=True)


main(globals())

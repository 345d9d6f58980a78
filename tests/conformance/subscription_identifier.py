"""Subscription Identifiers: every copy says which subscriptions it is for."""

from peer import main, properties, versions, wire


def identified(number):
    return properties(subscription_identifier=number)


def test_comes_back(case):
    client = case.client()
    for number, name in ((1, "a"), (268435455, "b"), (128, "c"), (16384, "d")):
        client.subscribe(case.topic(name), 1, props=identified(number))
    client.subscribe(case.topic("none"), 1)
    publisher = case.client(name="pub")
    for number, name in ((1, "a"), (268435455, "b"), (128, "c"), (16384, "d"), (None, "none")):
        publisher.publish(case.topic(name), "m", 1)
        packet = client.take(case.topic(name), "m")
        assert packet.prop("subscription_identifier") == number, packet  # [MQTT-3.3.4-3]


def test_overlapping(case):
    """One copy, at the highest QoS, with all identifiers that there are."""
    client = case.client()
    client.subscribe(case.topic("a/+"), 0, props=identified(1))
    client.subscribe(case.topic("a/b"), 2, props=identified(2))
    client.subscribe(case.topic("#"), 1)
    client.subscribe(case.topic("+/b"), 1, props=identified(4))
    publisher = case.client(name="pub")
    publisher.publish(case.topic("a/b"), "m", 2)
    copies = [client.take(case.topic("a/b"), "m")]
    case.fence(publisher, client)
    # [MQTT-3.3.4-2] [MQTT-3.3.4-4] [MQTT3-3.3.5-1]
    assert [copy.qos for copy in copies] == [2]
    assert sorted(copies[0].all("subscription_identifier")) == [1, 2, 4], copies  # [MQTT-3.3.4-3]


def test_same_identifier_for_several(case):
    client = case.client()
    client.subscribe(case.topic("a"), 0, props=identified(7))
    client.subscribe(case.topic("+"), 0, props=identified(7))
    case.client(name="pub").publish(case.topic("a"), "m")
    packet = client.take(case.topic("a"), "m")
    assert set(packet.all("subscription_identifier")) == {7}, packet


def test_one_subscribe_with_several_filters(case):
    client = case.client()
    client.send(wire.subscribe(1, (case.topic("a"), 0), (case.topic("b"), 0), props=identified(9)))
    client.expect("SUBACK", pid=1, codes=[0, 0])
    publisher = case.client(name="pub")
    for name in "ab":
        publisher.publish(case.topic(name), "m")
        assert client.take(case.topic(name)).prop("subscription_identifier") == 9


def test_replaced_with_the_subscription(case):
    client = case.client()
    publisher = case.client(name="pub")
    for number in (1, 2, None):
        client.subscribe(case.topic(), 0, props=identified(number) if number else b"")
        publisher.publish(case.topic(), "m")
        assert client.take().all("subscription_identifier") == ([number] if number else [])


def test_with_retained_messages(case):
    publisher = case.client(name="pub")
    publisher.publish(case.topic(), "m", 1, retain=True)
    client = case.client()
    client.subscribe(case.topic(), 0, props=identified(5))
    packet = client.take(case.topic(), "m", retain=True)
    assert packet.all("subscription_identifier") == [5]  # [MQTT-3.3.4-3]
    publisher.publish(case.topic(), retain=True)


def test_kept_with_the_session(case):
    kept = {"clean": False, "props": properties(session_expiry_interval=60)}
    client = case.client(**kept)
    client.subscribe(case.topic(), 1, props=identified(6))
    client.drop()
    publisher = case.client(name="pub")
    publisher.publish(case.topic(), "queued", 1)
    client = case.client(**kept)
    assert client.take(payload="queued").all("subscription_identifier") == [6]
    publisher.publish(case.topic(), "live", 1)
    assert client.take(payload="live").all("subscription_identifier") == [6]


def test_shared(case):
    client = case.client()
    client.subscribe("$share/g/" + case.topic(), 0, props=identified(8))
    client.subscribe(case.topic(), 0, props=identified(9))
    publisher = case.client(name="pub")
    publisher.publish(case.topic(), "m")
    got = sorted(sum((client.take().all("subscription_identifier") for _ in range(2)), []))
    # A shared subscription is apart from the others; each copy carries its own. [MQTT-3.3.4-5]
    assert got == [8, 9], got
    case.fence(publisher, client)


def test_never_accepted_from_a_client_in_publish(case):
    client = case.client()
    client.send(wire.publish(case.topic(), "m", props=identified(1)))
    client.expect_refusal(0x82, 0x81)  # [MQTT-3.3.4-6]


@versions(3, 4)
def test_overlapping_in_3x(case, version):
    client = case.client(version)
    client.subscribe(case.topic("a"), 0)
    client.subscribe(case.topic("+"), 2)
    client.subscribe(case.topic("#"), 1)
    publisher = case.client(version, "pub")
    publisher.publish(case.topic("a"), "m", 2)
    client.take(case.topic("a"), "m", qos=2)  # [MQTT3-3.3.5-1]: one copy, at the highest
    case.fence(publisher, client)


main(globals())

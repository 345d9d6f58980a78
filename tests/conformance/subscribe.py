"""SUBSCRIBE and SUBACK: one answer, its codes in order, and what a subscription then does."""

from peer import main, properties, settings, versions, wire


@versions(3, 4, 5)
def test_suback(case, version):
    client = case.client(version)
    for pid in (1, 256, 65535):
        client.send(wire.subscribe(pid, ("a", 0), ("b", 1), ("c", 2), ("a/#", 1), version=version))
        # [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.9.3-1]
        # [MQTT-2.2.1-6] [MQTT3-3.8.4-1] [MQTT3-3.8.4-2] [MQTT3-3.8.4-4] [MQTT3-3.8.4-5]
        # [MQTT3-3.9.3-1] [MQTT3-3.9.3-2] [MQTT3-2.3.1-7]; wildcards are served: [MQTT3-3.8.3-2]
        length, props = (7, b"\0") if version == 5 else (6, b"")
        client.expect_bytes(bytes([0x90, length]) + wire.u16(pid) + props + bytes([0, 1, 2, 1]))


@versions(4, 5)
def test_a_bad_filter_fails_alone(case, version):
    bad = 0x8F if version == 5 else 0x80
    client = case.client(version)
    entries = [("ok", 1), ("a#", 0), ("#/a", 0), ("a+", 0), ("+a/b", 0), ("a/#/b", 2), ("##", 0),
               ("a/b#", 0), ("fine/+/#", 2)]
    client.send(wire.subscribe(5, *entries, version=version))
    # [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-3.9.3-1] [MQTT3-4.7.1-2] [MQTT3-4.7.1-3] [MQTT3-3.9.3-1]
    client.expect("SUBACK", pid=5, codes=[1] + [bad] * 7 + [2])


@versions(3, 4, 5)
def test_delivered_at_the_lower_qos(case, version):
    publisher = case.client(version, "pub")
    for granted in (0, 1, 2):
        client = case.client(version, f"c{granted}")
        client.subscribe(case.topic(), granted)
        for published in (0, 1, 2):
            publisher.publish(case.topic(), "m", published)
            # [MQTT-3.8.4-8] [MQTT3-3.8.4-6]
            client.take(case.topic(), "m", qos=min(granted, published))


@versions(3, 4, 5)
def test_replaced(case, version):
    client, publisher = case.client(version), case.client(version, "pub")
    for qos in (2, 0, 1, 0):
        client.subscribe(case.topic("+"), qos)
        publisher.publish(case.topic("a"), "m", 2)
        client.take(case.topic("a"), "m", qos=qos)  # [MQTT-3.8.4-3] [MQTT3-3.8.4-3]
    case.fence(publisher, client)


@versions(4, 5)
def test_nothing_is_lost_by_replacing(case, version):
    """[MQTT-3.8.4-4] [MQTT3-3.8.4-3]: the flow goes on while the subscription is renewed."""
    client, publisher = case.client(version), case.client(version, "pub")
    client.subscribe(case.topic(), 1)
    got = []
    for number in range(100):
        publisher.send(wire.publish(case.topic(), f"{number}", 1, number + 1, version))
        if number % 10 == 0:
            client.send(wire.subscribe(number + 10, (case.topic(), 1), version=version))
    while len(got) < 100:
        packet = client.receive()
        if packet.kind == "PUBLISH":
            client.acknowledge(packet)
            got.append(int(packet.payload))
    assert got == list(range(100)), got


def test_subscribe_with_user_property(case):
    client = case.client()
    props = properties(user_property=[("a", "b"), ("a", "c")])
    client.send(wire.subscribe(5, ("a", 1), props=props))
    client.expect("SUBACK", pid=5, codes=[1])


@versions(4, 5)
def test_the_same_filter_twice_in_one(case, version):
    client = case.client(version)
    client.send(wire.subscribe(5, (case.topic(), 2), (case.topic(), 0), version=version))
    client.expect("SUBACK", pid=5, codes=[2, 0])
    client.publish(case.topic(), "m", 1)
    client.take(case.topic(), "m", qos=0)  # the later one replaced the earlier [MQTT-3.8.4-3]
    case.fence(client, client)


@settings("limits.subscriptions_per_session=5")
@versions(4, 5)
def test_as_many_as_set(case, version):
    client = case.client(version)
    refused = 0x97 if version == 5 else 0x80
    client.send(wire.subscribe(5, *[(case.topic(f"{n}"), 1) for n in range(7)], version=version))
    client.expect("SUBACK", pid=5, codes=[1] * 5 + [refused] * 2)
    client.subscribe(case.topic("0"), 2)  # one that is there may be replaced
    client.unsubscribe(case.topic("1"))
    client.subscribe(case.topic("5"), 1)


@settings("limits.topic_levels=4")
@versions(4, 5)
def test_as_deep_as_set(case, version):
    client = case.client(version)
    client.subscribe("a/b/c/d", 1)
    client.subscribe("a/b/c/#", 1)
    client.subscribe("a/b/c/d/e", 1, codes=[0x8F if version == 5 else 0x80])
    client.publish("a/b/c/d", "m", 1)
    client.take("a/b/c/d", "m")
    client.send(wire.publish("a/b/c/d/e", "m", 1, 9, version))
    if version == 5:
        assert client.receive().code == 0x90
    else:
        client.expect_closed()


main(globals())

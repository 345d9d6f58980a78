"""Retain As Published: whether a forwarded message keeps its RETAIN flag."""

from peer import main, properties, versions


def test_both_ways(case):
    plain, bridge, both = (case.client(name=name) for name in ("plain", "bridge", "both"))
    plain.subscribe(case.topic("a"))
    bridge.subscribe(case.topic("a"), rap=True)
    publisher = case.client(name="pub")
    for retain in (True, False):
        publisher.publish(case.topic("a"), "m", retain=retain)
        plain.take(case.topic("a"), "m", retain=False)  # [MQTT-3.3.1-12]
        bridge.take(case.topic("a"), "m", retain=retain)  # [MQTT-3.3.1-13]
    publisher.publish(case.topic("a"), b"", retain=True)
    plain.take(case.topic("a"), b"", retain=False)
    bridge.take(case.topic("a"), b"", retain=True)
    both.expect_nothing()


def test_retained_on_subscribing_always_says_so(case):
    publisher = case.client(name="pub")
    publisher.publish(case.topic(), "m", 1, retain=True)
    for name, rap in (("a", False), ("b", True)):
        client = case.client(name=name)
        client.subscribe(case.topic(), rap=rap)
        client.take(case.topic(), "m", retain=True)
    publisher.publish(case.topic(), b"", 1, retain=True)


def test_kept_while_away(case):
    kept = {"clean": False, "props": properties(session_expiry_interval=60)}
    client = case.client(**kept)
    client.subscribe(case.topic("a"), 1, rap=True)
    client.subscribe(case.topic("b"), 1)
    client.drop()
    publisher = case.client(name="pub")
    for name in "ab":
        publisher.publish(case.topic(name), "m", 1, retain=True)
    client = case.client(**kept)
    got = {packet.topic: packet.retain for packet in (client.take(), client.take())}
    assert got == {case.topic("a"): True, case.topic("b"): False}, got  # [MQTT-3.3.1-13]
    for name in "ab":
        publisher.publish(case.topic(name), b"", 1, retain=True)


@versions(3, 4)
def test_3x(case, version):
    client, publisher = case.client(version), case.client(version, "pub")
    client.subscribe(case.topic(), 1)
    publisher.publish(case.topic(), "m", 1, retain=True)
    client.take(case.topic(), "m", retain=False)  # [MQTT3-3.3.1-9]
    late = case.client(version, "late")
    late.subscribe(case.topic(), 1)
    late.take(case.topic(), "m", retain=True)  # [MQTT3-3.3.1-8]
    publisher.publish(case.topic(), b"", 1, retain=True)


main(globals())

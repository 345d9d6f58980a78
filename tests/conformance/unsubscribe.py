"""UNSUBSCRIBE and UNSUBACK: what is deleted, what is answered, what is still finished."""

from peer import main, properties, versions, wire


@versions(3, 4, 5)
def test_unsuback(case, version):
    client, publisher = case.client(version), case.client(version, "pub")
    client.subscribe(case.topic("a"), 1)
    client.subscribe(case.topic("+"), 1)
    client.send(wire.unsubscribe(77, case.topic("a"), "none", case.topic("+"), version=version))
    # [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.10.4-6] [MQTT-3.11.3-1] [MQTT-2.2.1-6]
    # [MQTT3-3.10.4-4] [MQTT3-3.10.4-5] [MQTT3-3.10.4-6] [MQTT3-2.3.1-7]
    codes = b"\0\0\x11\0" if version == 5 else b""
    client.expect_bytes(bytes([0xB0, 2 + len(codes)]) + wire.u16(77) + codes)
    publisher.publish(case.topic("a"), "m", 1)
    case.fence(publisher, client)  # [MQTT-3.10.4-1] [MQTT-3.10.4-2] [MQTT3-3.10.4-2]


@versions(4, 5)
def test_character_by_character(case, version):
    client, publisher = case.client(version), case.client(version, "pub")
    client.subscribe(case.topic("a/b"))
    others = [case.topic(name) for name in ("a/+", "#", "A/b", "a/b/", "a", "a/b/#")]
    unsuback = client.unsubscribe(*others)
    if version == 5:
        assert unsuback.codes == [0x11] * len(others)  # [MQTT-3.10.4-5] [MQTT-3.11.3-2]
    publisher.publish(case.topic("a/b"), "still")
    client.take(case.topic("a/b"), "still")  # [MQTT-3.10.4-1] [MQTT3-3.10.4-1]


@versions(4, 5)
def test_deliveries_begun_are_finished(case, version):
    kept = {"clean": False}
    if version == 5:
        kept["props"] = properties(session_expiry_interval=60)
    client, publisher = case.client(version, **kept), case.client(version, "pub")
    client.subscribe(case.topic(), 2)
    publisher.publish(case.topic(), "1", 1)
    publisher.publish(case.topic(), "2", 2)
    one, two = client.expect("PUBLISH", payload="1"), client.expect("PUBLISH", payload="2")
    client.unsubscribe(case.topic())
    client.drop()
    client = case.client(version, **kept)
    client.take(payload="1", pid=one.pid, dup=True)  # [MQTT-3.10.4-3] [MQTT3-3.10.4-3]
    client.take(payload="2", pid=two.pid, dup=True)
    publisher.publish(case.topic(), "3", 1)
    case.fence(publisher, client)


def test_twice_in_one(case):
    client = case.client()
    client.subscribe(case.topic())
    assert client.unsubscribe(case.topic(), case.topic()).codes == [0, 0x11]


def test_with_user_property(case):
    client = case.client()
    client.send(wire.unsubscribe(5, "a", props=properties(user_property=[("a", "b")] * 3)))
    client.expect("UNSUBACK", pid=5, codes=[0x11])


main(globals())

"""Receive Maximum of the client: the server has at most that many unacknowledged towards it."""

from peer import main, properties, settings, wire


def start(case, maximum, version=5, qos=1):
    props = properties(receive_maximum=maximum) if maximum else b""
    client = case.client(version, props=props)
    topic = case.topic(f"{version}/{maximum}")
    client.subscribe(topic, qos)
    publisher = case.client(name="pub")
    for number in range(8):
        publisher.publish(topic, str(number), qos)
    return client, publisher


def test_qos_1(case):
    client, _ = start(case, 3)
    open_ones = [client.expect("PUBLISH", payload=str(number)) for number in range(3)]
    client.expect_nothing()  # [MQTT-3.3.4-9] [MQTT-4.9.0-1] [MQTT-4.9.0-2]
    for number in range(3, 8):
        client.send(wire.puback(open_ones.pop(0).pid))
        open_ones.append(client.expect("PUBLISH", payload=str(number)))
        client.expect_nothing()
    assert len({packet.pid for packet in open_ones}) == 3  # [MQTT-2.2.1-4]


def test_qos_2(case):
    client, _ = start(case, 2, qos=2)
    first, second = [client.expect("PUBLISH", payload=str(number)) for number in range(2)]
    client.expect_nothing()  # [MQTT-3.3.4-9]
    client.send(wire.pubrec(first.pid))
    client.expect("PUBREL", pid=first.pid)  # [MQTT-4.3.3-4]
    client.expect_nothing()  # PUBREC does not free it, PUBCOMP does [MQTT-4.9.0-2]
    client.send(wire.pubcomp(first.pid))
    client.expect("PUBLISH", payload="2")
    client.send(wire.pubrec(second.pid, 0x80))
    client.expect("PUBLISH", payload="3")  # PUBREC >= 0x80 frees it [MQTT-4.4.0-2]
    client.expect_nothing()


def test_one(case):
    client, _ = start(case, 1)
    for number in range(8):
        packet = client.expect("PUBLISH", payload=str(number))
        client.expect_nothing()
        client.send(wire.puback(packet.pid))


def test_qos_0_is_not_counted(case):
    client, publisher = start(case, 1)
    packet = client.expect("PUBLISH", payload="0")
    client.subscribe(case.topic("zero"))  # SUBACK comes through [MQTT-3.3.4-10]
    publisher.publish(case.topic("zero"), "z")
    client.expect("PUBLISH", topic=case.topic("zero"))  # [MQTT-3.3.4-10] [MQTT-4.9.0-3]
    client.send(wire.puback(packet.pid))
    client.expect("PUBLISH", payload="1")


def test_an_error_frees_one(case):
    client, _ = start(case, 1)
    for number in range(8):
        packet = client.expect("PUBLISH", payload=str(number))
        client.send(wire.puback(packet.pid, 0x83))


def test_after_resuming(case):
    """The window is the new connection's own. [MQTT-4.9.0-1]"""
    kept = {"clean": False}
    client = case.client(props=properties(session_expiry_interval=60, receive_maximum=4), **kept)
    client.subscribe(case.topic(), 1)
    publisher = case.client(name="pub")
    for number in range(8):
        publisher.publish(case.topic(), str(number), 1)
    for number in range(4):
        client.expect("PUBLISH", payload=str(number))
    client.drop()
    client = case.client(props=properties(session_expiry_interval=60, receive_maximum=2), **kept)
    first = client.expect("PUBLISH", payload="0", dup=True)
    client.expect("PUBLISH", payload="1", dup=True)
    client.expect_nothing()  # [MQTT-3.3.4-9]
    client.send(wire.puback(first.pid))
    client.expect("PUBLISH", payload="2")
    client.expect_nothing()


@settings("session.inflight=3")
def test_own_window(case):
    """`session.inflight` bounds it too, for clients of 3.x above all."""
    for version, maximum in ((4, None), (5, None), (5, 100)):
        client, publisher = start(case, maximum, version)
        for number in range(3):
            packet = client.expect("PUBLISH", payload=str(number))
        client.expect_nothing()
        client.send(wire.puback(packet.pid))
        client.expect("PUBLISH", payload="3")
        client.expect_nothing()
        client.drop()
        publisher.drop()


main(globals())

"""QoS 1 to a client: own identifiers, open until PUBACK, resent only when a session goes on."""

from peer import main, properties, versions, wire


def kept(version):
    props = properties(session_expiry_interval=60) if version == 5 else b""
    return {"clean": False, "props": props}


@versions(3, 4, 5)
def test_identifiers(case, version):
    client, publisher = case.client(version), case.client(name="pub")
    client.subscribe(case.topic(), 1)
    for number in range(50):
        publisher.publish(case.topic(), f"{number}", 1)
    packets = [client.expect("PUBLISH", qos=1, dup=False) for _ in range(50)]
    # [MQTT-4.3.2-1] [MQTT-4.3.2-2] [MQTT-2.2.1-4] [MQTT-4.3.2-3] [MQTT3-2.3.1-4] [MQTT3-4.3.2-1]
    assert len({packet.pid for packet in packets}) == 50
    for packet in packets:
        client.send(wire.puback(packet.pid))
    client.expect_nothing()


@versions(3, 4, 5)
def test_not_resent_while_connected(case, version):
    client, publisher = case.client(version), case.client(name="pub")
    client.subscribe(case.topic(), 1)
    publisher.publish(case.topic(), "m", 1)
    client.expect("PUBLISH", payload="m")
    case.fence(publisher, client)
    client.expect_nothing()  # [MQTT-4.4.0-1]: at no other time


@versions(3, 4, 5)
def test_resent_when_the_session_goes_on(case, version):
    client, publisher = case.client(version, **kept(version)), case.client(name="pub")
    client.subscribe(case.topic(), 1)
    for number in range(5):
        publisher.publish(case.topic(), f"{number}", 1)
    pids = [client.expect("PUBLISH", payload=f"{number}").pid for number in range(5)]
    client.send(wire.puback(pids[1]))
    client.expect_nothing()
    client.disconnect()
    publisher.publish(case.topic(), "5", 1)
    client = case.client(version, **kept(version))
    for number in (0, 2, 3, 4):
        # [MQTT-4.4.0-1] [MQTT-3.3.1-1] [MQTT3-4.4.0-1] [MQTT3-3.3.1-1] [MQTT3-2.3.1-3]
        client.take(case.topic(), f"{number}", pid=pids[number], dup=True)
    client.take(case.topic(), "5", dup=False)  # [MQTT3-4.6.0-6]: older ones first
    client.expect_nothing()


def test_resent_again_and_again(case):
    client, publisher = case.client(**kept(5)), case.client(name="pub")
    client.subscribe(case.topic(), 1)
    publisher.publish(case.topic(), "m", 1)
    pid = client.expect("PUBLISH", dup=False).pid
    for _ in range(5):
        client.drop()
        client = case.client(**kept(5))
        client.expect("PUBLISH", payload="m", dup=True, pid=pid)
    client.send(wire.puback(pid))
    client.expect_nothing()
    client.drop()
    client = case.client(**kept(5))
    client.expect_nothing()


def test_an_error_is_an_acknowledgement(case):
    client, publisher = case.client(**kept(5)), case.client(name="pub")
    client.subscribe(case.topic(), 1)
    for code in (0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99):
        publisher.publish(case.topic(), "m", 1)
        client.send(wire.puback(client.expect("PUBLISH").pid, code, b""))
        client.expect_nothing()
    client.drop()
    client = case.client(**kept(5))
    client.expect_nothing()  # [MQTT-4.4.0-2]


@versions(4, 5)
def test_unknown_puback_is_passed_over(case, version):
    """It may come late, after a resend; it does no harm."""
    client = case.client(version)
    client.send(wire.puback(77))
    client.expect_nothing()


main(globals())

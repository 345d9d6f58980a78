"""What MQTT 3.1 has otherwise than 3.1.1: DUP on three more packets, no Session Present."""

from peer import main, wire


def with_dup(packet):
    return bytes([packet[0] | 8]) + packet[1:]


def test_dup_on_subscribe_and_unsubscribe(case):
    client = case.client(3)
    client.send(with_dup(wire.subscribe(5, (case.topic(), 1), version=3)))
    assert client.answer("SUBACK", 5).codes == [1]
    client.publish(case.topic(), "m", 1)
    client.take(case.topic(), "m")
    client.send(with_dup(wire.unsubscribe(6, case.topic(), version=3)))
    client.answer("UNSUBACK", 6)


def test_dup_on_pubrel(case):
    client = case.client(3)
    client.send(wire.publish(case.topic(), "m", 2, 5, 3))
    client.expect("PUBREC", pid=5)
    client.send(with_dup(wire.pubrel(5)))
    client.expect("PUBCOMP", pid=5)
    client.send(with_dup(wire.pubrel(5)))
    client.expect("PUBCOMP", pid=5)


def test_no_session_present(case):
    client = case.client(3, clean=False)
    client.subscribe(case.topic(), 1)
    client.disconnect()
    client = case.peer(3)
    client.send(wire.connect(client.client_id, 3, clean=False))
    client.expect_bytes(bytes.fromhex("20020000"))
    client.publish(case.topic(), "m", 1)
    client.take(case.topic(), "m")


def test_only_in_31(case):
    """The same flags are wrong in 3.1.1. [MQTT3-3.8.1-1] [MQTT3-3.10.1-1] [MQTT3-3.6.1-1]"""
    for packet in (wire.subscribe(5, ("a", 1), version=4), wire.unsubscribe(5, "a", version=4),
                   wire.pubrel(5)):
        client = case.client(4)
        client.send(with_dup(packet))
        client.expect_closed()


main(globals())

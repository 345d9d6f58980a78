"""Maximum Packet Size of the client: nothing larger is sent to it."""

from peer import main, properties, wire


def small(case, maximum=100, **values):
    return case.client(props=properties(maximum_packet_size=maximum, **values))


def test_dropped_as_if_delivered(case):
    client = small(case)
    client.subscribe(case.topic(), 2)
    publisher = case.client(name="pub")
    for qos in (0, 1, 2):
        publisher.publish(case.topic(), "x" * 200, qos)  # [MQTT-3.1.2-24] [MQTT-3.1.2-25]
        publisher.publish(case.topic(), "small", qos)
        client.take(case.topic(), "small", qos=qos)
    case.fence(publisher, client)


def test_the_largest_that_fits(case):
    client = small(case, 80)
    client.subscribe(case.topic())
    publisher = case.client(name="pub")
    for length in range(80):
        if len(wire.publish(case.topic(), "x" * length)) == 80:
            break
    publisher.publish(case.topic(), "x" * (length + 1))
    publisher.publish(case.topic(), "x" * length)
    packet = client.expect("PUBLISH", payload="x" * length)
    assert len(packet.raw) == 80


def test_subscription_identifier_counts(case):
    """What the server adds belongs to the size."""
    client = small(case, 80)
    client.subscribe(case.topic(), props=properties(subscription_identifier=268435455))
    publisher = case.client(name="pub")
    for length in range(80):
        if len(wire.publish(case.topic(), "x" * length)) == 80:
            break
    publisher.publish(case.topic(), "x" * length)
    publisher.publish(case.topic(), "x" * (length - 5))
    packet = client.expect("PUBLISH", payload="x" * (length - 5))
    assert len(packet.raw) == 80


def test_others_get_it(case):
    client = small(case)
    client.subscribe(case.topic(), 1)
    large = case.client(name="large")
    large.subscribe(case.topic(), 1)
    publisher = case.client(name="pub")
    publisher.publish(case.topic(), "x" * 200, 1)
    large.take(case.topic(), "x" * 200)
    case.fence(publisher, client)


def test_window_is_not_used_up(case):
    """A message that is dropped holds no Packet Identifier of the window."""
    client = small(case, 100, receive_maximum=2)
    client.subscribe(case.topic(), 1)
    publisher = case.client(name="pub")
    for _ in range(5):
        publisher.publish(case.topic(), "x" * 200, 1)
    for number in range(4):
        publisher.publish(case.topic(), str(number), 1)
        client.take(case.topic(), str(number))


def test_queued_for_a_larger_connection(case):
    kept = {"session_expiry_interval": 60}
    client = case.client(clean=False, props=properties(**kept))
    client.subscribe(case.topic(), 1)
    client.drop()
    publisher = case.client(name="pub")
    publisher.publish(case.topic(), "x" * 200, 1)
    publisher.publish(case.topic(), "small", 1)
    client = case.client(clean=False, props=properties(maximum_packet_size=100, **kept))
    client.take(case.topic(), "small")  # [MQTT-3.1.2-25]
    client.expect_nothing()


def test_reason_strings_are_left_out(case):
    """Whatever is answered fits. [MQTT-3.2.2-19] [MQTT-3.2.2-20] [MQTT-3.4.2-2] [MQTT-3.4.2-3]

    [MQTT-3.5.2-2] [MQTT-3.5.2-3] [MQTT-3.7.2-2] [MQTT-3.7.2-3] [MQTT-3.9.2-1] [MQTT-3.9.2-2]
    [MQTT-3.11.2-1] [MQTT-3.11.2-2] [MQTT-3.14.2-3] [MQTT-3.14.2-4] [MQTT-3.6.2-2] [MQTT-3.6.2-3]
    [MQTT-3.15.2-2] [MQTT-3.15.2-3]
    """
    client = small(case, 20)
    assert len(client.connack.raw) <= 20, client.connack
    got = [client.publish("$no", "m", 1), client.publish("$no", "m", 2),
           client.subscribe("a/#/b", codes=[0x8F]), client.unsubscribe("not/there"),
           client.publish("nobody/here", "m", 1)]
    client.send(wire.pubrel(999))
    got.append(client.expect("PUBCOMP", pid=999, code=0x92))
    client.send(wire.pubrec(998))
    got.append(client.expect("PUBREL", pid=998, code=0x92))
    assert all(len(packet.raw) <= 20 for packet in got), got
    client.send(b"\x36\0")
    assert len(client.expect_refusal(0x81).raw) <= 20


main(globals())

"""Topic Aliases to clients: the server uses them where it may, and never beyond what it may."""

from peer import main, properties, wire


def receive(client, aliases, timeout=8):
    """A PUBLISH with its topic as its alias tells."""
    packet = client.receive(timeout)
    number = packet.prop("topic_alias")
    if number is not None:
        if packet.topic:
            aliases[number] = packet.topic
        packet.topic = aliases[number]
    client.acknowledge(packet)
    return packet


def test_used(case):
    client = case.client(props=properties(topic_alias_maximum=5))
    client.subscribe(case.topic("#"), 1)
    publisher, aliases, sizes = case.client(name="pub"), {}, []
    for number in range(3):
        publisher.publish(case.topic("long/" * 10), "m", 1)
        packet = receive(client, aliases)
        assert packet.topic == case.topic("long/" * 10)
        sizes.append(len(packet.raw))
    # [MQTT-3.3.2-10] is the client's: it takes what it announced, and this server makes use of it.
    assert sizes[-1] < sizes[0] - 40, sizes


def test_within_the_maximum(case):
    client = case.client(props=properties(topic_alias_maximum=3))
    client.subscribe(case.topic("#"), 1)
    publisher, aliases = case.client(name="pub"), {}
    for turn in range(3):
        for number in range(6):
            publisher.publish(case.topic(str(number)), f"{turn}", 1)
            packet = receive(client, aliases)
            assert packet.topic == case.topic(str(number)), packet
            alias = packet.prop("topic_alias")
            assert alias is None or 1 <= alias <= 3, packet  # [MQTT-3.1.2-26] [MQTT-3.3.2-11]


def test_none_allowed(case):
    for number, props in enumerate((b"", properties(topic_alias_maximum=0))):
        client = case.client(name=f"c{number}", props=props)
        client.subscribe(case.topic(), 1)
        publisher = case.client(name="pub")
        for _ in range(5):
            publisher.publish(case.topic(), "m", 1)
            packet = client.take(case.topic(), "m")
            assert packet.prop("topic_alias") is None, packet  # [MQTT-3.1.2-27]


def test_begins_anew(case):
    """An alias of the last connection means nothing on this one. [MQTT-3.3.2-7]"""
    kept = properties(topic_alias_maximum=5, session_expiry_interval=60)
    client = case.client(clean=False, props=kept)
    client.subscribe(case.topic(), 1)
    publisher = case.client(name="pub")
    for _ in range(3):
        publisher.publish(case.topic(), "m", 1)
        aliases = {1: case.topic(), 2: case.topic()}
        receive(client, aliases)
    publisher.publish(case.topic(), "open", 1)
    client.expect("PUBLISH", payload="open")
    client.drop()
    client = case.client(clean=False, props=kept)
    aliases = {}
    assert receive(client, aliases).topic == case.topic()
    publisher.publish(case.topic(), "m", 1)
    assert receive(client, aliases).topic == case.topic()


def test_resent_without_aliases_allowed(case):
    client = case.client(clean=False,
                         props=properties(topic_alias_maximum=5, session_expiry_interval=60))
    client.subscribe(case.topic(), 1)
    publisher = case.client(name="pub")
    publisher.publish(case.topic(), "1", 1)
    publisher.publish(case.topic(), "2", 1)
    client.expect("PUBLISH", payload="1")
    client.expect("PUBLISH", payload="2")
    client.drop()
    client = case.client(clean=False, props=properties(session_expiry_interval=60))
    for payload in "12":
        packet = client.take(case.topic(), payload, dup=True)
        assert packet.prop("topic_alias") is None  # [MQTT-3.1.2-27]


def test_with_the_smallest_packets(case):
    """An alias must not push a packet past the client's Maximum Packet Size."""
    topic = case.topic()
    limit = len(wire.publish(topic, "m"))
    client = case.client(props=properties(topic_alias_maximum=5, maximum_packet_size=limit))
    client.subscribe(topic)
    publisher, aliases = case.client(name="pub"), {}
    for _ in range(3):
        publisher.publish(topic, "m")
        packet = receive(client, aliases)
        assert packet.topic == topic and len(packet.raw) <= limit, packet  # [MQTT-3.1.2-24]


main(globals())

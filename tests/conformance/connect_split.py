"""The stream may be cut anywhere: packets arrive byte by byte, and many in one segment."""

from peer import main, versions, wire


def conversation(case, client):
    """Everything a client says in one stretch, and what it gets for it."""
    version, topic = client.version, case.topic(client.client_id)
    said = [
        wire.connect(client.client_id, version, will=wire.will(topic, "w"), user="u", password="p"),
        wire.subscribe(1, (topic, 2), version=version),
        wire.publish(topic, "zero", version=version),
        wire.publish(topic, "one" * 60, 1, 2, version),
        wire.publish(topic, "two", 2, 3, version),
        wire.pubrel(3),
        wire.unsubscribe(4, topic, version=version),
        wire.pingreq(),
    ]
    return said, topic


def answers(client, topic):
    client.expect("CONNACK", code=0)
    got = []
    while len({packet.kind for packet in got}) < 7:
        got.append(client.receive())
    payloads = [p.payload for p in got if p.kind == "PUBLISH"]
    kinds = [p.kind for p in got if p.kind not in ("PUBLISH", "SUBACK", "UNSUBACK")]
    # SUBACK and UNSUBACK may come later than what was asked after them.
    assert kinds == ["PUBACK", "PUBREC", "PUBCOMP", "PINGRESP"], kinds
    assert payloads == [b"zero", b"one" * 60, b"two"], payloads


@versions(3, 4, 5)
def test_byte_by_byte(case, version):
    client = case.peer(version)
    said, topic = conversation(case, client)
    for byte in b"".join(said):
        client.send(bytes([byte]))  # [MQTT-4.2-1] [MQTT3-7.1.1-1]: TCP_NODELAY, a segment each
    answers(client, topic)


@versions(3, 4, 5)
def test_all_at_once(case, version):
    client = case.peer(version)
    said, topic = conversation(case, client)
    client.send(*said)
    answers(client, topic)


@versions(4, 5)
def test_cut_at_every_place(case, version):
    """Two segments, the cut at each place; the server sees them as two reads."""
    client = case.client(version)
    packet = wire.subscribe(7, ("some/filter", 1), ("other/+", 0), version=version)
    for at in range(1, len(packet)):
        client.send(packet[:at])
        other = wire.pingreq()
        client.send(packet[at:], other)
        assert client.answer("SUBACK", 7).codes == [1, 0]
        client.expect("PINGRESP")


def test_a_thousand_in_one_segment(case):
    client = case.client()
    client.subscribe(case.topic())
    client.send(*[wire.publish(case.topic(), str(number)) for number in range(1000)])
    for number in range(1000):
        client.expect("PUBLISH", payload=str(number))


main(globals())

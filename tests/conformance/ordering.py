"""Messages of one publisher on one topic arrive in the order they were sent."""

from peer import main, properties, versions, wire


@versions(3, 4, 5)
def test_each_qos(case, version):
    client, publisher = case.client(version), case.client(version, "pub")
    client.subscribe(case.topic("#"), 2)
    for qos in (0, 1, 2):
        for number in range(100):
            pid = number + 1 if qos else None
            publisher.send(wire.publish(case.topic(f"{qos}"), f"{number}", qos, pid, version))
            if qos == 2:
                publisher.answer("PUBREC", pid)
                publisher.send(wire.pubrel(pid))
        for number in range(100):
            # [MQTT-4.6.0-5] [MQTT-4.6.0-6] [MQTT3-4.6.0-5] [MQTT3-4.6.0-6]
            client.take(case.topic(f"{qos}"), f"{number}", qos=qos)


def test_several_publishers(case):
    client = case.client()
    client.subscribe(case.topic("#"), 1)
    publishers = [case.client(name=f"p{number}") for number in range(4)]
    for number in range(50):
        for publisher in publishers:
            topic = case.topic(publisher.client_id)
            publisher.send(wire.publish(topic, f"{number}", 1, number + 1))
    last = {}
    for _ in range(200):
        packet = client.take()
        assert int(packet.payload) == last.get(packet.topic, -1) + 1, packet  # [MQTT-4.6.0-5]
        last[packet.topic] = int(packet.payload)


@versions(4, 5)
def test_through_a_small_window_and_a_reconnect(case, version):
    kept = {"clean": False}
    if version == 5:
        kept["props"] = properties(session_expiry_interval=60, receive_maximum=3)
    client = case.client(version, **kept)
    client.subscribe(case.topic(), 1)
    publisher = case.client(name="pub")
    for number in range(40):
        publisher.publish(case.topic(), f"{number}", 1)
    seen = []
    for turn in range(4):
        for _ in range(6):
            packet = client.take()
            seen.append(int(packet.payload))
        client.expect("PUBLISH")  # one more, that stays open
        client.drop()
        client = case.client(version, **kept)
    while len(set(seen)) < 40:
        seen.append(int(client.take().payload))
    firsts = list(dict.fromkeys(seen))
    assert firsts == sorted(firsts) and len(firsts) == 40, seen  # [MQTT-4.6.0-5] [MQTT3-4.6.0-6]


def test_queued_before_live(case):
    kept = {"clean": False, "props": properties(session_expiry_interval=60)}
    client = case.client(**kept)
    client.subscribe(case.topic(), 1)
    client.drop()
    publisher = case.client(name="pub")
    for number in range(100):
        publisher.publish(case.topic(), f"{number}", 1)
    back = case.peer()
    back.send(wire.connect(back.client_id, **kept))
    for number in range(100, 120):
        publisher.publish(case.topic(), f"{number}", 1)
    back.expect("CONNACK", present=True)
    for number in range(120):
        back.take(case.topic(), f"{number}")


main(globals())

"""Many clients at once: each gets what it subscribed to, wherever it is served."""

from peer import main, versions, wire


@versions(4, 5)
def test_one_to_many(case, version):
    clients = [case.client(version, f"c{number}") for number in range(200)]
    for client in clients:
        client.subscribe(case.topic(), 1)
    publisher = case.client(version, "pub")
    for number in range(5):
        publisher.publish(case.topic(), f"{number}", 1)
    for client in clients:
        for number in range(5):
            client.take(case.topic(), f"{number}", qos=1)  # [MQTT-4.5.0-1] [MQTT3-4.5.0-1]


def test_many_to_one(case):
    publishers = [case.client(name=f"p{number}") for number in range(100)]
    client = case.client()
    client.subscribe(case.topic("#"), 1)
    for publisher in publishers:
        publisher.send(*[wire.publish(case.topic(publisher.client_id), f"{number}", 1, number + 1)
                         for number in range(10)])
    last = {}
    for _ in range(1000):
        packet = client.take()
        assert int(packet.payload) == last.get(packet.topic, -1) + 1
        last[packet.topic] = int(packet.payload)


def test_everybody_at_once(case):
    """CONNECT, SUBSCRIBE and PUBLISH of all in one go, before any answer is read."""
    peers = [case.peer(name=f"c{number}") for number in range(200)]
    for peer in peers:
        peer.send(wire.connect(peer.client_id),
                  wire.subscribe(1, (case.topic(peer.client_id), 0)),
                  wire.publish(case.topic(peer.client_id), "own", 1, 2))
    for peer in peers:
        peer.expect("CONNACK", code=0)
        got = {peer.receive().kind for _ in range(3)}
        assert got == {"SUBACK", "PUBACK", "PUBLISH"}, got


def test_come_and_go(case):
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic("#"), 1)
    for turn in range(100):
        client = case.client(name=f"c{turn % 5}")
        client.subscribe(case.topic("none"))
        client.publish(case.topic(f"{turn}"), "m", 1)
        client.drop()
        watcher.take(case.topic(f"{turn}"), "m")


main(globals())

"""Subscribing and unsubscribing take effect with their answer, whatever worker serves whom."""

from peer import main, versions, wire


@versions(4, 5)
def test_from_suback_to_unsuback(case, version):
    """After SUBACK every message arrives; after UNSUBACK none does."""
    publishers = [case.client(version, f"p{number}") for number in range(4)]
    clients = [case.client(version, f"c{number}") for number in range(8)]
    for turn in range(12):
        for client in clients:
            topic = case.topic(f"{client.client_id}/{turn % 2}")
            client.subscribe(f"{topic}/+", 1)
            for publisher in publishers:
                publisher.publish(f"{topic}/{publisher.client_id}", "yes", 1)
            got = {client.take(payload="yes").topic for _ in publishers}
            assert len(got) == 4, got  # [MQTT-3.8.4-1] [MQTT3-3.8.4-1]
            client.unsubscribe(f"{topic}/+")
            for publisher in publishers:
                publisher.publish(f"{topic}/{publisher.client_id}", "no", 1)
            case.fence(publishers[turn % 4], client)
    for client in clients:
        for publisher in publishers:
            case.fence(publisher, client)  # [MQTT-3.10.4-2] [MQTT3-3.10.4-2]


def test_sessions_end(case):
    """What a session subscribed ends with it, whether it ends by itself or by another."""
    publisher = case.client(name="pub")
    for turn in range(30):
        client = case.client(name="c")
        client.subscribe(case.topic(), 1)
        publisher.publish(case.topic(), f"{turn}", 1)
        client.take(case.topic(), f"{turn}")
        if turn % 3 == 0:
            client.disconnect()
        elif turn % 3 == 1:
            client.drop()
    client = case.client(name="c")
    assert not client.connack.present
    case.fence(publisher, client)


def test_many_filters(case):
    """Each of two thousand filters finds its message."""
    client, publisher = case.client(), case.client(name="pub")
    for start in range(0, 2000, 200):
        names = [case.topic(f"{number % 10}/{number}") for number in range(start, start + 200)]
        client.send(wire.subscribe(1, *[(name, 0) for name in names]))
        client.answer("SUBACK", 1)
    for number in range(0, 2000, 7):
        publisher.publish(case.topic(f"{number % 10}/{number}"), f"{number}")
    for number in range(0, 2000, 7):
        client.take(case.topic(f"{number % 10}/{number}"), f"{number}")


@versions(4, 5)
def test_much_behind_connect(case, version):
    """What follows CONNECT at once is not lost, also when the connection changes its place."""
    watcher = case.client(version, "watcher")
    watcher.subscribe(case.topic(), 0)
    for number in range(8):
        peer = case.peer(version, f"c{number}")
        payloads = [b"%d %d " % (number, n) + b"x" * 2000 for n in range(100)]
        packets = [wire.publish(case.topic(), payload, version=version) for payload in payloads]
        peer.send(wire.connect(peer.client_id, version), *packets, wire.pingreq())
        peer.expect("CONNACK", code=0)
        for payload in payloads:
            watcher.take(payload=payload)
        peer.expect("PINGRESP")


main(globals())

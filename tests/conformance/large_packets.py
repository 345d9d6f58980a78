"""Large packets pass whole: beyond 64 KiB, up to the server's limit of 1 MiB."""

import random

from peer import main, versions, wire


@versions(3, 4, 5)
def test_large_payloads(case, version):
    client, publisher = case.client(version), case.client(version, "pub")
    client.subscribe(case.topic(), 2)
    source = random.Random(2)
    for qos in (0, 1, 2):
        for size in (65534, 65536, 200_000, 1024 * 1024 - 100):
            payload = source.randbytes(size)
            publisher.publish(case.topic(), payload, qos)
            client.take(case.topic(), payload, qos=qos)


def test_several_on_their_way(case):
    """A subscriber that reads late gets all of them, in order."""
    client, publisher = case.client(), case.client(name="pub")
    client.subscribe(case.topic(), 1)
    payloads = [bytes([number]) * 300_000 for number in range(10)]
    for payload in payloads:
        publisher.publish(case.topic(), payload, 1)
    for payload in payloads:
        client.take(case.topic(), payload)


def test_to_many_versions_at_once(case):
    clients = [case.client(version, f"c{version}{letter}")
               for version in (3, 4, 5) for letter in "ab"]
    for client in clients:
        client.subscribe(case.topic(), 1)
    payload = random.Random(3).randbytes(500_000)
    case.client(name="pub").publish(case.topic(), payload, 1)
    for client in clients:
        client.take(case.topic(), payload)


def test_a_large_will(case):
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic(), 1)
    payload = random.Random(4).randbytes(60_000)
    case.client(will=wire.will(case.topic(), payload, 1)).drop()
    watcher.take(case.topic(), payload)


def test_a_large_subscribe(case):
    """Many filters in one packet; 512 of them are taken."""
    client = case.client()
    client.send(wire.subscribe(1, *[(case.topic(f"{n}/" + "x" * 100), 1) for n in range(512)]))
    client.expect("SUBACK", pid=1, codes=[1] * 512)
    client.publish(case.topic("511/" + "x" * 100), "m", 1)
    client.take(payload="m")
    client.send(wire.unsubscribe(2, *[case.topic(f"{n}/" + "x" * 100) for n in range(512)]))
    client.expect("UNSUBACK", pid=2, codes=[0] * 512)


main(globals())

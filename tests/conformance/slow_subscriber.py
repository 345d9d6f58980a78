"""A subscriber that does not read holds up nobody, and loses nothing but QoS 0."""

import socket

from peer import Peer, main, settings

SETTING = 'queue.unsent="64KiB"'


def slow(case, qos):
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    connection.connect(case.server.address)
    subscriber = case.add(Peer(case.server.address, 5, case.id("slow"), connection))
    subscriber.connect()
    subscriber.subscribe(case.topic(), qos)
    return subscriber


@settings(SETTING)
def test_qos_0_is_dropped(case):
    subscriber, publisher = slow(case, 1), case.client(name="pub")
    reader = case.client(name="reader")
    reader.subscribe(case.topic(), 1)
    count = 800
    for number in range(count):
        publisher.publish(case.topic(), f"{number} " + "x" * 20_000)
        reader.take(case.topic())
    publisher.expect_nothing()
    publisher.publish(case.topic(), "last", 1)
    got = []
    while not got or got[-1] != b"last":
        got.append(subscriber.take(timeout=20).payload.split(b" ")[0])
    numbers = [int(payload) for payload in got[:-1]]
    assert numbers == sorted(set(numbers)), "out of order"
    assert 0 < len(numbers) < count, f"{len(numbers)} of {count}"


@settings(SETTING)
def test_qos_1_waits(case):
    subscriber, publisher = slow(case, 1), case.client(name="pub")
    for number in range(100):
        publisher.publish(case.topic(), f"{number} " + "x" * 50_000, 1)
    for number in range(100):
        assert subscriber.take().payload.startswith(b"%d " % number)
    subscriber.expect_nothing()


main(globals())

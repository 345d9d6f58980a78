"""Queues for sessions that are away are bounded, and what happens when one is full is set."""

from peer import main, properties, settings, versions, wire


def away(case, version=5):
    props = properties(session_expiry_interval=60) if version == 5 else b""
    kept = {"clean": False, "props": props}
    client = case.client(version, **kept)
    client.subscribe(case.topic(), 1)
    client.disconnect()
    return lambda: case.client(version, **kept)


def fill(case, count=10, size=0):
    """Publishes, and returns when every worker has the messages: a PUBACK says that they are on their way. So many
    listeners that each worker is the home of one; what reaches them comes behind the messages."""
    listeners = [case.client(name=f"listener{number}") for number in range(32)]
    for listener in listeners:
        listener.subscribe(case.topic("fence"), 0)
    publisher = case.client(name="pub")
    for number in range(count):
        publisher.publish(case.topic(), f"{number}" + " " * size, 1)
    publisher.publish(case.topic("fence"), "", 1)
    for listener in listeners:
        listener.take()


def numbers(client, count):
    got = [int(client.take().payload) for _ in range(count)]
    client.expect_nothing()
    return got


@settings("queue.messages=4")
@versions(4, 5)
def test_oldest_go(case, version):
    back = away(case, version)
    fill(case)
    assert numbers(back(), 4) == [6, 7, 8, 9]


@settings("queue.messages=4", 'queue.on_full="drop-newest"')
def test_newest_go(case):
    back = away(case)
    fill(case)
    assert numbers(back(), 4) == [0, 1, 2, 3]


@settings('queue.bytes="64KiB"')
def test_bytes(case):
    back = away(case)
    fill(case, 20, 10_000)
    client = back()
    got = []
    while True:
        client.send(wire.pingreq())
        packet = client.receive()
        while packet.kind == "PUBLISH":
            got.append(int(packet.payload))
            client.send(wire.puback(packet.pid))
            packet = client.receive()
        if packet.kind == "PINGRESP" and got and got[-1] == 19:
            break
    assert 3 <= len(got) <= 7 and got == list(range(20 - len(got), 20)), got


@settings("queue.qos0_offline=true")
def test_qos_0_is_kept_when_set(case):
    back = away(case)
    publisher = case.client(name="pub")
    publisher.publish(case.topic(), "1")
    publisher.publish(case.topic(), "2", 1)
    client = back()
    got = {client.take().payload, client.take().payload}
    assert got == {b"1", b"2"}, got


@settings("queue.messages=4", "session.inflight=2", 'queue.on_full="disconnect"')
def test_disconnect_a_slow_one(case):
    """A connected client that takes nothing and whose queue is full is disconnected."""
    client = case.client()
    client.subscribe(case.topic(), 1)
    fill(case)
    for _ in range(2):
        client.expect("PUBLISH")
    client.expect_refusal(0x97)


main(globals())

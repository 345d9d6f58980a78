"""Bytes that went wrong on their way end a connection at most; the server and others go on."""

import random

from peer import main, versions, wire


def conversation(version, client_id, topic):
    return [
        wire.connect(client_id, version, will=wire.will(topic, "will", 1), user="u", password="p"),
        wire.subscribe(1, (topic, 2), ("other/+/#", 1), version=version),
        wire.publish(topic, "zero", version=version),
        wire.publish(topic, "one", 1, 2, version, retain=True),
        wire.publish(topic, "two", 2, 3, version),
        wire.pubrel(3), wire.pingreq(), wire.unsubscribe(4, topic, version=version),
        wire.publish(topic, b"", 1, 5, version, retain=True), wire.disconnect(),
    ]


def healthy(case):
    client = case.client(name="healthy")
    client.subscribe(case.topic("healthy"), 1)

    def check(text):
        client.publish(case.topic("healthy"), text, 1)
        client.take(case.topic("healthy"), text)
    return check


@versions(3, 4, 5)
def test_cut_off_everywhere(case, version):
    """The connection ends at each byte of a conversation."""
    check = healthy(case)
    said = b"".join(conversation(version, case.id("cut"), case.topic("cut")))
    for at in range(len(said)):
        peer = case.peer(version)
        peer.send(said[:at])
        peer.reset() if at % 2 else peer.drop()
    check("still here")


@versions(3, 4, 5)
def test_one_byte_wrong(case, version):
    check, source = healthy(case), random.Random(version)
    for turn in range(300):
        packets = conversation(version, case.id("wrong"), case.topic("wrong"))
        first = bytearray(packets[0])
        rest = bytearray(b"".join(packets[1:]))
        target = first if turn % 3 == 0 else rest
        for _ in range(1 + turn % 2):
            target[source.randrange(len(target))] = source.randrange(256)
        peer = case.peer(version)
        peer.send(bytes(first + rest))
        peer.drop()
        if turn % 20 == 0:
            check(f"{turn}")
    check("still here")


def test_noise(case):
    check, source = healthy(case), random.Random(7)
    for turn in range(200):
        peer = case.peer()
        noise = source.randbytes(source.randrange(1, 2000))
        if turn % 2:
            peer.send(wire.connect(case.id("noise")) + noise)
        else:
            peer.send(noise)
        peer.drop()
    check("still here")


main(globals())

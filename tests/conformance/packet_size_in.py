"""Maximum Packet Size of the server: larger packets are refused with 0x95, equal ones are taken."""

from peer import main, settings, versions, wire

LIMIT = 2048


def publish_of(size, version, topic):
    for length in range(size - len(topic) - 12, size):
        packet = wire.publish(topic, b"x" * length, version=version)
        if len(packet) == size:
            return packet
    raise ValueError(size)


@settings('limits.packet="2KiB"')
@versions(3, 4, 5)
def test_the_largest(case, version):
    client = case.client(version)
    client.subscribe(case.topic())
    packet = publish_of(LIMIT, version, case.topic())
    client.send(packet)
    client.expect("PUBLISH", topic=case.topic())


@settings('limits.packet="2KiB"')
@versions(3, 4, 5)
def test_one_more(case, version):
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic())
    client = case.client(version)
    client.send(publish_of(LIMIT + 1, version, case.topic()))
    client.expect_refusal(0x95)
    case.fence(case.client(name="other"), watcher)


@settings('limits.packet="2KiB"')
@versions(4, 5)
def test_refused_by_its_header(case, version):
    """The answer does not wait for bytes that were only announced."""
    client = case.client(version)
    client.send(b"\x30" + wire.varint(268435455))
    client.expect_refusal(0x95)


@settings('limits.connect_packet="1KiB"')
@versions(4, 5)
def test_before_connect(case, version):
    """Before a client is connected less is kept of it, and what is announced beyond is not waited for."""
    case.client(version, name="first").expect_nothing()
    peer = case.peer(version, "second")
    peer.send(b"\x10" + wire.varint(1023))
    peer.expect_closed()


main(globals())

"""QoS 1 from a client: PUBACK with its identifier, once the server has the message."""

from peer import main, versions, wire


@versions(3, 4, 5)
def test_puback(case, version):
    client = case.client(version)
    client.subscribe(case.topic())
    for pid in (1, 2, 255, 256, 65535):
        client.send(wire.publish(case.topic(), f"{pid}", 1, pid, version))
        got = sorted((client.receive(), client.receive()), key=lambda packet: packet.kind)
        # [MQTT-3.3.4-1] [MQTT-2.2.1-5] [MQTT-4.3.2-4] [MQTT3-3.3.4-1] [MQTT3-2.3.1-6]
        # [MQTT3-4.3.2-2]
        assert (got[0].kind, got[0].pid, got[0].code) == ("PUBACK", pid, 0), got
        assert got[0].raw == wire.puback(pid), got  # success in the short form
        assert got[1].payload == f"{pid}".encode()


@versions(3, 4, 5)
def test_the_same_again_is_new(case, version):
    """After PUBACK the identifier is free, whatever DUP says."""
    client, watcher = case.client(version), case.client(version, "watcher")
    watcher.subscribe(case.topic(), 1)
    for dup in (False, True, True):
        client.send(wire.publish(case.topic(), "m", 1, 7, version, dup=dup))
        client.expect("PUBACK", pid=7)
        # [MQTT-4.3.2-5] [MQTT3-4.3.2-2]; [MQTT-3.3.1-3] [MQTT3-3.3.1-3]: DUP is not passed on
        watcher.take(case.topic(), "m", dup=False)


def test_no_subscriber(case):
    client = case.client()
    client.subscribe(case.topic("other"))
    client.send(wire.publish(case.topic(), "m", 1, 3))
    assert client.expect("PUBACK", pid=3).code in (0, 0x10)
    client.send(wire.publish(case.topic("other"), "m", 1, 4))
    got = {packet.kind: packet for packet in (client.receive(), client.receive())}
    assert got["PUBACK"].code == 0


@versions(4, 5)
def test_in_order(case, version):
    """PUBACKs come in the order of the PUBLISHes, one for each."""
    client = case.client(version)
    client.send(*[wire.publish(case.topic(), "m", 1, pid, version) for pid in range(1, 201)])
    assert [client.expect("PUBACK").pid for _ in range(200)] == list(range(1, 201))


main(globals())

"""Topics that begin with `$`: no leading wildcard finds them, and no client publishes to them."""

from peer import main, versions, wire


@versions(3, 4, 5)
def test_publish_is_refused(case, version):
    watcher = case.client(name="watcher")
    for topic_filter in ("$no/#", "#", "+/+"):
        watcher.subscribe(topic_filter, 0)
    client = case.client(version)
    name = "$no/way"
    client.publish(name, "zero")
    for qos, kind in ((1, "PUBACK"), (2, "PUBREC")):
        client.send(wire.publish(name, "m", qos, 5, version))
        # 3.x has no word for it: acknowledged as usual. [MQTT3-3.3.5-2]
        client.expect(kind, pid=5, code=0x87 if version == 5 else 0)
        if qos == 2 and version != 5:
            client.send(wire.pubrel(5))
            client.expect("PUBCOMP", pid=5)
    client.publish(case.topic(), "after")
    packet = watcher.receive()
    while packet.retain:
        packet = watcher.receive()
    assert packet.payload == b"after", packet
    assert client.socket.fileno() >= 0
    client.expect_nothing()


def test_retained_is_refused(case):
    client = case.client()
    client.publish("$no/kept", "m", retain=True)
    assert client.publish("$no/kept", "m", 1, retain=True).code == 0x87
    client.subscribe("$no/#")
    case.fence(client, client)


@versions(4, 5)
def test_will_is_refused(case, version):
    watcher = case.client(name="watcher")
    watcher.subscribe("$no/#")
    peer = case.peer(version)
    peer.send(wire.connect(peer.client_id, version, will=wire.will("$no/will", "m")))
    peer.expect("CONNACK", code=0x87 if version == 5 else 5)
    peer.expect_closed()
    case.fence(case.client(name="other"), watcher)


@versions(4, 5)
def test_leading_wildcards_do_not_match(case, version):
    """[MQTT-4.7.2-1] [MQTT3-4.7.2-1], with what the server itself publishes under `$SYS`."""
    client = case.client(version)
    for topic_filter in ("#", "+/#", "+/broker/#", "+/+/version"):
        client.subscribe(topic_filter)
    client.publish(case.topic(), "m")
    packet = client.receive()
    while packet.topic != case.topic():
        assert not packet.topic.startswith("$"), packet
        packet = client.receive()


main(globals())

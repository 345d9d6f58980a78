"""The first packet of a connection is CONNECT: anything else closes it and is not done."""

from peer import main, versions, wire


@versions(4, 5)
def test_publish_first(case, version):
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic("#"))
    stranger = case.peer(version)
    stranger.send(wire.publish(case.topic(), "no", version=version), wire.connect("x", version))
    stranger.expect_closed()  # [MQTT-3.1.0-1] [MQTT3-3.1.0-1]; no DISCONNECT: [MQTT-3.14.0-1]
    other = case.client(name="other")
    case.fence(other, watcher)


def test_every_other_packet_first(case):
    for packet in (wire.pingreq(), wire.disconnect(0), wire.subscribe(1, ("a", 0)), wire.puback(1),
                   wire.unsubscribe(1, "a"), wire.auth(0x18), bytes.fromhex("20020000"),
                   bytes.fromhex("d000"), bytes.fromhex("9003000100"), wire.pubrel(1)):
        stranger = case.peer()
        stranger.send(packet)
        stranger.expect_closed()  # [MQTT-3.1.0-1] [MQTT3-3.1.0-1]


def test_nothing_sent_first_by_the_server(case):
    """[MQTT-3.2.0-1] [MQTT3-3.2.0-1]: not before CONNACK, even with messages waiting."""
    away = case.client(name="away", clean=False, props=wire.properties(session_expiry_interval=60))
    away.subscribe(case.topic(), 1)
    away.drop()
    case.client(name="pub").publish(case.topic(), "queued", 1)
    back = case.peer(name="away")
    back.send(wire.connect(back.client_id, clean=False))
    back.expect("CONNACK", code=0, present=True)
    back.take(case.topic(), "queued")


main(globals())

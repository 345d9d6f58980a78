"""A server that is told to retain nothing says so, and refuses what asks for it."""

from peer import main, settings, versions, wire

SETTING = "retained.available=false"


@settings(SETTING)
def test_says_so(case):
    assert case.client().connack.prop("retain_available") == 0


@settings(SETTING)
@versions(4, 5)
def test_publish(case, version):
    client = case.client(version)
    client.publish(case.topic(), "m", 1)
    client.send(wire.publish(case.topic(), "m", 1, 9, version, retain=True))
    client.expect_refusal(0x9A)  # [MQTT-3.2.2-14]


@settings(SETTING)
def test_will(case):
    peer = case.peer()
    peer.send(wire.connect(peer.client_id, will=wire.will(case.topic(), "m", retain=True)))
    peer.expect("CONNACK", code=0x9A)  # [MQTT-3.2.2-13]
    peer.expect_closed()
    case.client(name="d", will=wire.will(case.topic(), "m")).expect_nothing()


main(globals())

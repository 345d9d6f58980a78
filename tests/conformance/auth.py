"""Enhanced authentication: methods that this server does not have, and AUTH where it may not be."""

from peer import main, properties, wire


def test_unknown_method(case):
    for props in (properties(authentication_method="SCRAM-SHA-1"),
                  properties(authentication_method="X", authentication_data=b"\0\1"),
                  properties(authentication_method="")):
        peer = case.peer()
        peer.send(wire.connect(peer.client_id, props=props))
        connack = peer.expect("CONNACK")
        assert connack.code in (0x8C, 0x87), connack  # [MQTT-4.12.0-1] [MQTT-4.12.0-4]
        peer.expect_closed()  # [MQTT-4.12.0-1] [MQTT-3.1.4-2]


def test_nothing_else_is_done(case):
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic("#"))
    peer = case.peer()
    peer.send(wire.connect(peer.client_id, props=properties(authentication_method="X"),
                           will=wire.will(case.topic("will"), "no")),
              wire.publish(case.topic(), "no"))
    peer.expect("CONNACK", code=0x8C)
    peer.expect_closed()
    case.fence(case.client(name="other"), watcher)


def test_data_without_method(case):
    peer = case.peer()
    peer.send(wire.connect(peer.client_id, props=properties(authentication_data=b"x")))
    peer.expect("CONNACK", code=0x82)
    peer.expect_closed()


def test_auth_without_a_method_in_connect(case):
    for packet in (wire.auth(0x19, properties(authentication_method="X")), wire.auth(0x18, b""),
                   wire.auth()):
        client = case.client()
        assert client.connack.prop("authentication_method") is None  # [MQTT-4.12.0-6]
        client.send(packet)
        client.expect_refusal(0x82)  # [MQTT-4.12.0-7] [MQTT-4.12.1-2] is the client's and ours


def test_auth_in_3x(case):
    client = case.client(4)
    client.send(wire.auth(0x19))
    client.expect_closed()  # type 15 is reserved in 3.1.1


main(globals())

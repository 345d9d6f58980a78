"""Use Another Server, Server Moved and Server Reference, when the configuration says so."""

from peer import main, settings, wire


def check(case, code):
    peer = case.peer()
    peer.send(wire.connect(peer.client_id))
    connack = peer.expect("CONNACK", code=code, present=False)
    assert connack.prop("server_reference") == "other:1883", connack
    peer.expect_closed()  # [MQTT-3.2.2-7] [MQTT-4.13.2-1]
    old = case.peer(4)
    old.send(wire.connect(old.client_id, 4))
    old.expect("CONNACK", code=3)
    old.expect_closed()  # [MQTT3-3.2.2-5]


@settings('server.reference="other:1883"', 'server.redirect="use_another_server"')
def test_use_another_server(case):
    check(case, 0x9C)


@settings('server.reference="other:1883"', 'server.redirect="server_moved"')
def test_server_moved(case):
    check(case, 0x9D)


@settings('server.reference="other:1883"', 'server.redirect="off"')
def test_off(case):
    case.client().expect_nothing()


def test_none_by_default(case):
    assert case.client().connack.prop("server_reference") is None


main(globals())

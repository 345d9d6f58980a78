"""After a CONNECT that is refused nothing else is done, and the connection ends."""

from peer import main, versions, wire


@versions(4, 5)
def test_nothing_after_it(case, version):
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic("#"))
    refused = case.peer(version)
    # A Client Identifier beyond the limit; the will and the publish are part of the refused.
    refused.send(wire.connect("x" * 4000, version, will=wire.will(case.topic("will"), "no")),
                 wire.publish(case.topic(), "no", version=version))
    refused.expect("CONNACK", code=0x85 if version == 5 else 2, present=False)
    refused.expect_closed()  # [MQTT-3.2.2-7] [MQTT-4.13.2-1] [MQTT3-3.2.2-5]
    # [MQTT-3.1.4-6] [MQTT3-3.1.4-5]
    case.fence(case.client(name="other"), watcher)


def test_reserved_flag(case):
    for version in (4, 5):
        client = case.peer(version)
        packet = bytearray(wire.connect(client.client_id, version))
        packet[9] |= 1  # the connect flags, behind "MQTT" and the level
        client.send(bytes(packet))
        if version == 5:
            client.expect("CONNACK", code=0x81)  # [MQTT-3.1.2-3] [MQTT-3.1.4-1]
        client.expect_closed()  # [MQTT-3.1.2-3] [MQTT3-3.1.2-3] [MQTT3-3.1.4-1] [MQTT3-3.2.2-6]


@versions(3, 4, 5)
def test_user_name_and_password(case, version):
    """Flags and fields that go together; loopback needs no right ones."""
    case.client(version, user="someone", password="secret").expect_nothing()
    case.client(version, name="d", user="someone").expect_nothing()
    alone = case.peer(version, "e")
    if version == 5:
        alone.connect(password="token")  # [MQTT-3.1.2-18]: allowed in v5
    else:
        alone.send(wire.connect(alone.client_id, version, password="token"))
        if version == 4:
            alone.expect_closed()  # [MQTT3-3.1.2-22]


main(globals())

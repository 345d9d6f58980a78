"""Protocol name and level: what Peal does not speak is answered and closed."""

from peer import main, versions, wire


@versions(3, 4, 5)
def test_spoken(case, version):
    client = case.client(version)
    client.expect_nothing()  # [MQTT3-7.0.0-2]: nothing but the standard is needed


def test_level_of_the_future(case):
    """Answered in the newest form that the server knows."""
    for level in (6, 7, 127):
        client = case.peer()
        body = wire.text("MQTT") + bytes([level]) + b"\2\0\x3c\0\0\1a"
        client.send(wire.packet(wire.CONNECT, body))
        client.expect("CONNACK", code=0x84)  # [MQTT-3.1.2-2]
        client.expect_closed()


def test_level_unknown(case):
    for level in (0, 1, 2):
        client = case.peer(4)
        body = wire.text("MQTT") + bytes([level]) + b"\2\0\x3c\0\1a"
        client.send(wire.packet(wire.CONNECT, body))
        client.expect_bytes(bytes.fromhex("20020001"))  # [MQTT3-3.1.2-2]
        client.expect_closed()  # [MQTT-3.1.2-2] [MQTT3-3.1.2-2] [MQTT3-3.2.2-5]


def test_name_unknown(case):
    for name, level in (("MQTX", 5), ("mqtt", 5), ("MQTT ", 4), ("", 4), ("MQIsdp", 4), ("MQTT", 3),
                        ("MQIsdp", 5)):
        client = case.peer(4)
        client.send(wire.connect("a", level, name=name) if name else
                    wire.packet(wire.CONNECT, b"\0\0" + bytes([level]) + b"\2\0\x3c\0\1a"))
        # [MQTT-3.1.2-1] [MQTT3-3.1.2-1]: may be answered, must be closed.
        try:
            client.expect("CONNACK", code=1)
        except AssertionError as answer:
            if "CONNACK" not in str(answer) and "closed" not in str(answer):
                raise
            client.drop()
            continue
        client.expect_closed()


main(globals())

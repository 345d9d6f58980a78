"""PINGREQ is answered by PINGRESP, one for one and in its turn."""

from peer import main, versions, wire


@versions(3, 4, 5)
def test_one_for_one(case, version):
    client = case.client(version)
    for _ in range(3):
        client.send(b"\xc0\x00")
        client.expect_bytes(b"\xd0\x00")  # [MQTT-3.12.4-1] [MQTT3-3.12.4-1]
    client.send(wire.pingreq() * 100)
    for _ in range(100):
        client.expect("PINGRESP")
    client.send(wire.subscribe(1, ("a", 0), version=version))
    client.expect("SUBACK")


main(globals())

"""MQTT over WebSocket: binary frames in any cut, subprotocol mqtt, and no foreign origins."""

import socket

from peer import Closed, WebSocketPeer, main, settings, versions, wire
from peer.websocket_peer import (BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame, read_head,
                                 request, upgrade)


def peer(case, version=5, name="c", **values):
    return case.add(WebSocketPeer(case.server.address, version, case.id(name), **values))


def client(case, version=5, name="c", **values):
    one = peer(case, version, name)
    one.connect(**values)
    return one


@versions(3, 4, 5)
def test_everything_a_client_does(case, version):
    one, other = client(case, version), case.client(version, "tcp")
    one.subscribe(case.topic(), 2)
    for qos in (0, 1, 2):
        other.publish(case.topic(), f"{qos}", qos)
        one.take(case.topic(), f"{qos}", qos=qos)
        one.publish(case.topic(), "own", qos)
        one.take(case.topic(), "own", qos=qos)
    one.disconnect()


def test_subprotocol(case):
    for offered in ("mqtt", "mqttv3.1", "other, mqtt", "mqtt,other", "mqttv3.1, mqtt"):
        one = peer(case, protocol=offered)
        # [MQTT-6.0.0-3] is the client's; [MQTT-6.0.0-4] [MQTT3-6.0.0-4]: "mqtt" comes back
        answered = one.headers["sec-websocket-protocol"]
        assert answered in offered and answered in ("mqtt", "mqttv3.1"), (offered, answered)
        assert "sec-websocket-extensions" not in one.headers
        one.connect()


def test_path_and_letters(case):
    for path in ("/mqtt", "/"):
        peer(case, path=path).connect()
    one = peer(case, drop=("Upgrade", "Connection"), upgrade="WebSocket",
               CONNECTION="keep-alive, Upgrade")
    one.connect()


@versions(4, 5)
def test_a_byte_in_each_frame(case, version):
    one = peer(case, version)
    said = wire.connect(one.client_id, version) + wire.subscribe(1, ("a", 1), version=version)
    said += wire.publish(case.topic(), "m", 1, 2, version) + wire.pingreq()
    for byte in said:
        one.send(bytes([byte]))  # [MQTT-6.0.0-2] [MQTT3-6.0.0-2]
    one.expect("CONNACK")
    one.answer("SUBACK", 1)
    one.expect("PUBACK")
    one.expect("PINGRESP")


@versions(4, 5)
def test_several_packets_in_one_frame(case, version):
    one = peer(case, version)
    one.send(wire.connect(one.client_id, version), wire.pingreq(),
             wire.subscribe(1, ("a", 1), version=version), wire.pingreq())  # [MQTT-6.0.0-2]
    one.expect("CONNACK")
    one.answer("SUBACK", 1)
    one.expect("PINGRESP")
    one.expect("PINGRESP")


def test_all_in_one_segment_with_the_upgrade(case):
    """The first frames may follow the request at once."""
    one = peer(case)
    one.socket.close()
    one.socket = socket.create_connection(case.server.address, timeout=8)
    said = frame(BINARY, wire.connect(one.client_id)) + frame(BINARY, wire.pingreq())
    one.socket.sendall(request("%s:%d" % case.server.address) + said)
    assert read_head(one.socket)[0] == 101
    one.expect("CONNACK")
    one.expect("PINGRESP")


def test_fragments(case):
    one = client(case)
    one.subscribe(case.topic(), 0)
    packet = wire.publish(case.topic(), "x" * 1000)
    for pieces in (2, 3, 50):
        step = len(packet) // pieces + 1
        parts = [packet[at:at + step] for at in range(0, len(packet), step)]
        for number, part in enumerate(parts):
            one.send_frames(frame(BINARY if number == 0 else CONTINUATION, part,
                                  fin=number == len(parts) - 1))
            one.send_frames(frame(PING, b"between"))  # control frames may stand between
        one.take(case.topic(), "x" * 1000)
    one.send_frames(frame(BINARY, b"", fin=False), frame(CONTINUATION, b"", fin=False),
                    frame(CONTINUATION, b""), frame(BINARY, b""), frame(BINARY, wire.pingreq()))
    one.expect("PINGRESP")  # [MQTT-6.0.0-2]: empty ones are nothing
    assert set(one.pongs) == {b"between"}  # one PONG may answer several PINGs


def test_every_length(case):
    """Frames with lengths of 7, 16 and 64 bits, both ways."""
    one = client(case)
    one.subscribe(case.topic(), 1)
    for size in (0, 90, 125, 126, 127, 500, 65535, 65536, 300_000):
        one.publish(case.topic(), b"x" * size, 1)
        one.take(case.topic(), b"x" * size)


def test_ping(case):
    one = client(case)
    for payload in (b"", b"hello", b"x" * 125):
        one.send_frames(frame(PING, payload))
        found = one.next_frame()
        assert (found.opcode, found.payload, found.fin) == (PONG, payload, True), found
    one.send_frames(frame(PONG, b"unasked"))
    one.expect_nothing()


def test_close(case):
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic("will"))
    for number, payload in enumerate((b"", b"\x03\xe8", b"\x03\xe9going away")):
        one = client(case, name=f"c{number}", will=wire.will(case.topic("will"), "closed"))
        one.send_frames(frame(CLOSE, payload))
        found = one.next_frame()
        assert found.opcode == CLOSE, found
        assert one.next_frame() is None
        watcher.take(case.topic("will"), "closed")  # no DISCONNECT came


def test_connection_lost(case):
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic("will"))
    client(case, will=wire.will(case.topic("will"), "lost")).drop()
    watcher.take(case.topic("will"), "lost")


BROKEN = {
    "a text frame": (frame(TEXT, wire.pingreq()), (1003, 1002)),
    "an empty text frame": (frame(TEXT), (1003, 1002)),
    "a text frame in fragments": (frame(TEXT, b"\xc0", fin=False), (1003, 1002)),
    "no mask": (frame(BINARY, wire.pingreq(), masked=False), (1002,)),
    "reserved bit 1": (frame(BINARY, wire.pingreq(), reserved=4), (1002,)),
    "reserved bit 3": (frame(BINARY, wire.pingreq(), reserved=1), (1002,)),
    "reserved opcode 3": (frame(3, b"x"), (1002,)),
    "reserved opcode 7": (frame(7, b"x"), (1002,)),
    "reserved opcode 11": (frame(11, b"x"), (1002,)),
    "reserved opcode 15": (frame(15, b"x"), (1002,)),
    "a long ping": (frame(PING, b"x" * 126), (1002,)),
    "a ping in fragments": (frame(PING, b"x", fin=False), (1002,)),
    "a close in fragments": (frame(CLOSE, b"", fin=False), (1002,)),
    "a close of one byte": (frame(CLOSE, b"x"), (1002,)),
    "a continuation of nothing": (frame(CONTINUATION, wire.pingreq()), (1002,)),
    "a new message inside another": (frame(BINARY, b"", fin=False) + frame(BINARY, b""), (1002,)),
    "a frame of 2 MiB": (frame(BINARY, b"\xc0\0", length=2 << 20), (1009, 1002)),
    "a frame of 2^63": (frame(BINARY, b"\xc0\0", length=1 << 63), (1009, 1002)),
}


def test_broken_frames(case):
    """[MQTT-6.0.0-1] [MQTT3-6.0.0-1]: anything but binary frames ends the connection."""
    healthy = case.client(name="healthy")
    healthy.subscribe(case.topic(), 1)
    wrong = []
    for number, (name, (data, codes)) in enumerate(BROKEN.items()):
        one = client(case, name=f"c{number}")
        one.send_frames(data)
        try:
            packet = one.receive(3)
            if packet.kind == "DISCONNECT":
                packet = one.receive(3)
            wrong.append(f"{name}: got {packet}")
        except Closed:
            if one.close_code not in (None, *codes):
                wrong.append(f"{name}: closed with {one.close_code}, expected {codes}")
        except AssertionError as error:
            wrong.append(f"{name}: {error}")
        healthy.publish(case.topic(), name, 1)
        healthy.take(case.topic(), name)
    assert not wrong, "\n" + "\n".join(wrong)


def test_malformed_packet_inside(case):
    one = client(case)
    one.send(b"\x36\x00")
    one.expect("DISCONNECT", code=0x81)
    one.expect_closed()


def refused(case, *statuses, **values):
    connection, status, _ = upgrade(case.server.address, **values)
    connection.close()
    assert status in statuses, (values, status)


def test_no_subprotocol_of_ours(case):
    for offered in (None, "chat", "mqtt5"):
        refused(case, 400, 426, 403, protocol=offered)


def test_origin(case):
    """A page from elsewhere must not reach a server on loopback."""
    host = "%s:%d" % case.server.address
    peer(case, Origin=f"http://{host}").connect()
    for origin in ("http://evil.example", f"http://{host}.evil.example", "null",
                   f"http://evil.example/{host}", "https://127.0.0.1.evil.example"):
        refused(case, 403, Origin=origin)


def test_host(case):
    """A name that was pointed at loopback is not ours. (DNS rebinding)"""
    port = case.server.address[1]
    for host in (f"localhost:{port}", f"[::1]:{port}", f"127.0.0.1:{port}"):
        peer(case, host=host).connect()
    for host in ("evil.example", f"evil.example:{port}", f"localhost.evil.example:{port}"):
        refused(case, 403, 400, 421, host=host)


def test_bad_upgrades(case):
    refused(case, 400, 426, Sec_WebSocket_Version="12")
    refused(case, 400, drop=("Sec-WebSocket-Key",))
    refused(case, 400, Sec_WebSocket_Key="short")
    refused(case, 404, 403, path="/elsewhere")


@settings('limits.packet="2KiB"')
def test_packet_limit(case):
    one = client(case)
    one.send(wire.publish(case.topic(), b"x" * 3000)[:500])  # its header says enough
    one.expect("DISCONNECT", code=0x95)
    one.expect_closed()


main(globals())

"""Frames that RFC 6455 forbids end the connection with the right code, and nobody else is affected."""

import socket

from edges import websocket_rows
from edges.rows import walk
from peer import Closed, WebSocketPeer, main, wire
from peer.websocket_peer import BINARY, CLOSE, CONTINUATION, PING, PONG, frame
from peer.reader import parse, split


def connected(case, name="odd", **values):
    one = case.add(WebSocketPeer(case.server.address, client_id=case.id(name)))
    one.connect(**values)
    return one


def reaction(one, until_pingresp):
    """What comes, in the words of websocket_rows.py, to the end or to a PINGRESP."""
    words, stream = [], bytearray()
    while True:
        try:
            found = one.next_frame()
        except ConnectionError:
            found = None
        if found is None:
            return " ".join([*words, "end"])
        if found.opcode == CLOSE:
            words.append(f"close:{int.from_bytes(found.payload[:2], 'big')}")
        elif found.opcode == PONG:
            words.append(f"pong:{found.payload.hex()}")
        else:
            assert found.opcode in (BINARY, CONTINUATION), found
            stream += found.payload
        while packet := split(stream):
            del stream[:packet[3]]
            packet = parse(*packet[:3], b"", one.version)
            code = f":{packet.code:02x}" if packet.kind == "DISCONNECT" else ""
            words.append(packet.kind.lower() + code)
            if until_pingresp and packet.kind == "PINGRESP":
                return " ".join(words)


def attempt(case, send):
    def one_row(row):
        one = connected(case)
        try:
            send(one, row.data)
            return reaction(one, row.reaction.endswith("pingresp"))
        finally:
            one.drop()
    return one_row


def test_every_row(case):
    walk(case, websocket_rows.rows(), attempt(case, lambda one, data: one.send_frames(data)), 200)


def test_every_row_a_byte_at_a_time(case):
    """The server may answer, and close, before the last byte is out."""
    def send(one, data):
        for at in range(len(data)):
            try:
                one.socket.send(data[at:at + 1])
            except ConnectionError:
                return
    short = (row for row in websocket_rows.rows() if len(row.data) < 200)
    walk(case, short, attempt(case, send), 150)


def test_cut_at_every_byte(case):
    """A frame may stop anywhere; what is whole before the cut counts, and the will goes out."""
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic("will"))
    whole = (frame(BINARY, wire.publish(case.topic("m"), b"x" * 130)) + frame(PING, b"ab") +
             frame(BINARY, b"\xc0", fin=False) + frame(CONTINUATION, b"\0"))
    for at in range(len(whole) + 1):
        one = connected(case, will=wire.will(case.topic("will"), f"cut at {at}"))
        one.send_frames(whole[:at])
        one.socket.shutdown(socket.SHUT_WR)
        while one.next_frame():
            pass
        watcher.take(case.topic("will"), f"cut at {at}")
        one.drop()


def test_nothing_after_a_close_or_an_error_counts(case):
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic())
    late = frame(BINARY, wire.publish(case.topic(), "too late"))
    for first in (frame(CLOSE), frame(CLOSE, b"\x03\xe8"), frame(3), frame(BINARY, b"", reserved=4),
                  frame(PING, b"", fin=False), frame(CONTINUATION), frame(CLOSE, b"x")):
        one = connected(case)
        one.send_frames(frame(BINARY, wire.publish(case.topic(), "in time")) + first + late * 3)
        watcher.take(case.topic(), "in time")
        while one.next_frame():
            pass
        one.drop()
    case.fence(case.client(name="other"), watcher)


def test_pings_without_end(case):
    """Someone who pings and never reads costs neither memory nor anybody else's time."""
    healthy = case.client(name="healthy")
    healthy.subscribe(case.topic(), 1)
    one = connected(case)
    one.socket.settimeout(0.2)
    pings, sent = frame(PING, b"x" * 125) * 500, 0
    try:
        while sent < 20_000_000:
            sent += one.socket.send(pings)
    except TimeoutError:
        pass  # the server stopped reading: as good
    healthy.publish(case.topic(), "m", 1)
    healthy.take(case.topic(), "m")


def test_before_connect(case):
    """An upgrade alone gives no rights: the first packet is a CONNECT here too. [MQTT-3.1.0-1]"""
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic())
    for data in (wire.pingreq(), wire.publish(case.topic(), "m"), wire.subscribe(1, ("#", 0)),
                 wire.disconnect(), b"\x20\2\0\0",
                 b"\x10" + wire.varint(200_000), b"\xff" * 20, b"GET / HTTP/1.1\r\n\r\n"):
        one = case.add(WebSocketPeer(case.server.address))
        one.send(data)
        try:
            packet = one.receive()
            assert packet.kind in ("CONNACK", "DISCONNECT") and packet.code >= 0x80, packet
            one.receive()
            raise AssertionError(f"{data!r} was served")
        except Closed:
            pass
    case.fence(case.client(name="other"), watcher)


main(globals())

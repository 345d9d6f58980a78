"""HTTP requests of strangers get the one answer they deserve, and nobody else is affected."""

import re
import socket
import time

from edges import http_rows
from edges.rows import walk
from peer import Peer, WebSocketPeer, main, settings, timed, wire
from peer.websocket_peer import BINARY, frame, request

SHORT = ('limits.connect_timeout="2s"',)
QUICK = 0.3  # seconds without an answer that count as none
HEADERS = {"content-type", "content-length", "x-content-type-options", "connection", "allow",
           "cache-control", "sec-websocket-version"}


def check_answer(head, body):
    """One answer, and nothing in it that tells a stranger more than it has to."""
    names = {line.partition(b":")[0].decode().lower() for line in head.split(b"\r\n")[1:]}
    assert names <= HEADERS, f"headers {names - HEADERS}"
    length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
    assert len(body) in (0, length), f"{len(body)} bytes for {length}"
    assert b"HTTP/1." not in body, "a second answer"
    assert not re.search(rb"\d+\.\d+\.\d+|0x[0-9a-f]{6}|\.cpp|/work|/home|evil", head + body), body


def speak_mqtt(case, connection):
    """What an upgraded connection answers to CONNECT: 101, or "refused" when it may not."""
    one = WebSocketPeer.__new__(WebSocketPeer)
    Peer.__init__(one, None, 5, case.id("odd"), connection)
    one.data, one.close_code, one.pongs = bytearray(), None, []
    one.socket.sendall(frame(BINARY, wire.connect(one.client_id)))
    packet = one.receive()
    assert packet.kind == "CONNACK", packet
    return "refused" if packet.code >= 0x80 else "101"


def converse(case, data, pieces=None):
    """The reaction to the request in the words of http_rows.py."""
    connection = socket.create_connection(case.server.address, timeout=8)
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces or [data]:
                connection.sendall(piece)
        except ConnectionError:
            pass  # it was answered before its end
        answer = b""
        connection.settimeout(QUICK)
        try:
            while more := connection.recv(65536):
                answer += more
                head, end, _ = answer.partition(b"\r\n\r\n")
                if end and b" 101 " in head.split(b"\r\n")[0]:
                    connection.settimeout(8)
                    return speak_mqtt(case, connection)
        except TimeoutError:
            assert not answer, f"half an answer: {answer[:200]!r}"
            return "none"
        except ConnectionError:
            pass
    if not answer:
        return "end"
    if answer[0] >> 4 in (2, 14):
        return "end"  # a CONNACK or DISCONNECT: it was no HTTP to begin with
    head, _, body = answer.partition(b"\r\n\r\n")
    check_answer(head, body)
    return head.split(b" ")[1].decode()


def bytes_of(case, text):
    host, port = case.server.address
    text = text.replace("HOST", f"{host}:{port}").replace("PORT", str(port))
    return text.encode("latin-1" if all(ord(c) < 256 for c in text) else "utf-8")


def test_every_row(case):
    walk(case, http_rows.rows(), lambda row: converse(case, bytes_of(case, row.data)), 350)


def test_in_two_pieces(case):
    """A request cut at any byte is the same request."""
    data = bytes_of(case, http_rows.upgrade(Origin="http://HOST"))
    bad = bytes_of(case, http_rows.upgrade(Origin="http://evil.example"))
    for at in range(1, len(data), 3):
        assert converse(case, data, (data[:at], data[at:])) == "101", data[:at]
        assert converse(case, bad, (bad[:at], bad[at:])) == "403", bad[:at]


def test_cut_short(case):
    """The end of a request that is not whole is the end: nothing is made of its beginning."""
    data = bytes_of(case, http_rows.plain())
    for at in range(1, len(data)):
        with socket.create_connection(case.server.address, timeout=8) as connection:
            connection.sendall(data[:at])
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(65536)
            assert b"200" not in answer and b"<title>" not in answer, (data[:at], answer)


@timed
@settings(*SHORT)
def test_slow_headers(case):
    """Whoever sends its request drop by drop is closed when a CONNECT would have been due."""
    healthy = case.client(name="healthy")
    healthy.subscribe(case.topic(), 1)
    starts = [b"", b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ",
              request("localhost")[:-2], request("localhost"),  # upgraded, but no CONNECT
              bytes_of(case, http_rows.plain("POST / HTTP/1.1", "Content-Length: 60000"))]
    open_ones = []
    for start in starts * 10:
        connection = socket.create_connection(case.server.address, timeout=8)
        connection.sendall(start)
        open_ones.append(connection)
    began = time.monotonic()
    for _ in range(12):
        for connection in open_ones:
            try:
                connection.send(b"y")
            except ConnectionError:
                pass
        healthy.publish(case.topic(), "m", 1)
        healthy.take(case.topic(), "m")
        time.sleep(0.1)
    for connection in open_ones:
        try:
            while connection.recv(65536):
                pass
        except ConnectionError:
            pass
        connection.close()
    assert time.monotonic() - began < 5, "slow requests were waited for"


main(globals())

"""A Peer over WebSocket: upgrade and frames written by hand. (RFC 6455)"""

import base64
import hashlib
import socket
from dataclasses import dataclass

from .client import PATIENCE, Peer

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
KEY = base64.b64encode(b"sixteen bytes ok").decode()
ACCEPT = base64.b64encode(
    hashlib.sha1((KEY + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
MASK = b"\x37\xfa\x21\x3d"


@dataclass
class Frame:
    opcode: int
    payload: bytes
    fin: bool = True


def frame(opcode, payload=b"", fin=True, masked=True, reserved=0, length=None):
    """A frame as a client sends it; `length` announces another length than the payload's."""
    length = len(payload) if length is None else length
    out = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    mask = 0x80 if masked else 0
    if length < 126:
        out += bytes([mask | length])
    elif length < 65536:
        out += bytes([mask | 126]) + length.to_bytes(2, "big")
    else:
        out += bytes([mask | 127]) + length.to_bytes(8, "big")
    if not masked:
        return out + payload
    key = (MASK * (len(payload) // 4 + 1))[:len(payload)]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return out + MASK + mixed.to_bytes(len(payload), "big")


def request(host, path="/mqtt", protocol="mqtt", drop=(), **more):
    """The upgrade request; `drop` leaves headers out, `more` adds or replaces some."""
    headers = {"Host": host, "Upgrade": "websocket", "Connection": "Upgrade",
               "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13"}
    if protocol:
        headers["Sec-WebSocket-Protocol"] = protocol
    headers.update({name.replace("_", "-"): value for name, value in more.items()})
    lines = [f"{name}: {value}\r\n" for name, value in headers.items() if name not in drop]
    return (f"GET {path} HTTP/1.1\r\n" + "".join(lines) + "\r\n").encode()


def read_head(connection):
    """The answer's status and headers, names in lower case."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(1)
        assert more, f"closed in the answer's head: {data!r}"
        data += more
    first, *lines = data.decode().split("\r\n")[:-2]
    headers = dict(line.split(": ", 1) for line in lines)
    return int(first.split()[1]), {name.lower(): value for name, value in headers.items()}


def upgrade(address, path="/mqtt", protocol="mqtt", host=None, drop=(), **more):
    """Sends the request on a new connection; returns it, the status and the headers."""
    connection = socket.create_connection(address, timeout=PATIENCE)
    connection.sendall(request(host or "%s:%d" % address, path, protocol, drop, **more))
    return connection, *read_head(connection)


class WebSocketPeer(Peer):
    def __init__(self, address, version=5, client_id="", **values):
        connection, status, headers = upgrade(address, **values)
        super().__init__(address, version, client_id, connection)
        assert status == 101, (status, headers)
        assert headers["sec-websocket-accept"] == ACCEPT, headers
        assert headers["upgrade"].lower() == "websocket", headers
        assert headers["connection"].lower() == "upgrade", headers
        self.headers, self.data, self.close_code, self.pongs = headers, bytearray(), None, []

    def send(self, *packets):
        self.socket.sendall(frame(BINARY, b"".join(packets)))

    def send_frames(self, *frames):
        self.socket.sendall(b"".join(frames))

    def take_bytes(self, count):
        while len(self.data) < count:
            more = self.socket.recv(65536)
            if not more:
                return None
            self.data += more
        out = bytes(self.data[:count])
        del self.data[:count]
        return out

    def next_frame(self):
        """The next frame of the server, None at the end of the connection."""
        head = self.take_bytes(2)
        if head is None:
            return None
        assert not head[0] & 0x70, f"reserved bits: {head.hex()}"
        assert not head[1] & 0x80, "a server does not mask"
        length = head[1] & 0x7F
        if length > 125:
            size = 2 if length == 126 else 8
            length = int.from_bytes(self.take_bytes(size), "big")
            assert length >= (126 if size == 2 else 65536), "length not the shortest"
        payload = self.take_bytes(length)
        assert payload is not None, "closed inside a frame"
        return Frame(head[0] & 15, payload, bool(head[0] & 0x80))

    def more(self):
        while True:
            found = self.next_frame()
            if found is None:
                return None
            if found.opcode == CLOSE:
                self.close_code = int.from_bytes(found.payload[:2], "big")
                return None
            if found.opcode == PONG:
                self.pongs.append(found.payload)
                return b""
            # [MQTT-6.0.0-1] [MQTT3-6.0.0-1]: control packets are in binary frames only.
            assert found.opcode in (BINARY, CONTINUATION), found
            if found.payload:
                return found.payload

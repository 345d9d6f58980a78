"""Hand-written bytes on a socket, where no client library would send or show them."""

import socket
import ssl


class Raw:
    """One connection; reads are bounded in time, and the end of the stream is an empty read."""

    def __init__(self, case, where, prefix=b"", ca=None, cert=None):
        """`where` is (host, port) or the path of a Unix socket; `prefix` goes out before TLS."""
        if isinstance(where, tuple):
            self.socket = socket.create_connection(where, 10)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(10)
            self.socket.connect(str(where))
        case.addCleanup(self.close)
        if prefix:
            self.socket.sendall(prefix)
        if ca:
            context = ssl.create_default_context(cafile=str(ca))
            if cert:
                context.load_cert_chain(*map(str, cert))
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    @property
    def address(self):
        """Our end, as the server's log names it."""
        return "{}:{}".format(*self.socket.getsockname()[:2])

    def send(self, data):
        self.socket.sendall(data)

    def packet(self):
        """The next MQTT packet as (first byte, body); None when the server has closed."""
        first = self._read(1)
        if not first:
            return None
        length, shift = 0, 0
        while True:
            byte = self._read(1)[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return first[0], self._read(length)

    def rest(self):
        """Everything until the server closes."""
        parts = []
        while data := self._some(65536):
            parts.append(data)
        return b"".join(parts)

    def close(self):
        self.socket.close()

    def _read(self, count):
        data = b""
        while len(data) < count:
            more = self._some(count - len(data))
            if not more:
                return b""
            data += more
        return data

    def _some(self, count):
        try:
            return self.socket.recv(count)
        except TimeoutError:
            raise AssertionError("the server said nothing for 10 s and did not close") from None
        except (ConnectionResetError, ssl.SSLError):
            return b""


def text(value):
    """A UTF-8 Encoded String."""
    data = value.encode()
    return len(data).to_bytes(2, "big") + data


def connect(client_id, version=5, keep_alive=60):
    """A CONNECT with Clean Start, without properties; version 3 (3.1), 4 or 5."""
    body = text("MQIsdp" if version == 3 else "MQTT") + bytes([version, 2])
    body += keep_alive.to_bytes(2, "big") + (b"\0" if version == 5 else b"") + text(client_id)
    return bytes([0x10, len(body)]) + body


def connack_properties(body):
    """The properties of a version 5 CONNACK as {identifier: integer, text or list of pairs}."""
    sizes = {0x11: 4, 0x13: 2, 0x21: 2, 0x22: 2, 0x24: 1, 0x25: 1, 0x27: 4, 0x28: 1, 0x29: 1,
             0x2A: 1}
    data, found = body[3:], {}
    while data:
        identifier, data = data[0], data[1:]
        size = sizes.get(identifier)
        if size:
            found[identifier], data = int.from_bytes(data[:size], "big"), data[size:]
        else:
            length = int.from_bytes(data[:2], "big")
            found[identifier], data = data[2:2 + length].decode(), data[2 + length:]
    return found

"""A server that does to each connection what a test says, and counts them."""

import select
import socket
import threading


class FakeServer:
    """Listens on loopback; `behave(connection)` runs for each connection on a thread of its own.

    `connections` is how many there were; `overlaps` how many began before the one before had ended.
    """

    def __init__(self, case, behave, context=None):
        self._behave, self._context = behave, context
        self.connections = self.overlaps = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()
        case.addCleanup(self._close)

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if self._open and not _is_ended(self._open[-1]):
                self.overlaps += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            connection.settimeout(30)
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            self._behave(connection)
        except OSError:
            pass  # the client went away, or did not like our TLS
        finally:
            connection.close()

    def _close(self):
        self._listener.close()
        for connection in self._open:
            connection.close()


def _is_ended(connection):
    """Whether the other side has said that it sends no more; bytes may be left to read."""
    if connection.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    return bool(poll.poll(0))


def read_packet(connection):
    """One MQTT packet as (type, body); (0, b"") at the end."""
    first = connection.recv(1)
    if not first:
        return 0, b""
    length, shift = 0, 0
    while True:
        byte = connection.recv(1)
        if not byte:
            return 0, b""
        length |= (byte[0] & 127) << shift
        shift += 7
        if byte[0] < 128:
            break
    body = b""
    while len(body) < length:
        more = connection.recv(length - len(body))
        if not more:
            return 0, b""
        body += more
    return first[0] >> 4, body

"""Many raw connections at once, and bytes made beforehand: load that costs its maker little."""

import os
import resource
import selectors
import socket
import struct
import threading
import time

from peer import wire

ADDRESSES = 100  # of 127.0.0.0/8 that connections come from: a port for each would run out


def allow_files():
    """As many open files as the system lets us have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Swarm:
    """Connections to one port; closed with the test."""

    def __init__(self, case, port):
        self.address, self.sockets = ("127.0.0.1", port), []
        case.addCleanup(self.close)

    def open(self, count, receive_buffer=None):
        opened = []
        for _ in range(count):
            one = socket.socket()
            if receive_buffer:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            one.settimeout(20)
            one.connect(self.address)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened.append(one)
        self.sockets += opened
        return opened

    def clients(self, count, name, packets=lambda n: b"", **values):
        """Connections that are through with CONNECT and what `packets(n)` says behind it."""
        for begin in range(0, count, 200):
            opened = self.open(min(200, count - begin), values.pop("receive_buffer", None))
            for number, one in enumerate(opened, begin):
                one.sendall(wire.connect(f"{name}-{number}", **values) + packets(number))
            for one in opened:
                answer = one.recv(4)
                if len(answer) < 4 or answer[3]:
                    raise AssertionError(f"{name}: CONNECT was answered with {answer!r}")
        return self.sockets[-count:]

    def close(self, reset=False):
        for one in self.sockets:
            if reset:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.close()
        self.sockets = []

    def wait_closed(self, seconds):
        """Reads on all until the server has closed each; returns how many it has not."""
        waiting = selectors.DefaultSelector()
        for one in self.sockets:
            one.setblocking(False)
            waiting.register(one, selectors.EVENT_READ)
        until = time.monotonic() + seconds
        while waiting.get_map() and (left := until - time.monotonic()) > 0:
            for key, _ in waiting.select(left):
                try:
                    gone = not key.fileobj.recv(65536)
                except BlockingIOError:
                    continue
                except OSError:
                    gone = True
                if gone:
                    waiting.unregister(key.fileobj)
        count = len(waiting.get_map())
        waiting.close()
        return count


class Drain(threading.Thread):
    """Reads and forgets what comes to these connections, and counts its bytes."""

    def __init__(self, sockets):
        super().__init__(daemon=True)
        self.sockets, self.bytes, self.stopped = list(sockets), 0, False
        self.start()

    def run(self):
        waiting = selectors.DefaultSelector()
        for one in self.sockets:
            waiting.register(one.fileno(), selectors.EVENT_READ)
        while not self.stopped:
            for key, _ in waiting.select(0.1):
                try:
                    # Not by the socket's own method: whoever sends on it has given it patience.
                    got = len(os.read(key.fd, 1 << 18))
                except BlockingIOError:
                    continue
                except OSError:
                    got = 0
                self.bytes += got
                if not got:
                    waiting.unregister(key.fd)
        waiting.close()

    def wait(self, size, seconds):
        until = time.monotonic() + seconds
        while self.bytes < size:
            if time.monotonic() > until:
                raise AssertionError(f"{self.bytes} of {size} bytes came within {seconds} s")
            time.sleep(0.01)

    def stop(self):
        self.stopped = True
        self.join()

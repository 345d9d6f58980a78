"""One raw connection to the server under test: sends bytes, expects packets, waits on events."""

import select
import socket
import time
from collections import deque

from . import reader, wire

PATIENCE = 8  # seconds that an awaited event may take before a test fails


class Closed(AssertionError):
    """The server closed where a packet was expected."""


class Peer:
    def __init__(self, address, version=5, client_id="", connection=None):
        self.socket = connection or socket.create_connection(address, timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.version, self.client_id = version, client_id
        self.buffer, self.later, self.seen = bytearray(), deque(), deque(maxlen=12)
        self.connack = None
        self.pid = 0

    # What goes out.

    def send(self, *packets):
        self.socket.sendall(b"".join(packets))

    def next_pid(self):
        self.pid = self.pid % 65535 + 1
        return self.pid

    # What comes in.

    def receive(self, timeout=PATIENCE):
        """The next packet, in the order of the wire but for those set aside by `answer`."""
        return self.later.popleft() if self.later else self.read(timeout)

    def read(self, timeout=PATIENCE):
        deadline = time.monotonic() + timeout
        while not (found := reader.split(self.buffer)):
            self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                data = self.more()
            except TimeoutError:
                why = f"nothing within {timeout} s; before: {self.history()}"
                raise AssertionError(why) from None
            except ConnectionError:
                data = None
            if data is None:
                raise Closed(f"closed; before: {self.history()}")
            self.buffer += data
        kind, flags, body, size = found
        raw = bytes(self.buffer[:size])
        del self.buffer[:size]
        packet = reader.parse(kind, flags, body, raw, self.version)
        self.seen.append(packet)
        return packet

    def more(self):
        """More bytes of the MQTT stream; None at its end."""
        return self.socket.recv(65536) or None

    def history(self):
        return "; ".join(map(str, self.seen)) or "nothing"

    def expect(self, kind, timeout=PATIENCE, **fields):
        """The next packet is a `kind` with these fields."""
        packet = self.receive(timeout)
        assert packet.kind == kind, f"expected {kind} {fields}, got {packet}"
        for name, value in fields.items():
            got = getattr(packet, name)
            if name == "payload":
                value = wire.raw(value)
            assert got == value, f"expected {kind} {name}={value!r}, got {packet}"
        return packet

    def expect_bytes(self, expected):
        """The very bytes of the next packet."""
        packet = self.receive()
        assert packet.raw == expected, f"expected {expected.hex(' ')}, got {packet.raw.hex(' ')}"

    def expect_closed(self, timeout=PATIENCE):
        """The server closes, and says nothing more before it."""
        try:
            packet = self.receive(timeout)
        except Closed:
            self.socket.close()
            return
        raise AssertionError(f"expected the end, got {packet}")

    def expect_refusal(self, *codes, kind="DISCONNECT"):
        """v5: DISCONNECT (or CONNACK) with one of `codes`, then the end; 3.x: the end only."""
        if self.version == 5:
            packet = self.expect(kind)
            assert packet.code in codes, f"expected {[hex(c) for c in codes]}, got {packet}"
            self.expect_closed()
            return packet
        return self.expect_closed()

    def expect_nothing(self):
        """Nothing was on its way to this connection from the worker that serves it."""
        self.send(wire.pingreq())
        self.expect("PINGRESP")

    def answer(self, kind, pid):
        """The `kind` for `pid`; what else comes meanwhile is kept for `receive`."""
        while True:
            packet = self.read()
            if packet.kind == kind and packet.pid == pid:
                return packet
            self.later.append(packet)

    # Whole exchanges.

    def connect(self, code=0, **values):
        self.send(wire.connect(self.client_id, version=self.version, **values))
        self.connack = self.expect("CONNACK", code=code)
        return self.connack

    def subscribe(self, topic_filter, qos=0, props=b"", codes=None, **options):
        pid = self.next_pid()
        entry = (topic_filter, wire.options(qos, **options))
        self.send(wire.subscribe(pid, entry, version=self.version, props=props))
        suback = self.answer("SUBACK", pid)
        assert suback.codes == (codes or [qos]), f"expected {codes or [qos]}, got {suback}"
        return suback

    def unsubscribe(self, *filters):
        pid = self.next_pid()
        self.send(wire.unsubscribe(pid, *filters, version=self.version))
        return self.answer("UNSUBACK", pid)

    def publish(self, topic, payload=b"", qos=0, **values):
        """Sends a message and finishes its handshake; returns the last acknowledgement."""
        pid = self.next_pid() if qos else None
        self.send(wire.publish(topic, payload, qos, pid, version=self.version, **values))
        if qos == 0:
            return None
        if qos == 1:
            return self.answer("PUBACK", pid)
        received = self.answer("PUBREC", pid)
        if received.code >= 0x80:
            return received
        self.send(wire.pubrel(pid))
        return self.answer("PUBCOMP", pid)

    def take(self, topic=None, payload=None, timeout=PATIENCE, **fields):
        """The next packet is this PUBLISH; it is acknowledged to the end."""
        if topic is not None:
            fields["topic"] = topic
        if payload is not None:
            fields["payload"] = payload
        packet = self.expect("PUBLISH", timeout=timeout, **fields)
        self.acknowledge(packet)
        return packet

    def acknowledge(self, packet):
        if packet.qos == 1:
            self.send(wire.puback(packet.pid))
        elif packet.qos == 2:
            self.send(wire.pubrec(packet.pid))
            self.answer("PUBREL", packet.pid)
            self.send(wire.pubcomp(packet.pid))

    # Three ways to go.

    def disconnect(self, code=None, props=None):
        """DISCONNECT, and the server has seen it: it closed."""
        self.send(wire.disconnect(code, props))
        self.expect_closed()

    def drop(self):
        """Closes without a DISCONNECT; the server takes a moment to see it."""
        self.socket.close()

    def reset(self):
        """The network connection is reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()


def gather(peers, count, take=Peer.take):
    """Takes `count` messages from whichever of `peers` they come to; returns what each got."""
    got = [[] for _ in peers]
    while (missing := count - sum(map(len, got))) > 0:
        buffered = [peer for peer in peers if peer.later or reader.split(peer.buffer)]
        ready = buffered or select.select([peer.socket for peer in peers], [], [], PATIENCE)[0]
        assert ready, f"{missing} of {count} did not come"
        for peer, packets in zip(peers, got):
            if peer in ready or peer.socket in ready:
                packets.append(take(peer))
    return got

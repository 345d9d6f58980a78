"""Clients that keep their side of every promise over crashes of the server, and write down what came.

A client is a thread: it connects to whatever server there is, goes on where it was, and does so again when the connection
breaks. What it knows (identifiers in use, what was acknowledged, what it got) is its own and outlives the server.
"""

import threading
from collections import Counter, OrderedDict

from peer import wire
from peer.client import Closed, Peer

EXPIRY = wire.properties(session_expiry_interval=3600)
LOST_CONNECTION = (Closed, OSError, AssertionError)


class Client(threading.Thread):
    def __init__(self, broker, client_id, version):
        super().__init__(name=client_id, daemon=True)
        self.broker, self.client_id, self.version = broker, client_id, version
        self.ends, self.problems, self.had_session, self.missing_sessions = threading.Event(), [], False, 0
        self.is_here = False

    def run(self):
        while not self.ends.is_set():
            if not self.broker.is_up.wait(0.1):
                continue
            try:
                peer = self.connect()
            except LOST_CONNECTION:
                continue
            self.is_here = True
            try:
                self.talk(peer)
            except LOST_CONNECTION:
                pass
            finally:
                self.is_here = False
                peer.socket.close()

    def connect(self):
        address = self.broker.address
        if address is None:
            raise OSError("no server")
        peer = Peer(address, self.version, self.client_id)
        peer.connect(clean=False, props=EXPIRY if self.version == 5 else b"", keep_alive=0)
        if self.had_session and not peer.connack.present:
            self.missing_sessions += 1
            self.session_lost()
        self.had_session = True
        return peer

    def end(self):
        self.ends.set()
        self.join(20)


class Publisher(Client):
    """Sends 0, 1, 2, ... to one topic, a few at a time; `promised` is what the server acknowledged."""

    WINDOW = 16

    def __init__(self, broker, topic, qos, version, retain=False):
        super().__init__(broker, "from-" + topic.replace("/", "-"), version)
        self.topic, self.qos, self.retain = topic, qos, retain
        self.next, self.last_pid = 0, 0
        self.open = OrderedDict()  # Packet Identifier -> number, or None once PUBREC came
        self.promised = set()
        self.is_paused = threading.Event()

    def session_lost(self):
        pass  # what is open is sent again either way

    def talk(self, peer):
        for pid, number in self.open.items():
            peer.send(wire.pubrel(pid) if number is None else self.packet(peer, pid, number, dup=True))
        while not self.ends.is_set() or self.open:
            while len(self.open) < self.WINDOW and not self.ends.is_set():
                self.last_pid = self.last_pid % 65535 + 1
                pid, number = self.last_pid, self.next
                self.open[pid] = number
                self.next += 1
                peer.send(self.packet(peer, pid, number))
            self.take(peer, peer.receive())

    def packet(self, peer, pid, number, dup=False):
        return wire.publish(self.topic, str(number), self.qos, pid, version=self.version, retain=self.retain, dup=dup)

    def take(self, peer, packet):
        is_sent_again = packet.kind == "PUBCOMP" and packet.code == 0x92  # the first PUBCOMP was lost
        if packet.code is not None and packet.code >= 0x80 and not is_sent_again:
            self.problems.append(f"{self.client_id}: {packet}")
        if packet.kind == "PUBREC":
            number = self.open[packet.pid]
            if number is not None:
                self.promised.add(number)
            self.open[packet.pid] = None
            peer.send(wire.pubrel(packet.pid))
        elif packet.kind in ("PUBACK", "PUBCOMP"):
            number = self.open.pop(packet.pid)
            if number is not None:
                self.promised.add(number)


class Subscriber(Client):
    """Takes everything that matches its filters; `got[topic]` are the numbers in the order in which they came."""

    def __init__(self, broker, client_id, filters, version):
        super().__init__(broker, client_id, version)
        self.filters, self.got, self.received = filters, {}, set()

    def session_lost(self):
        self.received.clear()

    def subscribe(self):
        peer = self.connect()
        for topic_filter in self.filters:
            peer.subscribe(topic_filter, qos=2)
        peer.send(wire.disconnect())
        peer.socket.close()

    def count(self):
        return sum(len(numbers) for numbers in self.got.values())

    def talk(self, peer):
        while not self.ends.is_set():
            try:
                packet = peer.receive(timeout=0.5)
            except Closed:
                raise
            except AssertionError:
                continue  # nothing came
            if packet.kind == "PUBLISH" and packet.qos == 2:
                if packet.pid not in self.received:
                    self.received.add(packet.pid)
                    self.note(packet)
                peer.send(wire.pubrec(packet.pid))
            elif packet.kind == "PUBLISH":
                self.note(packet)
                peer.send(wire.puback(packet.pid))
            elif packet.kind == "PUBREL":
                self.received.discard(packet.pid)
                peer.send(wire.pubcomp(packet.pid))

    def note(self, packet):
        self.got.setdefault(packet.topic, []).append(int(packet.payload))


def first_arrivals(numbers):
    return list(OrderedDict.fromkeys(numbers))


def findings(publisher, arrived):
    """What went wrong with one publisher's messages on their way to one receiver: a Counter."""
    found, counts, firsts = Counter(), Counter(arrived), first_arrivals(arrived)
    found["lost"] = len(publisher.promised - set(firsts))
    if publisher.qos == 2:
        found["doubled"] = sum(count - 1 for count in counts.values())
    found["reordered"] = sum(1 for a, b in zip(firsts, firsts[1:]) if a > b)
    return found

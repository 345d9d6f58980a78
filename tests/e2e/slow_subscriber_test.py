"""A subscriber that stops reading costs nobody else anything, and gets what was kept for it."""

import os
import pathlib
import signal
import socket
import sys

from support.case import Case, ServerCase, main, needs_peal
from support.server import port_of
from support.tools import Tools

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
from peer import wire  # noqa: E402
from peer.client import Peer  # noqa: E402

EXPIRY = wire.properties(session_expiry_interval=3600)


def resident_bytes(pid):
    """The memory that a process holds now."""
    status = pathlib.Path(f"/proc/{pid}/statm").read_text().split()
    return int(status[1]) * os.sysconf("SC_PAGE_SIZE")


@needs_peal
class SlowSubscriber(ServerCase):
    def setUp(self):
        self.tools = Tools(self.server)

    def stopped(self, *arguments):
        """A subscriber that does not get to run until it is woken."""
        subscriber = self.tools.sub(self, *arguments)
        os.kill(subscriber.program.pid, signal.SIGSTOP)
        self.addCleanup(self.wake, subscriber)
        return subscriber

    def wake(self, subscriber):
        if subscriber.program.is_running():
            os.kill(subscriber.program.pid, signal.SIGCONT)

    def test_qos_1_waits_for_it_in_order(self):
        lines = [f"{n} {'x' * 200}" for n in range(5000)]
        slow = self.stopped("-q", "1", "-t", "slow/1")
        healthy = self.tools.sub(self, "-q", "1", "-t", "slow/1")
        self.tools.pub("-q", "1", "-t", "slow/1", "-l", stdin="\n".join(lines).encode())
        self.assertEqual(healthy.messages(5000), lines)
        self.wake(slow)
        self.assertEqual(slow.messages(5000), lines)

    def test_qos_0_is_dropped_beyond_the_limit(self):
        before = resident_bytes(self.server.program.pid)
        slow = self.stopped("-q", "1", "-t", "slow/0", "-t", "slow/end", "-F", "%t %l")
        healthy = self.tools.sub(self, "-q", "1", "-t", "slow/0", "-t", "slow/end",
                                 "-F", "%t %l")
        self.tools.pub("-t", "slow/0", "-m", "x" * 100_000, "--repeat", "400",
                       "--repeat-delay", "0.002")
        self.tools.pub("-q", "1", "-t", "slow/end", "-m", "end")
        healthy.program.wait_line("^slow/end 3")
        grown = resident_bytes(self.server.program.pid) - before
        if not os.environ.get("PEAL_SANITIZE"):  # A sanitizer keeps what was freed.
            self.assertLess(grown, 10 << 20, "the server keeps what nobody reads")
        self.wake(slow)
        slow.program.wait_line("^slow/end 3")
        counts = [sum(x == "slow/0 100000" for x in s.messages(1)) for s in (slow, healthy)]
        self.assertLess(counts[0], counts[1], "nothing was dropped")
        self.assertGreater(counts[1], 350, "a healthy subscriber paid for a slow one")


@needs_peal
class Stalled(Case):
    def test_who_takes_nothing_is_closed(self):
        """And what waits for its session goes on waiting."""
        program = self.serve("-p", "0", "--set", "queue.unsent_timeout=1s")
        address = "127.0.0.1", port_of(program)
        stalled = self.peer(address, "stalled", small=True)
        publisher = self.peer(address, "publisher")
        stalled.connect(props=EXPIRY)
        publisher.connect()
        stalled.subscribe("much", 1)
        for _ in range(32):  # 8 MiB: more than its socket takes
            publisher.publish("much", b"x" * (256 << 10), 1)
        program.wait_line("client lost .*queue.unsent_timeout", stream="err", timeout=30)
        publisher.publish("much", b"end", 1)
        again = self.peer(address, "stalled")
        self.assertTrue(again.connect(clean=False, props=EXPIRY).present)
        while again.expect("PUBLISH").payload != b"end":
            pass

    def peer(self, address, client_id, small=False):
        connection = socket.socket()
        self.addCleanup(connection.close)
        if small:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
        connection.connect(address)
        return Peer(address, 5, client_id, connection)


if __name__ == "__main__":
    main()

"""A subscriber that stops reading costs nobody else anything, and gets what was kept for it."""

import os
import pathlib
import signal

from support.case import ServerCase, main, needs_peal
from support.tools import Tools


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


if __name__ == "__main__":
    main()

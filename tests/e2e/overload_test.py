"""Under every kind of load a well-behaved client's QoS 1 round trip stays under 250 ms at the 99th
percentile, it is never disconnected, and the server's memory stays under a limit and comes back.

PEAL_OVERLOAD multiplies the sizes: 1 is for every day, 10 has a million retained messages. On a machine
that is busy with something else the limit grows by as much as the server's workers wait for a processor.
"""

import os
import pathlib
import shutil
import sys
import tempfile
import time

from support.case import Case, main, needs_peal
from support.program import run
from support.server import PEAL, WORKERS, port_of

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
from peer import wire  # noqa: E402
from peer.client import Peer  # noqa: E402
from support.canary import Canary  # noqa: E402
from support.swarm import Drain, Swarm, allow_files  # noqa: E402

SANITIZED = bool(os.environ.get("PEAL_SANITIZE"))
SCALE = float(os.environ.get("PEAL_OVERLOAD") or (0.2 if SANITIZED else 1))
LATENCY_LIMIT = 1000 if SANITIZED else 250  # milliseconds at the 99th percentile; a sanitizer is that much slower
MIB = 1 << 20
ROOM = (24 + 8 * int(WORKERS)) * MIB  # what the allocator may keep of what was given back
CONNECT_TIMEOUT = 2
QUEUE_BYTES, UNSENT_BYTES, INFLIGHT = 1 * MIB, MIB // 2, 256
CONFIG = f"""
[limits]
connect_timeout = "{CONNECT_TIMEOUT}s"
[queue]
bytes = "{QUEUE_BYTES}B"
unsent = "{UNSENT_BYTES}B"
[session]
inflight = {INFLIGHT}
[ban]
bad_login = "off"
[[listener]]
bind = "127.0.0.1:0"
[auth]
anonymous_user = "guest"
[[role]]
name = "all"
users = ["*"]
allow = [{{ all = "#" }}]
"""


ENOUGH = 150  # round trips to measure in each phase


def scaled(count):
    return max(int(count * SCALE), 1)


@needs_peal
class Overload(Case):
    @classmethod
    def setUpClass(cls):
        allow_files()

    def setUp(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-overload-"))
        self.addCleanup(shutil.rmtree, folder, True)
        passwords = folder / "passwd"
        for user, kind in (("canary", "sha512"), ("other", "argon2id")):
            done = run([PEAL, "passwd", "-H", kind, "-b", *([] if passwords.exists() else ["-c"]), passwords, user,
                        "of " + user])
            self.assertEqual(done.code, 0, done)
        config = folder / "peal.toml"
        config.write_text(CONFIG + f'[[auth.source]]\ntype = "file"\npath = "{passwords}"\n')
        self.program = self.serve("-c", config)
        self.port = port_of(self.program)
        self.canary = Canary(self, self.port, "canary", "of canary")
        self.swarm = Swarm(self, self.port)
        time.sleep(0.5)
        self.canary.lap()
        self.before, self.ran_before = self.resident(), self.ran()

    def resident(self):
        status = pathlib.Path(f"/proc/{self.program.pid}/statm").read_text().split()
        return int(status[1]) * os.sysconf("SC_PAGE_SIZE")

    def ran(self):
        """Seconds that the server's workers have run, and waited for a processor, so far."""
        run, waited = 0, 0
        for task in pathlib.Path(f"/proc/{self.program.pid}/task").iterdir():
            nice = int((task / "stat").read_text().rpartition(")")[2].split()[16])
            if nice <= os.nice(0):  # not those that hash passwords, which step back on purpose
                times = (task / "schedstat").read_text().split()
                run, waited = run + int(times[0]) / 1e9, waited + int(times[1]) / 1e9
        return run, waited

    def strain(self):
        """How much longer the workers took because the processors were given to others: 1 when not at all."""
        run, waited = (now - before for now, before in zip(self.ran(), self.ran_before))
        self.ran_before = self.ran()
        return (run + waited) / run if run > 0.01 else 1

    def files(self):
        return len(os.listdir(f"/proc/{self.program.pid}/fd"))

    def measured(self, what, growth_limit):
        """Ends a phase: the canary lives and was served, and memory is where it may be."""
        lap, grown, strain = self.canary.lap(ENOUGH), self.resident() - self.before, self.strain()
        print(f"\n  {what}: {lap['count']} round trips, median {lap['p50']:.1f} ms, p99 {lap['p99']:.1f} ms, "
              f"longest {lap['max']:.1f} ms; strain {strain:.1f}; memory +{grown / MIB:.1f} MiB (limit {growth_limit / MIB:.0f})", file=sys.stderr)
        self.assertLess(lap["p99"], LATENCY_LIMIT * strain, what)
        if not SANITIZED:  # A sanitizer keeps what was freed.
            self.assertLess(grown, growth_limit, f"{what}: memory")

    def returns(self, limit, seconds=6):
        """What the load took is given back, descriptors too."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            grown = self.resident() - self.before
            if (grown < limit or SANITIZED) and self.files() < 40:
                print(f"  afterwards +{grown / MIB:.1f} MiB (limit {limit / MIB:.0f})", file=sys.stderr)
                self.canary.lap()
                return
            time.sleep(0.05)
        self.fail(f"afterwards memory +{grown / MIB:.1f} MiB (limit {limit / MIB:.0f}), {self.files()} descriptors")

    def a_while(self, seconds=1.5):
        """Numbers from 0 on until so much time has passed: load lasts long enough to be measured."""
        until, number = time.monotonic() + seconds, 0
        while number == 0 or time.monotonic() < until:
            yield number
            number += 1

    def client(self, name, **values):
        peer = Peer(("127.0.0.1", self.port), 5, name)
        self.addCleanup(peer.socket.close)
        peer.connect(**values)
        return peer

    def test_half_open_connections(self):
        """2000 strangers that stop in the middle of a sentence: each costs little, and not for long."""
        count = scaled(2000)
        upgrade = (b"GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                   b"Sec-WebSocket-Protocol: mqtt\r\n\r\n")
        large = wire.connect("x", will=wire.will("t", b"w" * 60_000))
        beginnings = [b"", wire.connect("x")[:5], large[:-1], upgrade[:-2], upgrade]
        for number, one in enumerate(self.swarm.open(count)):
            one.sendall(beginnings[number % len(beginnings)])
        left = self.swarm.wait_closed(CONNECT_TIMEOUT + 4)
        self.measured(f"{count} half open", count * 32 * 1024 + 8 * MIB)
        self.assertEqual(left, 0, "half open connections were not closed")
        self.swarm.close()
        self.returns(ROOM)

    def test_subscribers_that_do_not_read(self):
        count, size = scaled(40), 10_000
        readers = self.swarm.clients(count, "deaf", lambda n: wire.subscribe(1, ("storm/#", n % 2)), receive_buffer=4096)
        publisher = self.client("loud")
        limit = count * (QUEUE_BYTES + UNSENT_BYTES + MIB) + 32 * MIB
        for qos in (0, 1, 0, 1):
            for _ in self.a_while():
                for _ in range(100):
                    publisher.publish("storm/x", b"s" * size, qos)
            self.measured(f"{count} do not read, QoS {qos}", limit)
        self.assertEqual(len(readers), count)
        self.swarm.close(reset=True)
        self.returns(ROOM)

    def test_a_hundred_thousand_filters(self):
        sessions, each, limit = scaled(100), 1000, int((64 + 160 * int(WORKERS)) * MIB * max(SCALE, 1))

        def filters(number, first=0):
            shapes = (f"f/{number}/%d", f"f/+/{number}-%d/#", f"f/%d/+/{number}", f"+/%d/{number}", f"$share/{number}/f/%d/#")
            return [shapes[n % len(shapes)] % n for n in range(first, first + each)]

        def subscribe(number, first=0):
            entries = [(one, 0) for one in filters(number, first)]
            return wire.subscribe(1, *entries[:500]) + wire.subscribe(2, *entries[500:])
        members = self.swarm.clients(sessions, "filters", subscribe)
        drain = Drain(members)
        drain.wait(sessions * (each + 2 * 5), 30)
        self.measured(f"{sessions * each} filters", limit)
        time.sleep(0.5)
        answers, due = 4 * (500 + 6), drain.bytes
        for turn in self.a_while(2):
            for number, one in enumerate(members):
                gone = filters(number, turn * each)
                one.sendall(wire.unsubscribe(3, *gone[:500]) + wire.unsubscribe(4, *gone[500:]) +
                            subscribe(number, (turn + 1) * each))
                due += answers
        drain.wait(due, 60)
        self.measured(f"{sessions * each} filters that come and go", limit)
        publisher = self.client("publisher")
        for _ in self.a_while():
            for number in range(200):
                publisher.publish(f"f/{number % 100}/{number % 1000}", b"x", number % 2)
        self.measured("published among them", limit)
        drain.stop()
        self.swarm.close()
        self.returns(limit)  # the index keeps its nodes for the next filters
        self.measured("filters taken away", limit)

    def test_many_retained_messages(self):
        count, size = scaled(100_000), 64
        publisher = self.client("publisher")

        def publish(payload):
            for begin in range(0, count, 1000):
                end = min(begin + 1000, count)
                publisher.send(*(wire.publish(f"retained/{n % 1000}/{n}", payload, 0, retain=True) for n in range(begin, end)))
            publisher.publish("retained-end", b"", 1)
        publish(b"r" * size)
        self.measured(f"{count} retained", count * 1024 + 16 * MIB)
        readers = []
        for number in self.a_while(2):
            one = Drain(self.swarm.clients(1, f"reader-{number}", lambda n: wire.subscribe(1, ("retained/#", 0))))
            readers.append(one)
            one.wait(count * (size + 16), 60)
        self.measured(f"all sent to {len(readers)} subscribers, one by one", count * 1024 + 32 * MIB)
        deaf = self.swarm.clients(20, "deaf", lambda n: wire.subscribe(1, ("retained/#", 1)), receive_buffer=4096)
        time.sleep(1)
        self.measured("twenty more ask and do not read", count * 1024 + 20 * (QUEUE_BYTES + UNSENT_BYTES + MIB) + 32 * MIB)
        for reader in readers:
            reader.stop()
        self.swarm.close(reset=True)
        self.assertEqual(len(deaf), 20)
        publish(b"")
        self.measured("deleted", count * 1024 + 32 * MIB)
        self.returns(count * 256 + ROOM)

    def test_a_storm_of_messages(self):
        """Eight publishers that send as fast as they can, and eight subscribers who keep up or not."""
        subscribers = self.swarm.clients(8, "reader", lambda n: wire.subscribe(1, (f"storm/{n}", 0)))
        drain = Drain(subscribers)
        publishers = self.swarm.clients(8, "publisher")
        storms = [wire.publish(f"storm/{n}", b"s" * 64) * 800 for n in range(8)]
        until = time.monotonic() + max(4 * SCALE, 2)
        sent = 0
        for one in publishers:
            one.settimeout(0.05)
        while time.monotonic() < until:
            for one, storm in zip(publishers, storms):
                try:
                    one.sendall(storm)  # a storm cut short ends its connection with a malformed packet: as good
                    sent += 800
                except (TimeoutError, ConnectionError):
                    pass
        self.measured(f"{sent} messages", 64 * MIB)
        self.assertGreater(drain.bytes, 64 * 1000)
        drain.stop()
        self.swarm.close()
        self.returns(ROOM)

    def test_qos_2_that_is_never_released(self):
        count = scaled(200)

        def publishes(number):
            return b"".join(wire.publish(f"never/{number}", b"q" * 100, 2, pid) for pid in range(1, INFLIGHT + 1))
        watcher = Drain(self.swarm.clients(1, "watcher", lambda n: wire.subscribe(1, ("never/#", 0))))
        stubborn = self.swarm.clients(count, "stubborn", publishes, props=wire.properties(session_expiry_interval=60))
        watcher.wait(count * INFLIGHT * 100, 20)
        self.measured(f"{count * INFLIGHT} not released", count * 32 * 1024 + 32 * MIB)
        for one in stubborn:
            one.sendall(wire.publish("never/more", b"q", 2, INFLIGHT + 1))
        self.swarm.sockets = stubborn
        self.assertEqual(self.swarm.wait_closed(10), 0, "beyond the Receive Maximum nobody was closed (0x93)")
        # And the other way: subscribers that take a message and never finish with it.
        takers = self.swarm.clients(count, "taker", lambda n: wire.subscribe(1, ("given/#", 2)))
        publisher = self.client("giver")
        for _ in range(scaled(500)):
            publisher.publish("given/x", b"q" * 100, 2)
        self.measured(f"{count} that do not finish QoS 2", count * 128 * 1024 + 64 * MIB)
        watcher.stop()
        self.assertEqual(len(takers), count)
        self.swarm.close()
        ended = self.swarm.clients(count, "stubborn", clean=True)
        self.assertEqual(len(ended), count)
        self.swarm.close()
        self.returns(ROOM)

    def test_a_flood_of_wills(self):
        """Thousands die at once; each will arrives, and nobody else waits for it."""
        count, size = scaled(2000), 1000
        watcher = Drain(Swarm(self, self.port).clients(3, "watcher", lambda n: wire.subscribe(1, ("wills/#", 0))))
        for turn in self.a_while(3):
            before = watcher.bytes
            self.swarm.clients(count, f"mortal-{turn}", will=wire.will("wills/x", b"w" * size))
            self.swarm.close(reset=True)
            watcher.wait(before + 3 * count * size, 30)
        self.measured(f"{turn + 1} times {count} wills", count * 16 * 1024 + 32 * MIB)
        watcher.stop()
        for one in watcher.sockets:
            one.close()
        self.returns(ROOM)

    def log_in_once(self):
        """Has the right password known; a busy machine may need longer for it than a connection may wait."""
        for _ in range(20):
            peer = Peer(("127.0.0.1", self.port), 5, "other")
            peer.send(wire.connect("other", user="other", password="of other"))
            code = peer.expect("CONNACK", timeout=30).code
            peer.drop()
            if code == 0:
                return
        self.fail("the right password was never let in")

    def test_a_flood_of_wrong_passwords(self):
        """Each costs an argon2id; nobody who is connected notices, and who logged in before still can."""
        self.log_in_once()
        until, tried = time.monotonic() + max(5 * SCALE, 3), 0
        while time.monotonic() < until:
            opened = self.swarm.open(50)
            for one in opened:
                tried += 1
                one.sendall(wire.connect(f"guess-{tried}", user=("other", f"nobody-{tried}")[tried % 2], password=f"guess {tried}"))
            began = time.monotonic()
            known = Peer(("127.0.0.1", self.port), 5, "known")
            known.connect(user="other", password="of other")
            known.drop()
            self.assertLess(time.monotonic() - began, 2, "a right password had to wait for wrong ones")
            for one in opened[:5]:
                one.settimeout(0.05)
                try:
                    answer = one.recv(4)
                    self.assertNotEqual(answer[3:], b"\0", "a wrong password got in")
                except TimeoutError:
                    pass
        self.measured(f"{tried} wrong passwords", 400 * MIB)
        self.swarm.close()
        time.sleep(0.5)
        self.returns(64 * MIB, 30)


if __name__ == "__main__":
    main()

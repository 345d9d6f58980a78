"""The limits of the server as a whole are reached: what is beyond is refused, the rest is served, and it recovers."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from support.case import Case, main, needs_peal
from support.raw import Raw, connect
from support.server import PEAL, WORKERS, port_of

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
from peer import wire  # noqa: E402
from peer.client import Closed, Peer  # noqa: E402

PROXY_FROM = "PROXY TCP4 {} 192.0.2.1 4000 1883\r\n"


class LimitCase(Case):
    def limited(self, *settings, listener=None):
        """A server with these settings; `listener` is TOML of its only listener."""
        arguments = [word for each in settings for word in ("--set", each)]
        if listener is None:
            arguments += ["-p", "0"]
        else:
            file = self.folder() / "peal.toml"
            file.write_text(f'[[listener]]\nbind = "127.0.0.1:0"\n{listener}\n')
            arguments += ["-c", file]
        self.program = self.serve(*arguments)
        self.address = "127.0.0.1", port_of(self.program)
        return self.program

    def folder(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-limits-"))
        self.addCleanup(shutil.rmtree, folder, True)
        return folder

    def peer(self, client_id="", version=5):
        peer = Peer(self.address, version, client_id)
        self.addCleanup(peer.socket.close)
        return peer

    def connected(self, client_id, version=5, **values):
        peer = self.peer(client_id, version)
        peer.connect(**values)
        return peer

    def logged(self, pattern, count=1, timeout=15):
        return self.program.wait_line(pattern, timeout=timeout, stream="err", count=count)

    def eventually(self, attempt, patience=10):
        """Repeats `attempt` until it raises nothing."""
        until = time.monotonic() + patience
        while True:
            try:
                return attempt()
            except AssertionError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)


@needs_peal
class OfAnAddress(LimitCase):
    def test_connections(self):
        self.limited("limits.connections_per_address=2")
        first, second = self.connected("a"), self.connected("b")
        self.peer("c").expect_closed()
        self.logged("connection refused .*too many from this address.*limits.connections_per_address")
        first.expect_nothing()
        second.disconnect()
        self.eventually(lambda: self.connected("d"))

    def test_new_connections_in_a_second(self):
        self.limited('limits.connect_rate_per_address="1/s burst 3"')
        peers = [self.peer(str(number)) for number in range(6)]
        let_in = 0
        for peer in peers:
            try:
                peer.connect()
                let_in += 1
            except (Closed, OSError):
                pass
        self.assertIn(let_in, (3, 4, 5))  # a slow machine has seconds in between
        self.logged("too fast from this address.*limits.connect_rate_per_address")
        self.eventually(lambda: self.connected("later"))

    def test_behind_a_proxy_the_header_says_which(self):
        self.limited("limits.connections_per_address=1", listener='proxy_protocol = "required"\nanonymous = "yes"')
        kept = []
        for address, is_let_in in (("192.0.2.7", True), ("192.0.2.7", False), ("192.0.2.8", True)):
            raw = Raw(self, self.address, prefix=PROXY_FROM.format(address).encode())
            raw.send(connect("c" + str(len(kept))))
            self.assertEqual(raw.packet() is not None, is_let_in, address)
            kept.append(raw)
        self.logged("too many from this address")
        kept[0].close()

        def again():
            raw = Raw(self, self.address, prefix=PROXY_FROM.format("192.0.2.7").encode())
            raw.send(connect("again"))
            self.assertIsNotNone(raw.packet())
        self.eventually(again)


    def test_a_proxy_that_is_not_in_the_list(self):
        proxied = 'proxy_protocol = "required"\nanonymous = "yes"\n'
        self.limited(listener=proxied + 'proxy_from = ["192.0.2.0/24"]')
        raw = Raw(self, self.address)
        self.assertEqual(raw.rest(), b"")
        self.logged("not one of the proxies that are believed.*the listener's proxy_from")
        self.limited(listener=proxied + 'proxy_from = ["192.0.2.0/24", "127.0.0.1"]')
        raw = Raw(self, self.address, prefix=PROXY_FROM.format("192.0.2.7").encode())
        raw.send(connect("c"))
        self.assertIsNotNone(raw.packet())


@needs_peal
class Connections(LimitCase):
    def test_in_total(self):
        self.limited("limits.connections=2")
        first, second = self.connected("a"), self.connected("b")
        self.peer("c").expect_closed()
        self.logged("connection refused .*limits.connections")
        first.expect_nothing()
        second.disconnect()
        self.eventually(lambda: self.connected("d"))

    def test_of_a_listener(self):
        self.limited(listener="max_connections = 1")
        first = self.connected("a")
        self.peer("b").expect_closed()
        self.logged("connection refused .*max_connections")
        first.disconnect()
        self.eventually(lambda: self.connected("b"))

    def test_descriptors_are_kept_in_reserve(self):
        """Of 100 descriptors 64 are for other things; what is beyond the rest is closed, and nothing spins."""
        command = ["prlimit", "--nofile=100", PEAL, "serve", "-p", "0", "--data", "", "--workers", WORKERS]
        self.program = self.start(*command)
        self.program.wait_line("^ready")
        self.address = "127.0.0.1", port_of(self.program)
        kept = [self.connected(str(number)) for number in range(36)]
        more = [self.peer() for _ in range(80)]
        for peer in more:
            peer.expect_closed()
        before, began = cpu_seconds(self.program.pid), time.monotonic()
        time.sleep(1)
        self.assertLess((cpu_seconds(self.program.pid) - before) / (time.monotonic() - began), 0.5)
        kept[0].expect_nothing()
        kept[1].disconnect()
        self.eventually(lambda: self.connected("again"))

    def test_more_connections_than_descriptors_are_not_promised(self):
        command = ["prlimit", "--nofile=100", PEAL, "serve", "-p", "0", "--data", "", "--set", "limits.connections=5000"]
        self.program = self.start(*command)
        self.logged("limits.connections is lowered.*36 connections")

    def test_the_oldest_that_is_not_let_in_yet_makes_room(self):
        self.limited("limits.unauthenticated=3")
        known = self.connected("known")
        silent = []
        for _ in range(5):
            silent.append(self.peer())
            known.expect_nothing()  # so that they come in order
        self.logged("client refused .*limits.unauthenticated", count=2)
        let_in = []
        for number, peer in enumerate(silent):
            peer.client_id = f"late-{number}"
            try:
                peer.connect()
                let_in.append(number)
            except (Closed, OSError):
                pass
        self.assertEqual(len(let_in), 3)
        if WORKERS == "1":  # several of them accept in what order they like
            self.assertEqual(let_in, [2, 3, 4])
        known.expect_nothing()

    def test_silence_is_limited_in_time(self):
        self.limited('limits.connect_timeout="500ms"')
        silent, half, page = self.peer(), self.peer(), self.peer()
        half.send(connect("half")[:-2])
        page.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        for peer in (silent, half, page):
            peer.expect_closed()


@needs_peal
class Http(LimitCase):
    def get(self, request):
        raw = Raw(self, self.address)
        raw.send(request.replace("\n", "\r\n").encode())
        return raw.rest()[:12].decode()

    def test_headers(self):
        self.limited()
        page = "GET / HTTP/1.1\nHost: localhost\n"
        upgrade = "GET /mqtt HTTP/1.1\nHost: localhost\nUpgrade: websocket\nConnection: Upgrade\n" \
                  "Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Protocol: mqtt\n"
        for request, status in ((page + "X: " + "x" * 12_000 + "\n\n", 200),
                                (page + "X: " + "x" * 17_000 + "\n\n", 431),
                                (page + "X: x\n" * 60 + "\n", 200),
                                (page + "X: x\n" * 63 + "\n", 431),
                                (upgrade + "X: " + "x" * 9_000 + "\n\n", 431)):
            self.assertEqual(self.get(request), f"HTTP/1.1 {status}", request[:100])

    def test_connections(self):
        self.limited("limits.http_connections=2")
        page = "GET / HTTP/1.1\nHost: localhost\n\n"
        self.assertEqual(self.get(page), "HTTP/1.1 200")
        half = [Raw(self, self.address) for _ in range(2)]
        for raw in half:
            raw.send(b"GET / HTTP/1.1\r\n")
        self.eventually(lambda: self.assertEqual(self.get(page), "HTTP/1.1 503"))
        self.connected("mqtt")
        half[0].close()
        self.eventually(lambda: self.assertEqual(self.get(page), "HTTP/1.1 200"))


@needs_peal
class Sessions(LimitCase):
    def test_in_total(self):
        self.limited("session.sessions=2")
        self.connected("a").drop()
        kept = self.connected("b", props=wire.properties(session_expiry_interval=60), clean=False)
        self.eventually(lambda: self.connected("c"))
        self.peer("d").connect(code=0x97)
        self.peer("e", version=4).connect(code=3)
        kept.expect_nothing()

    def test_of_a_user(self):
        folder = self.folder()
        for arguments in (["-c", "-b", folder / "passwd", "anna", "a"], ["-b", folder / "passwd", "ben", "b"]):
            subprocess.run([PEAL, "passwd", *map(str, arguments)], check=True, capture_output=True)
        file = folder / "peal.toml"
        file.write_text('[[listener]]\nbind = "127.0.0.1:0"\n[[auth.source]]\ntype = "file"\n'
                        f'path = "{folder}/passwd"\n'
                        '[[role]]\nname = "all"\nusers = ["*"]\nallow = [{ all = "#" }]\n[session]\nper_user = 2\n')
        self.program = self.serve("-c", file)
        self.address = "127.0.0.1", port_of(self.program)
        anna = {"user": "anna", "password": "a"}
        first = self.connected("1", **anna)
        self.connected("2", **anna)
        self.peer("3").connect(code=0x97, **anna)
        self.peer("3", version=4).connect(code=3, **anna)
        self.connected("4", user="ben", password="b")
        for number in range(4):
            self.connected(f"nobody-{number}")  # who has no name is not counted
        first.disconnect()
        self.eventually(lambda: self.connected("3", **anna))

    def test_subscriptions(self):
        self.limited("limits.subscriptions=3")
        first, second = self.connected("a"), self.connected("b", version=4)
        first.subscribe("1")
        first.subscribe("2")
        second.subscribe("3")
        first.subscribe("4", codes=[0x97])
        second.subscribe("4", codes=[0x80])
        first.subscribe("2", qos=1)  # replaces
        first.unsubscribe("1")
        self.eventually(lambda: second.subscribe("4"))


@needs_peal
class Memory(LimitCase):
    LIMIT = 256 << 20
    ROOM = wire.properties(session_expiry_interval=3600)

    def publish_until_silent(self, peer):
        """Fills until nothing is answered any more; returns the Packet Identifier of what waits."""
        for _ in range(10_000):
            pid = peer.next_pid()
            peer.send(wire.publish("queue", bytes(100_000), 1, pid))
            self.most = max(self.most, resident(self.program.pid))
            try:
                peer.expect("PUBACK", timeout=2, pid=pid)
            except Closed:
                raise
            except AssertionError:
                return pid
        self.fail("memory never ran out")

    def test_is_never_exceeded_and_comes_back(self):
        if os.environ.get("PEAL_SANITIZE"):
            self.skipTest("a sanitizer keeps what was freed")
        self.limited(f'limits.memory="{self.LIMIT >> 20}MiB"', 'queue.bytes="unlimited"')
        self.most = 0
        sleeper = self.connected("sleeper", clean=False, props=self.ROOM)
        sleeper.subscribe("queue", qos=1)
        sleeper.drop()
        canary, old = self.connected("canary"), self.connected("old", version=4)
        canary.subscribe("canary")
        waiting, other = self.connected("waiting"), self.connected("other")
        pid = self.publish_until_silent(waiting)
        self.logged("memory is tight")
        self.logged("memory is exhausted.*limits.memory")
        # Who is there is served; who is new has to wait, and so has whoever publishes.
        began = time.monotonic()
        canary.expect_nothing()
        canary.subscribe("canary/2")
        old.expect_nothing()
        self.assertLess(time.monotonic() - began, 2)
        self.peer("new").connect(code=0x89)
        self.peer("new", version=4).connect(code=3)
        other.send(wire.publish("queue", b"x", 2, 1))
        old.send(wire.publish("queue", b"x", 1, 1, version=4))
        canary.publish("canary", "dropped")
        canary.expect_nothing()
        for peer in (other, old, waiting):
            with self.assertRaisesRegex(AssertionError, "nothing within"):
                peer.read(timeout=0.3)
        self.assertLess(self.most, self.LIMIT)
        self.assertGreater(self.most, self.LIMIT * 3 // 4)
        # The sleeper's messages go; with them there is memory for everybody.
        Peer(self.address, 5, "sleeper").connect(clean=True)
        self.logged("memory is enough again", timeout=30)
        waiting.expect("PUBACK", pid=pid)
        other.expect("PUBREC", pid=1)
        old.expect("PUBACK", pid=1)
        self.connected("new")
        canary.publish("canary", "back")
        canary.take("canary", "back", qos=0)


@needs_peal
class LogLines(LimitCase):
    def test_of_one_cause_are_counted(self):
        self.limited("log.rate=2")
        for _ in range(8):
            peer = self.peer()
            peer.send(b"\x30\x03\x00\x01a")
            peer.expect_closed()
        time.sleep(1.1)
        self.connected("quiet")
        self.logged("lines left out reason=\"client refused\" detail=\"[1-9]")
        self.assertLess(sum(" client refused " in line for line in self.program.errors), 8)


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid):
    return int(open(f"/proc/{pid}/statm").read().split()[1]) * os.sysconf("SC_PAGESIZE")


if __name__ == "__main__":
    main()

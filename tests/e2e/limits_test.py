"""The limits of the server as a whole are reached: what is beyond is refused, the rest is served, and it recovers."""

import os
import sys
import time

from support.case import Case, main, needs_peal
from support.raw import Raw, connect
from support.server import port_of

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
        import pathlib
        import shutil
        import tempfile
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


if __name__ == "__main__":
    main()

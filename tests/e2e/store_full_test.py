"""A full disk: nothing is acknowledged that is not safe, QoS 0 goes on, and with room everything does.

The state lies in a small file system of its own, in a mount namespace that a sleeping process holds open.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from support.case import Case, main, needs_peal
from support.program import Program
from support.server import PEAL, WORKERS, port_of

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
from peer import wire  # noqa: E402
from peer.client import Closed, Peer  # noqa: E402

EXPIRY = wire.properties(session_expiry_interval=3600)
MOUNT = 'mount -t tmpfs -o size=200m tmpfs "$0" && echo mounted && exec sleep 600'


def can_mount():
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("nsenter"):
        return False
    with tempfile.TemporaryDirectory() as folder:
        command = ["unshare", "--mount", "--propagation", "private", "mount", "-t", "tmpfs", "tmpfs", folder]
        return subprocess.run(command, capture_output=True).returncode == 0


class SmallDisk(Case):
    """A server whose state is on a file system of 200 MB."""

    settings = ()

    def setUp(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-full-"))
        self.addCleanup(shutil.rmtree, folder, True)
        holder = self.start("unshare", "--mount", "--propagation", "private", "sh", "-c", MOUNT, folder)
        holder.wait_line("mounted")
        self.holder, self.folder = holder, folder
        self.inside = pathlib.Path(f"/proc/{holder.pid}/root") / str(folder).lstrip("/")
        self.start_server()

    def start_server(self):
        command = ["nsenter", "-t", str(self.holder.pid), "-m", PEAL, "serve", "-p", "0",
                   "--data", str(self.folder / "state"), "--workers", WORKERS, "--set", "queue.bytes=1GiB"]
        command += [word for each in self.settings for word in ("--set", each)]
        self.program = Program(command)
        self.addCleanup(self.program.stop)
        self.program.wait_line("^ready")
        self.address = "127.0.0.1", port_of(self.program)

    def peer(self, client_id, version=5):
        peer = Peer(self.address, version, client_id)
        self.addCleanup(peer.socket.close)
        peer.connect(clean=False, props=EXPIRY if version == 5 else b"")
        return peer

    def peer_without_session(self, client_id):
        peer = Peer(self.address, 5, client_id)
        self.addCleanup(peer.socket.close)
        peer.connect()
        return peer

    def fill(self, leave=0):
        """Fills the file system, but for `leave` bytes."""
        with open(self.inside / "fill", "wb", buffering=0) as file:
            try:
                while os.statvfs(self.inside).f_bavail * os.statvfs(self.inside).f_frsize >= leave + 65536:
                    file.write(bytes(65536))
                while not leave:
                    file.write(bytes(4096))
            except OSError:
                pass


@needs_peal
@unittest.skipUnless(can_mount(), "may not mount a file system")
class FullDisk(SmallDisk):
    settings = ("store.min_free=off",)

    def publish_until_full(self, peer):
        """Returns the Packet Identifiers of what was acknowledged, and the one that was not."""
        acknowledged = []
        for _ in range(2000):
            pid = peer.next_pid()
            peer.send(wire.publish("queue", bytes(100_000), 1, pid))
            try:
                packet = peer.receive(timeout=1)
            except Closed:
                raise
            except AssertionError:
                return acknowledged, pid
            self.assertEqual((packet.kind, packet.code or 0), ("PUBACK", 0))
            acknowledged.append(pid)
        self.fail("the disk never got full")

    def test_what_is_not_safe_is_not_acknowledged(self):
        sleeper = self.peer("sleeper")
        sleeper.subscribe("queue", qos=1)
        sleeper.drop()
        listener = self.peer("listener")
        listener.subscribe("live")
        giver = self.peer("giver")
        self.assertEqual(giver.publish("queue", "before", qos=1).code or 0, 0)
        self.fill()
        acknowledged, silent = self.publish_until_full(giver)
        self.program.wait_line("nothing is acknowledged until there is room again .1\\d\\d MiB", stream="err")
        # Who asks now is told so; who wants a session that would have to be kept, too.
        other = self.peer_without_session("other")
        self.assertEqual(other.publish("queue", "refused", qos=1).code, 0x97)
        self.assertEqual(other.publish("queue", "refused", qos=2).code, 0x97)
        Peer(self.address, 5, "newcomer").connect(code=0x88, clean=False, props=EXPIRY)
        # QoS 0 keeps flowing.
        giver.send(wire.publish("live", "still here"))
        listener.take("live", "still here", qos=0)

        (self.inside / "fill").unlink()
        self.program.wait_line("has room again", stream="err", timeout=20)
        self.assertEqual(giver.answer("PUBACK", silent).code or 0, 0)  # it is safe now
        self.assertEqual(giver.publish("queue", "after", qos=1).code or 0, 0)
        self.program.kill()
        self.start_server()
        sleeper = self.peer("sleeper")
        got = [sleeper.take("queue", qos=1).payload for _ in range(len(acknowledged) + 3)]
        self.assertEqual((got[0][:9], got[-1][:9]), (b"before", b"after"))
        sleeper.expect_nothing()

    def test_older_versions_are_disconnected_instead(self):
        sleeper = self.peer("sleeper")
        sleeper.subscribe("queue", qos=1)
        sleeper.drop()
        giver = self.peer("giver", version=4)
        self.fill()
        self.publish_until_full(self.peer("other"))
        giver.send(wire.publish("queue", "x", 1, 1, version=4))
        giver.expect_closed()
        self.assertTrue(self.program.is_running())
        self.program.kill()  # with a full disk a stop tries once more, which takes its time

    def test_a_full_disk_refuses_the_start(self):
        self.program.stop()
        self.fill()
        command = ["nsenter", "-t", str(self.holder.pid), "-m", PEAL, "serve", "-p", "0",
                   "--data", str(self.folder / "other")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("No space", done.stderr)
        self.assertIn("room", done.stderr)
        self.assertIn(str(self.folder / "other"), done.stderr)


@needs_peal
@unittest.skipUnless(can_mount(), "may not mount a file system")
class LittleRoom(SmallDisk):
    """Less room than store.min_free: refused before the disk is full, and taken again by itself."""

    settings = ("store.min_free=40MiB",)

    def test_nothing_is_taken_in(self):
        keeper, giver = self.peer("keeper"), self.peer_without_session("giver")
        old = self.peer("old", version=4)
        keeper.subscribe("#", qos=2)
        self.assertEqual(giver.publish("a", "before", qos=1).code or 0, 0)
        keeper.take("a", "before")
        self.fill(leave=20 << 20)
        self.program.wait_line("MiB of room, store.min_free is 40 MiB: nothing is taken in", stream="err")
        self.assertEqual(giver.publish("a", "refused", qos=1).code, 0x97)
        self.assertEqual(giver.publish("a", "refused", qos=2).code, 0x97)
        self.assertEqual(giver.publish("a", "refused", qos=1, retain=True).code, 0x97)
        giver.publish("r", "refused", retain=True)
        old.send(wire.publish("a", "refused", 1, 1, version=4))
        old.expect_closed()
        Peer(self.address, 5, "newcomer").connect(code=0x88, clean=False, props=EXPIRY)
        giver.send(wire.publish("a", "still here"))
        keeper.take("a", "still here", qos=0)
        (self.inside / "fill").unlink()
        self.program.wait_line("it takes messages again", stream="err")
        self.assertEqual(giver.publish("a", "after", qos=1).code or 0, 0)
        keeper.take("a", "after")
        late = self.peer_without_session("late")
        late.subscribe("r")
        late.expect_nothing()
        self.assertEqual(self.program.stop(), 0)


if __name__ == "__main__":
    main()

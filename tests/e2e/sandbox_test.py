"""`peal serve` in its sandbox does all that it does outside, and a file that it makes is its owner's alone."""

import os
import pathlib
import shutil
import signal
import socket
import stat
import sys
import tempfile
import time

from support.case import Case, main, needs_peal
from support.certificates import Certificates
from support.paho import Client
from support.program import run
from support.server import PEAL, port_of
from support.tools import Tools

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
from peer import wire  # noqa: E402
from peer.client import Peer  # noqa: E402

EXPIRY = wire.properties(session_expiry_interval=3600)
BAD_USER_NAME_OR_PASSWORD = 0x86

LISTENERS = """
[[listener]]
name = "plain"
bind = "127.0.0.1:0"
[[listener]]
name = "named"
bind = "localhost:0"
[[listener]]
name = "local"
bind = "unix:{folder}/mqtt.sock"
[[listener]]
name = "secure"
bind = "127.0.0.1:0"
[listener.tls]
cert = "{certificates.cert}"
key = "{certificates.key}"
[[auth.source]]
type = "file"
path = "{folder}/passwd"
[acl]
file = "{folder}/acl"
"""


class SandboxCase(Case):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-sandbox-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.state = self.folder / "state"
        # A sanitizer looks for leaks from a second process, which the sandbox forbids.
        self.environment = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
        for name in ("INVOCATION_ID", "NOTIFY_SOCKET", "SYSTEMD_EXEC_PID"):
            self.environment.pop(name, None)

    def start_server(self, *arguments, **more):
        self.program = self.serve(*arguments, data=str(self.state), env={**self.environment, **more})

    def status(self, task=None):
        """/proc/PID/status of the process, or of one of its threads, as a dictionary."""
        path = pathlib.Path(f"/proc/{self.program.pid}") / (f"task/{task}" if task else "")
        return dict(line.split(":\t", 1) for line in (path / "status").read_text().splitlines() if ":\t" in line)

    def states(self):
        """(NoNewPrivs, Seccomp) of every thread, as a set."""
        tasks = [x.name for x in pathlib.Path(f"/proc/{self.program.pid}/task").iterdir()]
        self.assertGreater(len(tasks), 3)
        found = [self.status(task) for task in tasks]
        return {(x["NoNewPrivs"], x["Seccomp"]) for x in found}


@needs_peal
class Everything(SandboxCase):
    """One server with all that it can do, in the sandbox."""

    def setUp(self):
        super().setUp()
        self.certificates = Certificates(self.folder)
        self.passwords, self.rules = self.folder / "passwd", self.folder / "acl"
        done = run([PEAL, "passwd", "-c", "-b", self.passwords, "anna", "right"])
        self.assertEqual(done.code, 0, done)
        self.rules.write_text("user anna\ntopic #\n")
        self.config = self.folder / "peal.toml"
        self.config.write_text(LISTENERS.format(folder=self.folder, certificates=self.certificates))
        self.run_server()

    def run_server(self):
        self.start_server("-c", self.config, "--set", "service.sandbox=on")
        self.address = self.host, self.port = "127.0.0.1", port_of(self.program, "plain")
        self.tls_port = port_of(self.program, "secure")
        self.ws_port, self.wss_port = self.port, self.tls_port
        self.tools = Tools(self)

    def peer(self, client_id, code=0, password="right", **values):
        peer = Peer(self.address, 5, client_id)
        self.addCleanup(peer.socket.close)
        peer.connect(code=code, user="anna", password=password, **values)
        return peer

    def test_every_thread_is_in_it(self):
        self.peer("c")  # who hashes passwords is there, too
        self.assertEqual(self.states(), {("1", "2")})

    def await_refusal(self, client, topic_filter):
        """Each worker takes new rules in its next iteration."""
        until = time.monotonic() + 10
        while time.monotonic() < until:
            packet_id = client.next_pid()
            client.send(wire.subscribe(packet_id, (topic_filter, 0)))
            if client.expect("SUBACK").codes == [0x87]:
                return
        self.fail("the new rules never hold")

    def test_clients_of_all_kinds_are_served(self):
        subscriber = self.peer("subscriber")
        subscriber.subscribe("#", qos=1)
        for kind in ("tcp", "tls", "ws", "wss"):
            client = Client(self, self, kind, version="5", kind=kind)
            client.paho.username_pw_set("anna", "right")
            client.connect()
            client.publish("from", kind, qos=1)
            subscriber.acknowledge(subscriber.take("from", kind))
            client.disconnect()
        done = run([PEAL, "pub", "--unix", f"{self.folder}/mqtt.sock", "-u", "anna", "-P", "right", "-t", "from", "-m", "unix"])
        self.assertEqual(done.code, 0, done)
        subscriber.acknowledge(subscriber.take("from", "unix"))
        self.tools.pub("-u", "anna", "-P", "right", "-q", "2", "-t", "from", "-m", "tool")
        subscriber.acknowledge(subscriber.take("from", "tool"))
        self.peer("wrong", code=BAD_USER_NAME_OR_PASSWORD, password="wrong")

    def test_rules_are_read_anew(self):
        client = self.peer("c")
        client.subscribe("a")
        self.rules.write_text("user anna\ntopic b\n")
        os.kill(self.program.pid, signal.SIGHUP)
        self.program.wait_line("were read anew", stream="err")
        self.await_refusal(client, "a")
        self.rules.write_text("nonsense\n")
        os.kill(self.program.pid, signal.SIGHUP)
        self.program.wait_line("stays as it was", stream="err")
        client.subscribe("b")

    def test_listeners_come_and_go(self):
        before = self.config.read_text()
        path = self.folder / "later.sock"
        self.config.write_text(before + f'\n[[listener]]\nname = "later"\nbind = "unix:{path}"\nunix_mode = 0o666\n')
        os.kill(self.program.pid, signal.SIGHUP)
        self.program.wait_line(r"read anew.*listener\[later\]: added", stream="err")
        self.assertEqual(path.stat().st_mode & 0o777, 0o666)
        self.config.write_text(before)
        os.kill(self.program.pid, signal.SIGHUP)
        self.program.wait_line(r"read anew.*listener\[later\]: removed", stream="err")
        self.assertFalse(path.exists())

    def test_what_is_acknowledged_outlasts_it(self):
        sleeper = self.peer("sleeper", clean=False, props=EXPIRY)
        sleeper.subscribe("wake/#", qos=2)
        sleeper.drop()
        publisher = self.peer("publisher")
        # More than RocksDB keeps in its log: it writes tables, deletes files and cleans up behind its back.
        for number in range(300):
            publisher.publish("wake/up", b"x" * 50_000 if number % 3 else b"small", qos=1)
            publisher.publish(f"kept/{number % 7}", str(number), qos=1, retain=True)
        for how in (signal.SIGTERM, signal.SIGKILL):
            code = self.program.stop(with_signal=how)
            self.assertEqual(code, 0 if how == signal.SIGTERM else -how, self.program.report())
            self.run_server()
            self.assertIn("1 session, 7 retained messages, 300 messages waiting", "\n".join(self.program.lines))
        sleeper = self.peer("sleeper", clean=False, props=EXPIRY)
        self.assertTrue(sleeper.connack.present)
        sleeper.take("wake/up")

    def test_it_stops_when_told(self):
        client = self.peer("c")
        self.assertEqual(self.program.stop(), 0, self.program.report())
        client.expect("DISCONNECT")


@needs_peal
class Choice(SandboxCase):
    def test_it_is_entered_when_systemd_starts_the_server(self):
        self.start_server("-p", "0")
        self.assertEqual(self.states(), {("0", self.status()["Seccomp"])})
        self.program.stop()
        if os.environ.get("PEAL_SANITIZE"):
            self.skipTest("a sanitizer looks at its own process from another one")
        for name in ("INVOCATION_ID", "NOTIFY_SOCKET"):
            with self.subTest(name):
                self.start_server("-p", "0", **{name: "/nowhere"})
                self.assertEqual(self.states(), {("1", "2")})
                self.program.stop()
        with self.subTest("a child of a service"):
            self.start_server("-p", "0", INVOCATION_ID="0123", SYSTEMD_EXEC_PID="1")
            self.assertEqual(self.status()["NoNewPrivs"], "0")
            self.program.stop()
        with self.subTest("switched off"):
            self.start_server("-p", "0", "--set", "service.sandbox=off", INVOCATION_ID="0123")
            self.assertEqual(self.status()["NoNewPrivs"], "0")

    def test_another_word_is_refused(self):
        done = run([PEAL, "serve", "-p", "0", "--data", "", "--set", "service.sandbox=maybe"])
        self.assertNotEqual(done.code, 0)
        self.assertIn("service.sandbox", done.err)


@needs_peal
class ServiceManager(SandboxCase):
    def test_it_hears_when_the_server_is_ready_and_when_it_stops(self):
        path = str(self.folder / "notify")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(listener.close)
        listener.bind(path)
        listener.settimeout(10)
        self.start_server("-p", "0", NOTIFY_SOCKET=path)
        self.assertEqual(listener.recv(100), b"READY=1")
        self.program.stop()
        self.assertEqual(listener.recv(100), b"STOPPING=1")


@needs_peal
class FileModes(SandboxCase):
    def test_what_it_makes_is_for_its_owner_alone(self):
        old = os.umask(0)
        try:
            self.start_server("-p", "0")
            peer = Peer(("127.0.0.1", port_of(self.program)), 5, "c")
            self.addCleanup(peer.socket.close)
            peer.connect(clean=False, props=EXPIRY)
            peer.publish("kept", "x", qos=1, retain=True)
            self.program.stop()
            self.start_server("-p", "0")
        finally:
            os.umask(old)
        made = [self.state, *self.state.rglob("*")]
        self.assertGreater(len(made), 4)
        for path in made:
            mode = stat.S_IMODE(path.lstat().st_mode)
            self.assertEqual(mode & 0o077, 0, f"{path}: {mode:o}")
            self.assertEqual(mode, 0o700 if path.is_dir() else mode & 0o600, f"{path}: {mode:o}")
        self.assertEqual(self.status()["Umask"], "0077")

    def test_a_password_file_for_all_to_read_is_warned_of_and_one_to_write_refused(self):
        passwords = self.folder / "passwd"
        done = run([PEAL, "passwd", "-H", "sha512", "-c", "-b", passwords, "anna", "right"])
        self.assertEqual(done.code, 0, done)
        config = self.folder / "peal.toml"
        config.write_text(f'[[listener]]\nbind = "127.0.0.1:0"\n[[auth.source]]\ntype = "file"\npath = "{passwords}"\n')
        self.start_server("-c", config)
        self.assertNotIn("may read", "\n".join(self.program.lines))
        self.program.stop()
        passwords.chmod(0o644)
        self.start_server("-c", config)
        self.program.wait_line("^warning .*every user of this machine may read")
        self.program.wait_line("every user of this machine may read the passwords", stream="err")
        self.program.stop()
        passwords.chmod(0o666)
        done = run([PEAL, "serve", "-c", config, "--data", ""])
        self.assertEqual(done.code, 1, done)
        self.assertIn("may be written by every user", done.err)


if __name__ == "__main__":
    main()

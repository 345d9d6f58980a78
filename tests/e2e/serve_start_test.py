"""`peal serve` says where it listens, takes --set and a file, and explains what is wrong."""

import pathlib
import re
import shlex
import shutil
import socket
import tempfile

from support.case import Case, main, needs_peal
from support.program import run
from support.raw import Raw, connack_properties, connect
from support.server import PEAL, port_of

# Identifiers of CONNACK's properties.
RECEIVE_MAXIMUM, MAXIMUM_PACKET_SIZE = 0x21, 0x27
TOPIC_ALIAS_MAXIMUM, SERVER_KEEP_ALIVE = 0x22, 0x13


@needs_peal
class Start(Case):
    def connack(self, program, name="default"):
        raw = Raw(self, ("127.0.0.1", port_of(program, name)))
        raw.send(connect("asks"))
        first, body = raw.packet()
        self.assertEqual((first, body[:2]), (0x20, b"\0\0"), "CONNACK")
        return connack_properties(body)

    def refusal(self, *arguments, stdin=b""):
        """Starts a server that must not start; returns its reason."""
        done = run([PEAL, "serve", *arguments, "--data", ""], timeout=10, stdin=stdin)
        self.assertNotEqual(done.code, 0, done)
        self.assertGreater(done.code, 0, f"ended by a signal: {done}")
        self.assertNotIn("ready", done.out)
        self.assertTrue(done.err.strip(), "no reason on standard error")
        return done.err

    def file(self, content):
        """A configuration file in a fresh folder."""
        folder = tempfile.mkdtemp(prefix="peal-e2e-")
        self.addCleanup(shutil.rmtree, folder, True)
        path = pathlib.Path(folder) / "peal.toml"
        path.write_text(content)
        return path

    def test_output_says_version_listeners_and_ready(self):
        program = self.serve("-p", "0")
        lines = program.lines
        self.assertRegex(lines[0], r"^peal \d+\.\d+\.\d+:? ?")
        listening = [x for x in lines if x.startswith("listening ")]
        self.assertTrue(any(x.startswith("listening default 127.0.0.1:") for x in listening), lines)
        self.assertTrue(any(x.startswith("listening default [::1]:") for x in listening), lines)
        for line in listening:
            self.assertRegex(line, r"^listening \S+ \S+:[1-9]\d* mqtt,ws,http$")
        ready = [n for n, x in enumerate(lines) if x.startswith("ready")]
        self.assertEqual(len(ready), 1, lines)
        self.assertGreater(ready[0], lines.index(listening[-1]))

    def test_both_loopback_addresses_answer(self):
        program = self.serve("-p", "0")
        six = int(program.wait_line(r"^listening default \[::1\]:(\d+) ").group(1))
        for where in (("127.0.0.1", port_of(program)), ("::1", six)):
            raw = Raw(self, where)
            raw.send(connect("loop"))
            self.assertEqual(raw.packet()[0], 0x20, where)

    def test_set_changes_one_key(self):
        program = self.serve("-p", "0", "--set", "session.inflight=7",
                             "--set", 'limits.packet="2KiB"', "--set", "session.topic_alias_max=3",
                             "--set", 'session.keep_alive_max="30s"')
        told = self.connack(program)
        self.assertEqual(told[RECEIVE_MAXIMUM], 7)
        self.assertEqual(told[MAXIMUM_PACKET_SIZE], 2048)
        self.assertEqual(told[TOPIC_ALIAS_MAXIMUM], 3)
        self.assertEqual(told[SERVER_KEEP_ALIVE], 30)

    def test_set_wins_over_the_file(self):
        file = self.file('[session]\ninflight = 20\n[limits]\npacket = "4KiB"\n')
        told = self.connack(self.serve("-c", file, "-p", "0", "--set", "session.inflight=21"))
        self.assertEqual((told[RECEIVE_MAXIMUM], told[MAXIMUM_PACKET_SIZE]), (21, 4096))

    def test_a_file_with_every_kind_of_key(self):
        file = self.file(
            '[[listener]]\nname = "one"\nbind = "127.0.0.1:0"\nprotocols = ["mqtt"]\n'
            'versions = ["5"]\nmax_connections = 10\nanonymous = "yes"\n'
            '[store]\ndir = ""\n[limits]\nconnections = 1_000\ntopic_levels = 5\n'
            'connect_timeout = "2s"\n[session]\ninflight = 9\nmax_expiry = "1d"\n'
            '[queue]\nmessages = 10\nbytes = "1MiB"\non_full = "drop-newest"\nunsent = "64KiB"\n'
            '[retained]\nmessages = 5\n[log]\nlevel = "debug"\nformat = "json"\n')
        program = self.serve("-c", file)
        self.assertEqual(self.connack(program, "one")[RECEIVE_MAXIMUM], 9)
        old = Raw(self, ("127.0.0.1", port_of(program, "one")))
        old.send(connect("old", version=4))
        self.assertEqual(old.packet(), (0x20, b"\0\1"), "3.1.1 is not in `versions`")

    def test_an_unknown_key_names_file_line_and_nearest_key(self):
        file = self.file('[session]\n\ninflght = 10\n')
        reason = self.refusal("-c", file)
        self.assertIn(f"{file}:3", reason)
        self.assertIn("inflght", reason)
        self.assertRegex(reason, r"\binflight\b")

    def test_an_unknown_table_and_an_unknown_listener_key(self):
        self.assertIn("session", self.refusal("-c", self.file("[sesion]\ninflight = 1\n")))
        file = self.file('[[listener]]\nname = "a"\nbnd = "127.0.0.1:0"\n')
        reason = self.refusal("-c", file)
        self.assertIn(f"{file}:3", reason)
        self.assertRegex(reason, r"\bbind\b")

    def test_a_value_of_the_wrong_kind(self):
        for content, line, word in (
                ('[session]\ninflight = "many"\n', 2, "inflight"),
                ('[limits]\n\npacket = "12 parsecs"\n', 3, "packet"),
                ('[limits]\nconnect_timeout = 5\n', 2, "connect_timeout"),
                ('[queue]\non_full = "explode"\n', 2, "drop-oldest"),
                ('\n[[listener]]\nbind = "127.0.0.1:99999"\n', 2, "127.0.0.1:99999"),
                ('[session]\ninflight = 0\n', 2, "inflight")):
            with self.subTest(content=content):
                file = self.file(content)
                reason = self.refusal("-c", file)
                self.assertIn(f"{file}:{line}", reason)
                self.assertIn(word, reason)

    def test_a_file_that_is_not_toml(self):
        file = self.file('[session\ninflight = 1\n')
        self.assertIn(f"{file}:1", self.refusal("-c", file))

    def test_a_file_that_is_not_there(self):
        self.assertIn("/nonexistent/peal.toml", self.refusal("-c", "/nonexistent/peal.toml"))

    def test_a_wrong_set(self):
        self.assertRegex(self.refusal("-p", "0", "--set", "session.inflght=1"), r"\binflight\b")
        self.assertIn("session.inflight", self.refusal("-p", "0", "--set", "session.inflight"))

    def test_an_unknown_option(self):
        self.assertIn("--unheard-of", self.refusal("--unheard-of"))

    def test_a_port_in_use_says_what_to_do(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            reason = self.refusal("-p", str(port))
        self.assertIn(f"127.0.0.1:{port}", reason)
        self.assertRegex(reason, "in use")
        self.assertRegex(reason, r"-p\b|another port|peal\.toml")

    def test_a_listener_for_other_hosts_needs_users_or_a_word(self):
        file = self.file('[[listener]]\nname = "open"\nbind = "0.0.0.0:0"\n')
        reason = self.refusal("-c", file)
        self.assertIn("anonymous", reason)
        self.assertIn("open", reason)
        file.write_text(file.read_text() + 'anonymous = "yes"\n')
        program = self.serve("-c", file)
        program.wait_line("anonymous", stream="err")

    def test_an_unusable_certificate(self):
        file = self.file('[[listener]]\nname = "tls"\nbind = "127.0.0.1:0"\n[listener.tls]\n'
                         'cert = "/nonexistent.crt"\nkey = "/nonexistent.key"\n')
        self.assertIn("/nonexistent", self.refusal("-c", file))

    def check_pasted(self, program):
        """Runs the two commands that the server prints, as they are, and awaits the message."""
        sub, pub = (re.sub(r"^try +| {2,}", "", x) for x in program.lines if " peal " in x)
        tried = self.start("stdbuf", "-oL", *shlex.split(sub.replace("peal", PEAL + " ", 1)), "-d")
        tried.wait_line("^Subscribed")
        done = run([PEAL, *shlex.split(pub)[1:]])
        self.assertEqual(done.code, 0, done)
        tried.wait_line("^hello/world ")

    def test_commands_of_the_output_work_when_pasted(self):
        self.check_pasted(self.serve("-p", "0"))

    def test_commands_of_the_output_name_a_port_of_the_file(self):
        for bind in ("0.0.0.0:0", "[::1]:0", "127.0.0.1:0"):
            with self.subTest(bind):
                file = self.file(f'[[listener]]\nbind = "{bind}"\nanonymous = "yes"\n')
                self.check_pasted(self.serve("-c", file))


if __name__ == "__main__":
    main()

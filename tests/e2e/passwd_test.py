"""`peal passwd` and mosquitto_passwd make and change the same files."""

import os
import pathlib
import pty
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import termios
import unittest

from support.case import Case, main, needs_peal_tools
from support.program import run
from support.server import PEAL, free_ports

# What mosquitto_passwd 2.0.11 makes of "right".
MOSQUITTO_HASH = ("$7$101$yG8NkXCaBpJoO4ba$uyyjgzt6H7wjie9zgbpbExLViCJrRExSEdMMr+A2LxiQOZvmm+WxQKTC"
                  "oL9P2T/oAbJL+37uFljK9DCkPNVvgg==")
ARGON2ID = re.compile(r"\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}")
PBKDF2 = re.compile(r"\$7\$210000\$[\w+/]{16}\$[\w+/]{86}==")
SCRAM = re.compile(r"SCRAM-SHA-256\$600000:[\w+/]{22}==\$[\w+/]{43}=:[\w+/]{43}=")
SHA512 = re.compile(r"\$6\$[\w+/]{16}\$[\w+/]{86}==")


def shows(terminal):
    """Whether what is typed there can be seen."""
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


class PasswdCase(Case):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.file = self.folder / "users"

    def passwd(self, *arguments, code=0, stdin=b""):
        """Runs `peal passwd`, which has to end with `code`; returns what it left."""
        done = run([PEAL, "passwd", *arguments], stdin=stdin)
        self.assertEqual(done.code, code, done)
        return done

    def refusal(self, *arguments, code=1, stdin=b""):
        """The reason of a `peal passwd` that has to fail and must not change the file."""
        before = self.file.read_bytes() if self.file.exists() else None
        done = self.passwd(*arguments, code=code, stdin=stdin)
        self.assertTrue(done.err.strip(), f"no reason on standard error: {done}")
        self.assertEqual(self.file.read_bytes() if self.file.exists() else None, before)
        self.assertLessEqual(len(list(self.folder.iterdir())), 1, "something is left behind")
        return done.err

    def hashes(self):
        """{user: hash} of the file, in its order."""
        return dict(line.split(":", 1) for line in self.file.read_text().splitlines()
                    if line and not line.startswith("#"))

    def mode(self):
        return stat.S_IMODE(self.file.stat().st_mode)


@needs_peal_tools
class Files(PasswdCase):
    def test_a_new_file_is_for_its_owner_alone(self):
        done = self.passwd("-c", "-b", self.file, "alice", "right")
        self.assertEqual(done.raw, b"")
        self.assertEqual(self.mode(), 0o600)
        self.assertEqual(list(self.hashes()), ["alice"])
        self.assertRegex(self.hashes()["alice"], ARGON2ID)

    def test_each_hash(self):
        for name, form in (("argon2id", ARGON2ID), ("sha512-pbkdf2", PBKDF2), ("sha512", SHA512),
                           ("scram-sha-256", SCRAM)):
            self.passwd("-c", "-H", name, "-b", self.file, "alice", "right")
            self.assertTrue(form.fullmatch(self.hashes()["alice"]), self.file.read_text())

    def test_users_are_added_and_changed_where_they_are(self):
        self.passwd("-c", "-b", self.file, "alice", "right")
        self.passwd("-b", self.file, "bob", "right")
        first = self.hashes()
        self.passwd("-b", self.file, "alice", "other")
        second = self.hashes()
        self.assertEqual(list(second), ["alice", "bob"])
        self.assertNotEqual(second["alice"], first["alice"])
        self.assertEqual(second["bob"], first["bob"])

    def test_without_c_a_file_has_to_be_there(self):
        reason = self.refusal("-b", self.file, "alice", "right")
        self.assertIn(f"{self.file}: does not exist; `peal passwd -c FILE USER`", reason)

    def test_c_replaces_a_file_and_keeps_its_mode(self):
        self.file.write_text(f"bob:{MOSQUITTO_HASH}\n")
        self.file.chmod(0o640)
        self.passwd("-c", "-b", self.file, "alice", "right")
        self.assertEqual(list(self.hashes()), ["alice"])
        self.assertEqual(self.mode(), 0o640)

    @unittest.skipUnless(os.geteuid() == 0, "only root gives files away")
    def test_owner_and_group_are_kept(self):
        self.file.write_text("")
        os.chown(self.file, 1234, 2345)
        self.passwd("-b", self.file, "alice", "right")
        self.assertEqual((self.file.stat().st_uid, self.file.stat().st_gid), (1234, 2345))

    def test_comments_and_other_lines_stay(self):
        before = f"# who may\n\nbob:{MOSQUITTO_HASH}\n#alice:x\nnonsense\n"
        self.file.write_text(before)
        self.passwd("-b", self.file, "alice", "right")
        text = self.file.read_text()
        self.assertTrue(text.startswith(f"{before}alice:$"), text)
        self.passwd("-D", self.file, "alice")
        self.assertEqual(self.file.read_text(), before)

    def test_a_user_who_was_there_twice_is_there_once(self):
        users = ("alice", "bob", "alice")
        self.file.write_text("".join(f"{user}:{MOSQUITTO_HASH}\r\n" for user in users))
        self.passwd("-b", self.file, "alice", "right")
        lines = self.file.read_text().splitlines()
        self.assertEqual([x.split(":")[0] for x in lines], ["alice", "bob"])

    def test_d_deletes(self):
        for user in ("alice", "bob", "carol"):
            self.passwd(*(["-c"] if user == "alice" else []), "-b", self.file, user, "right")
        self.passwd("-D", self.file, "bob")
        self.assertEqual(list(self.hashes()), ["alice", "carol"])
        self.assertIn("there is no user 'bob'", self.refusal("-D", self.file, "bob"))
        self.assertIn("does not exist", self.refusal("-D", self.folder / "none", "bob"))

    def test_a_symbolic_link_stays_one(self):
        real = self.folder / "real"
        real.write_text("")
        self.file.symlink_to("real")
        self.passwd("-b", self.file, "alice", "right")
        self.assertTrue(self.file.is_symlink())
        self.assertTrue(real.read_text().startswith("alice:$"))

    def test_a_path_without_a_folder(self):
        done = run([PEAL, "passwd", "-c", "-b", "users", "alice", "right"], cwd=self.folder)
        self.assertEqual(done.code, 0, done)
        self.assertEqual(list(self.hashes()), ["alice"])

    def test_many_at_once_lose_nobody(self):
        self.file.write_text("")
        users = [f"device-{n}" for n in range(12)]
        programs = [self.start(PEAL, "passwd", "-b", self.file, user, "right") for user in users]
        for program in programs:
            self.assertEqual(program.wait(), 0, program.report())
        self.assertEqual(sorted(self.hashes()), sorted(users))


@needs_peal_tools
class PlainText(PasswdCase):
    def test_u_makes_hashes_of_plain_text_and_leaves_hashes_alone(self):
        self.file.write_text(f"# who\n\nalice:right\r\nbob:{MOSQUITTO_HASH}\ncarol:a:b c$d \n")
        self.passwd("-H", "scram-sha-256", "-b", self.file, "dora", "right")
        done = self.passwd("-U", self.file)
        self.assertEqual(done.out, "2 passwords of plain text made hashes of\n")
        hashes = self.hashes()
        self.assertRegex(hashes["alice"], ARGON2ID)
        self.assertRegex(hashes["carol"], ARGON2ID)
        self.assertRegex(hashes["dora"], SCRAM)
        self.assertEqual(hashes["bob"], MOSQUITTO_HASH)
        self.assertTrue(self.file.read_text().startswith("# who\n\nalice:$"))
        before = self.file.read_bytes()
        done = self.passwd("-U", self.file)
        self.assertEqual(done.out, "0 passwords of plain text made hashes of\n")
        self.assertEqual(self.file.read_bytes(), before)

    def test_u_refuses_what_would_lock_somebody_out(self):
        for line, reason in ((f"bob:{MOSQUITTO_HASH[:-9]}", "looks like a hash"),
                             ("bob:$2b$12$abcdefghijklmnopqrstuv", "looks like a hash"),
                             ("bob:", "the password is empty"), (":x", "the user name is empty"),
                             ("bob", "the line has no colon")):
            self.file.write_text(f"alice:right\n{line}\n")
            reason_given = self.refusal("-U", self.file)
            self.assertIn(f"{self.file}:2: ", reason_given)
            self.assertIn(reason, reason_given)


@needs_peal_tools
class Refusals(PasswdCase):
    def test_user_names(self):
        self.file.write_text("")
        for user in ("", "a:b", "#a", "x" * 257, "a\tb", " a", "\x85", "\udcff"):
            reason = self.refusal("-b", self.file, user, "right")
            self.assertIn("the user name ", reason)

    def test_empty_passwords(self):
        self.file.write_text("")
        self.assertIn("the password is empty", self.refusal("-b", self.file, "alice", ""))
        self.assertIn("the password is empty", self.refusal(self.file, "alice", stdin=b"\n"))
        self.assertIn("standard input ended", self.refusal(self.file, "alice"))

    def test_long_passwords(self):
        self.file.write_text("")
        reason = self.refusal(self.file, "alice", stdin=b"x" * 65536 + b"\n")
        self.assertIn("longer than 65535 bytes", reason)
        self.passwd(self.file, "alice", stdin=b"x" * 65535 + b"\n")

    def test_command_lines(self):
        self.file.write_text("")
        for arguments in ([], [self.file], ["-b", self.file, "alice"],
                          [self.file, "alice", "right"], ["-U", self.file, "alice"],
                          ["-c", "-D", self.file, "alice"],
                          ["-U", "-c", self.file], ["-b", "-D", self.file, "alice", "right"],
                          ["-H", "md5", self.file, "alice"], ["--unheard-of", self.file, "alice"],
                          ["-b", self.file, "alice", "right", "more"]):
            with self.subTest(arguments=arguments):
                self.refusal(*arguments, code=2)

    def test_places(self):
        self.assertIn("make its directory first",
                      self.refusal("-c", "-b", self.folder / "none" / "users", "alice", "right"))
        for arguments in (["-c", "-b", self.folder], ["-b", "/dev/null"]):
            self.assertIn("is not a regular file", self.refusal(*arguments, "alice", "right"))

    def test_help_warns_of_b(self):
        text = self.passwd("--help").out
        self.assertIn("the command line, which other users of this machine see", text)
        self.assertIn("sha512-pbkdf2", text)


@needs_peal_tools
class Asking(PasswdCase):
    def ask(self, *answers):
        """Answers the questions of `peal passwd FILE alice` on a terminal; returns the program and
        the terminal's two ends."""
        self.file.write_text("")
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        self.addCleanup(os.close, theirs)
        program = subprocess.Popen([PEAL, "passwd", str(self.file), "alice"], stdin=theirs,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(program.stdout.close)
        self.addCleanup(program.stderr.close)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        for question, answer in zip((b"Password of alice: ", b"The same again: "), answers):
            self.assertEqual(program.stderr.read(len(question)), question)
            self.assertFalse(shows(theirs), "the answer would be seen")
            os.write(ours, answer)
        return program, ours, theirs

    def test_a_terminal_is_asked_twice_and_shows_nothing(self):
        program, ours, theirs = self.ask(b"right\n", b"right\n")
        self.assertEqual(program.wait(15), 0, program.stderr)
        self.assertTrue(shows(theirs), "the terminal stays silent")
        self.assertEqual(os.read(ours, 1000), b"\r\n\r\n")
        self.assertRegex(self.hashes()["alice"], ARGON2ID)

    def test_two_different_answers_change_nothing(self):
        program, _, _ = self.ask(b"right\n", b"wrong\n")
        self.assertEqual(program.wait(15), 1)
        self.assertIn(b"the two passwords differ", program.stderr.read())
        self.assertEqual(self.file.read_text(), "")

    def test_an_interrupt_puts_the_terminal_right(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            program, _, theirs = self.ask(b"right\n")
            self.assertEqual(program.stderr.read(16), b"The same again: ")
            program.send_signal(number)
            self.assertEqual(program.wait(15), 1)
            self.assertIn(b"interrupted", program.stderr.read())
            self.assertTrue(shows(theirs), "the terminal stays silent")
            self.assertEqual(self.file.read_text(), "")

    def test_a_pipe_is_read_for_one_line(self):
        self.file.write_text("")
        for text in (b"right\n", b"right", b"right\nmore\n"):
            self.passwd("-H", "sha512-pbkdf2", self.file, "alice", stdin=text)
            self.assertRegex(self.hashes()["alice"], PBKDF2)


@needs_peal_tools
class WithMosquitto(PasswdCase):
    """A Mosquitto that reads our file, and mosquitto_passwd that changes it."""

    def serve_file(self):
        """Starts Mosquitto with the password file; returns its port."""
        self.folder.chmod(0o755)
        port, = free_ports(1)
        config = self.folder / "mosquitto.conf"
        config.write_text(f"allow_anonymous false\npassword_file {self.file}\nlog_dest stderr\n"
                          f"user root\npersistence false\nlistener {port} 127.0.0.1\n")
        self.start("/usr/sbin/mosquitto", "-c", config).wait_line("running", stream="err")
        return port

    def is_let_in(self, port, user, password):
        done = run(["mosquitto_pub", "-h", "127.0.0.1", "-p", port, "-u", user, "-P", password,
                    "-t", "t", "-m", "x", "-q", "1"])
        self.assertIn(done.code, (0, 5), done)
        return done.code == 0

    def test_mosquitto_reads_our_file(self):
        self.passwd("-c", "-H", "sha512-pbkdf2", self.file, "alice", stdin="rïght: one\n".encode())
        self.passwd("-H", "sha512", "-b", self.file, "bob", "right")
        port = self.serve_file()
        self.assertTrue(self.is_let_in(port, "alice", "rïght: one"))
        self.assertFalse(self.is_let_in(port, "alice", "right: one"))
        self.assertFalse(self.is_let_in(port, "alice", "rïght: one "))
        self.assertTrue(self.is_let_in(port, "bob", "right"))
        self.assertFalse(self.is_let_in(port, "bob", "wrong"))
        self.assertFalse(self.is_let_in(port, "carol", "right"))

    def test_both_programs_change_one_file(self):
        self.mosquitto_passwd("-c", "-b", self.file, "alice", "right")
        self.passwd("-H", "sha512-pbkdf2", "-b", self.file, "bob", "right")
        self.mosquitto_passwd("-H", "sha512", "-b", self.file, "carol", "right")
        self.passwd("-H", "sha512-pbkdf2", "-b", self.file, "carol", "other")
        self.mosquitto_passwd("-b", self.file, "bob", "other")
        self.mosquitto_passwd("-b", self.file, "dave", "right")
        self.passwd("-D", self.file, "dave")
        self.assertEqual(list(self.hashes()), ["alice", "bob", "carol"])
        # Hashes of theirs are read, so that none is taken for plain text.
        before = self.file.read_bytes()
        self.passwd("-U", self.file)
        self.assertEqual(self.file.read_bytes(), before)
        port = self.serve_file()
        for user, password in (("alice", "right"), ("bob", "other"), ("carol", "other")):
            self.assertTrue(self.is_let_in(port, user, password), user)
        for user, password in (("bob", "right"), ("carol", "right"), ("dave", "right")):
            self.assertFalse(self.is_let_in(port, user, password), user)

    def test_plain_text_that_u_made_hashes_of(self):
        self.file.write_text("alice:right\nbob:also right\n")
        self.passwd("-H", "sha512-pbkdf2", "-U", self.file)
        port = self.serve_file()
        self.assertTrue(self.is_let_in(port, "alice", "right"))
        self.assertTrue(self.is_let_in(port, "bob", "also right"))
        self.assertFalse(self.is_let_in(port, "bob", self.hashes()["bob"]))

    def mosquitto_passwd(self, *arguments):
        done = run(["mosquitto_passwd", *arguments])
        self.assertEqual(done.code, 0, done)


if __name__ == "__main__":
    main()

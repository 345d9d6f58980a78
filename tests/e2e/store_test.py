"""What is acknowledged outlasts the server, and a directory that cannot be used is refused with a reason."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from support.case import Case, main, needs_peal
from support.program import run
from support.server import PEAL, port_of

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
from peer import wire  # noqa: E402
from peer.client import Peer  # noqa: E402

EXPIRY = wire.properties(session_expiry_interval=3600)


class StoreCase(Case):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-store-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.state = self.folder / "state"

    def start_server(self, *arguments):
        self.program = self.serve("-p", "0", *arguments, data=str(self.state))
        self.address = "127.0.0.1", port_of(self.program)

    def restart(self, how, *arguments):
        self.program.stop(with_signal=how)
        self.start_server(*arguments)

    def peer(self, client_id, present=None, **options):
        peer = Peer(self.address, 5, client_id)
        self.addCleanup(peer.socket.close)
        peer.connect(clean=False, props=EXPIRY, **options)
        if present is not None:
            self.assertEqual(peer.connack.present, present, client_id)
        return peer

    def wait_for_the_disk(self):
        """What the server had done before is written, also where nothing is acknowledged: the store
        takes from all workers in turn, so the second commit from now on holds all that was there."""
        scribe = self.peer("scribe")
        for text in ("1", "2"):
            scribe.publish("scribe", text, qos=1, retain=True)
        scribe.drop()


@needs_peal
class Restart(StoreCase):
    def test_everything_acknowledged_is_there_after_a_kill(self):
        self.everything_is_there_after(signal.SIGKILL)

    def test_everything_acknowledged_is_there_after_a_stop(self):
        self.everything_is_there_after(signal.SIGTERM)

    def everything_is_there_after(self, how):
        self.start_server()
        sleeper = self.peer("sleeper")
        sleeper.subscribe("wake/#", qos=2, props=wire.properties(subscription_identifier=7))
        sleeper.drop()
        self.peer("idle").drop()
        publisher = self.peer("publisher")
        publisher.publish("wake/one", "1", qos=1, props=wire.properties(content_type="text/plain"))
        publisher.publish("wake/two", "2", qos=2)
        publisher.publish("kept/value", "old", qos=1, retain=True)
        publisher.publish("kept/value", "new", qos=1, retain=True)
        publisher.publish("kept/gone", "x", qos=1, retain=True)
        publisher.publish("kept/gone", "", qos=1, retain=True)
        self.restart(how)
        self.assertIn("3 sessions, 1 retained message, 2 messages waiting", "\n".join(self.program.lines))
        sleeper = self.peer("sleeper", present=True)
        first = sleeper.take("wake/one", "1", qos=1)
        self.assertEqual(first.props, [("subscription_identifier", 7), ("content_type", "text/plain")])
        sleeper.take("wake/two", "2", qos=2)
        reader = self.peer("reader")
        reader.subscribe("kept/#")
        reader.take("kept/value", "new", retain=True)
        reader.expect_nothing()
        # The subscription is there too, not only what it had brought.
        self.peer("publisher", present=True).publish("wake/three", "3", qos=1)
        sleeper.take("wake/three", "3", qos=1)

    def test_a_qos_2_message_sent_again_is_the_same_one(self):
        self.start_server()
        taker = self.peer("taker")
        taker.subscribe("once", qos=2)
        taker.drop()
        giver = self.peer("giver")
        giver.send(wire.publish("once", "1", 2, 9))
        giver.answer("PUBREC", 9)
        self.restart(signal.SIGKILL)
        giver = self.peer("giver", present=True)
        giver.send(wire.publish("once", "1", 2, 9, dup=True))
        giver.answer("PUBREC", 9)
        giver.send(wire.pubrel(9))
        giver.answer("PUBCOMP", 9)
        taker = self.peer("taker", present=True)
        taker.take("once", "1", qos=2)
        taker.expect_nothing()

    def test_a_qos_2_message_goes_on_where_it_was_with_its_identifier(self):
        self.start_server()
        taker = self.peer("taker")
        taker.subscribe("once", qos=2)
        self.peer("giver").publish("once", "1", qos=2)
        sent = taker.expect("PUBLISH", payload="1", qos=2)
        self.restart(signal.SIGKILL)
        taker = self.peer("taker", present=True)
        again = taker.expect("PUBLISH", payload="1", qos=2, pid=sent.pid, dup=True)
        taker.send(wire.pubrec(again.pid))
        taker.answer("PUBREL", again.pid)
        self.restart(signal.SIGKILL)
        taker = self.peer("taker", present=True)
        taker.expect("PUBREL", pid=again.pid)
        taker.send(wire.pubcomp(again.pid))
        taker.expect_nothing()

    def test_a_will_whose_delay_ends_later_is_published_after_the_restart(self):
        self.start_server()
        watcher = self.peer("watcher")
        watcher.subscribe("will", qos=1)
        watcher.drop()
        will = wire.will("will", "gone", qos=1, will_delay_interval=2)
        self.peer("leaver", will=will).reset()
        time.sleep(0.3)
        self.restart(signal.SIGKILL)
        watcher = self.peer("watcher", present=True)
        watcher.take("will", "gone", qos=1)

    def test_a_session_ends_when_its_time_is_over_though_nobody_was_there(self):
        self.start_server()
        short = Peer(self.address, 5, "short")
        short.connect(clean=False, props=wire.properties(session_expiry_interval=1))
        short.disconnect()
        self.wait_for_the_disk()
        self.program.kill()
        time.sleep(1.2)
        self.start_server()
        self.peer("short", present=False)

    def test_nothing_is_left_of_a_session_that_ended(self):
        self.start_server()
        short = Peer(self.address, 5, "short")
        short.connect(clean=True)
        short.subscribe("a", qos=1)
        short.disconnect()
        self.restart(signal.SIGTERM)
        self.assertIn("0 sessions", "\n".join(self.program.lines))

    def test_a_stored_message_is_the_one_that_expires(self):
        self.start_server()
        taker = self.peer("taker")
        taker.subscribe("#", qos=1)
        taker.drop()
        giver = self.peer("giver")
        giver.publish("short", "1", qos=1, props=wire.properties(message_expiry_interval=1))
        giver.publish("long", "2", qos=1, props=wire.properties(message_expiry_interval=100))
        self.restart(signal.SIGKILL)
        time.sleep(1.1)
        taker = self.peer("taker", present=True)
        message = taker.take("long", "2", qos=1)
        self.assertLessEqual(message.prop("message_expiry_interval"), 99)


@needs_peal
class Refusals(StoreCase):
    def refusal(self, data, *arguments, code=1):
        done = run([PEAL, "serve", "-p", "0", "--data", str(data), *arguments], timeout=20)
        self.assertEqual(done.code, code, done)
        self.assertNotIn("ready", done.out)
        self.assertIn(str(data), done.err)
        return done.err

    def a_store(self):
        self.start_server()
        self.peer("somebody").publish("a", "1", qos=1, retain=True)
        self.program.stop()

    def test_a_directory_of_somebody_else_is_left_alone(self):
        self.state.mkdir()
        (self.state / "letter.txt").write_text("dear")
        self.assertIn("name another one", self.refusal(self.state))
        self.assertEqual(os.listdir(self.state), ["letter.txt"])

    def test_a_file_is_no_directory(self):
        self.state.write_text("x")
        self.assertIn("not a directory", self.refusal(self.state))

    def test_a_second_server_is_kept_out(self):
        self.start_server()
        self.assertIn("another process uses it", self.refusal(self.state))
        self.peer("still works")

    @unittest.skipIf(os.geteuid() == 0 and not shutil.which("setpriv"), "root may write everywhere")
    def test_a_directory_without_permission(self):
        self.folder.chmod(0o755)
        self.state.mkdir(mode=0o500)
        command = [PEAL, "serve", "-p", "0", "--data", str(self.state)]
        if os.geteuid() == 0:
            os.chown(self.state, 0, 0)
            command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
        done = run(command, timeout=20)
        self.assertEqual(done.code, 1, done)
        self.assertIn("ermission", done.err)
        self.assertIn(str(self.state), done.err)

    def test_check_tells_a_sound_store_from_a_damaged_one(self):
        self.a_store()
        done = run([PEAL, "store", "check", str(self.state)], timeout=20)
        self.assertEqual(done.code, 0, done)
        self.assertIn("1 sessions", done.out)
        self.assertTrue(done.out.endswith("sound\n"), done)
        for each in self.state.glob("*.sst"):
            data = bytearray(each.read_bytes())
            data[len(data) // 3] ^= 1
            each.write_bytes(data)
        done = run([PEAL, "store", "check", str(self.state)], timeout=20)
        self.assertNotEqual(done.code, 0, done)
        self.refusal(self.state)

    def test_what_is_no_store_is_not_checked(self):
        for command in ("check", "repair"):
            done = run([PEAL, "store", command, str(self.state)], timeout=20)
            self.assertEqual(done.code, 1, done)
            self.assertIn("does not exist", done.err)


@needs_peal
class Modes(StoreCase):
    def test_a_mode_that_can_lose_something_says_so(self):
        for mode, text in (("os", "a power cut loses"), ("200ms", "200 ms")):
            self.start_server("--set", f"store.sync={mode}")
            self.assertIn(text, "\n".join(self.program.lines))
            self.program.stop()

    def test_a_mode_that_is_none_is_refused(self):
        done = run([PEAL, "serve", "-p", "0", "--data", str(self.state), "--set", "store.sync=never"], timeout=20)
        self.assertEqual(done.code, 1, done)
        self.assertIn("always", done.err)

    @unittest.skipUnless(shutil.which("strace"), "needs strace")
    def test_a_sync_returned_before_the_acknowledgement_was_written(self):
        trace = self.folder / "trace"
        self.start_server()
        tracer = subprocess.Popen(
            ["strace", "-f", "-q", "-tt", "-e", "trace=fsync,fdatasync,sync_file_range,sendmsg,sendto,write,writev",
             "-e", "signal=none", "-xx", "-s", "16", "-o", trace, "-p", str(self.program.pid)])
        time.sleep(1)
        taker = self.peer("taker")
        taker.subscribe("t", qos=1)
        taker.drop()
        time.sleep(0.3)
        giver = self.peer("giver")
        rounds = 5
        for number in range(rounds):
            giver.publish("t", str(number), qos=1)
        tracer.terminate()
        tracer.wait(10)
        syncs = acknowledged = 0
        for line in trace.read_text().splitlines():
            if ("fsync" in line or "fdatasync" in line) and "= 0" in line and "unfinished" not in line:
                syncs += 1
            elif "\\x40\\x02" in line:  # PUBACK
                self.assertGreater(syncs, 0, f"a PUBACK without a sync since the last one: {line}")
                acknowledged += 1
                syncs = 0
        self.assertEqual(acknowledged, rounds, trace.read_text()[-3000:])


if __name__ == "__main__":
    main()

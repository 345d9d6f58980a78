"""The configuration as an operator meets it: checked, explained, compared, and applied while clients are connected."""

import json
import os
import pathlib
import shutil
import signal
import socket
import sys
import tempfile

from support.canary import Canary
from support.case import Case, main, needs_peal
from support.program import run
from support.server import PEAL, port_of

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
from peer import wire  # noqa: E402
from peer.client import Peer  # noqa: E402
from support.swarm import Swarm, allow_files  # noqa: E402

NOT_AUTHORIZED = 0x87
LISTENER = '[[listener]]\nname = "it"\nbind = "127.0.0.1:0"\n'


class ConfigCase(Case):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-config-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.config = self.folder / "peal.toml"
        self.data = self.folder / "data"
        self.environment = {**os.environ}

    def peal(self, *arguments, code=0):
        done = run([PEAL, *map(str, arguments)], env=self.environment, timeout=60)
        self.assertEqual(done.code, code, done)
        return done.out if done.out else done.err

    def ask(self, command, *arguments, code=0):
        return self.peal("config", command, *arguments, "--data", self.data, code=code)

    def start_server(self, text, *arguments):
        self.config.write_text(text)
        self.program = self.serve("-c", self.config, *arguments, data=str(self.data), env=self.environment)
        self.port = port_of(self.program, "it")

    def peer(self, client_id, port=None, code=0, **values):
        peer = Peer(("127.0.0.1", port or self.port), 5, client_id)
        self.addCleanup(peer.socket.close)
        peer.connect(code=code, **values)
        return peer

    def is_alive(self, peer):
        peer.publish(f"alive/{peer.client_id}", b"", 1)

    def serves(self, port):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=10).close()
            return True
        except ConnectionRefusedError:
            return False


@needs_peal
class Looking(ConfigCase):
    def test_check_tells_everything_at_once(self):
        (self.folder / "conf.d").mkdir()
        self.config.write_text(LISTENER + '[session]\ninflght = 1\ninflight = 0\n[acl]\nfile = "none"\n')
        (self.folder / "conf.d" / "a.toml").write_text('limits.packet = "big"\n')
        self.environment["PEAL_QUEUE__MESAGES"] = "1"
        said = self.peal("config", "check", self.config, code=1)
        for part in ("peal.toml:5:11: session.inflght: no such key; did you mean session.inflight?",
                     "peal.toml:6:12: session.inflight: must be a whole number from 1 to 65535",
                     "conf.d/a.toml:1:17: limits.packet: must be a size",
                     "PEAL_QUEUE__MESAGES: no such key; did you mean PEAL_QUEUE__MESSAGES?", "4 problems in"):
            self.assertIn(part, said)
        said = json.loads(self.peal("config", "check", self.config, "--json", code=1))
        self.assertEqual((said["ok"], len(said["problems"])), (False, 4))

    def test_check_reads_the_files_that_are_named(self):
        self.config.write_text(LISTENER + '[listener.tls]\ncert = "/nonexistent.crt"\nkey = "/nonexistent.key"\n'
                               '[acl]\nfile = "/nonexistent.acl"\n')
        said = self.peal("config", "check", self.config, code=1)
        self.assertRegex(said, r"peal.toml:1:1: .*/nonexistent\.crt")
        self.assertIn("/nonexistent.acl", said)
        self.config.write_text(LISTENER)
        self.assertIn("fine", self.peal("config", "check", self.config))
        self.assertIn("cannot be read: No such file", self.peal("config", "check", self.folder / "none", code=1))

    def test_explain_tells_who_said_it(self):
        self.environment["PEAL_QUEUE__MESSAGES"] = "77"
        self.start_server(LISTENER + '[limits]\npacket = "2MiB"\n', "--set", "log.rate=50")
        self.config.write_text(LISTENER + '[limits]\npacket = "3MiB"\n')
        said = self.ask("explain", "-c", self.config, "limits.packet")
        self.assertRegex(said, r'default +"1MiB"')
        self.assertRegex(said, r"variable +PEAL_LIMITS__PACKET")
        self.assertRegex(said, r'here +"3MiB" +\(.*peal.toml:5:10\)')
        self.assertRegex(said, r'running +"2MiB" +\(.*peal.toml:5:10\)')
        self.assertRegex(said, r"type +a size with its unit")
        self.assertRegex(self.ask("explain", "queue.messages"), r"running +77 +\(PEAL_QUEUE__MESSAGES")
        self.assertRegex(self.ask("explain", "log.rate"), r"running +50 +\(--set log.rate=50")
        self.assertRegex(self.ask("explain", "listener.bind"), r'running +listener\[it\].bind = "127.0.0.1:0"')
        self.assertIn("did you mean limits.packet?", self.ask("explain", "limits.packt", code=1))
        every = json.loads(self.ask("explain", "--json"))
        self.assertGreater(len(every), 80)
        self.assertIn("limits.packet", self.ask("explain", "limits"))
        alone = self.peal("config", "explain", "limits.packet", "--data", self.folder / "nobody")
        self.assertIn("no server runs", alone)

    def test_secrets_are_not_shown(self):
        self.environment["BELL_TOKEN"] = "ding-dong-42"
        (self.folder / "pin").write_text("open-sesame\n")
        source = ('[[auth.source]]\ntype = "http"\nurl = "http://127.0.0.1:9/${file:%s}"\n'
                  'headers = ["Authorization: Bearer ${env:BELL_TOKEN}"]\n' % (self.folder / "pin"))
        self.start_server(LISTENER + source, "--set", "log.level=debug")
        self.config.write_text(LISTENER + source.replace("Bearer", "Basic"))
        told = self.ask("diff", code=1) + self.ask("explain", "auth.source") + self.ask("diff", self.config, code=0)
        self.config.write_text(LISTENER + source.replace("127.0.0.1:9", "auth.example"))
        told += self.ask("reload", code=1)  # plain HTTP to another machine
        told += self.program.report(last=1000)
        self.assertNotIn("ding-dong", told)
        self.assertNotIn("sesame", told)
        self.assertIn("(secret)", told)

    def test_diff_tells_what_a_reload_would_do(self):
        self.start_server(LISTENER)
        self.assertIn("same", self.ask("diff"))
        other = self.folder / "other.toml"
        other.write_text(LISTENER + '[store]\nsync = "os"\n[queue]\nmessages = 5\n')
        said = self.ask("diff", other, code=1)
        self.assertRegex(said, r"change +queue.messages: 10000 -> 5 +\(.*other.toml:\d+:12\)")
        self.assertRegex(said, r'restart +store.sync: "always" -> "os"')
        self.assertIn("same", self.ask("diff"))
        shutil.copy(other, self.config)
        changes = json.loads(self.ask("diff", "--json", code=1))
        self.assertEqual({x["key"]: x["needs_restart"] for x in changes},
                         {"queue.messages": False, "store.sync": True})
        self.config.write_text("queue = [\n")
        self.assertIn("peal.toml:", self.ask("diff", code=2))


@needs_peal
class Applying(ConfigCase):
    def test_reload_says_what_changed(self):
        self.start_server(LISTENER)
        client = self.peer("stays")
        self.config.write_text(LISTENER + '[queue]\nmessages = 5\n[log]\nformat = "json"\n'
                               '[[listener]]\nname = "more"\nbind = "127.0.0.1:0"\n')
        said = self.ask("reload")
        self.assertRegex(said, r"change +queue.messages: 10000 -> 5")
        self.assertRegex(said, r"change +listener\[more\]: added")
        # From now on in the other format.
        self.program.wait_line(r'^\{.*"event":"the configuration was read anew".*"reason":"peal config reload"', stream="err")
        self.assertIn("no key is another", self.ask("reload"))
        self.assertEqual(json.loads(self.ask("reload", "--json")), [])
        self.is_alive(client)

    def test_what_is_wrong_changes_nothing(self):
        self.start_server(LISTENER + '[mqtt]\nresponse_information = "old/"\n')
        client = self.peer("stays")
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        good = '[mqtt]\nresponse_information = "new/"\n'
        for text, says in ((LISTENER + good + "[queue\n", r"peal.toml:6:"),
                           (LISTENER + good + "[queue]\nmessages = 0\n", r"peal.toml:7:12: queue.messages: must be"),
                           ("", "is empty; is it being written"),
                           (LISTENER + good + '[acl]\nfile = "/nonexistent.acl"\n', "/nonexistent.acl"),
                           (LISTENER + good + f'[[listener]]\nbind = "127.0.0.1:{taken.getsockname()[1]}"\n', "cannot listen on")):
            self.config.write_text(text)
            self.assertRegex(self.ask("reload", code=1), says)
            self.program.wait_line(f"error the configuration stays as it was.*{says}", stream="err")
            asking = self.peer("asks", props=wire.properties(request_response_information=1))
            self.assertEqual(asking.connack.prop("response_information"), "old/")
        self.config.unlink()
        os.kill(self.program.pid, signal.SIGHUP)
        self.program.wait_line("stays as it was.*No such file", stream="err")
        self.is_alive(client)

    def test_a_file_that_is_cut_is_taken_whole_or_not_at_all(self):
        text = LISTENER + '[queue]\nmessages = 5\n[[role]]\nname = "r"\nusers = ["*"]\nallow = [{ all = "#" }]\n'
        self.start_server(text)
        client = self.peer("stays")
        for size in range(0, len(text), len(text) // 16):
            self.config.write_text(text[:size])
            done = run([PEAL, "config", "reload", "--data", self.data], env=self.environment)
            check = run([PEAL, "config", "check", self.config], env=self.environment)
            if size:
                self.assertEqual(done.code, check.code, f"{text[:size]}\n{done}\n{check}")
            else:
                self.assertEqual(done.code, 1, "empty")
        self.config.write_text(text)
        self.ask("reload")
        self.is_alive(client)

    def test_listeners_and_rights_while_clients_are_connected(self):
        other = '[[listener]]\nname = "other"\nbind = "127.0.0.1:0"\n'
        role = '[[role]]\nname = "r"\nusers = ["*"]\nallow = [{ all = "%s" }]\n'
        self.start_server(LISTENER + other + role % "#")
        port = port_of(self.program, "other")
        here, there = self.peer("here"), self.peer("there", port)
        there.subscribe("a")
        self.config.write_text(LISTENER + role % "#")
        os.kill(self.program.pid, signal.SIGHUP)
        self.program.wait_line(r"was read anew.*listener\[other\]: removed", stream="err")
        self.assertFalse(self.serves(port))
        here.publish("a", "bell")
        there.take("a", "bell")
        self.config.write_text(LISTENER + role % "b/#")
        self.ask("reload")
        # Asked for on each worker, behind what the command has waited for.
        self.peer("late")
        refused = self.peer("refused")
        refused.subscribe("a", codes=[NOT_AUTHORIZED])
        self.is_alive_in(there, "b/x")

    def is_alive_in(self, peer, topic):
        peer.subscribe(topic)
        peer.publish(topic, "still")
        peer.take(topic, "still")

    def test_many_clients_notice_nothing(self):
        allow_files()
        self.start_server(LISTENER + '[limits]\nunauthenticated = 5000\n')
        count = 300 if os.environ.get("PEAL_SANITIZE") else 1500
        swarm = Swarm(self, self.port)
        clients = swarm.clients(count, "many", version=4)
        canary = Canary(self, self.port, "", "")
        for number in range(4):
            self.config.write_text(LISTENER + f"max_connections = {50000 + number}\n[queue]\nmessages = {100 + number}\n"
                                   '[[role]]\nname = "all"\nusers = ["*"]\nallow = [{ all = "#" }]\n')
            self.assertIn("change", self.ask("reload"))
        self.assertGreater(canary.lap(at_least=5)["count"], 0)
        for one in clients:
            one.sendall(b"\xc0\0")
        for one in clients:
            self.assertEqual(one.recv(2), b"\xd0\0")


if __name__ == "__main__":
    main()

"""`peal scan` against brokers of every kind of openness, and against servers that are none."""

import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import tempfile
import time

from support.case import Case, main, needs_peal
from support.certificates import Certificates
from support.fake_server import FakeServer, read_packet
from support.program import Program, run
from support.server import PEAL, free_ports, port_of

CONNECTIONS_LIMIT = 40
FOUND, CLEAN, FAILED = 2, 0, 1
ENVIRONMENT = {**os.environ, "NO_COLOR": "1"}


@needs_peal
class ScanCase(Case):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-scan-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def scan(self, *arguments, code, timeout=60):
        done = run([PEAL, "scan", *arguments], timeout=timeout, env=ENVIRONMENT)
        self.assertEqual(done.code, code, done)
        return done

    def scan_json(self, *arguments, code, timeout=60):
        """The JSON object; `findings`, `good` and `unknown` become {(check, port): entry}."""
        found = json.loads(self.scan(*arguments, "--json", code=code, timeout=timeout).out)
        for name in ("findings", "good", "unknown"):
            found[name] = {(x["check"], int(x["port"])): x for x in found.get(name, [])}
        self.assertLessEqual(found["connections"], found["connections_limit"])
        return found

    def severities(self, found, port):
        return {check: x["severity"] for (check, at), x in found["findings"].items() if at == port}

    def mosquitto(self, text):
        file = self.folder / "mosquitto.conf"
        file.write_text("persistence false\nlog_dest stderr\nuser root\n" + text)
        program = Program(["/usr/sbin/mosquitto", "-c", file])
        self.addCleanup(program.stop)
        program.wait_line("running", stream="err")
        return program

    def add_user(self, name, password, kind="sha512"):
        passwords = self.folder / "passwd"
        first = [] if passwords.exists() else ["-c"]
        done = run([PEAL, "passwd", *first, "-H", kind, "-b", passwords, name, password])
        self.assertEqual(done.code, 0, done)
        return passwords

    def peal(self, text):
        file = self.folder / "peal.toml"
        file.write_text(text)
        return self.serve("-c", file)


class OpenBrokers(ScanCase):
    def test_mosquitto_that_lets_everybody_in(self):
        port, ws_port = free_ports(2)
        self.mosquitto(f"allow_anonymous true\nlistener {port} 127.0.0.1\n"
                       f"listener {ws_port} 127.0.0.1\nprotocol websockets\n")
        retained = ["mosquitto_pub", "-p", port, "-r", "-m", "a secret"]
        for topic in ("home/door", "home/light"):
            self.assertEqual(run([*retained, "-t", topic]).code, 0)

        text = self.scan(f"127.0.0.1:{port}", code=FOUND).out
        self.assertIn("Grade F", text)
        self.assertRegex(text, r"(?m)^critical +Anyone can read every message +port \d+$")
        self.assertIn("2 messages on 2 topics", text)
        self.assertIn("mosquitto version", text)
        self.assertNotIn("secret", text)
        self.assertNotIn("home/", text)

        found = self.scan_json(f"127.0.0.1:{port}", code=FOUND)
        self.assertEqual(self.severities(found, port), {
            "read-everything": "critical", "anonymous": "high", "publish": "high",
            "any-password": "medium", "system-topics": "medium", "will": "low",
            "plain-text": "low", "version": "low"})
        self.assertEqual((found["grade"], found["failed"], found["fail_on"]), ("F", True, "high"))
        self.assertEqual(found["ports"][0]["versions"], ["3.1.1", "5"])
        self.scan(f"127.0.0.1:{port}", "--fail-on", "critical", code=FOUND)

        through_page = self.scan_json(f"ws://127.0.0.1:{ws_port}", code=FOUND)
        self.assertEqual(through_page["ports"][0]["way"], "ws")
        self.assertEqual(self.severities(through_page, ws_port)["foreign-origin"], "high")
        # The way is also found when it is not named.
        unnamed = self.scan_json(f"127.0.0.1:{ws_port}", code=FOUND)
        self.assertEqual(self.severities(unnamed, ws_port), self.severities(through_page, ws_port))

    def test_nothing_is_left_behind(self):
        [port] = free_ports(1)
        self.mosquitto(f"allow_anonymous true\nlistener {port} 127.0.0.1\n")
        watcher = self.start("stdbuf", "-oL", "mosquitto_sub", "-d", "-p", port, "-t", "#", "-F", "%t %q %r [%p]")
        watcher.wait_line("^Subscribed")
        self.scan(f"127.0.0.1:{port}", code=FOUND)
        self.assertEqual(run(["mosquitto_pub", "-p", port, "-t", "last", "-m", "x"]).code, 0)
        watcher.wait_line("^last 0 0")
        messages = [x for x in watcher.lines if x.startswith("peal-scan/")]
        # One or two messages of the scan, and no Will Message: neither retained nor with a payload.
        self.assertIn(len(messages), (1, 2), messages)
        for message in messages:
            self.assertRegex(message, r"^peal-scan/[a-z0-9]{12} 0 0 \[\]$")

    def test_peal_without_a_configuration(self):
        program = self.serve("-p", "0")
        port = port_of(program)
        text = self.scan(f"127.0.0.1:{port}", code=FOUND).out
        self.assertIn("This is what programs on this machine see", text)
        found = self.scan_json(f"127.0.0.1:{port}", code=FOUND)
        self.assertTrue(found["loopback"])
        self.assertEqual(self.severities(found, port), {
            "read-everything": "critical", "anonymous": "high", "publish": "high",
            "any-password": "medium", "will": "low", "plain-text": "low"})
        # What Peal promises of any listener.
        for check in ("foreign-origin", "version", "system-topics"):
            self.assertIn((check, port), found["good"])

    def test_peal_open_to_all(self):
        program = self.peal('[[listener]]\nbind = "127.0.0.1:0"\nanonymous = "yes"\n')
        port = port_of(program)
        found = self.scan_json(f"127.0.0.1:{port}", code=FOUND)
        self.assertEqual(self.severities(found, port)["read-everything"], "critical")
        self.assertIn("came back", found["findings"]["read-everything", port]["seen"])

    def test_a_broker_that_never_stops_sending_is_not_read_for_ever(self):
        def flood(connection):
            while (kind := read_packet(connection)[0]) in (1, 3, 8):
                if kind == 1:
                    connection.sendall(b"\x20\x03\0\0\0")
                elif kind == 8:
                    connection.sendall(b"\x90\x04\0\x01\0\0")
                    for i in range(1 << 20):
                        connection.sendall(b"\x30\x07\0\x03t%02d\0x" % (i % 7))

        server = FakeServer(self, flood)
        begin = time.monotonic()
        found = self.scan_json(f"127.0.0.1:{server.port}", "--timeout", "1", code=FOUND)
        self.assertLess(time.monotonic() - begin, 30)
        self.assertIn("at least 1000 messages on 7 topics",
                      found["findings"]["read-everything", server.port]["seen"])
        self.assertEqual(server.connections, found["connections"])


class ClosedBrokers(ScanCase):
    def test_mosquitto_with_passwords_and_tls(self):
        certificates = Certificates(self.folder)
        passwords = self.add_user("anna", "a long one", kind="sha512-pbkdf2")
        port, tls_port = free_ports(2)
        self.mosquitto(f"allow_anonymous false\npassword_file {passwords}\nlistener {port} 127.0.0.1\n"
                       f"listener {tls_port} 127.0.0.1\ncertfile {certificates.cert}\n"
                       f"keyfile {certificates.key}\n")
        found = self.scan_json(f"localhost:{tls_port}", "--cafile", certificates.ca, code=CLEAN)
        self.assertEqual(found["grade"], "A", found["findings"])
        self.assertEqual(found["ports"][0]["tls"]["versions"], ["1.2", "1.3"])
        self.assertEqual(found["ports"][0]["tls"]["certificate"]["names"],
                         ["localhost", "127.0.0.1", "::1"])
        for check in ("anonymous", "any-password", "known-password", "plain-text", "old-tls",
                      "new-tls", "certificate-time", "certificate-issuer", "certificate-name",
                      "certificate-key", "version"):
            self.assertIn((check, tls_port), found["good"], found)

        # Nobody vouches for it without --cafile.
        unknown = self.scan_json(f"localhost:{tls_port}", code=CLEAN)
        self.assertEqual(self.severities(unknown, tls_port), {"certificate-issuer": "low"})
        self.assertEqual(unknown["grade"], "B")
        self.scan(f"localhost:{tls_port}", "--fail-on", "low", code=FOUND)

        plain = self.scan_json(f"127.0.0.1:{port}", code=CLEAN)
        self.assertEqual(self.severities(plain, port), {"plain-text": "low"})
        self.assertIn("none of 10", plain["good"]["known-password", port]["seen"])
        quiet = self.scan_json(f"127.0.0.1:{port}", "--no-passwords", code=CLEAN)
        self.assertEqual(quiet["connections"], plain["connections"] - 10)

    def test_peal_with_users_and_tls(self):
        certificates = Certificates(self.folder)
        passwords = self.add_user("anna", "a long one")
        program = self.peal(
            f'[[listener]]\nname = "tls"\nbind = "127.0.0.1:0"\nanonymous = "no"\n[listener.tls]\n'
            f'cert = "{certificates.cert}"\nkey = "{certificates.key}"\n'
            f'[[auth.source]]\ntype = "file"\npath = "{passwords}"\n'
            '[[role]]\nname = "owner"\nusers = ["anna"]\nallow = [{ all = "#" }]\n')
        port = port_of(program, "tls")
        found = self.scan_json(f"localhost:{port}", "--cafile", certificates.ca, code=CLEAN)
        self.assertEqual((found["grade"], found["findings"]), ("A", {}))
        self.assertIn(("foreign-origin", port), found["good"])
        text = self.scan(f"localhost:{port}", "--cafile", certificates.ca, code=CLEAN).out
        self.assertIn("Grade A   nothing to find fault with", text)
        self.assertIn("MQTT 5 and 3.1.1 inside TLS", text)

    def test_peal_that_lets_anonymous_clients_in_but_allows_nothing(self):
        passwords = self.add_user("anna", "a long one")
        program = self.peal(
            f'[[listener]]\nbind = "127.0.0.1:0"\nanonymous = "yes"\n'
            f'[[auth.source]]\ntype = "file"\npath = "{passwords}"\n'
            '[[role]]\nname = "owner"\nusers = ["anna"]\nallow = [{ all = "#" }]\n')
        port = port_of(program)
        found = self.scan_json(f"127.0.0.1:{port}", code=CLEAN)
        self.assertEqual(self.severities(found, port), {"anonymous": "low", "plain-text": "low"})
        for check in ("read-everything", "publish", "will", "system-topics", "any-password"):
            self.assertIn((check, port), found["good"])

    def test_a_well_known_password_is_found_and_the_search_ends(self):
        self.add_user("anna", "a long one")
        passwords = self.add_user("admin", "public")
        program = self.peal(
            f'[[listener]]\nbind = "127.0.0.1:0"\nanonymous = "no"\n'
            f'[[auth.source]]\ntype = "file"\npath = "{passwords}"\n')
        port = port_of(program)
        found = self.scan_json(f"127.0.0.1:{port}", code=FOUND)
        self.assertEqual(found["findings"]["known-password", port]["severity"], "critical")
        self.assertIn("admin/public", found["findings"]["known-password", port]["seen"])
        refused = self.scan_json(f"127.0.0.1:{port}", "--no-passwords", code=CLEAN)
        self.assertEqual(found["connections"] - refused["connections"], 2)

    def test_who_is_locked_out_does_not_go_on_guessing(self):
        passwords = self.add_user("anna", "a long one")
        program = self.peal(
            f'[[listener]]\nbind = "127.0.0.1:0"\nanonymous = "no"\n[ban]\nbad_login = "2 per 5m -> 15m"\n'
            f'[[auth.source]]\ntype = "file"\npath = "{passwords}"\n')
        port = port_of(program)
        found = self.scan_json(f"127.0.0.1:{port}", code=CLEAN)
        self.assertIn("Banned", found["unknown"]["known-password", port]["seen"])

    def test_a_server_that_asks_for_a_client_certificate(self):
        certificates = Certificates(self.folder)
        program = self.peal(
            f'[[listener]]\nbind = "127.0.0.1:0"\n[listener.tls]\ncert = "{certificates.cert}"\n'
            f'key = "{certificates.key}"\nclient_ca = "{certificates.ca}"\nclient_cert = "require"\n')
        port = port_of(program)
        found = self.scan_json(f"localhost:{port}", "--cafile", certificates.ca, code=CLEAN)
        self.assertTrue(found["ports"][0]["tls"]["asks_for_certificate"])
        self.assertIn("was not looked at", found["ports"][0]["text"])
        self.assertNotIn("way", found["ports"][0])


class Tls(ScanCase):
    def certificate(self, *key, subject="/CN=elsewhere.example"):
        cert, private = self.folder / "own.crt", self.folder / "own.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", *key, "-nodes", "-keyout", private, "-out", cert,
                        "-days", "4000", "-subj", subject], check=True, capture_output=True)
        return cert, private

    def test_old_versions_and_a_bad_certificate(self):
        cert, private = self.certificate("rsa:1024")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.load_cert_chain(cert, private)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_2

        def refuse(connection):
            if read_packet(connection)[0] == 1:
                connection.sendall(b"\x20\x03\0\x87\0")
                read_packet(connection)

        server = FakeServer(self, refuse, context)
        found = self.scan_json(f"mqtts://localhost:{server.port}", code=FOUND)
        self.assertEqual(found["ports"][0]["tls"]["versions"], ["1.0", "1.1", "1.2"])
        self.assertEqual(self.severities(found, server.port), {
            "old-tls": "medium", "new-tls": "low", "certificate-issuer": "medium",
            "certificate-name": "medium", "certificate-key": "high", "certificate-time": "low"})
        self.assertIn("elsewhere.example", found["findings"]["certificate-name", server.port]["seen"])
        self.assertEqual(found["grade"], "D")
        self.assertEqual((server.connections, server.overlaps), (found["connections"], 0))


class Bounds(ScanCase):
    def test_connections_are_bounded_and_one_at_a_time(self):
        def refuse(connection):
            if read_packet(connection)[0] == 1:
                connection.sendall(b"\x20\x03\0\x86\0")
                read_packet(connection)

        server = FakeServer(self, refuse)
        found = self.scan_json(f"127.0.0.1:{server.port}", code=CLEAN)
        self.assertEqual(server.connections, found["connections"])
        self.assertEqual(server.overlaps, 0)
        self.assertLessEqual(server.connections, CONNECTIONS_LIMIT)
        self.assertEqual(found["connections_limit"], CONNECTIONS_LIMIT)
        self.assertIn(f"{CONNECTIONS_LIMIT} in all", self.scan("--help", code=0).out)

    def test_what_a_refusal_says_of_the_server_is_found(self):
        def tell(connection):
            if read_packet(connection)[0] == 1:
                text = b"EMQX 5.3.1\x1b[2J"
                properties = b"\x1f" + len(text).to_bytes(2, "big") + text
                body = b"\0\x87" + bytes([len(properties)]) + properties
                connection.sendall(b"\x20" + bytes([len(body)]) + body)

        server = FakeServer(self, tell)
        found = self.scan_json(f"127.0.0.1:{server.port}", "--no-passwords", code=CLEAN)
        self.assertIn('CONNACK, Reason String: "EMQX 5.3.1?[2J"',
                      found["findings"]["version", server.port]["seen"])

    def nothing_to_look_at(self, behave, words, seconds=20, timeout="0.5", scheme=""):
        server = FakeServer(self, behave)
        target = f"{scheme}127.0.0.1:{server.port}"
        begin = time.monotonic()
        done = self.scan(target, "--timeout", timeout, code=FAILED)
        self.assertLess(time.monotonic() - begin, seconds)
        self.assertIn(words, done.out)
        self.assertNotIn("Grade", done.out)
        self.assertIn("nothing at 127.0.0.1 speaks MQTT or TLS", done.err)
        self.assertLessEqual(server.connections, CONNECTIONS_LIMIT)
        self.assertEqual(server.overlaps, 0)
        found = json.loads(self.scan(target, "--timeout", timeout, "--json", code=FAILED).out)
        self.assertIsNone(found["grade"])
        self.assertTrue(found["ports"][0]["open"])

    def test_a_tarpit(self):
        def swallow(connection):
            while connection.recv(65536):
                pass

        self.nothing_to_look_at(swallow, "open, but nothing answers", seconds=8)

    def test_a_tarpit_that_says_a_byte_now_and_then(self):
        def drip(connection):
            connection.sendall(b"\x20\xff\xff\x7f")  # a CONNACK of two megabytes
            while True:
                connection.sendall(b"\0")
                time.sleep(0.1)

        self.nothing_to_look_at(drip, "open, but", seconds=10)

    def test_bytes_without_end(self):
        def pour(connection):
            while True:
                connection.sendall(b"\x30\x80\x80\x04" + bytes(65536))

        self.nothing_to_look_at(pour, "does not speak MQTT")

    def test_a_websocket_that_is_never_without_a_frame_and_never_says_anything(self):
        def pour(connection):
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(65536)
            key = re.search(rb"Sec-WebSocket-Key: (\S+)", request).group(1)
            accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
            connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               b"Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")
            while True:
                connection.sendall(b"\x82\0" * 8192)

        self.nothing_to_look_at(pour, "open, but", scheme="ws://")

    def test_garbage(self):
        def babble(connection):
            connection.recv(1)
            connection.sendall(os.urandom(64).replace(b"\x20", b"\xff"))
            connection.recv(65536)

        self.nothing_to_look_at(lambda c: (c.recv(1), c.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")),
                                "does not speak MQTT")
        self.nothing_to_look_at(babble, "open, but")

    def test_a_server_that_closes_at_once(self):
        self.nothing_to_look_at(lambda connection: None, "does not speak MQTT")

    def test_a_port_where_nobody_listens(self):
        [port] = free_ports(1)
        done = self.scan(f"127.0.0.1:{port}", code=FAILED)
        self.assertRegex(done.out, rf"(?m)^  {port} +closed: Connection refused$")
        self.assertRegex(done.out, r"(?m)^1 connection, one at a time")


class CommandLine(ScanCase):
    def test_what_makes_no_sense_is_said(self):
        for arguments, words in (([], "HOST is required"), (["host:0"], "no port"), (["host:x"], "no port"),
                                 (["http://host/x"], "no host"), (["h", "--fail-on", "bad"], "--fail-on"),
                                 (["h", "--timeout", "0"], "--timeout"),
                                 (["h", "--cafile", "/nowhere"], "/nowhere"),
                                 (["no-such-host.invalid"], "cannot find no-such-host.invalid")):
            done = self.scan(*arguments, code=FAILED)
            self.assertIn(words, done.err + done.out, arguments)

    def test_the_help_says_what_it_does_to_a_server(self):
        text = self.scan("--help", code=0).out
        for words in ("peal-scan/RANDOM", "never retained", "Exit codes", "one connection at a time", f"{CONNECTIONS_LIMIT} in all"):
            self.assertIn(words, re.sub(r"\s+", " ", text))


if __name__ == "__main__":
    main()

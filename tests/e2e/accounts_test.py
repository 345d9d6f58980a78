"""Users, devices, roles and bans that are made while the server runs, and the other ways to say who one is."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support.case import Case, main, needs_peal
from support.program import run
from support.server import PEAL, port_of

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
from peer import wire  # noqa: E402
from peer.client import Peer  # noqa: E402

BAD_USER_NAME_OR_PASSWORD = 0x86
NOT_AUTHORIZED = 0x87
SERVER_UNAVAILABLE = 0x88
BANNED = 0x8A
ADMINISTRATIVE_ACTION = 0x98
MAXIMUM_CONNECT_TIME = 0xA0
USERS = '[[auth.source]]\ntype = "users"\n'
EXPIRY = wire.properties(session_expiry_interval=3600)


class AccountCase(Case):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-accounts-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.config = self.folder / "peal.toml"
        self.data = self.folder / "data"

    def peal(self, *arguments, code=0):
        done = run([PEAL, *map(str, arguments), "--data", self.data])
        self.assertEqual(done.code, code, done)
        return done.out if code == 0 else done.err

    def start_server(self, auth=USERS, listener='bind = "127.0.0.1:0"'):
        self.config.write_text(f"[[listener]]\n{listener}\n{auth}")
        self.program = self.serve("-c", self.config, data=str(self.data))
        self.address = "127.0.0.1", port_of(self.program)

    def stop_server(self):
        os.kill(self.program.pid, signal.SIGTERM)
        self.assertEqual(self.program.wait(), 0)

    def peer(self, user=None, password=None, client_id=None, code=0, version=5, **values):
        peer = Peer(self.address, version, client_id or f"c-{user}")
        self.addCleanup(peer.socket.close)
        if user is not None:
            values["user"] = user
        if password is not None:
            values["password"] = password
        peer.connect(code=code, **values)
        return peer


@needs_peal
class Users(AccountCase):
    def test_are_made_before_the_first_start(self):
        self.peal("user", "add", "anna", "-P", "right", "-r", "owner")
        self.peal("role", "add", "owner", "--allow", "all #")
        self.start_server()
        anna = self.peer("anna", "right")
        anna.subscribe("a", 1)
        self.peer("anna", "wrong", code=BAD_USER_NAME_OR_PASSWORD)

    def test_are_made_changed_and_removed_while_the_server_runs(self):
        self.start_server()
        self.peer("anna", "right", code=BAD_USER_NAME_OR_PASSWORD)
        self.peal("user", "add", "anna", "-P", "right")
        self.assertIn("already", self.peal("user", "add", "anna", "-P", "x", code=1))
        anna = self.peer("anna", "right")
        anna.subscribe("a", 1, codes=[NOT_AUTHORIZED])
        self.peal("role", "add", "reader", "--allow", "subscribe a/#")
        self.peal("user", "roles", "anna", "reader")
        anna.subscribe("a/b", 1)
        self.peal("user", "passwd", "anna", "-P", "better")
        anna.expect("DISCONNECT", code=ADMINISTRATIVE_ACTION)
        self.peer("anna", "right", code=BAD_USER_NAME_OR_PASSWORD)
        anna = self.peer("anna", "better")
        self.peal("user", "disable", "anna")
        anna.expect("DISCONNECT", code=ADMINISTRATIVE_ACTION)
        self.peer("anna", "better", code=BAD_USER_NAME_OR_PASSWORD)
        self.peal("user", "enable", "anna")
        anna = self.peer("anna", "better")
        self.assertIn("anna", self.peal("user", "list"))
        self.peal("user", "rm", "anna")
        anna.expect("DISCONNECT", code=ADMINISTRATIVE_ACTION)
        self.peer("anna", "better", code=BAD_USER_NAME_OR_PASSWORD)
        self.assertEqual(json.loads(self.peal("user", "list", "--json")), [])

    def test_are_there_after_a_restart(self):
        self.start_server()
        self.peal("user", "add", "anna", "-P", "right")
        self.program.kill()
        self.program.wait()
        self.start_server()
        self.peer("anna", "right")

    def test_a_withdrawn_role_counts_at_once(self):
        self.start_server()
        self.peal("role", "add", "reader", "--allow", "all a/#")
        self.peal("user", "add", "anna", "-P", "right", "-r", "reader")
        anna = self.peer("anna", "right")
        anna.subscribe("a/b", 1)
        anna.publish("a/b", b"1", qos=1)
        self.peal("role", "set", "reader", "--allow", "subscribe b")
        self.assertEqual(anna.publish("a/b", b"2", qos=1).code, NOT_AUTHORIZED)

    def test_a_public_listener_starts_with_them(self):
        self.config.write_text(f'[[listener]]\nbind = "0.0.0.0:0"\n{USERS}')
        self.program = self.serve("-c", self.config, data=str(self.data))
        found = self.program.wait_line(r"^listening default 0\.0\.0\.0:(\d+) ")
        self.address = "127.0.0.1", int(found.group(1))
        self.peer("anna", "x", code=BAD_USER_NAME_OR_PASSWORD)

    def test_the_socket_is_for_its_owner_alone(self):
        self.start_server()
        self.assertEqual((self.data / "control.sock").stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.data.stat().st_mode & 0o777, 0o700)


@needs_peal
class Devices(AccountCase):
    def test_what_is_printed_is_what_works(self):
        self.start_server()
        sheet = json.loads(self.peal("device", "add", "bell", "--host", "localhost", "--port", self.address[1], "--json"))
        self.assertGreaterEqual(len(sheet["password"]), 24)
        line = self.peal("device", "add", "lamp", "--host", "localhost", "--port", self.address[1], "--no-qr")
        command = re.search(r"^mosquitto_pub .*$", line, re.M).group(0)
        bell = self.peer("bell", sheet["password"])
        bell.subscribe("devices/bell/#", 1)
        self.assertEqual(subprocess.run(["sh", "-c", command + " -q 1"], timeout=30).returncode, 0)
        bell.publish("devices/bell/ring", b"now", qos=1)
        bell.expect("PUBLISH", topic="devices/bell/ring", payload=b"now")
        self.assertIn("#define MQTT_USER \"lamp\"", line)

    def test_the_code_is_a_qr_code(self):
        text = self.peal("device", "add", "bell", "--host", "localhost")
        self.assertIn("▀", text)
        self.assertIn("shown once", text)

    def test_ten_thousand_come_back_after_a_restart_within_seconds(self):
        """Their passwords are random, so they are checked in no time, though nobody has been here before."""
        self.start_server()
        count = 500
        sheet = json.loads(self.peal("device", "add", "one", "--json"))
        began = time.monotonic()
        peers = [Peer(self.address, 5, f"d{i}") for i in range(count)]
        for peer in peers:
            peer.send(wire.connect(peer.client_id, user="one", password=sheet["password"]))
        for peer in peers:
            peer.expect("CONNACK", timeout=30, code=0)
            peer.socket.close()
        self.assertLess(time.monotonic() - began, 20)


@needs_peal
class Bans(AccountCase):
    def test_keep_out_and_put_out(self):
        self.start_server(auth="")
        here = self.peer(client_id="here")
        self.peal("ban", "add", "client", "here", "--reason", "noise")
        here.expect("DISCONNECT", code=ADMINISTRATIVE_ACTION)
        self.peer(client_id="here", code=BANNED)
        self.peer(client_id="there")
        self.assertIn("noise", self.peal("ban", "list"))
        self.peal("ban", "rm", "client", "here")
        self.peer(client_id="here")
        self.peal("ban", "add", "address", "127.0.0.0/8", "--for", "1h")
        self.peer(client_id="there", code=BANNED)

    def test_who_comes_and_goes_is_kept_out(self):
        self.start_server(auth='[ban]\nflapping = "3 per 1m -> 1m"\n')
        for _ in range(3):
            self.peer(client_id="flap").socket.close()
        self.peer(client_id="flap", code=BANNED)
        self.peer(client_id="calm")


@needs_peal
class Rates(AccountCase):
    def test_who_is_too_fast_waits_and_loses_nothing(self):
        self.start_server(auth=USERS + '[[role]]\nname = "slow"\nusers = ["*"]\nallow = [{ all = "#" }]\n'
                          'rate = { publish = "20/s burst 5" }\n')
        self.peal("user", "add", "anna", "-P", "right")
        anna = self.peer("anna", "right")
        began = time.monotonic()
        for mid in range(1, 31):
            anna.send(wire.publish("a", b"x", qos=1, pid=mid))
        for mid in range(1, 31):
            anna.expect("PUBACK", pid=mid)
        self.assertGreater(time.monotonic() - began, 1.0)
        self.assertIn("faster than its role allows", self.peal("explain", "client", "c-anna"))


@needs_peal
class Explaining(AccountCase):
    def test_says_why(self):
        self.start_server()
        self.peal("user", "add", "anna", "-P", "right")
        self.peer("anna", "wrong", client_id="door", code=BAD_USER_NAME_OR_PASSWORD)
        text = self.peal("explain", "client", "door")
        self.assertIn("has no session", text)
        self.assertIn("Bad User Name or Password", text)
        anna = self.peer("anna", "right", client_id="door")
        anna.subscribe("secret", 1, codes=[NOT_AUTHORIZED])
        text = self.peal("explain", "client", "door")
        self.assertIn("is connected from 127.0.0.1", text)
        self.assertIn("(last: secret)", text)
        self.assertIn("no subscriptions", text)

    def test_nobody_is_nobody(self):
        self.start_server()
        done = run([PEAL, "explain", "client", "ghost", "--data", self.data])
        self.assertEqual(done.code, 2, done)
        self.assertIn("Nothing was seen", done.out)

    def test_without_a_server_says_so(self):
        self.assertIn("no server runs", self.peal("explain", "client", "x", code=1))


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(secret, claims):
    signed = base64url(b'{"alg":"HS256"}') + "." + base64url(json.dumps(claims).encode())
    return signed + "." + base64url(hmac.new(secret, signed.encode(), hashlib.sha256).digest())


@needs_peal
class AskingTheRules(AccountCase):
    FILE = USERS + """
[[role]]
name = "all"
users = ["*"]
deny = [{ publish = "+/firmware" }]
"""

    def ask(self, *arguments, code=0):
        done = run([PEAL, "acl", "test", *map(str, arguments)])
        self.assertEqual(done.code, code, done)
        return done.out + done.err

    def test_of_a_server_its_store_and_a_file(self):
        where = "--data", self.data, "-c", self.config
        mine, firmware = ("bell", "bell/ring", "publish"), ("bell", "bell/firmware", "publish")
        self.start_server(self.FILE)
        self.assertIn("no rule allows it", self.ask(*where, *mine, code=2))
        self.peal("role", "add", "device", "--allow", "all %u/#")
        self.peal("user", "add", "bell", "-P", "x", "-r", "device")
        expected = "allowed   bell may publish bell/ring\n          role device (store): allow all %u/#\n"
        self.assertEqual(self.ask(*where, *mine),
                         expected + f"asked     the server that runs with its state in {self.data}\n")
        told = self.ask(*where, *firmware, code=2)
        self.assertIn(f"denied    bell may not publish bell/firmware\n          {self.config}:", told)
        self.assertIn(": deny publish +/firmware\n", told)
        # What is written counts once it is read.
        self.config.write_text(self.config.read_text().replace("firmware", "ring"))
        self.assertIn("allowed", self.ask(*where, *mine))
        self.assertIn("denied", self.ask(*where, "--file-only", *mine, code=2))
        self.stop_server()
        self.assertIn(f"{self.config} and the store in {self.data}; no server runs there",
                      self.ask(*where, *firmware))
        self.assertEqual(json.loads(self.ask(*where, "--json", *firmware))["place"], "role device (store)")
        before = sorted(path.name for path in self.data.iterdir())
        self.ask(*where, *firmware)
        self.assertEqual(sorted(path.name for path in self.data.iterdir()), before, "it only looks")

    def test_where_nothing_is(self):
        nowhere = self.folder / "nowhere"
        self.config.write_text(self.FILE)
        told = self.ask("--data", nowhere, "-c", self.config, "bell", "bell/ring", "publish", code=2)
        self.assertIn(f"{self.config} alone; {nowhere} has no server and no store", told)
        told = self.ask("--data", nowhere, "bell", "bell/ring", "publish", code=1)
        self.assertIn(f"{nowhere} has no server and no store; say where", told)
        self.assertFalse(nowhere.exists())
        self.assertIn("no Topic Name", self.ask("-c", self.config, "--file-only", "bell", "#", "publish", code=1))


@needs_peal
class RetainedMessages(AccountCase):
    def test_are_withheld_when_their_publisher_may_not_publish_them_any_more(self):
        for name, rule in (("bell", "publish bell/#"), ("reader", "all #")):
            self.peal("role", "add", name, "--allow", rule)
            self.peal("user", "add", name, "-P", "x", "-r", name)
        self.start_server()
        self.peer("bell", "x").publish("bell/state", b"on", qos=1, retain=True)
        self.peer("reader", "x", client_id="other").publish("state", b"ok", qos=1, retain=True)

        def retained():
            reader = self.peer("reader", "x")
            reader.subscribe("#", 1)
            reader.publish("end", b"", qos=0)
            seen = []
            while (packet := reader.expect("PUBLISH")).topic != "end":
                seen.append(packet.topic)
            return sorted(seen)
        self.assertEqual(retained(), ["bell/state", "state"])
        self.peal("user", "roles", "bell", "reader")
        self.peal("role", "rm", "bell")
        self.assertEqual(retained(), ["bell/state", "state"], "its other role allows it")
        self.peal("user", "roles", "bell")
        self.assertEqual(retained(), ["state"])
        self.program.kill()
        self.program.wait()
        self.start_server()
        self.assertEqual(retained(), ["state"])
        self.peal("user", "rm", "bell")
        self.assertEqual(retained(), ["state"])
        self.stop_server()
        self.start_server(USERS + '[retained]\ncheck_publisher = false\n')
        self.assertEqual(retained(), ["bell/state", "state"])


@needs_peal
class Tokens(AccountCase):
    secret = b"0123456789abcdef0123456789abcdef"

    def start_with_keys(self):
        keys = self.folder / "keys.json"
        keys.write_text(json.dumps({"keys": [{"kty": "oct", "alg": "HS256", "k": base64url(self.secret)}]}))
        self.start_server(auth=f'[[auth.source]]\ntype = "jwt"\njwks = "{keys}"\n')

    def test_name_and_rights_come_with_the_token(self):
        self.start_with_keys()
        claims = {"sub": "bell", "exp": int(time.time()) + 600, "acl": {"pub": ["a/%u"], "sub": ["a/#"]}}
        bell = self.peer("whoever", token(self.secret, claims), client_id="b")
        bell.subscribe("a/#", 1)
        bell.subscribe("b", 1, codes=[NOT_AUTHORIZED])
        bell.publish("a/bell", b"x", qos=1)
        bell.expect("PUBLISH", topic="a/bell", payload=b"x")
        self.peer("whoever", token(b"x" * 32, claims), code=BAD_USER_NAME_OR_PASSWORD)
        self.peer("whoever", "no token", code=BAD_USER_NAME_OR_PASSWORD)

    def test_the_connection_ends_with_the_token(self):
        self.start_with_keys()
        claims = {"sub": "bell", "exp": int(time.time()) - 27}  # clocks may be half a minute apart
        bell = self.peer("x", token(self.secret, claims), client_id="b")
        bell.expect("DISCONNECT", timeout=10, code=MAXIMUM_CONNECT_TIME)

    def test_rights_of_a_token_outlast_a_restart(self):
        self.start_with_keys()
        claims = {"sub": "bell", "exp": int(time.time()) + 600, "acl": {"all": ["a"]}}
        bell = self.peer("x", token(self.secret, claims), client_id="b", clean=False, props=EXPIRY)
        bell.subscribe("a", 1)
        self.stop_server()
        self.start_with_keys()
        other = self.peer("x", token(self.secret, claims | {"sub": "lamp"}), client_id="l")
        other.publish("a", b"while away", qos=1)
        bell = self.peer("x", token(self.secret, claims), client_id="b", clean=False, props=EXPIRY)
        bell.expect("PUBLISH", topic="a", payload=b"while away")


class Service(BaseHTTPRequestHandler):
    """Knows one password."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        right = asked.get("password") == "right"
        answer = {"result": "allow", "user": asked["username"], "acl": {"all": ["mine/%u"]}} if right else {"result": "deny"}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@needs_peal
class Hook(AccountCase):
    def test_a_service_decides(self):
        service = ThreadingHTTPServer(("127.0.0.1", 0), Service)
        threading.Thread(target=service.serve_forever, daemon=True).start()
        self.addCleanup(service.server_close)
        url = f"http://127.0.0.1:{service.server_address[1]}/auth"
        self.start_server(auth=f'[[auth.source]]\ntype = "http"\nurl = "{url}"\n')
        anna = self.peer("anna", "right")
        anna.subscribe("mine/anna", 1)
        anna.subscribe("mine/ben", 1, codes=[NOT_AUTHORIZED])
        self.peer("anna", "wrong", code=BAD_USER_NAME_OR_PASSWORD)
        service.shutdown()
        service.server_close()
        self.peer("ben", "right", code=SERVER_UNAVAILABLE)


@needs_peal
class Scram(AccountCase):
    """SCRAM-SHA-256 by hand (RFC 7677)."""

    def exchange(self, user, password, code):
        peer = Peer(self.address, 5, f"s-{user}")
        self.addCleanup(peer.socket.close)
        nonce = base64.b64encode(os.urandom(18)).decode()
        bare = f"n={user},r={nonce}"
        method = {"authentication_method": "SCRAM-SHA-256"}
        peer.send(wire.connect(peer.client_id, props=wire.properties(
            **method, authentication_data=("n,," + bare).encode())))
        server_first = peer.expect("AUTH", code=0x18).prop("authentication_data").decode()
        values = dict(part.split("=", 1) for part in server_first.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(values["s"]), int(values["i"]))
        final = f"c=biws,r={values['r']}"
        message = f"{bare},{server_first},{final}".encode()
        key = hmac.new(salted, b"Client Key", hashlib.sha256).digest()
        signature = hmac.new(hashlib.sha256(key).digest(), message, hashlib.sha256).digest()
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature))).decode()
        peer.send(wire.auth(0x18, wire.properties(**method, authentication_data=f"{final},p={proof}".encode())))
        connack = peer.expect("CONNACK", code=code)
        if code == 0:
            server_key = hmac.new(salted, b"Server Key", hashlib.sha256).digest()
            expected = base64.b64encode(hmac.new(server_key, message, hashlib.sha256).digest()).decode()
            self.assertEqual(connack.prop("authentication_data"), f"v={expected}".encode())
        return peer

    def test_a_password_that_is_never_sent(self):
        self.start_server()
        self.peal("user", "add", "anna", "-P", "pencil", "--scram")
        self.exchange("anna", "pencil", 0)
        self.exchange("anna", "pen", BAD_USER_NAME_OR_PASSWORD)
        self.exchange("nobody", "pencil", BAD_USER_NAME_OR_PASSWORD)
        self.takes_it_plainly()

    def test_of_a_password_file(self):
        file = self.folder / "users"
        self.assertEqual(run([PEAL, "passwd", "-c", "-H", "scram-sha-256", "-b", file, "anna", "pencil"]).code, 0)
        self.start_server(auth=f'[[auth.source]]\ntype = "file"\npath = "{file}"\n')
        self.exchange("anna", "pencil", 0)
        self.exchange("anna", "pen", BAD_USER_NAME_OR_PASSWORD)
        self.takes_it_plainly()

    def takes_it_plainly(self):
        if not os.environ.get("PEAL_SANITIZE"):  # 600 000 rounds, each with allocations, take ten seconds there
            self.peer("anna", "pencil")  # sent plainly it is right, too


if __name__ == "__main__":
    main()

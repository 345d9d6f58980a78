"""Users and rules as the file says them: who gets in, what they may do, and what changes while they are connected."""

import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

from support.case import Case, main, needs_peal
from support.program import run
from support.server import PEAL, port_of

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
from peer import wire  # noqa: E402
from peer.client import Peer  # noqa: E402

BAD_USER_NAME_OR_PASSWORD = 0x86
NOT_AUTHORIZED = 0x87
BANNED = 0x8A
EXPIRY = wire.properties(session_expiry_interval=3600)

ROLES = """
[[role]]
name = "device"
users = ["bell-*"]
allow = [{ publish = "devices/%u/#" }, { subscribe = "devices/%u/cmd/#" }, { all = "shared/%c" }]
deny = [{ publish = "devices/+/firmware" }]

[[role]]
name = "owner"
users = ["anna"]
allow = [{ all = "#" }]
deny = [{ subscribe = "devices/+/secret" }]
"""


class AuthCase(Case):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-auth-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.config = self.folder / "peal.toml"
        self.passwords = self.folder / "passwd"
        self.passwords.touch()
        for user in ("anna", "bell-1", "bell-2"):
            self.add_user(user, "of " + user)

    def add_user(self, user, password):
        done = run([PEAL, "passwd", "-H", "sha512", "-b", self.passwords, user, password])
        self.assertEqual(done.code, 0, done)

    def write(self, rules=ROLES, listener='bind = "127.0.0.1:0"', auth=""):
        self.config.write_text(f'[[listener]]\n{listener}\n[auth]\n{auth}\n[[auth.source]]\ntype = "file"\n'
                               f'path = "{self.passwords}"\n{rules}\n')

    def start_server(self, **parts):
        self.write(**parts)
        self.program = self.serve("-c", self.config)
        self.address = "127.0.0.1", port_of(self.program)

    def peer(self, user=None, password=None, client_id=None, code=0, version=5, **values):
        peer = Peer(self.address, version, client_id or f"c-{user}")
        self.addCleanup(peer.socket.close)
        if user is not None:
            values["user"] = user
            values["password"] = f"of {user}" if password is None else password
        peer.connect(code=code, **values)
        return peer

    def reload(self, says):
        os.kill(self.program.pid, signal.SIGHUP)
        self.program.wait_line(says, stream="err")


@needs_peal
class Names(AuthCase):
    def test_the_right_password_is_let_in_and_no_other(self):
        self.start_server()
        self.peer("anna")
        self.peer("anna")  # now known without hashing
        for password in ("", "of ann", "of anna ", "of anna\0", "of anna\0x", "OF ANNA", "x" * 1000):
            self.peer("anna", password, code=BAD_USER_NAME_OR_PASSWORD)
        self.peer("nobody", "of anna", code=BAD_USER_NAME_OR_PASSWORD)

    def test_a_missing_password_is_not_an_empty_one(self):
        done = run(["mosquitto_passwd", "-b", self.passwords, "empty", ""])
        self.assertEqual(done.code, 0, done)
        self.start_server()
        self.peer("empty", "")
        peer = Peer(self.address, 5, "c")
        self.addCleanup(peer.socket.close)
        peer.connect(code=BAD_USER_NAME_OR_PASSWORD, user="empty")

    def test_older_clients_are_told_in_their_words(self):
        self.start_server()
        self.peer("anna", version=4)
        self.peer("anna", "wrong", code=4, version=4)

    def test_a_session_belongs_to_its_user(self):
        self.start_server()
        owner = self.peer("bell-1", client_id="bell", clean=False, props=EXPIRY)
        self.peer("bell-2", client_id="bell", code=NOT_AUTHORIZED)
        owner.expect_nothing()

    def test_who_guesses_is_locked_out(self):
        self.start_server(rules=ROLES + '[ban]\nbad_login = "3 per 1m -> 1m"\n')
        self.peer("anna")
        for _ in range(3):
            self.peer("bell-1", "guess", code=BAD_USER_NAME_OR_PASSWORD)
        self.peer("bell-1", "guess", code=BANNED)
        self.peer("bell-1", code=BANNED)
        self.peer("anna")
        self.program.wait_line("locked out", stream="err")

    def test_many_log_in_at_once(self):
        self.add_user("many", "of many")
        self.start_server()
        peers = [Peer(self.address, 5, f"m{i}") for i in range(200)]
        for peer in peers:
            self.addCleanup(peer.socket.close)
            peer.send(wire.connect(peer.client_id, user="many", password="of many"))
        for peer in peers:
            peer.expect("CONNACK", code=0)


@needs_peal
class Rules(AuthCase):
    def test_a_role_gives_what_it_says_and_nothing_else(self):
        self.start_server()
        anna, bell = self.peer("anna"), self.peer("bell-1")
        anna.subscribe("#", qos=1)
        self.assertEqual(bell.publish("devices/bell-1/ring", "1", qos=1).code, 0)
        anna.take("devices/bell-1/ring", "1", qos=1)
        for topic in ("devices/bell-2/ring", "devices/bell-1/firmware", "devices", "x", "$SYS/x"):
            self.assertEqual(bell.publish(topic, "no", qos=1).code, NOT_AUTHORIZED, topic)
        bell.publish("devices/bell-2/ring", "no")
        anna.expect_nothing()
        bell.subscribe("devices/bell-1/cmd/#")
        for topic_filter in ("#", "+/+/cmd/#", "devices/bell-2/cmd/x", "devices/bell-1/#", "$SYS/#",
                             "$share/g/devices/bell-2/cmd/x", "$share/g/#"):
            bell.subscribe(topic_filter, codes=[NOT_AUTHORIZED])
        bell.subscribe("$share/g/devices/bell-1/cmd/+")

    def test_a_rule_with_the_client_identifier(self):
        self.start_server()
        bell = self.peer("bell-1", client_id="mine")
        bell.subscribe("shared/mine")
        bell.subscribe("shared/other", codes=[NOT_AUTHORIZED])
        odd = self.peer("bell-1", client_id="+")
        odd.subscribe("shared/+", codes=[NOT_AUTHORIZED])
        self.assertEqual(odd.publish("shared/x", "no", qos=1).code, NOT_AUTHORIZED)

    def test_what_is_denied_is_not_delivered(self):
        self.start_server()
        anna, bell = self.peer("anna"), self.peer("bell-1")
        bell.publish("devices/bell-1/secret", "old", qos=1, retain=True)
        bell.publish("devices/bell-1/state", "old", qos=1, retain=True)
        anna.subscribe("#", qos=1)
        anna.take("devices/bell-1/state", "old", qos=1)
        bell.publish("devices/bell-1/secret", "new", qos=1)
        anna.expect_nothing()
        anna.subscribe("devices/+/secret", codes=[NOT_AUTHORIZED])

    def test_an_alias_does_not_get_past_a_rule(self):
        self.start_server()
        bell = self.peer("bell-1")
        alias = wire.properties(topic_alias=1)
        self.assertEqual(bell.publish("devices/bell-2/x", "no", qos=1, props=alias).code, NOT_AUTHORIZED)
        self.assertEqual(bell.publish("", "no", qos=1, props=alias).code, NOT_AUTHORIZED)

    def test_a_will_that_is_not_allowed_is_refused(self):
        self.start_server()
        self.peer("bell-1", code=NOT_AUTHORIZED, will=wire.will("devices/bell-2/gone", "x"))
        self.peer("bell-1", will=wire.will("devices/bell-1/gone", "x"))

    def test_anonymous_clients_may_do_nothing_without_a_rule(self):
        self.start_server()
        anonymous = self.peer(client_id="who")
        anonymous.subscribe("#", codes=[NOT_AUTHORIZED])
        self.assertEqual(anonymous.publish("a", "no", qos=1).code, NOT_AUTHORIZED)

    def test_anonymous_clients_have_the_rules_of_their_name(self):
        self.start_server(rules=ROLES + '[[role]]\nname = "guest"\nusers = ["guest"]\n'
                          'allow = [{ subscribe = "public/#" }]\n', auth='anonymous_user = "guest"')
        self.peer(client_id="who").subscribe("public/#")

    def test_who_may_not_be_anonymous_is_refused(self):
        self.start_server(listener='bind = "127.0.0.1:0"\nanonymous = "no"')
        self.peer(client_id="who", code=NOT_AUTHORIZED)

    def test_a_listener_for_other_machines_starts_once_there_are_users(self):
        self.write(listener='bind = "0.0.0.0:0"')
        program = self.serve("-c", self.config)
        self.assertNotIn("lets everybody in", "\n".join(program.lines))

    def test_mosquitto_s_acl_file(self):
        acl = self.folder / "acl"
        acl.write_text("topic read public/#\nuser anna\ntopic readwrite home/#\ntopic deny home/safe\n"
                       "pattern write from/%u/%c\n")
        self.start_server(rules=f'[acl]\nfile = "{acl}"\n')
        anna, anonymous = self.peer("anna", client_id="phone"), self.peer(client_id="who")
        anna.subscribe("home/#")
        anna.subscribe("public/#", codes=[NOT_AUTHORIZED])
        anonymous.subscribe("public/#")
        self.assertNotEqual(anna.publish("from/anna/phone", "1", qos=1).code, NOT_AUTHORIZED)
        self.assertEqual(anna.publish("from/anna/other", "1", qos=1).code, NOT_AUTHORIZED)
        self.assertEqual(anna.publish("home/safe", "1", qos=1).code, NOT_AUTHORIZED)

    def test_who_publishes_what_may_not_be_can_be_cut_off(self):
        self.start_server(auth='on_deny = "disconnect"')
        bell = self.peer("bell-1")
        bell.send(wire.publish("x", "no"))
        bell.expect_refusal(NOT_AUTHORIZED)


@needs_peal
class Changes(AuthCase):
    def test_rules_change_for_who_is_connected(self):
        self.start_server()
        anna, bell = self.peer("anna"), self.peer("bell-1")
        anna.subscribe("#", qos=1)
        bell.publish("devices/bell-1/ring", "1", qos=1)
        anna.take("devices/bell-1/ring", "1", qos=1)
        self.write(rules='[[role]]\nname = "owner"\nusers = ["anna"]\nallow = [{ publish = "only/#" }]\n'
                   '[[role]]\nname = "device"\nusers = ["bell-1"]\nallow = [{ publish = "devices/#" }]\n')
        self.reload("configuration was read anew")
        time.sleep(0.2)  # each worker takes them in its next iteration
        bell.publish("devices/bell-1/ring", "2", qos=1)
        anna.expect_nothing()
        anna.subscribe("#", codes=[NOT_AUTHORIZED])

    def test_users_come_and_go(self):
        self.start_server()
        self.add_user("new", "of new")
        self.peer("new", code=BAD_USER_NAME_OR_PASSWORD)
        run([PEAL, "passwd", "-D", self.passwords, "bell-2"])
        self.reload("configuration was read anew")
        self.peer("new")
        self.peer("bell-2", code=BAD_USER_NAME_OR_PASSWORD)

    def test_what_is_wrong_changes_nothing(self):
        self.start_server()
        bell = self.peer("bell-1")
        self.write(rules=ROLES + '[[role]]\nname = "x"\nusers = ["*"]\nallow = [{ publish = "a/#/b" }]\n')
        self.reload("configuration stays as it was.*peal.toml:")
        self.assertNotEqual(bell.publish("devices/bell-1/ring", "1", qos=1).code, NOT_AUTHORIZED)
        self.assertEqual(bell.publish("a", "1", qos=1).code, NOT_AUTHORIZED)
        self.peer("anna")


@needs_peal
class Refusals(AuthCase):
    def refusal(self, **parts):
        self.write(**parts)
        done = run([PEAL, "serve", "-c", self.config, "--data", ""], timeout=20)
        self.assertEqual(done.code, 1, done)
        self.assertNotIn("ready", done.out)
        return done.err

    def test_a_password_file_that_is_not_there(self):
        self.passwords.unlink()
        self.assertIn(str(self.passwords), self.refusal())

    def test_a_password_file_with_plain_text(self):
        self.passwords.write_text("anna:secret\n")
        error = self.refusal()
        self.assertRegex(error, r"passwd:1: .*peal passwd -U")
        self.assertNotIn("secret", error)

    def test_rules_that_are_none(self):
        for rule, said in (('{ publish = "a/#/b" }', "a/#/b"), ('{ read = "a" }', "no such word: read"),
                           ('{ publish = "a", subscribe = "b" }', "must be a list"), ('"a"', "must be a list")):
            error = self.refusal(rules=f'[[role]]\nname = "x"\nusers = ["*"]\nallow = [{rule}]\n')
            self.assertRegex(error, r"peal.toml:\d+:\d+: ", rule)
            self.assertIn(said, error)

    def test_a_role_that_nobody_has(self):
        self.assertIn("users = [...]", self.refusal(rules='[[role]]\nname = "x"\nallow = [{ all = "#" }]\n'))

    def test_an_acl_file_that_is_wrong(self):
        acl = self.folder / "acl"
        acl.write_text("user anna\ntopic raed a\n")
        self.assertRegex(self.refusal(rules=f'[acl]\nfile = "{acl}"\n'), r"acl:2: ")

    def test_a_listener_for_all_without_users(self):
        self.config.write_text('[[listener]]\nbind = "0.0.0.0:0"\n')
        done = run([PEAL, "serve", "-c", self.config, "--data", ""], timeout=20)
        self.assertEqual(done.code, 1, done)
        self.assertIn("peal user add", done.err)


if __name__ == "__main__":
    main()

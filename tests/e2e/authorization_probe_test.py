"""What may not be published or received does not arrive, by whatever way it is tried.

No return code counts here, only whether a token arrives. Who may do what is said by a small model
(support/rights_model.py); users, ways, topics and filters are combined, everything is sent to a real
server, and what arrives at someone who may receive it is compared with the model to the last token.
"""

import base64
import hashlib
import itertools
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter

from support.case import Case, main, needs_peal
from support.rights_model import Model, matches, without_share
from support.server import port_of

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
from peer import wire  # noqa: E402
from peer.client import Closed, Peer, gather  # noqa: E402

NOT_AUTHORIZED = 0x87
EXPIRY = wire.properties(session_expiry_interval=3600)
ALIAS = wire.properties(topic_alias=1)
TAKES_EFFECT = 0.3  # seconds until every worker has taken in new rules

EVERYBODY = ("everybody", ["*"], [
    ("allow", "publish", "devices/%u/#"), ("allow", "subscribe", "devices/%u/cmd/#"), ("allow", "all", "clients/%c/#"),
    ("allow", "all", "pre-%u-%c/x"), ("allow", "all", "fence/#"),
    ("deny", "publish", "devices/+/firmware"), ("deny", "all", "blocked/%u/#")])
WENDY = ("writer", ["wendy"], [
    ("allow", "publish", "w/#"), ("allow", "publish", "w2/+"), ("allow", "publish", "+/open"),
    ("allow", "publish", "blocked/#"), ("deny", "publish", "w/secret/#"), ("deny", "publish", "w/+/frozen")])
RITA = ("reader", ["rita"], [
    ("allow", "subscribe", "w/#"), ("allow", "subscribe", "w2/+/x"), ("allow", "subscribe", "blocked/+/x"),
    ("deny", "subscribe", "w/hidden"), ("deny", "subscribe", "w/+/private")])
BOB = ("both", ["bob", "bob-*"], [("allow", "all", "w/#"), ("allow", "all", "w2/#"), ("deny", "all", "w/secret")])
BOSS = ("boss", ["boss"], [("allow", "all", "#"), ("allow", "all", "$SYS/#"), ("allow", "all", "$x/#")])
ORACLE = ("oracle", ["oracle"], [("allow", "subscribe", "#"), ("allow", "subscribe", "$SYS/#"),
                                 ("allow", "subscribe", "$x/#")])
ANONYMOUS = ("anonymous", ["anonymous"], [("allow", "publish", "w/anonymous"), ("allow", "subscribe", "w/public")])
ROLES = [EVERYBODY, WENDY, RITA, BOB, BOSS, ORACLE, ANONYMOUS]

ORDINARY = ["wendy", "rita", "bob", "boss", None, "plain"]
ODD = ["+", "a#b", "a/b", "$SYS", "%u", "%c", "Wendy", "WENDY", "wen dy", "wendy\u0301", "w\u0435ndy", "bob-", "bob-x",
       "bob-/x", "xbob-x", "w" * 250, "*", "wend*", "...", "\U0001f514", "\u202eydnew", "fence", "wendy\\", "wendy'\""]
USERS = [user for user in ORDINARY if user] + ODD + ["oracle", "phone"]

COUNTER = itertools.count(1)


def password_of(user):
    return "of " + user


def password_line(user):
    salt = b"0123456789ab"
    digest = hashlib.sha512(password_of(user).encode() + salt).digest()
    return f"{user}:$6${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}\n"


class Probe(Case):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-probe-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.config, self.passwords = self.folder / "peal.toml", self.folder / "passwd"
        self.passwords.write_text("".join(map(password_line, USERS)))
        self.reloads, self.sent, self.oracle = 0, 0, None
        self.use(ROLES)
        self.program = self.serve("-c", self.config)
        self.address = "127.0.0.1", port_of(self.program)

    def use(self, roles):
        self.model = Model(roles)
        self.config.write_text('[[listener]]\nbind = "127.0.0.1:0"\n[ban]\nbad_login = "off"\ntakeover = "off"\n[auth]\n[[auth.source]]\n'
                               f'type = "file"\npath = "{self.passwords}"\n{self.model.toml()}')

    def reload(self, roles):
        self.use(roles)
        self.reloads += 1
        os.kill(self.program.pid, signal.SIGHUP)
        self.program.wait_line("configuration was read anew", stream="err", count=self.reloads)
        time.sleep(TAKES_EFFECT)

    def raw(self, client_id=None, version=5):
        peer = Peer(self.address, version, f"probe-{next(COUNTER)}" if client_id is None else client_id)
        self.addCleanup(peer.socket.close)
        return peer

    def credentials(self, user):
        return {} if user is None else {"user": user, "password": password_of(user)}

    def peer(self, user=None, client_id=None, version=5, code=0, **values):
        peer = self.raw(client_id, version)
        values.setdefault("keep_alive", 0)  # some wait for long until it is their turn
        peer.connect(code=code, **self.credentials(user), **values)
        return peer

    def token(self):
        self.sent += 1
        return f"token {self.sent}"

    # The oracle sees everything that was published.

    def watch(self):
        self.oracle = self.peer("oracle")
        for topic_filter in ("#", "$SYS/#", "$x/#"):
            self.oracle.subscribe(topic_filter, 1)

    def fence(self, publisher):
        """Whatever `publisher` said before has arrived where this does."""
        mark = f"fence {next(COUNTER)}"
        publisher.publish("fence/x", mark, 1)
        return mark

    def seen(self, peer, marks):
        """Counts the tokens that come to `peer` until all `marks` are there too."""
        missing, got = set(marks), Counter()
        while missing:
            packet = peer.take()
            payload = packet.payload.decode("utf-8", "replace")
            if payload in missing:
                missing.remove(payload)
            elif payload.startswith("token"):
                got[payload] += 1
        return got

    def compare(self, expected, got, what):
        """`expected` and `got` are Counters of tokens; `what` says of a token what it is."""
        leaked, lost = got - expected, expected - got
        tell = [f"{kind}: {what[token]}" for kind, tokens in (("LEAKED", leaked), ("LOST", lost)) for token in tokens]
        self.assertFalse(tell, f"{len(tell)} of {len(what)} combinations:\n" + "\n".join(tell[:60]))


def one_publish(peer, topic, token, qos, **values):
    """PUBLISH and its handshake; a refusal is no failure, the end of the connection is told."""
    try:
        peer.publish(topic, token, qos, **values)
        return True
    except (Closed, ConnectionError):
        return False


def by_qos(qos, **values):
    def way(probe, user, client_id, peer, topic, token):
        return one_publish(peer, topic, token, qos, **values)
    return way


def by_alias(probe, user, client_id, peer, topic, token):
    """The alias is set by a message of its own, which the model counts as well."""
    first = probe.token()
    probe.said(user, client_id, topic, first, "the message that sets an alias")
    return one_publish(peer, topic, first, 0, props=ALIAS) and one_publish(peer, "", token, 1, props=ALIAS)


def by_alias_after_another(probe, user, client_id, peer, topic, token):
    """An alias that stood for a topic that is allowed now stands for this one."""
    return (one_publish(peer, "fence/y", "no token", 0, props=ALIAS) and
            one_publish(peer, topic, "no token", 1, props=ALIAS) and one_publish(peer, "", token, 1, props=ALIAS))


def again(probe, user, client_id, peer, topic, token):
    """A PUBLISH that says to be sent again, and nothing was sent before."""
    peer.send(wire.publish(topic, token, 1, peer.next_pid(), dup=True))
    try:
        peer.answer("PUBACK", peer.pid)
    except Closed:
        return False
    return True


WAYS = {"QoS 0": by_qos(0), "QoS 1": by_qos(1), "QoS 2": by_qos(2), "retained": by_qos(1, retain=True),
        "retained QoS 0": by_qos(0, retain=True), "alias": by_alias, "alias moved": by_alias_after_another, "again": again}


def topics_for(user, client_id):
    """Topics that try the rules, and the holes that a user's name could open in them."""
    name = user or "anonymous"
    topics = ["w", "w/a", "w/a/b", "w/secret", "w/secret/x", "w/a/frozen", "w/frozen", "w2", "w2/a", "w2/a/b", "a/open", "open",
              "W/a", "w/ a", "w//", "/w/a", "w/anonymous", "devices/wendy/x", "devices/wendy/firmware", "devices/x", "devices",
              "devices/a/b/x", "devices//x", "devices/%u/x", "clients/%c/x", "clients/probe/x", "$SYS/x", "$x/y", "$share/g/w/a",
              "blocked/wendy/x", "blocked/a/x", f"devices/{name}/x", f"devices/{name}/firmware", f"clients/{client_id}/x",
              f"pre-{name}-{client_id}/x", f"devices/{client_id}/x", f"clients/{name}/x", f"blocked/{name}/x", "w\u0435/a", "\ufeffw/a"]
    return [t for t in dict.fromkeys(topics) if not any(c in t for c in "+#\0") and len(t) < 1000]


@needs_peal
class Publishing(Probe):
    def setUp(self):
        super().setUp()
        self.watch()
        self.expected, self.what, self.marks = Counter(), {}, []

    def said(self, user, client_id, topic, token, way):
        self.what[token] = f"{user!r} as {client_id!r} to {topic!r}: {way}"
        if self.model.may_publish(user, client_id, topic):
            self.expected[token] += 1

    def tell(self, at_least):
        got = self.seen(self.oracle, self.marks)
        # What nobody waits for may be late: wills of connections that were closed meanwhile.
        self.oracle.expect_nothing()
        print(f"{self.id()}: {len(self.what)} combinations, {sum(self.expected.values())} allowed", file=sys.stderr)
        self.compare(self.expected, got, self.what)
        self.assertGreaterEqual(len(self.what), at_least)

    def say(self, user, client_id, topics, ways, version=5):
        peer = None
        for topic, (name, way) in itertools.product(topics, ways.items()):
            if peer is None:
                peer = self.peer(user, client_id, version)
            token = self.token()
            self.said(user, client_id, topic, token, name)
            if not way(self, user, client_id, peer, topic, token):
                peer = None
        peer = peer or self.peer(user, client_id, version)
        self.marks.append(self.fence(peer))
        self.oracle.later.extend(self.drained())
        peer.disconnect()

    def drained(self):
        """What has come to the oracle so far is read now, so that its queue stays short."""
        kept = []
        while self.oracle.buffer or self.is_readable():
            packet = self.oracle.read()
            self.oracle.acknowledge(packet)
            packet.qos = 0  # `take` has nothing left to acknowledge
            kept.append(packet)
        return kept

    def is_readable(self):
        self.oracle.socket.setblocking(False)
        try:
            data = self.oracle.socket.recv(1 << 20)
            self.oracle.buffer += data
            return bool(data)
        except BlockingIOError:
            return False
        finally:
            self.oracle.socket.setblocking(True)

    def test_by_every_way(self):
        for user in ORDINARY:
            client_id = f"publisher-{next(COUNTER)}"
            self.say(user, client_id, topics_for(user, client_id), WAYS)
        self.tell(1500)

    def test_by_odd_names(self):
        ways = {name: WAYS[name] for name in ("QoS 1", "retained", "alias")}
        for user in ODD:
            client_id = f"publisher-{next(COUNTER)}"
            self.say(user, client_id, topics_for(user, client_id), ways)
        self.tell(1500)

    def test_by_odd_client_identifiers(self):
        ways = {"QoS 1": WAYS["QoS 1"]}
        for client_id in ["+", "#", "a/b", "/", "$SYS", "%u", "%c", "wendy", "boss", "*", " ", "x" * 250, "\u00e9", "e\u0301", "fence",
                          "..", "clients", "probe", "%u%c", "\U0001f514", "-", "a-b"]:
            for user in ("wendy", "plain", "a/b", "%c"):
                self.say(user, client_id, topics_for(user, client_id), ways)
        self.tell(2000)

    def test_by_older_clients(self):
        """3.x cannot be told no; it must not be let either."""
        ways = {name: by_qos(qos, retain=retain) for name, qos, retain in (
            ("QoS 0", 0, False), ("QoS 1", 1, False), ("QoS 2", 2, False), ("retained", 1, True))}
        for user, version in itertools.product(("wendy", "bob", None, "plain"), (3, 4)):
            client_id = f"old-{next(COUNTER)}"
            self.say(user, client_id, topics_for(user, client_id), ways, version)
        self.tell(1000)

    def test_by_wills(self):
        """The will is sent by the end of its connection; a CONNECT that is refused has none."""
        kinds = {"will": {}, "will of QoS 2": {"qos": 2}, "retained will": {"retain": True, "qos": 1},
                 "delayed will": {"will_delay_interval": 1}}
        for user in [*ORDINARY, "+", "a/b", "%u", "Wendy"]:
            client_id = f"will-{next(COUNTER)}"
            for topic, (name, options) in itertools.product(topics_for(user, client_id), kinds.items()):
                token = self.token()
                self.said(user, client_id, topic, token, name)
                peer = self.raw(client_id)
                peer.send(wire.connect(client_id, will=wire.will(topic, token, **options), **self.credentials(user)))
                accepted = peer.receive().code < 0x80
                if accepted:
                    peer.send(wire.disconnect(4))  # with its will
                try:
                    while True:
                        peer.receive()
                except Closed:
                    peer.socket.close()
            self.marks.append(self.fence(self.peer("boss", client_id="will-fence")))
        self.tell(1000)

    def test_with_the_connect_in_one_piece(self):
        """What follows CONNECT before the login is decided is no sooner allowed, and not without it."""
        for user, password, good in (("wendy", "of wendy", True), ("wendy", "of wendx", False), ("boss", "", False),
                                     ("boss", None, False), ("nobody", "of boss", False), ("boss", "of boss\0", False),
                                     ("boss", "of boss\0x", False), ("bob", "of bob", True), (None, None, True)):
            for topic in ("w/a", "w/secret", "z", "clients/probe/x"):
                client_id, token = f"piece-{next(COUNTER)}", self.token()
                self.said(user, client_id, topic, token, f"at once with the password {password!r}")
                if not good:
                    self.expected.pop(token, None)
                peer = self.raw(client_id)
                peer.send(wire.connect(client_id, user=user, password=password, will=wire.will("fence/z", "no token")),
                          wire.publish(topic, token, 1, 1), wire.publish(topic, "no token", 2, 2), wire.disconnect())
                try:
                    while True:
                        peer.receive()
                except Closed:
                    peer.socket.close()
                self.marks.append(self.fence(self.peer("boss", client_id="piece-fence")))
        self.tell(30)


@needs_peal
class LoggingIn(Probe):
    def test_with_odd_names_and_passwords(self):
        """Nothing but the name and its password, byte by byte, gets in: nobody else's token arrives."""
        self.watch()
        right, name = "of boss", "boss"
        passwords = [right + tail for tail in ("\0", "\0x", "\0" * 900, " ", "\n", "\r\n", "x", ":", "\u200b", right)]
        passwords += [" " + right, "\0" + right, right[:-1], right[1:], right.upper(), right.title(), "", "\0", "x" * 1024,
                      right.replace(" ", "\u00a0"), right.replace("o", "\u043e"), "of bob", "of ", "$6$", "%s%s%n", "' or ''='"]
        attempts = [(name, password) for password in passwords] + [(name, None)]
        names = ["Boss", "BOSS", "boss ", " boss", "boss\t", "bos", "bosss", "boss:", "boss:$6$", "b\u043ess", "boss\u200b", "bo\u0301ss",
                 "", "boss\n", "boss/", "#", "+", "boss*", "%u", "x" * 256, "boss\\", "\ufeffboss", "boss\x7f"]
        attempts += [(odd, right) for odd in names if odd not in USERS]
        raw_names = [b"boss\0", b"boss\0x", b"boss\xc0\x80", b"boss\xff", b"\xed\xa0\x80boss", b"bos\xc1\xb3"]
        attempts += [(odd, right) for odd in raw_names]
        self.assertGreater(len(attempts), 50)
        for version, (user, password) in itertools.product((4, 5), attempts):
            peer = self.raw(f"login-{next(COUNTER)}", version)
            peer.send(wire.connect(peer.client_id, version, user=user, password=password,
                                   will=wire.will("w/will", f"token of {user!r} {password!r}")),
                      wire.publish("w/a", f"token of {user!r} {password!r}", 1, 1, version))
            try:
                packet = peer.receive()
                self.assertTrue(packet.kind == "CONNACK" and packet.code, f"{user!r} {password!r} got {packet}")
                while True:
                    peer.receive()
            except Closed:
                peer.socket.close()
        got = self.seen(self.oracle, [self.fence(self.peer("boss"))])
        self.assertEqual(got, Counter())


def filters_for(user, client_id):
    name = user or "anonymous"
    filters = ["#", "+", "+/#", "/#", "+/+", "w/#", "w/+", "w/a", "w/secret", "w/hidden", "w/+/private", "w/+/+", "+/a", "w2/#", "w2/+/x",
               "devices/+/cmd/#", "devices/#", f"devices/{name}/cmd/#", f"devices/{name}/#", f"devices/{name}/cmd/x", "clients/+/x",
               f"clients/{client_id}/#", f"clients/{client_id}/x", "$SYS/#", "$x/#", "blocked/#", "blocked/+/x", "w/public", "%u/#", "W/#"]
    plain = [f for f in dict.fromkeys(filters)]
    return plain + [f"$share/group-{client_id.replace('/', '-').replace('+', '-').replace('#', '-')}/{f}" for f in plain]


def targets(user, client_id):
    name = user or "anonymous"
    topics = ["w", "w/a", "w/secret", "w/hidden", "w/a/private", "w/a/b", "w/public", "w2/a", "w2/a/x", "a", "a/b/c", "/x",
              "devices/wendy/cmd/x", "devices/x/cmd/x", "clients/probe/x", "blocked/wendy/x", "blocked/rita/x", "%u/x", "W/a",
              f"devices/{name}/cmd/x", f"devices/{name}/cmd", f"devices/{name}/x", f"clients/{client_id}/x"]
    return [t for t in dict.fromkeys(topics) if not any(c in t for c in "+#")]


READERS = ["wendy", "rita", "bob", "boss", "oracle", None, "plain", "+", "a/b", "$SYS", "%u", "Wendy"]
FEWER = [(role, users, [r for r in rules if r[2] not in ("w/#", "devices/%u/cmd/#", "#")] +
          [("deny", "subscribe", "w2/a/x")]) if role not in ("boss", "oracle") else (role, users, rules)
         for role, users, rules in ROLES]


class Reader:
    """One subscription of one user, and what has to come to it."""

    def __init__(self, probe, user, topic_filter, client_id):
        self.probe, self.user, self.filter, self.client_id = probe, user, topic_filter, client_id
        self.expected, self.got = Counter(), Counter()
        self.peer = None
        self.connect(clean=True)
        self.peer.subscribe(f"fence/{client_id.encode().hex()}", 1)
        self.peer.send(wire.subscribe(2, (topic_filter, 1)))
        self.granted = self.peer.answer("SUBACK", 2).codes[0] < 0x80

    def connect(self, clean=False):
        self.peer = self.probe.peer(self.user, self.client_id, clean=clean, props=EXPIRY)

    def leave(self, props=None):
        """Says goodbye; what is still on its way (somebody else's fences) is not read."""
        self.peer.send(wire.disconnect(0, props))
        try:
            while True:
                self.peer.receive()
        except (Closed, ConnectionError):
            self.peer.socket.close()

    def may_get(self, topic):
        return (self.granted and matches(without_share(self.filter), topic) and
                self.probe.model.may_receive(self.user, self.client_id, topic))

    def wants(self, topic, token):
        if self.may_get(topic):
            self.expected[token] += 1

    def collect(self, mark):
        while True:
            packet = self.peer.take()
            payload = packet.payload.decode()
            if payload == mark:
                return
            if payload.startswith("token"):
                self.got[payload] += 1

    def __str__(self):
        return f"{self.user!r} as {self.client_id!r} to {self.filter!r}"


@needs_peal
class Receiving(Probe):
    def setUp(self):
        super().setUp()
        self.boss = self.peer("boss", "boss-publisher")
        self.what = {}

    def readers(self, users, filters=filters_for):
        made = []
        for user in users:
            for number, topic_filter in enumerate(filters(user, "probe")):
                # Filters with the identifier in them need to know it first.
                client_id = f"r-{len(made)}-{number}"
                topic_filter = filters(user, client_id)[number]
                made.append(Reader(self, user, topic_filter, client_id))
                is_granted = made[-1].granted
                self.assertEqual(is_granted, self.model.may_subscribe(user, client_id, topic_filter), f"{made[-1]}: SUBACK")
        return made

    def all_topics(self, readers):
        return list(dict.fromkeys(t for r in readers for t in targets(r.user, r.client_id)))

    def publish_to(self, readers, topics, how, qos=1, **values):
        """One token to each topic; each reader's expectation of it."""
        for topic in topics:
            token = self.token()
            self.what[token] = f"{topic!r} {how}"
            for reader in readers:
                reader.wants(topic, token)
            self.boss.publish(topic, token, qos, **values)

    def settle(self, readers, how):
        """Everything that was published before has arrived."""
        marks = {}
        for reader in readers:
            mark = marks[reader] = f"fence {next(COUNTER)}"
            self.boss.publish(f"fence/{reader.client_id.encode().hex()}", mark, 1)
        wrong = []
        for reader in readers:
            reader.collect(marks[reader])
            leaked, lost = reader.got - reader.expected, reader.expected - reader.got
            wrong += [f"{kind} to {reader}: {self.what[token]}" for kind, tokens in (("LEAKED", leaked), ("LOST", lost))
                      for token in tokens]
            reader.got, reader.expected = Counter(), Counter()
        self.assertFalse(wrong, f"{how}: {len(wrong)}\n" + "\n".join(wrong[:60]))

    def combinations(self, readers, topics, phases):
        count = len(readers) * len(topics) * phases
        print(f"{self.id()}: {count} combinations", file=sys.stderr)
        self.assertGreater(count, 1000)

    def test_live_and_queued_with_rights_that_come_and_go(self):
        readers = self.readers(READERS)
        topics = self.all_topics(readers)
        self.publish_to(readers, topics, "live")
        self.settle(readers, "live")
        self.publish_to(readers, topics, "live, QoS 0", qos=0)
        self.settle(readers, "live, QoS 0")
        away = readers[::2]
        for reader in away:
            reader.leave()
        waiting = []
        for topic in topics:
            waiting.append((topic, self.token()))
            self.boss.publish(topic, waiting[-1][1], 1)
            self.what[waiting[-1][1]] = f"{topic!r} queued before rights were withdrawn"
        for reader in readers[1::2]:
            for topic, token in waiting:
                reader.wants(topic, token)
        self.settle(readers[1::2], "live beside those that are away")
        self.reload(FEWER)
        for reader in away:
            for topic, token in waiting:
                reader.wants(topic, token)
            reader.connect()
        self.settle(away, "queued, rights withdrawn")
        self.publish_to(readers, topics, "live, rights withdrawn")
        self.settle(readers, "live, rights withdrawn")
        self.reload(ROLES)
        self.publish_to(readers, topics, "live, rights given back")
        self.settle(readers, "rights given back")
        self.combinations(readers, topics, 5)

    def test_retained(self):
        topics = list(dict.fromkeys(t for user in READERS for t in targets(user, "r-0-0")))
        tokens = {}
        for topic in topics:
            tokens[topic] = self.token()
            self.what[tokens[topic]] = f"{topic!r} retained"
            self.boss.publish(topic, tokens[topic], 1, retain=True)

        def see(how):
            readers = self.readers(READERS)
            for reader in readers:
                for topic, token in tokens.items():
                    if not reader.filter.startswith("$share"):
                        reader.wants(topic, token)
            until = time.monotonic() + 5
            for reader in readers:
                while sum(reader.got.values()) < sum(reader.expected.values()) and time.monotonic() < until:
                    reader.got[reader.peer.take().payload.decode()] += 1
            self.settle(readers, how)
            for reader in readers:
                reader.leave(wire.properties(session_expiry_interval=0))
            return readers
        readers = see("retained")
        self.reload(FEWER)
        see("retained, rights withdrawn")
        self.combinations(readers, topics, 2)

    def test_a_share_goes_to_a_member_who_may(self):
        """Of a group's members only those who may receive a message are asked."""
        filters = ["$share/g/w/#"]
        may_all = self.peer("boss")
        may_some = self.peer("rita")  # not w/hidden, not w/+/private
        for peer in (may_all, may_some):
            peer.subscribe(filters[0], 1)
        topics = ["w/hidden", "w/a/private", "w/a", "w/b"] * 25
        for number, topic in enumerate(topics):
            self.boss.publish(topic, f"{topic} {number}", 1)
        got = gather([may_all, may_some], len(topics))
        for packet in got[1]:
            self.assertNotIn(packet.topic, ("w/hidden", "w/a/private"), "leaked through a share")
        self.assertEqual(len({p.payload for p in got[0] + got[1]}), len(topics))
        self.reload(FEWER)  # rita may not read w/# any more
        for number, topic in enumerate(topics):
            self.boss.publish(topic, f"again {topic} {number}", 1)
        got = gather([may_all, may_some], len(topics))
        self.assertEqual(got[1], [], "leaked through a share after rights were withdrawn")

    def test_a_share_whose_only_member_may_not(self):
        may_some = self.peer("rita", "share-rita")
        may_some.subscribe("$share/h/w/#", 1)
        for topic in ("w/hidden", "w/a/private"):
            self.boss.publish(topic, "token", 1)
        self.boss.publish("w/a", "end", 1)
        may_some.take("w/a", "end")

    def test_what_is_on_its_way_and_what_waits(self):
        """What was sent before is sent again [MQTT-4.4.0-1], and nothing that was not."""
        reader = self.peer("rita", "on-its-way", clean=False, props=EXPIRY + wire.properties(receive_maximum=10))
        reader.subscribe("w/#", 1)
        for number in range(30):
            self.boss.publish(f"w/{number}", f"token {number}", 1)
        on_its_way = [reader.receive().payload for _ in range(10)]
        reader.drop()
        for number in range(30, 40):
            self.boss.publish(f"w/{number}", f"token {number}", 1)
        self.reload(FEWER)
        reader = self.peer("rita", "on-its-way", clean=False, props=EXPIRY)
        self.assertTrue(reader.connack.present)
        again = [reader.take(dup=True).payload for _ in on_its_way]
        self.assertEqual(again, on_its_way)
        reader.subscribe("fence/z", 1)
        self.boss.publish("fence/z", "fence", 1)
        reader.take("fence/z", "fence")


@needs_peal
class Withdrawing(Probe):
    """What was begun with a right is not finished without it."""

    LESS = [role for role in ROLES if role is not WENDY]

    def setUp(self):
        super().setUp()
        self.watch()

    def test_a_will_whose_right_is_withdrawn(self):
        kinds = [{}, {"qos": 2}, {"retain": True}, {"will_delay_interval": 1}, {"qos": 1, "retain": True, "will_delay_interval": 1}]
        peers, expected = [], Counter()
        for user, topic in (("wendy", "w/a"), ("bob", "w/a"), ("wendy", "w2/x"), ("boss", "w/a"), ("wendy", "devices/wendy/x")):
            for options in kinds:
                token = self.token()
                peers.append(self.peer(user, props=EXPIRY, will=wire.will(topic, token, **options)))
                if Model(self.LESS).may_publish(user, peers[-1].client_id, topic):
                    expected[token] += 1
        late = self.peer("wendy", props=EXPIRY, will=wire.will("w/late", "token late", will_delay_interval=2))
        late.drop()  # its will waits when the right goes
        self.reload(self.LESS)
        for peer in peers:
            peer.drop()
        got = Counter()
        until = time.monotonic() + 8
        while got != expected and time.monotonic() < until:
            got[self.oracle.take().payload.decode()] += 1
        time.sleep(2.2)  # as long as the latest would have taken
        got += self.seen(self.oracle, [self.fence(self.peer("boss"))])
        self.assertEqual(got, expected)
        self.assertEqual(len(expected), 15)

    def test_qos_2_and_what_is_sent_again(self):
        """PUBLISH, PUBREC, the end; the right goes; PUBREL and PUBLISH again bring nothing new."""
        owner = self.peer("wendy", "qos-2", clean=False, props=EXPIRY)
        for pid in range(1, 11):
            owner.send(wire.publish("w/a", f"token {pid}", 2, pid))
            owner.answer("PUBREC", pid)
        before = self.seen(self.oracle, [self.fence(self.peer("boss"))])
        owner.drop()
        self.reload(self.LESS)
        owner = self.peer("wendy", "qos-2", clean=False, props=EXPIRY)
        for pid in range(1, 11):
            owner.send(wire.publish("w/a", f"token {pid}", 2, pid, dup=True))
            owner.answer("PUBREC", pid)
            owner.send(wire.pubrel(pid))
            owner.answer("PUBCOMP", pid)
        for pid in range(11, 21):
            owner.send(wire.publish("w/a", f"token {pid}", 2, pid))
            self.assertEqual(owner.answer("PUBREC", pid).code, NOT_AUTHORIZED)
            owner.send(wire.publish("w/a", f"token {pid}", 1, pid, dup=True))
            owner.answer("PUBACK", pid)
        after = self.seen(self.oracle, [self.fence(owner)])
        self.assertEqual(after, Counter(), "handed on without a right")
        self.assertEqual(sum(before.values()), 10)

    def test_an_alias_that_stands_for_what_may_not_be_any_more(self):
        owner = self.peer("wendy")
        owner.publish("w/a", self.token(), 1, props=ALIAS)
        owner.publish("", self.token(), 1, props=ALIAS)
        self.assertEqual(sum(self.seen(self.oracle, [self.fence(owner)]).values()), 2)
        self.reload(self.LESS)
        for qos in (0, 1, 2):
            owner.publish("", self.token(), qos, props=ALIAS)
        self.assertEqual(self.seen(self.oracle, [self.fence(owner)]), Counter())
        self.reload(ROLES)
        owner.publish("", self.token(), 1, props=ALIAS)
        self.assertEqual(sum(self.seen(self.oracle, [self.fence(owner)]).values()), 1)

    def test_a_thousand_messages_while_rights_go_and_come(self):
        """Whatever was acknowledged with success has arrived, whatever was refused has not."""
        owner = self.peer("wendy")
        allowed = Counter()
        for roles in (self.LESS, ROLES, self.LESS, ROLES):
            self.use(roles)
            self.reloads += 1
            os.kill(self.program.pid, signal.SIGHUP)
            for _ in range(250):
                token = self.token()
                if owner.publish("w/a", token, 1).code < 0x80:
                    allowed[token] += 1
            self.program.wait_line("configuration was read anew", stream="err", count=self.reloads)
        self.assertEqual(self.seen(self.oracle, [self.fence(owner)]), allowed)


@needs_peal
class Sessions(Probe):
    def test_a_session_is_its_user_s(self):
        """Nobody takes another user's session, discards it, has its messages or sends a will there."""
        self.watch()
        boss = self.peer("boss")
        users = ["wendy", "rita", "bob", "plain", None, "Wendy", "+", "a#b", "a/b", "%u", "phone"]
        count = 0
        for number, owner_name in enumerate(users):
            client_id = "phone" if number % 2 else f"session-{number}"
            owner = self.peer(owner_name, client_id, clean=True, props=EXPIRY)
            owner.subscribe(f"clients/{client_id}/#", 1)
            for is_away in (False, True):
                if is_away:
                    owner.disconnect()
                for user, clean, version in itertools.product(users, (True, False), (4, 5)):
                    if user == owner_name:
                        continue
                    count += 1
                    intruder = self.raw(client_id, version)
                    intruder.send(wire.connect(client_id, version, clean=clean, will=wire.will("fence/w", "token of an intruder"),
                                               **self.credentials(user)),
                                  wire.publish(f"clients/{client_id}/x", "token of an intruder", 0, version=version))
                    intruder.expect("CONNACK", code=NOT_AUTHORIZED if version == 5 else 5)
                    intruder.expect_closed()
                boss.publish(f"clients/{client_id}/x", f"{number}", 1)
                if is_away:
                    owner = self.peer(owner_name, client_id, clean=False, props=EXPIRY)
                    self.assertTrue(owner.connack.present, f"the session of {owner_name!r} was discarded")
                owner.take(f"clients/{client_id}/x", f"{number}")
                owner.expect_nothing()
            owner.disconnect(0, wire.properties(session_expiry_interval=0))
        self.assertGreater(count, 400)
        self.assertEqual(self.seen(self.oracle, [self.fence(boss)]), Counter())


if __name__ == "__main__":
    main()

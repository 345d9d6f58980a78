"""What is not TLS, or not right, ends at a TLS port; a client's certificate is believed only whole."""

import atexit
import functools
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import time

from edges import tls_rows
from edges.authority import Authority
from edges.rows import Row, walk
from peer import Server, main, served, timed, wire

QUIET = 0.3  # seconds without a word that count as waiting


@functools.cache
def folder():
    made = pathlib.Path(tempfile.mkdtemp(prefix="peal-tls-"))
    atexit.register(shutil.rmtree, made, True)
    return made


@functools.cache
def authority():
    made = Authority(folder() / "ca")
    made.sign("server", "/CN=localhost", "subjectAltName=DNS:localhost\n")
    return made


def secure(**settings):
    own = authority()
    certificate, key = own.paths("server")
    tls = f'[listener.tls]\ncert = "{certificate}"\nkey = "{key}"\n'
    clients = f'client_ca = "{own.ca}"\ncrl = "{revocation_list()}"\nclient_cert = '
    config = '[[listener]]\nname = "plain"\nbind = "127.0.0.1:0"\n'
    for name, more in (("tls", ""), ("tls13", 'min = "1.3"\n'), ("require", f'{clients}"require"\n'),
                       ("optional", f'{clients}"optional"\n')):
        config += f'[[listener]]\nname = "{name}"\nbind = "127.0.0.1:0"\n{tls}{more}'
    return Server(*settings.get("more", ()), config=config)


def server():
    return secure()


def quick():
    return secure(more=('limits.connect_timeout="2s"',))


@functools.cache
def revocation_list():
    return authority().revoke(client_certificates()["revoked"][0])


@functools.cache
def client_certificates():
    """Name: (certificate, key), of clients that a server should not believe, and of some it should."""
    own, other = authority(), Authority(folder() / "other", "Another authority")
    twin = Authority(folder() / "twin")  # the same name with another key
    leaf = own.sign("leaf")

    def dates(begin, end):
        def change(der):
            found = re.search(rb"\x17\x0d\d{12}Z\x17\x0d\d{12}Z", der)
            return der[:found.start()] + b"\x17\x0d" + begin + b"Z\x17\x0d" + end + b"Z" + der[found.end():]
        return change

    return {
        "good": own.sign("good"),
        "revoked": own.sign("revoked"),
        "for clients": own.sign("for-clients", extensions="extendedKeyUsage=clientAuth\n"),
        "for servers": own.sign("for-servers", extensions="extendedKeyUsage=serverAuth\n"),
        "for code": own.sign("for-code", extensions="extendedKeyUsage=codeSigning\n"),
        "not for signatures": own.sign("key-usage", extensions="keyUsage=critical,cRLSign\n"),
        "an unknown critical extension": own.sign("critical", extensions="1.2.3.4.5=critical,ASN1:NULL\n"),
        "expired": own.altered("expired", dates(b"200101000000", b"210101000000")),
        "not yet valid": own.altered("early", dates(b"470101000000", b"480101000000")),
        "ends before it begins": own.altered("backwards", dates(b"480101000000", b"210101000000")),
        "expired, its date changed": own.altered("forged", dates(b"200101000000", b"480101000000"), False),
        "another name, not signed": own.altered("changed", lambda der: der.replace(b"changed", b"admin01"), False),
        "a NUL in its name": own.altered("admin_evil", lambda der: der.replace(b"admin_evil", b"admin\0evil")),
        "signed by itself": own.self_signed("self"),
        "another authority": other.sign("stranger"),
        "an authority of the same name": twin.sign("twin"),
        "signed by a client": own.sign("grandchild", by=leaf),
        "the server's own": own.paths("server"),
        "the authority itself": (own.ca, own.ca_key),
    }


BELIEVED = {"good": "connack", "for clients": "connack", "the server's own": "connack",
            "the authority itself": "connack|refused",
            # Whoever signed it meant it; what it says is not a user's name. (See the tests of users.)
            "a NUL in its name": "connack|refused"}


def reaction(row, address):
    """What the server sends, in the words of tls_rows.py; `hello` is enough where a row says no more."""
    is_enough = " " not in row.reaction
    words, stream = [], b""
    with socket.create_connection(address, timeout=8) as connection:
        try:
            connection.sendall(row.data)
            connection.settimeout(QUIET)
            while more := connection.recv(65536):
                stream += more
                if is_enough and stream[0] == tls_rows.HANDSHAKE:
                    return "hello"
        except TimeoutError:
            words = ["waiting"]
        except ConnectionError:
            pass
    kinds = []
    while stream:
        assert stream[0] in (20, 21, 22, 23), f"no record: {stream[:40].hex()}"
        kinds.append(stream[0])
        stream = stream[5 + int.from_bytes(stream[3:5], "big"):]
    if 22 in kinds:
        got = ["hello"] + (["alert"] if 21 in kinds else ["end"] if not words else [])
        return " ".join(got)
    return "alert" if 21 in kinds and not words else " ".join(words) or "end"


@served(server)
def test_every_row(case):
    walk(case, tls_rows.rows(), lambda row: reaction(row, case.server.addresses["tls"]), 200)


@served(server)
def test_a_listener_of_1_3_alone(case):
    """What 1.2 allowed is an alert there, and nothing that was refused is a hello."""
    for row in [*tls_rows.good(), *tls_rows.old_versions(), *tls_rows.ciphers()]:
        got = reaction(row, case.server.addresses["tls13"])
        if row.name == "a hello of 1.2":
            assert got == "alert", got
        else:
            assert row.accepts(got), f"{row.name}: {got}"


class Established:
    """TLS over memory, so that a test can put its own bytes on the wire."""

    def __init__(self, case, version, client_id, **values):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(authority().ca)
        context.minimum_version = context.maximum_version = version
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.socket = socket.create_connection(case.server.addresses["tls"], timeout=8)
        self.run(self.tls.do_handshake)
        self.tls.write(wire.connect(client_id, **values))
        assert self.run(lambda: self.tls.read(2))[0] == wire.CONNACK << 4

    def run(self, step):
        while True:
            try:
                done = step()
                self.socket.sendall(self.outgoing.read())
                return done
            except ssl.SSLWantReadError:
                self.socket.sendall(self.outgoing.read())
                more = self.socket.recv(65536)
                assert more, "closed"
                self.incoming.write(more)

    def raw(self, data):
        """Sends bytes beside TLS and reads what comes to the end."""
        with self.socket:
            try:
                self.socket.sendall(data)
                while self.socket.recv(65536):
                    pass
            except ConnectionError:
                pass
            return "end"


@served(server)
def test_damage(case):
    """Foreign bytes in an established connection end it, and its will goes out."""
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic("will"), 1)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        def attempt(row):
            one = Established(case, version, case.id("tls"), will=wire.will(case.topic("will"), row.name))
            got = one.raw(row.data)
            watcher.take(case.topic("will"), row.name)
            return got
        walk(case, tls_rows.damage(), attempt, 15)


@served(server)
def test_a_record_cut_at_every_byte(case):
    """The end in the middle of a record is the end at once, not when a keep alive runs out."""
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic("will"), 1)
    for at in range(0, 40, 3):
        will = wire.will(case.topic("will"), f"cut at {at}")
        one = Established(case, ssl.TLSVersion.TLSv1_3, case.id("tls"), keep_alive=0, will=will)
        one.tls.write(wire.pingreq() * 20)
        with one.socket:
            one.socket.sendall(one.outgoing.read()[:at])
            one.socket.shutdown(socket.SHUT_WR)
            watcher.take(case.topic("will"), f"cut at {at}")


@served(server)
def test_cut_at_every_byte(case):
    """A hello may stop anywhere: no answer, and the end when the connection's other half ends."""
    whole = tls_rows.hello()
    for at in range(len(whole)):
        with socket.create_connection(case.server.addresses["tls"], timeout=8) as connection:
            connection.sendall(whole[:at])
            connection.shutdown(socket.SHUT_WR)
            said = connection.recv(65536)
            assert not said or said[0] == tls_rows.ALERT, (at, said)


def with_certificate(case, listener, version, files):
    """connack, refused (a CONNACK that refuses) or alert."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority().ca)
    context.minimum_version = context.maximum_version = version
    if files:
        context.load_cert_chain(*map(str, files))
    try:
        plain = socket.create_connection(case.server.addresses[listener], timeout=8)
        with context.wrap_socket(plain, server_hostname="localhost") as connection:
            connection.sendall(wire.connect(case.id("certificate")))
            head = connection.recv(4)
            return "end" if not head else "connack" if head[3] == 0 else "refused"
    except ssl.SSLError as error:
        return "alert" if "alert" in str(error).lower() else str(error)
    except ConnectionError:
        return "alert"


@served(server)
def test_client_certificates(case):
    rows = []
    for listener in ("require", "optional"):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for name, files in client_certificates().items():
                rows.append(Row(f"{listener} {version.name}: {name}", BELIEVED.get(name, "alert"),
                                (listener, version, files)))
            rows.append(Row(f"{listener} {version.name}: none",
                            "alert" if listener == "require" else "connack", (listener, version, None)))
    walk(case, rows, lambda row: with_certificate(case, *row.data), 80)


def s_client(case, *arguments, say):
    host, port = case.server.addresses["tls"]
    return subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-CAfile", authority().ca, *arguments],
                          input=say, capture_output=True, timeout=8, check=False)


@served(server)
def test_no_renegotiation(case):
    done = s_client(case, "-tls1_2", say=b"R\n")
    assert b"RENEGOTIATING" in done.stdout + done.stderr, done
    assert b"no renegotiation" in done.stderr, done.stderr


@served(server)
def test_no_early_data(case):
    """No ticket allows early data, and early data without leave is thrown away with its connection."""
    file = folder() / "session.pem"
    s_client(case, "-tls1_3", "-sess_out", file, say=wire.connect("early") + b"Q\n")
    if not file.exists():
        return
    text = subprocess.run(["openssl", "sess_id", "-in", file, "-noout", "-text"], capture_output=True, check=False).stdout
    assert b"Max Early Data: 0" in text or b"Max Early Data" not in text, text


@timed
@served(quick)
def test_half_open(case):
    """Whoever stops inside the handshake, or after it, is closed when a CONNECT would have been due."""
    healthy = case.client(name="healthy")
    healthy.subscribe(case.topic(), 1)
    whole = tls_rows.hello()
    starts = [b"", whole[:1], whole[:2], whole[:3], whole[:5], whole[:100], whole, tls_rows.hello(extensions=tls_rows.OLD),
              whole + b"\x17", tls_rows.record(b"\1\0\xff", length=16384)]
    waiting = []
    for data in starts * 10:
        connection = socket.create_connection(case.server.addresses["tls"], timeout=8)
        connection.sendall(data)
        waiting.append(connection)
    began = time.monotonic()
    for _ in range(3):
        one = Established(case, ssl.TLSVersion.TLSv1_3, case.id("tls"))
        one.tls.write(wire.pingreq())
        one.run(lambda: one.tls.read(1))
        one.socket.close()
        healthy.publish(case.topic(), "m", 1)
        healthy.take(case.topic(), "m")
    for connection in waiting:
        try:
            while connection.recv(65536):
                pass
        except ConnectionError:
            pass
        connection.close()
    assert time.monotonic() - began < 6, "a handshake was waited for too long"


main(globals())

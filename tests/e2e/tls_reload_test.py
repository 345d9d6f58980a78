"""Certificates, keys, authorities and revocation lists change while clients are connected."""

import hashlib
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

from support.case import Case, main, needs_peal
from support.raw import connect
from support.server import port_of

PINGREQ, PINGRESP = b"\xc0\0", b"\xd0\0"
_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"openssl {arguments[0]}: {done.stderr.decode()}")


class Authority:
    """A certificate authority of openssl's own, in a folder."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.cert, self.key, self.crl = folder / "ca.crt", folder / "ca.key", folder / "crl.pem"
        openssl("req", "-x509", *_KEY, "-keyout", self.key, "-out", self.cert, "-days", "9",
                "-subj", f"/CN=Test authority {folder.name}")
        (folder / "index").touch()
        (folder / "crlnumber").write_text("01\n")
        (folder / "ca.cnf").write_text(
            f"[ca]\ndefault_ca=own\n[own]\ndatabase={folder}/index\ncrlnumber={folder}/crlnumber\n"
            "default_md=sha256\ndefault_crl_days=9\n")
        self.sign_list()

    def issue(self, name, days=9):
        """(certificate, key) for `name`, as files."""
        stem = self.folder / f"{name}-{len(list(self.folder.iterdir()))}"
        cert, key, request = (stem.with_suffix(x) for x in (".crt", ".key", ".csr"))
        extensions = stem.with_suffix(".ext")
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl("req", *_KEY, "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key,
                "-CAcreateserial", "-out", cert, "-days", days, "-extfile", extensions)
        return cert, key

    def sign_list(self, *revoked):
        for cert in revoked:
            openssl("ca", "-config", self.folder / "ca.cnf", "-keyfile", self.key, "-cert", self.cert,
                    "-revoke", cert)
        openssl("ca", "-config", self.folder / "ca.cnf", "-keyfile", self.key, "-cert", self.cert,
                "-gencrl", "-out", self.folder / "next.pem")
        os.replace(self.folder / "next.pem", self.crl)


class Client:
    """An MQTT 3.1.1 client in a TLS connection; `is_in` once the server has said CONNACK."""

    _count = 0

    def __init__(self, case, port, certificate=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if certificate:
            context.load_cert_chain(*map(str, certificate))
        raw = socket.create_connection(("127.0.0.1", port), timeout=10)
        case.addCleanup(raw.close)
        self.is_in = False
        self.socket = None
        try:
            self.socket = context.wrap_socket(raw)
            case.addCleanup(self.socket.close)
            Client._count += 1
            self.socket.sendall(connect(f"tls-{Client._count}", version=4))
            self.is_in = self.socket.recv(4) == b"\x20\x02\0\0"
        except (ssl.SSLError, ConnectionError):
            pass

    def answers(self):
        self.socket.sendall(PINGREQ)
        return self.socket.recv(2) == PINGRESP

    def fingerprint(self):
        """Of the server's certificate, as this connection saw it."""
        return hashlib.sha256(self.socket.getpeercert(binary_form=True)).hexdigest()


def fingerprint_of(cert):
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pathlib.Path(cert).read_text())).hexdigest()


@needs_peal
class TlsReload(Case):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-tls-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.authority = Authority(self.folder / "first")
        self.cert, self.key = self.folder / "server.crt", self.folder / "server.key"
        self.ca, self.crl = self.folder / "clients.crt", self.folder / "clients.crl"

    def put(self, source, target):
        """As a careful administrator would: whole, at once."""
        shutil.copy(source, self.folder / "new")
        os.replace(self.folder / "new", target)

    def put_server(self, issued):
        self.put(issued[1], self.key)
        self.put(issued[0], self.cert)

    def start_server(self, client_cert="off", days=9):
        self.put_server(self.authority.issue("server", days))
        clients = ""
        if client_cert != "off":
            self.put(self.authority.cert, self.ca)
            self.put(self.authority.crl, self.crl)
            clients = (f'client_cert = "{client_cert}"\nclient_ca = "{self.ca}"\n'
                       f'crl = "{self.crl}"\n')
        config = self.folder / "peal.toml"
        config.write_text('[[listener]]\nname = "it"\nbind = "127.0.0.1:0"\n[listener.tls]\n'
                          f'cert = "{self.cert}"\nkey = "{self.key}"\n{clients}')
        self.program = self.serve("-c", config)
        self.port = port_of(self.program, "it")

    def wait_log(self, pattern, count=1):
        return self.program.wait_line(pattern, stream="err", count=count)

    def client(self, certificate=None):
        return Client(self, self.port, certificate)

    def test_new_connections_see_a_new_certificate_and_old_ones_stay(self):
        self.start_server()
        before = self.client()
        self.assertEqual(before.fingerprint(), fingerprint_of(self.cert))
        self.put_server(self.authority.issue("server"))
        self.wait_log("certificates were read anew")
        after = self.client()
        self.assertEqual(after.fingerprint(), fingerprint_of(self.cert))
        self.assertNotEqual(after.fingerprint(), before.fingerprint())
        self.assertTrue(before.answers() and after.answers())

    def test_what_cannot_be_used_keeps_the_old(self):
        self.start_server()
        before = self.client()
        good = self.cert.read_bytes()
        self.cert.write_bytes(good[:200])
        self.wait_log(r"certificates stay as they were .*server\.crt")
        self.assertEqual(self.client().fingerprint(), before.fingerprint())
        # A key that does not go with the certificate.
        self.cert.write_bytes(good)
        self.wait_log("certificates were read anew")
        renewed = self.authority.issue("server")
        self.put(renewed[1], self.key)
        self.wait_log("does not belong to the certificate")
        self.assertEqual(self.client().fingerprint(), before.fingerprint())
        self.put(renewed[0], self.cert)
        self.wait_log("certificates were read anew", count=2)
        self.assertEqual(self.client().fingerprint(), fingerprint_of(self.cert))
        self.assertTrue(before.answers())
        told = [x.split(" error ")[1] for x in self.program.errors if " error certificates stay" in x]
        self.assertEqual(len(told), len(set(told)), told)

    def test_who_is_revoked_is_put_out_and_refused_and_others_stay(self):
        self.start_server("require")
        good, bad = self.authority.issue("good"), self.authority.issue("bad")
        stays, other = self.client(good), self.client(bad)
        self.assertTrue(stays.is_in and other.is_in)
        self.authority.sign_list(bad[0])
        self.put(self.authority.crl, self.crl)
        self.wait_log("certificates were read anew")
        self.assertEqual(other.socket.recv(1), b"")
        self.wait_log("client closed .*its certificate was revoked")
        self.assertFalse(self.client(bad).is_in)
        self.assertTrue(self.client(good).is_in)
        self.assertTrue(stays.answers())
        # A list that is cut off, empty or gone does not make it good again.
        whole = self.crl.read_bytes()
        for text in (whole[:100], b""):
            self.crl.write_bytes(text)
            self.wait_log(r"certificates stay as they were .*clients\.crl")
            self.assertFalse(self.client(bad).is_in)
            self.assertTrue(self.client(good).is_in)
        self.crl.unlink()
        self.wait_log("No such file")
        self.assertFalse(self.client(bad).is_in)
        self.crl.write_bytes(whole)
        self.wait_log("certificates were read anew", count=2)
        self.assertFalse(self.client(bad).is_in)

    def test_another_authority_of_clients(self):
        self.start_server("require")
        second = Authority(self.folder / "second")
        ours, theirs = self.authority.issue("bell"), second.issue("bell")
        stays = self.client(ours)
        self.assertTrue(stays.is_in)
        self.assertFalse(self.client(theirs).is_in)
        self.put(second.crl, self.crl)
        self.put(second.cert, self.ca)
        deadline = time.monotonic() + 10
        while not self.client(theirs).is_in:
            self.assertLess(time.monotonic(), deadline, self.program.report())
        self.assertFalse(self.client(ours).is_in)
        self.assertTrue(stays.answers())

    def test_sighup_reads_at_once_what_looks_unchanged(self):
        self.start_server()
        os.kill(self.program.pid, signal.SIGHUP)
        self.wait_log("certificates were read anew")
        self.assertTrue(self.client().is_in)

    def test_ends_are_told_in_time(self):
        self.start_server(days=20)
        self.assertEqual([x for x in self.program.errors if "ends soon" in x], [])
        self.put_server(self.authority.issue("server", days=13))
        self.wait_log(r"warning a certificate ends soon .*it: .*server\.crt on 20\d\d-")


if __name__ == "__main__":
    main()

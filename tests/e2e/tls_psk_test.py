"""Clients that connect with a key instead of a certificate (TLS-PSK): Mosquitto's and OpenSSL's."""

import os
import pathlib
import re
import shutil
import tempfile

from support.case import Case, main, needs_peal
from support.program import run
from support.raw import connect
from support.server import PEAL, port_of

KEY, OTHER = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"
ROLES = '[[role]]\nname = "all"\nusers = ["*"]\nallow = [{ all = "#" }]\n'


@needs_peal
class TlsPsk(Case):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-psk-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.keys = self.folder / "keys"
        self.put(f"# keys\nbell-1:{KEY}\nbell-2:{OTHER}\n")

    def put(self, text):
        new = self.folder / "new"
        new.write_text(text)
        new.chmod(0o600)
        os.replace(new, self.keys)

    def start_server(self, certificate=""):
        config = self.folder / "peal.toml"
        config.write_text('[[listener]]\nname = "it"\nbind = "127.0.0.1:0"\n[listener.tls]\n'
                          f'psk = true\n{certificate}\n[[auth.source]]\ntype = "psk"\n'
                          f'path = "{self.keys}"\n{ROLES}')
        self.program = self.serve("-c", config, data=self.folder / "data")
        self.port = port_of(self.program, "it")

    def pub(self, identity, key, *more):
        return run(["mosquitto_pub", "-h", "localhost", "-p", self.port, "--psk", key,
                    "--psk-identity", identity, *more, "-t", "x", "-m", "x", "-q", "1"])

    def peal_pub(self, identity, key, *more):
        return run([PEAL, "pub", "-h", "localhost", "-p", self.port, "--psk", key,
                    "--psk-identity", identity, *more, "-t", "x", "-m", "x", "-q", "1"])

    def s_client(self, identity, key, version):
        """What openssl says after a CONNECT was sent: its exit code and its whole output."""
        done = run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", version, "-psk", key,
                    "-psk_identity", identity, "-ign_eof"],
                   stdin=connect("s-client", version=4) + b"\xe0\0")
        return done.code, done.raw + done.err.encode()

    def test_mosquitto_pub_and_peal_pub(self):
        for certificate in ("", 'cert = "auto"'):
            with self.subTest(certificate):
                self.start_server(certificate)
                for version in ([], ["--tls-version", "tlsv1.2"], ["--tls-version", "tlsv1.3"]):
                    for pub in (self.pub, self.peal_pub):
                        done = pub("bell-1", KEY, *version)
                        self.assertEqual(done.code, 0, done)
                        self.assertNotEqual(pub("bell-1", OTHER, *version).code, 0)
                        self.assertNotEqual(pub("nobody", KEY, *version).code, 0)
                self.program.stop()

    def test_a_server_that_does_not_know_the_key_is_not_believed(self):
        """It has a certificate, and shows that."""
        config = self.folder / "peal.toml"
        config.write_text('[[listener]]\nname = "it"\nbind = "127.0.0.1:0"\n[listener.tls]\ncert = "auto"\n')
        self.program = self.serve("-c", config, data=self.folder / "data")
        self.port = port_of(self.program, "it")
        for version in ("tlsv1.2", "tlsv1.3"):
            self.assertNotEqual(self.peal_pub("bell-1", KEY, "--tls-version", version).code, 0, version)

    def test_openssl_s_client(self):
        self.start_server()
        for version, suite in (("-tls1_2", b"ECDHE-PSK-CHACHA20-POLY1305"),
                               ("-tls1_3", b"TLS_AES_128_GCM_SHA256")):
            with self.subTest(version):
                _, said = self.s_client("bell-1", KEY, version)
                self.assertIn(suite, said)
                self.assertIn(b"\x20\x02\0\0", said)  # CONNACK

    def test_an_unknown_identity_fails_as_a_wrong_key(self):
        self.start_server()
        for version in ("-tls1_2", "-tls1_3"):
            with self.subTest(version):
                def alert(identity, key):
                    code, said = self.s_client(identity, key, version)
                    self.assertNotEqual(code, 0)
                    return re.findall(rb":(error:.*?alert[^:]*|SSL alert number \d+)", said)[-1]
                self.assertEqual(alert("bell-1", OTHER), alert("nobody", KEY))

    def test_keys_change_while_it_runs(self):
        self.start_server()
        self.assertEqual(self.pub("bell-1", KEY).code, 0)
        self.put(f"bell-1:{OTHER}\n")
        self.program.wait_line("certificates were read anew", stream="err")
        self.assertNotEqual(self.pub("bell-1", KEY).code, 0)
        self.assertEqual(self.pub("bell-1", OTHER).code, 0)
        self.put("bell-1:no key\n")
        self.program.wait_line("keys:1: the key is not hexadecimal", stream="err")
        self.assertEqual(self.pub("bell-1", OTHER).code, 0)

    def test_without_a_key_nothing_is_served(self):
        self.start_server()
        done = run(["mosquitto_pub", "-h", "localhost", "-p", self.port, "-t", "x", "-m", "x"])
        self.assertNotEqual(done.code, 0)
        done = run(["mosquitto_pub", "-h", "localhost", "-p", self.port, "--capath",
                    "/etc/ssl/certs", "-t", "x", "-m", "x"])
        self.assertNotEqual(done.code, 0)


if __name__ == "__main__":
    main()

"""tls = "auto": the server's own certificate authority, and `peal cert` on it while it runs."""

import hashlib
import json
import os
import pathlib
import shutil
import ssl
import stat
import tempfile
import time

from support.case import Case, main, needs_peal
from support.program import run
from support.raw import Raw, connect
from support.server import PEAL, port_of


@needs_peal
class OwnAuthority(Case):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-cert-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.data = self.folder / "data"
        self.tls = self.data / "tls"
        self.config = self.folder / "peal.toml"
        self.write('tls = "auto"')

    def write(self, tls):
        self.config.write_text(f'[[listener]]\nname = "it"\nbind = "127.0.0.1:0"\n{tls}\n'
                               f'[store]\ndir = "{self.data}"\n')

    def start_server(self):
        self.program = self.serve("-c", self.config, data=self.data)
        self.port = port_of(self.program, "it")

    def cert(self, *arguments, code=0):
        done = run([PEAL, "cert", *arguments, "--data", self.data], cwd=self.folder)
        self.assertEqual(done.code, code, done)
        return done

    def issue(self, name):
        self.cert("issue", name)
        return ["--cert", self.folder / f"{name}.crt", "--key", self.folder / f"{name}.key"]

    def pub(self, *certificate, host="localhost"):
        return run(["mosquitto_pub", "-h", host, "-p", self.port, "--cafile", self.tls / "ca.crt",
                    *certificate, "-t", "x", "-m", "x", "-q", "1"])

    def connection(self, certificate):
        """A client that is connected with it."""
        raw = Raw(self, ("127.0.0.1", self.port), ca=self.tls / "ca.crt", cert=certificate[1::2])
        raw.send(connect("with-" + pathlib.Path(certificate[1]).stem))
        self.assertEqual(raw.packet()[0], 0x20)
        return raw

    def openssl(self, *arguments):
        done = run(["openssl", *arguments])
        self.assertEqual(done.code, 0, done)
        return done.out

    def wait_for(self, what):
        deadline = time.monotonic() + 10
        while not what():
            self.assertLess(time.monotonic(), deadline, self.program.report())
            time.sleep(0.1)

    def test_the_first_start_makes_it_and_says_so(self):
        self.start_server()
        made = self.program.wait_line("^tls +made a private CA; give clients (.*)$").group(1)
        self.assertEqual(pathlib.Path(made), self.tls / "ca.crt")
        told = self.program.wait_line("^ +SHA-256 (.*)$").group(1)
        der = ssl.PEM_cert_to_DER_cert(pathlib.Path(made).read_text())
        self.assertEqual(told.replace(":", "").lower(), hashlib.sha256(der).hexdigest())
        self.assertEqual(stat.S_IMODE(self.tls.stat().st_mode), 0o700)
        for file in self.tls.rglob("*"):
            if file.is_file():
                self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600, file)
        self.assertEqual(self.program.stop(), 0)
        self.start_server()
        self.program.wait_line("^tls +clients believe in " + made)
        self.assertEqual(self.program.wait_line("^ +SHA-256 (.*)$").group(1), told)

    def test_openssl_agrees(self):
        self.start_server()
        self.issue("bell-1")
        ca = ["-CAfile", self.tls / "ca.crt", "-x509_strict"]
        self.openssl("verify", *ca, "-purpose", "sslserver", "-verify_hostname", "localhost",
                     self.tls / "server.crt")
        self.openssl("verify", *ca, "-purpose", "sslserver", "-verify_ip", "127.0.0.1",
                     self.tls / "server.crt")
        crl = ["-crl_check", "-CRLfile", self.tls / "crl.pem"]
        self.openssl("verify", *ca, *crl, "-purpose", "sslclient", self.folder / "bell-1.crt")
        for wrong in (["-purpose", "sslserver", self.folder / "bell-1.crt"],
                      ["-purpose", "sslclient", self.tls / "server.crt"]):
            self.assertNotEqual(run(["openssl", "verify", *ca, *wrong]).code, 0, wrong)
        self.cert("revoke", "bell-1")
        done = run(["openssl", "verify", *ca, *crl, self.folder / "bell-1.crt"])
        self.assertIn("certificate revoked", done.err)
        text = self.openssl("crl", "-in", self.tls / "crl.pem", "-noout", "-text")
        self.assertIn("X509v3 CRL Number", text)
        self.assertIn("X509v3 Authority Key Identifier", text)

    def test_mosquitto_clients_get_in_with_and_without_a_certificate(self):
        self.start_server()
        own = self.issue("bell-1")
        for host in ("localhost", "127.0.0.1"):
            for certificate in (own, []):
                done = self.pub(*certificate, host=host)
                self.assertEqual(done.code, 0, done)

    def test_one_can_be_required(self):
        self.write('[listener.tls]\ncert = "auto"\nclient_cert = "require"')
        self.start_server()
        self.assertEqual(self.pub(*self.issue("bell-1")).code, 0)
        self.assertNotEqual(self.pub().code, 0)

    def test_a_running_server_sees_a_revocation(self):
        self.start_server()
        bad, good = self.issue("bad"), self.issue("good")
        self.assertEqual(self.pub(*bad).code, 0)
        stays, goes = (self.connection(x) for x in (good, bad))
        self.cert("revoke", "bad")
        self.program.wait_line("certificates were read anew", stream="err")
        # At once, and told so: DISCONNECT with Administrative action.
        self.assertEqual(goes.packet(), (0xE0, b"\x98"))
        self.assertIsNone(goes.packet())
        stays.send(b"\xc0\0")
        self.assertEqual(stays.packet(), (0xD0, b""))
        self.assertNotEqual(self.pub(*bad).code, 0)
        self.assertEqual(self.pub(*good).code, 0)
        self.assertIn("no certificate that is still good", self.cert("revoke", "bad", code=1).err)

    def test_a_running_server_sees_a_renewal(self):
        self.start_server()
        def seen():
            return ssl.get_server_certificate(("127.0.0.1", self.port))
        before = seen()
        self.cert("renew")
        self.wait_for(lambda: seen() != before)
        self.assertEqual(seen().strip(), (self.tls / "server.crt").read_text().strip())
        self.assertEqual(self.pub().code, 0)

    def test_lists_for_people_and_for_programs(self):
        self.issue("bell-1")
        self.cert("revoke", "bell-1")
        listed = json.loads(self.cert("list", "--json").out)
        self.assertEqual(sorted(x["kind"] for x in listed), ["client", "server"])
        bell = next(x for x in listed if x["kind"] == "client")
        self.assertEqual((bell["name"], bell["alternative_names"]), ("bell-1", ["bell-1"]))
        self.assertIn("revoked", bell)
        table = self.cert("list").out.splitlines()
        self.assertRegex(table[0], "^NAME +KIND +SERIAL +ENDS +STATE$")
        self.assertTrue(any(x.startswith("bell-1") and bell["serial"] in x and "revoked" in x
                            for x in table), table)
        own = json.loads(self.cert("ca", "--json").out)
        self.assertEqual(own["file"], str(self.tls / "ca.crt"))
        self.assertIn(own["sha256"], self.cert("ca").out)
        self.assertEqual(self.cert("ca", "--pem").out, (self.tls / "ca.crt").read_text())

    def test_a_key_is_never_written_over_something(self):
        self.issue("bell-1")
        before = (self.folder / "bell-1.key").read_text()
        self.assertEqual(stat.S_IMODE((self.folder / "bell-1.key").stat().st_mode), 0o600)
        self.assertIn("choose another name", self.cert("issue", "bell-1", code=1).err)
        self.assertEqual((self.folder / "bell-1.key").read_text(), before)
        self.assertEqual(len(json.loads(self.cert("list", "--json").out)), 2)
        both = self.cert("issue", "bell-1", "-o", "-").out
        self.assertEqual(both.count("-----BEGIN"), 2)
        for name in ("../evil", "a/b", ".hidden", "J\u00f6rg"):
            self.assertIn("--out STEM", self.cert("issue", name, code=1).err)
        self.cert("issue", "J\u00f6rg / 1", "-o", "joerg")
        self.assertTrue((self.folder / "joerg.key").exists())

    def test_many_at_once_do_not_lose_each_other(self):
        self.start_server()
        names = [f"bell-{i}" for i in range(6)]
        issuing = [self.start(PEAL, "cert", "issue", x, "--data", self.data, cwd=self.folder)
                   for x in names]
        for each in issuing:
            self.assertEqual(each.wait(), 0, each.report())
        revoking = [self.start(PEAL, "cert", "revoke", x, "--data", self.data) for x in names[1:]]
        for each in revoking:
            self.assertEqual(each.wait(), 0, each.report())
        listed = json.loads(self.cert("list", "--json").out)
        self.assertEqual(sorted(x["name"] for x in listed if x["kind"] == "client"), names)
        self.assertEqual([x["name"] for x in listed if x["kind"] == "client" and "revoked" not in x],
                         names[:1])
        self.assertEqual([x.name for x in self.tls.rglob(".new-*")], [])

    def test_issuing_comes_before_the_first_start(self):
        own = self.issue("bell-1")
        self.start_server()
        self.assertEqual(self.pub(*own).code, 0)

    def test_says_what_is_missing(self):
        self.assertIn('tls = "auto"', self.cert("list", code=1).err)
        self.assertFalse(self.data.exists())
        done = run([PEAL, "serve", "-c", self.config, "--data", ""])
        self.assertEqual(done.code, 1, done)
        self.assertRegex(done.err, r"peal.toml:1:1: listener \"it\": .*store\.dir.*--data DIR")

    def test_a_damaged_authority_stops_the_start_and_stays_as_it_is(self):
        self.issue("bell-1")
        good = (self.tls / "ca.key").read_bytes()
        (self.tls / "ca.key").write_bytes(good[:50])
        done = run([PEAL, "serve", "-c", self.config, "--data", self.data])
        self.assertEqual(done.code, 1, done)
        self.assertIn("ca.key is no key", done.err)
        self.assertEqual((self.tls / "ca.key").read_bytes(), good[:50])
        os.remove(self.tls / "crl.pem")
        (self.tls / "ca.key").write_bytes(good)
        done = run([PEAL, "serve", "-c", self.config, "--data", self.data])
        self.assertEqual(done.code, 1, done)
        self.assertIn("believed again", done.err)


if __name__ == "__main__":
    main()

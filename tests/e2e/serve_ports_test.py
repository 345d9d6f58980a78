"""One port speaks MQTT, WebSocket and HTTP, also inside TLS; Unix sockets and PROXY work."""

import os
import pathlib
import shutil
import socket
import stat
import tempfile

from support.case import Case, ServerCase, main, needs_peal
from support.certificates import Certificates
from support.program import run
from support.raw import Raw, connect
from support.server import port_of

ACCEPTED = (0x20, b"\0\0")


def connack_of(raw, client_id="port"):
    """What the server says to a CONNECT of 3.1.1 on this connection."""
    raw.send(connect(client_id, version=4))
    return raw.packet()


def http(raw, request):
    """Sends one HTTP request and returns status line, header lines in lower case, and body."""
    raw.send(request.replace("\n", "\r\n").encode())
    head, _, body = raw.rest().partition(b"\r\n\r\n")
    status, *headers = head.decode().split("\r\n")
    return status, [x.lower() for x in headers], body.decode()


@needs_peal
class OnePort(ServerCase):
    def ports(self):
        """Connections to the plain and to the TLS listener, each with its name."""
        yield "plain", lambda: Raw(self, ("127.0.0.1", self.server.port))
        yield "tls", lambda: Raw(self, ("127.0.0.1", self.server.tls_port),
                                 ca=self.server.certificates.ca)

    def test_mqtt(self):
        for name, opened in self.ports():
            with self.subTest(name):
                self.assertEqual(connack_of(opened()), ACCEPTED)

    def test_get_answers_a_page_without_version(self):
        for name, opened in self.ports():
            with self.subTest(name):
                status, headers, body = http(
                    opened(), "GET / HTTP/1.1\nHost: localhost\nConnection: close\n\n")
                self.assertRegex(status, "^HTTP/1.1 200")
                self.assertIn("<title>Peal</title>", body)
                self.assertNotRegex(body + str(headers), r"\d+\.\d+\.\d+")
                self.assertEqual([x for x in headers if x.startswith("server:")], [])
                self.assertTrue(any(x.startswith("content-type: text/html") for x in headers))

    def test_curl_sees_the_page(self):
        for url, more in ((f"http://127.0.0.1:{self.server.port}/", []),
                          (f"https://localhost:{self.server.tls_port}/",
                           ["--cacert", self.server.certificates.ca])):
            done = run(["curl", "-sS", "--fail", "--noproxy", "*", *more, url])
            self.assertEqual(done.code, 0, done)
            self.assertIn("MQTT", done.out)

    def test_other_requests_are_refused(self):
        for request, wanted in (
                ("GET /etc/passwd HTTP/1.1\nHost: localhost\nConnection: close\n\n", "404"),
                ("DELETE / HTTP/1.1\nHost: localhost\nConnection: close\n\n", "405"),
                ("GET / HTTP/1.1\nHost: localhost\nX: " + "y" * 20_000 + "\n\n", "431"),
                ("GET / HTTP/1.1\nHost: localhost\nContent-Length: 1\nTransfer-Encoding: chunked"
                 "\nConnection: close\n\n", "400")):
            with self.subTest(request[:40]):
                status, headers, _ = http(Raw(self, ("127.0.0.1", self.server.port)), request)
                self.assertRegex(status, f"^HTTP/1.1 {wanted}")
                self.assertEqual([x for x in headers if x.startswith("server:")], [])

    def test_a_foreign_host_name_on_loopback_is_refused(self):
        # Else any page whose name is made to point at 127.0.0.1 could look in.
        status, _, body = http(Raw(self, ("127.0.0.1", self.server.port)),
                               "GET / HTTP/1.1\nHost: evil.example\nConnection: close\n\n")
        self.assertRegex(status, r"^HTTP/1.1 4\d\d")
        self.assertNotIn("Peal", body)

    def upgrade(self, opened, headers):
        raw = opened()
        raw.send(("GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                  f"Sec-WebSocket-Version: 13\r\n{headers}\r\n").encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            more = raw.socket.recv(4096)
            if not more:
                break
            answer += more
        return answer.decode().lower()

    def test_websocket_upgrade(self):
        for name, opened in self.ports():
            with self.subTest(name):
                answer = self.upgrade(opened, "Sec-WebSocket-Protocol: mqtt\r\n")
                self.assertRegex(answer, "^http/1.1 101")
                self.assertIn("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=", answer)
                self.assertIn("sec-websocket-protocol: mqtt\r\n", answer)

    def test_websocket_of_a_foreign_origin_is_refused(self):
        for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
            with self.subTest(origin):
                answer = self.upgrade(next(self.ports())[1],
                                      f"Sec-WebSocket-Protocol: mqtt\r\nOrigin: {origin}\r\n")
                self.assertRegex(answer, "^http/1.1 403")

    def test_garbage_is_closed(self):
        for data in (b"\r\n\r\n", b"SSH-2.0-x\r\n", bytes(40), b"\xff" * 40, b"GET \r\n\r\n"):
            with self.subTest(data):
                raw = Raw(self, ("127.0.0.1", self.server.port))
                raw.send(data)
                raw.rest()
                self.assertEqual(connack_of(Raw(self, ("127.0.0.1", self.server.port))), ACCEPTED)

    def test_plain_bytes_on_the_tls_port_are_closed(self):
        raw = Raw(self, ("127.0.0.1", self.server.tls_port))
        raw.send(connect("plain", version=4))
        self.assertNotIn(b"\x20\x02\0\0", raw.rest())


@needs_peal
class Listeners(Case):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def listen(self, listener):
        """A server with one listener called "it" and these lines."""
        file = self.folder / "peal.toml"
        file.write_text(f'[[listener]]\nname = "it"\n{listener}\n')
        return self.serve("-c", file)

    def test_unix_socket(self):
        path = self.folder / "mqtt.sock"
        program = self.listen(f'bind = "unix:{path}"')
        program.wait_line(rf"^listening it unix:{path} ")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(connack_of(Raw(self, path)), ACCEPTED)
        kept = run(["mosquitto_pub", "--unix", path, "-t", "x", "-m", "kept", "-r", "-q", "1"])
        self.assertEqual(kept.code, 0, kept)
        self.assertEqual(
            run(["mosquitto_sub", "--unix", path, "-t", "x", "-C", "1", "-W", "5"]).out, "kept\n")
        self.assertEqual(program.stop(), 0)
        self.assertFalse(path.exists(), "the socket's file was left behind")

    def test_unix_socket_left_by_a_crash_is_replaced(self):
        path = self.folder / "mqtt.sock"
        self.listen(f'bind = "unix:{path}"').kill()
        self.assertTrue(path.exists())
        self.listen(f'bind = "unix:{path}"')
        self.assertEqual(connack_of(Raw(self, path)), ACCEPTED)

    def proxied(self, program, header, client_id="proxied"):
        """CONNACK, or what else comes, after this PROXY header; then says goodbye."""
        raw = Raw(self, ("127.0.0.1", port_of(program, "it")), prefix=header)
        raw.send(connect(client_id, version=4) + b"\xe0\0")
        return raw.packet()

    V1 = b"PROXY TCP4 192.0.2.7 127.0.0.1 4711 1883\r\n"
    V1_SIX = b"PROXY TCP6 2001:db8::7 ::1 4711 1883\r\n"
    SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
    V2 = SIGNATURE + b"\x21\x11\0\x0c" + bytes([192, 0, 2, 7, 127, 0, 0, 1]) + b"\x12\x67\x07\x5b"
    V2_SIX = (SIGNATURE + b"\x21\x21\0\x24" + socket.inet_pton(socket.AF_INET6, "2001:db8::7") +
              socket.inet_pton(socket.AF_INET6, "::1") + b"\x12\x67\x07\x5b")
    V2_WITH_TLV = (SIGNATURE + b"\x21\x11\0\x14" + bytes([192, 0, 2, 7, 127, 0, 0, 1]) +
                   b"\x12\x67\x07\x5b" + b"\x05\0\x05hello")

    def test_proxy_header_names_the_client(self):
        program = self.listen('bind = "127.0.0.1:0"\nproxy_protocol = "required"\n'
                              'anonymous = "yes"')
        for name, header, address in (
                ("v1", self.V1, "192.0.2.7:4711"), ("v2", self.V2, "192.0.2.7:4711"),
                ("v2 with more", self.V2_WITH_TLV, "192.0.2.7:4711"),
                ("v1 of IPv6", self.V1_SIX, "[2001:db8::7]:4711"),
                ("v2 of IPv6", self.V2_SIX, "[2001:db8::7]:4711")):
            with self.subTest(name):
                self.assertEqual(self.proxied(program, header, name), ACCEPTED)
                line = program.wait_line(f'.*client="{name}".*', stream="err").group()
                self.assertIn(f'address="{address}"', line)

    def test_proxy_header_of_the_proxy_itself(self):
        program = self.listen('bind = "127.0.0.1:0"\nproxy_protocol = "required"\n'
                              'anonymous = "yes"')
        for header in (b"PROXY UNKNOWN\r\n", self.SIGNATURE + b"\x20\0\0\0"):
            with self.subTest(header):
                self.assertEqual(self.proxied(program, header), ACCEPTED)

    def test_without_a_proper_proxy_header_nothing_is_served(self):
        program = self.listen('bind = "127.0.0.1:0"\nproxy_protocol = "required"\n'
                              'anonymous = "yes"')
        for header in (b"", b"PROXY TCP4 nonsense\r\n", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 99999\r\n",
                       self.SIGNATURE + b"\x31\x11\0\x0c" + bytes(12)):
            with self.subTest(header):
                self.assertIsNone(self.proxied(program, header))

    def test_a_proxied_client_is_not_on_loopback(self):
        program = self.listen('bind = "127.0.0.1:0"\nproxy_protocol = "required"\n'
                              'anonymous = "loopback"')
        for header in (self.V1, b"PROXY TCP4 127.0.0.1 127.0.0.1 4711 1883\r\n"):
            with self.subTest(header):
                self.assertEqual(self.proxied(program, header), (0x20, b"\0\5"))

    def test_client_certificate_is_required(self):
        own = Certificates(self.folder)
        program = self.listen(
            f'bind = "127.0.0.1:0"\n[listener.tls]\ncert = "{own.cert}"\nkey = "{own.key}"\n'
            f'client_ca = "{own.ca}"\nclient_cert = "require"')
        where = ["-h", "localhost", "-p", port_of(program, "it"), "--cafile", own.ca,
                 "-t", "x", "-m", "x", "-q", "1"]
        with_one = run(["mosquitto_pub", *where, "--cert", own.cert, "--key", own.key])
        self.assertEqual(with_one.code, 0, with_one)
        without = run(["mosquitto_pub", *where])
        self.assertNotEqual(without.code, 0, without)


if __name__ == "__main__":
    main()

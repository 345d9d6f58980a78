"""PROXY headers that strangers and broken proxies may send, and what comes of each.

Reactions: an address is that of a client whose CONNECT behind the header was accepted, as the log
names it; `own` that of the connection itself; `refused` a CONNACK that refuses; `end` the end
without a word; `waiting` neither: the header is not whole.
"""

import socket

from .rows import Row

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
FOUR = socket.inet_aton("192.0.2.7") + socket.inet_aton("127.0.0.1") + b"\x12\x67\x07\x5b"
SIX = (socket.inet_pton(socket.AF_INET6, "2001:db8::7") + socket.inet_pton(socket.AF_INET6, "::1") +
       b"\x12\x67\x07\x5b")
UNIX = b"/run/x".ljust(108, b"\0") * 2
V1 = b"PROXY TCP4 192.0.2.7 127.0.0.1 4711 1883\r\n"
OF_FOUR, OF_SIX = "192.0.2.7:4711", "[2001:db8::7]:4711"


def v2(body, family=0x11, command=0x21, length=None):
    """A header of version 2; `length` claims another size than the body's."""
    length = len(body) if length is None else length
    return SIGNATURE + bytes([command, family]) + length.to_bytes(2, "big") + body


V2 = v2(FOUR)


def tlv(kind, value=b"", length=None):
    return bytes([kind]) + (len(value) if length is None else length).to_bytes(2, "big") + value


def good():
    yield Row("version 1", OF_FOUR, V1)
    yield Row("version 1 of IPv6", OF_SIX, b"PROXY TCP6 2001:db8::7 ::1 4711 1883\r\n")
    yield Row("version 1 of the highest ports", "192.0.2.7:65535",
              b"PROXY TCP4 192.0.2.7 127.0.0.1 65535 65535\r\n")
    yield Row("version 1 of the longest addresses", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
              b"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
              b"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n")
    for rest in (b"", b" ", b" some words", b" ffff:: ::1 65535 65535", b" \xff\0"):
        yield Row(f"version 1, UNKNOWN{rest!r}", "own|end", b"PROXY UNKNOWN" + rest + b"\r\n")
    yield Row("version 2", OF_FOUR, V2)
    yield Row("version 2 of IPv6", OF_SIX, v2(SIX, 0x21))
    yield Row("version 2 of a Unix socket", "unix", v2(UNIX, 0x31))
    for family in (0x00, 0x11, 0x21, 0x31, 0x12, 0xFF):
        yield Row(f"version 2, LOCAL, family {family:02x}", "own", v2(b"", family, 0x20))
        yield Row(f"version 2, LOCAL, family {family:02x}, with bytes", "own",
                  v2(FOUR + tlv(4, b"pad"), family, 0x20))
    yield Row("version 2, family UNSPEC", "own|end", v2(b"", 0x00))
    yield Row("version 2, family UNSPEC, with bytes", "own|end", v2(FOUR, 0x00))


def extensions():
    for name, body in (("ALPN", tlv(1, b"mqtt")), ("authority", tlv(2, b"evil.example")),
                       ("CRC", tlv(3, bytes(4))), ("NOOP", tlv(4, bytes(100))), ("unique id", tlv(5, b"x")),
                       ("TLS", tlv(0x20, b"\7\0\0\0\0" + tlv(0x22, b"admin"))), ("netns", tlv(0x30, b"x")),
                       ("unknown", tlv(0xEE, b"\xff\0")), ("many", tlv(4) * 200),
                       ("of 4000 bytes", tlv(4, bytes(4000)))):
        yield Row(f"extension {name}", OF_FOUR, v2(FOUR + body))
    # What an extension says is passed over, so it may lie about its length: both readings are safe.
    for name, body in (("cut in its head", b"\4"), ("cut in its length", b"\4\0"),
                       ("longer than the header", tlv(4, b"x", 9999)), ("of nonsense", b"\xff" * 50)):
        yield Row(f"extension {name}", f"{OF_FOUR}|end", v2(FOUR + body))
    for size in (4097, 10_000, 65_523):
        yield Row(f"extensions of {size} bytes", f"{OF_FOUR}|end", v2(FOUR + bytes(size)))


def version_1():
    for words in ("", "TCP4", "TCP4 192.0.2.7", "TCP4 192.0.2.7 127.0.0.1", "TCP4 192.0.2.7 127.0.0.1 1",
                  "TCP4 192.0.2.7 127.0.0.1 1 2 3", "TCP4  192.0.2.7 127.0.0.1 1 2",
                  "TCP4 192.0.2.7 127.0.0.1 1 2 ", " TCP4 192.0.2.7 127.0.0.1 1 2",
                  "tcp4 192.0.2.7 127.0.0.1 1 2", "TCP 192.0.2.7 127.0.0.1 1 2",
                  "TCP5 192.0.2.7 127.0.0.1 1 2", "UDP4 192.0.2.7 127.0.0.1 1 2",
                  "UNIX 192.0.2.7 127.0.0.1 1 2", "unknown", "UNKNOWNX", "TCP4\t192.0.2.7\t127.0.0.1\t1\t2",
                  "TCP4 2001:db8::7 ::1 1 2", "TCP6 192.0.2.7 127.0.0.1 1 2",
                  "TCP6 2001:db8::7 127.0.0.1 1 2", "TCP4 192.0.2.7 ::1 1 2"):
        yield Row(f"version 1: {words!r}", "end", f"PROXY {words}\r\n".encode())
    for address in ("192.0.2", "192.0.2.7.1", "192.0.2.256", "192.0.2.-7", "192.0.2.7x", "192.0.2.07",
                    "0xc0000207", "3221225991", "192.0.2.7/8", "localhost", "*", "192.0.2.7\0", "",
                    "1.2.3.4%eth0", "\u0661.2.3.4"):
        yield Row(f"version 1, the address {address!r}", "end",
                  f"PROXY TCP4 {address} 127.0.0.1 1 2\r\n".encode())
        yield Row(f"version 1, to the address {address!r}", "end",
                  f"PROXY TCP4 192.0.2.7 {address} 1 2\r\n".encode())
    for address in (":", ":::", "2001:db8::7::", "2001:db8", "[::1]", "::1%lo", "1:2:3:4:5:6:7:8:9",
                    "::g", "::12345", "::192.0.2.256"):
        yield Row(f"version 1, the address {address!r}", "end",
                  f"PROXY TCP6 {address} ::1 1 2\r\n".encode())
    for port in ("65536", "99999", "-1", "+1", "1x", "x", "0x10", "1.5", "01", "00", "",
                 "18446744073709551617", "\u0661", "1,2"):
        yield Row(f"version 1, the port {port!r}", "end",
                  f"PROXY TCP4 192.0.2.7 127.0.0.1 {port} 1883\r\n".encode())
        yield Row(f"version 1, to the port {port!r}", "end",
                  f"PROXY TCP4 192.0.2.7 127.0.0.1 4711 {port}\r\n".encode())
    for name, data in (("LF alone", V1.replace(b"\r\n", b"\n")), ("small letters", V1.replace(b"PROXY", b"proxy")),
                       ("a blank first", b" " + V1), ("an empty line first", b"\r\n" + V1),
                       ("108 bytes", b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n"),
                       ("no end", b"PROXY TCP4 " + b"1" * 5000), ("no blank", b"PROXYTCP4 1.2.3.4 5.6.7.8 1 2\r\n"),
                       ("a NUL", b"PROXY TCP4 192.0.2.7\0 127.0.0.1 1 2\r\n")):
        yield Row(f"version 1: {name}", "end", data + bytes(200))


def version_2():
    for command in (0x00, 0x01, 0x10, 0x11, 0x22, 0x2F, 0x31, 0x41, 0xF1, 0xFF):
        yield Row(f"version and command {command:02x}", "end", v2(FOUR, command=command))
    for family in (0x01, 0x02, 0x10, 0x12, 0x13, 0x1F, 0x20, 0x22, 0x30, 0x32, 0x41, 0x51, 0xF1, 0xFF):
        yield Row(f"family {family:02x}", "own|end", v2(FOUR, family))
    for size in range(12):
        yield Row(f"IPv4 in {size} bytes", "end", v2(FOUR[:size]))
    for size in (0, 12, 16, 32, 35):
        yield Row(f"IPv6 in {size} bytes", "end", v2(SIX[:size], 0x21))
    for size in (0, 12, 108, 215):
        yield Row(f"a Unix socket in {size} bytes", "end", v2(UNIX[:size], 0x31))
    for at in range(12):
        broken = bytearray(V2)
        broken[at] ^= 0x20
        yield Row(f"byte {at} of the signature is wrong", "end", bytes(broken))


def cut():
    """A header that has not come wholly is waited for, never guessed."""
    for at in range(len(V1)):
        yield Row(f"version 1, cut at {at}", "waiting", V1[:at])
    for at in range(len(V2)):
        yield Row(f"version 2, cut at {at}", "waiting", V2[:at])
    yield Row("version 2 that claims 3000 bytes", "waiting", v2(FOUR, length=3000))
    yield Row("version 2 that claims 65535 bytes", "waiting|end", v2(FOUR, length=65535))


def no_header():
    for name, data in (("an HTTP request", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), ("a line", b"HELO x\r\n"),
                       ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32)),
                       ("zeros", bytes(40)), ("ones", b"\xff" * 40), ("an MQTT packet", b"\xc0\0"),
                       ("nothing but CONNECT", b"")):
        yield Row(f"no header: {name}", "end", data)


def twice():
    for name, first in (("1", V1), ("2", V2), ("2 LOCAL", v2(b"", 0, 0x20)), ("1 UNKNOWN", b"PROXY UNKNOWN\r\n")):
        for other, second in (("1", V1), ("2", V2), ("2 LOCAL", v2(b"", 0, 0x20))):
            yield Row(f"version {name}, then version {other}", "end", first + second)


def rows():
    for family in (good, extensions, version_1, version_2, no_header, twice):
        yield from family()

"""What strangers may say to a port that speaks TLS, and what comes of each. (RFC 5246, 8446)

Reactions: `hello` is a handshake record of the server, `alert` a fatal alert and then the end, `end`
the end without a record, `waiting` nothing: the server waits for more.
"""

import os

from peer import wire

from .rows import Row

GOOD_CIPHERS = (0x1301, 0x1302, 0x1303, 0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA9)
HANDSHAKE, ALERT, CHANGE_CIPHER_SPEC, APPLICATION_DATA, HEARTBEAT = 22, 21, 20, 23, 24
REFUSED = "alert|end"


def u16(number):
    return number.to_bytes(2, "big")


def counted(data, size=2):
    return len(data).to_bytes(size, "big") + data


def record(payload, kind=HANDSHAKE, version=0x0301, length=None):
    return bytes([kind]) + u16(version) + u16(len(payload) if length is None else length) + payload


def message(kind, body, length=None):
    return bytes([kind]) + (len(body) if length is None else length).to_bytes(3, "big") + body


def extension(kind, body):
    return u16(kind) + counted(body)


def server_name(*names, kind=0):
    return extension(0, counted(b"".join(bytes([kind]) + counted(name) for name in names)))


def alpn(*names):
    return extension(16, counted(b"".join(counted(name, 1) for name in names)))


def versions(*numbers):
    return extension(43, counted(b"".join(map(u16, numbers)), 1))


GROUPS = extension(10, counted(u16(0x001D) + u16(0x0017)))
POINTS = extension(11, counted(b"\0", 1))
SIGNATURES = extension(13, counted(u16(0x0403) + u16(0x0804) + u16(0x0401)))
KEY_SHARE = extension(51, counted(u16(0x001D) + counted(b"\x09" + bytes(31))))
OLD = GROUPS + POINTS + SIGNATURES  # what 1.2 needs
NEW = OLD + versions(0x0304, 0x0303) + KEY_SHARE


def body(version=0x0303, ciphers=GOOD_CIPHERS, extensions=NEW, session=b"", compression=b"\0",
         random=b"r" * 32):
    return (u16(version) + random + counted(session, 1) + counted(b"".join(map(u16, ciphers))) +
            counted(compression, 1) + (b"" if extensions is None else counted(extensions)))


def hello(record_version=0x0301, **parts):
    return record(message(1, body(**parts)), version=record_version)


def good():
    yield Row("a hello of 1.3", "hello", hello())
    yield Row("a hello of 1.2", "hello", hello(extensions=OLD))
    for version in (0x0300, 0x0301, 0x0302, 0x0303, 0x0304):
        yield Row(f"a record of version {version:04x}", "hello|alert", hello(version))
    yield Row("a hello byte by byte in records", "hello|" + REFUSED,
              b"".join(record(bytes([byte])) for byte in message(1, body())))


def not_tls():
    for name, data in (
            ("CONNECT", wire.connect("plain")), ("CONNECT of 3.1.1", wire.connect("plain", 4)),
            ("a page", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), ("a line", b"HELO x\r\n"),
            ("an upgrade", b"GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\r\n"),
            ("PROXY 1", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + hello()),
            ("PROXY 2", b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0" + hello()), ("zeros", bytes(100)),
            ("ones", b"\xff" * 100), ("SSH", b"SSH-2.0-x\r\n"), ("an empty line", b"\r\n"),
            ("STARTTLS", b"STARTTLS\r\n"), ("a zero and a hello", b"\0" + hello()),
            ("DTLS", b"\x16\xfe\xff" + bytes(40)), ("a record of version 2", b"\x16\x02\0\0\x05hello")):
        yield Row(f"not TLS: {name}", "end", data)
    for kind in (ALERT, CHANGE_CIPHER_SPEC, APPLICATION_DATA, HEARTBEAT, 0, 25, 255):
        yield Row(f"a record of type {kind} first", REFUSED, record(b"\1\0", kind))


def old_versions():
    two = b"\1\0\2\0\x09\0\0\0\x10\x07\0\xc0\x03\0\x80\x01\0\x80" + b"c" * 16
    yield Row("SSL 2", "end", b"\x80" + bytes([len(two)]) + two)
    for version in (0x0300, 0x0301, 0x0302, 0x0303):
        compatible = b"\1" + u16(version) + b"\0\x03\0\0\0\x10\0\0\x2f" + b"c" * 16
        yield Row(f"{version:04x} in a hello of SSL 2", "end",
                  b"\x80" + bytes([len(compatible)]) + compatible)
    for version in (0x0000, 0x0100, 0x0200, 0x0300, 0x0301, 0x0302):
        for extensions in (OLD, None):
            yield Row(f"version {version:04x}, {'with' if extensions else 'no'} extensions", "alert",
                      hello(version=version, extensions=extensions))
    for numbers in ((0x0300,), (0x0301,), (0x0302,), (0x0300, 0x0301, 0x0302), (0x7F1C,), (0x0A0A,),
                    (0x0305,), (0xFFFF,), (0xFEFD,)):
        yield Row(f"supported versions {[hex(n) for n in numbers]}", "alert",
                  hello(extensions=OLD + versions(*numbers) + KEY_SHARE))
    yield Row("a fall back that nothing forced", "alert",
              hello(ciphers=(*GOOD_CIPHERS, 0x5600), extensions=OLD))


def ciphers():
    for name, numbers in (
            ("none", ()), ("no encryption", (0x0001, 0x0002, 0x003B, 0xC006, 0xC010)),
            ("export", (0x0003, 0x0006, 0x0008, 0x0014)), ("RC4", (0x0004, 0x0005, 0xC007, 0xC011)),
            ("DES", (0x0009, 0x0015)), ("3DES", (0x000A, 0x0016, 0xC008, 0xC012)),
            ("anonymous", (0x0018, 0x0034, 0x003A, 0x006C, 0xC018, 0xC019)),
            ("RSA key exchange", (0x002F, 0x0035, 0x009C)), ("a signal alone", (0x00FF,)),
            ("unknown", (0x0A0A, 0xFFFE, 0x1399)), ("zero", (0x0000,)), ("PSK", (0x008C, 0x00A8, 0xD001))):
        yield Row(f"ciphers of 1.2: {name}", "alert", hello(ciphers=numbers, extensions=OLD))
        yield Row(f"ciphers of 1.3: {name}", "alert", hello(ciphers=numbers))
    yield Row("30000 ciphers that are unknown", REFUSED,
              b"".join(record(part) for part in cut_up(message(1, body(ciphers=[0x0A0A] * 30000)))))


def cut_up(data, size=16384):
    return [data[at:at + size] for at in range(0, len(data), size)]


def shapes():
    whole = body()
    yield Row("compression only", "alert", hello(compression=b"\1", extensions=OLD))
    yield Row("no compression method", "alert", hello(compression=b""))
    yield Row("compression in 1.3", "alert", hello(compression=b"\1\0"))
    yield Row("compression offered in 1.2", "hello", hello(compression=b"\1\0", extensions=OLD))
    for size in (33, 64, 255):
        yield Row(f"a session of {size} bytes", "alert", hello(session=b"s" * size))
    yield Row("a hello of nothing", "alert", record(message(1, b"")))
    for size in (1, 2, 33, 34, 35, 36, 37, 50, len(whole) - 1):
        yield Row(f"a hello that ends after {size} bytes", "alert", record(message(1, whole[:size])))
    for tail in (b"\0", b"\0\0", b"tail"):
        yield Row(f"a hello and {len(tail)} bytes", "alert", record(message(1, whole + tail)))
    for kind in (0, 2, 4, 5, 8, 11, 12, 14, 16, 20, 24, 67, 254, 255):
        yield Row(f"the message {kind} first", "alert", record(message(kind, whole)))
    yield Row("a hello that says 2^24-1 bytes", REFUSED, record(message(1, whole, 0xFFFFFF)))
    yield Row("a hello that says 200000 bytes", REFUSED, record(message(1, whole, 200_000)))
    yield Row("a record of nothing", REFUSED + "|waiting", record(b""))
    for length in (0x4801, 0x6000, 0xFFFF):
        yield Row(f"a record that says {length:#x} bytes", REFUSED, record(bytes(64), length=length))
    yield Row("hellos without end", "hello|" + REFUSED, hello() * 20)
    yield Row("a second hello behind the first", "hello|" + REFUSED, hello(extensions=OLD) * 2)
    yield Row("empty records without end", REFUSED, record(b"") * 2000)
    for level, number, name in ((1, 0, "close notify"), (1, 90, "user canceled"), (1, 100, "no renegotiation"),
                                (2, 40, "failure"), (2, 255, "unknown"), (9, 9, "nonsense")):
        yield Row(f"alerts first: {name}", REFUSED, record(bytes([level, number]), ALERT) * 100)
        yield Row(f"alerts inside a hello: {name}", REFUSED,
                  record(message(1, whole)[:20]) + record(bytes([level, number]), ALERT) * 100)


def extensions():
    for name, one in (
            ("its length is too great", u16(99) + u16(1000)), ("cut in its head", b"\0\x0a\0"),
            ("groups of nothing", extension(10, b"")), ("groups of an odd length", extension(10, b"\0\3\0\1\2")),
            ("versions of nothing", extension(43, b"")), ("versions of an odd length", extension(43, b"\3\3\4\3")),
            ("shares that are cut", extension(51, b"\0\x40\0\x1d\0\x20xx")),
            ("a share of 0 bytes", extension(51, counted(u16(0x1D) + counted(b"")))),
            ("a share that is too short", extension(51, counted(u16(0x1D) + counted(b"x")))),
            ("a share of an unknown group alone, and no group", extension(51, counted(u16(0x9999) + counted(b"x")))),
            ("names of nothing", extension(0, b"")), ("names that are cut", extension(0, b"\0\x09\0\0\x40x")),
            ("protocols of nothing", extension(16, b"")), ("protocols that are cut", extension(16, b"\0\4\7mq")),
            ("keys known before, of nothing", extension(41, b""))):
        yield Row(f"extension: {name}", "alert", hello(extensions=versions(0x0304) + SIGNATURES + one))
    yield Row("an extension twice", "alert", hello(extensions=NEW + GROUPS))
    yield Row("a key known before that is not last", "alert", hello(extensions=extension(41, psk()) + NEW))
    yield Row("a key known before, without its modes", REFUSED + "|hello", hello(extensions=NEW + extension(41, psk())))
    yield Row("early data without a key", "alert|hello", hello(extensions=NEW + extension(42, b"")))
    early = extension(45, b"\1\1") + extension(42, b"") + extension(41, psk())
    yield Row("early data", "hello|" + REFUSED, hello(extensions=NEW + early) +
              record(b"e" * 64, APPLICATION_DATA, 0x0303))
    yield Row("a heartbeat", "hello|" + REFUSED, hello(extensions=NEW + extension(15, b"\1")))
    yield Row("a heartbeat that lies", "hello|" + REFUSED,
              hello(extensions=NEW + extension(15, b"\1")) + record(b"\1\x40\0", HEARTBEAT))
    yield Row("1000 unknown ones", "hello|alert",
              hello(extensions=NEW + b"".join(extension(0x5000 + n, b"") for n in range(1000))))


def psk():
    return counted(counted(b"ticket" * 8) + bytes(4)) + counted(counted(b"b" * 32, 1))


def names():
    for name in (b"localhost", b"", b".", b"..", b"a" * 255, b"a." * 127, b"*", b"*.example", b"127.0.0.1",
                 b"[::1]", b"LOCALHOST", b"localhost.", b"-", b"_", b"%s%n", b"' or 1=1", b"..%2f..",
                 b"../../etc/passwd", "\u00fcber.example".encode(), b"xn--ber-goa.example"):
        yield Row(f"the server name {name[:30]!r}", "hello|alert", hello(extensions=NEW + server_name(name)))
    for name in (b"local\0host", b"\0", b"localhost\0", b"a" * 256, b"a" * 10_000):
        yield Row(f"the server name {name[:30]!r}", "alert", hello(extensions=NEW + server_name(name)))
    yield Row("two server names", "alert|hello", hello(extensions=NEW + server_name(b"a", b"b")))
    yield Row("a server name of an unknown kind", "alert|hello",
              hello(extensions=NEW + server_name(b"a", kind=7)))
    for offered in ((b"mqtt",), (b"http/1.1",), (b"h2",), (b"x" * 255,), (b"\0",), (b"mqtt",) * 100,
                    (b"MQTT",), (b"\xff\xfe",)):
        yield Row(f"the protocols {offered[:2]}"[:60], "hello", hello(extensions=NEW + alpn(*offered)))
    yield Row("a protocol of no letters", "alert|hello", hello(extensions=NEW + alpn(b"")))


def after_hello():
    """The server has answered; what comes next is no Finished."""
    for name, data in (
            ("nonsense", b"\xff" * 50), ("MQTT", wire.connect("x")), ("zeros", bytes(50)),
            ("application data", record(b"d" * 40, APPLICATION_DATA, 0x0303)),
            ("a key that is none", record(message(16, b"\x20" + bytes(32)))),
            ("finished at once", record(message(20, bytes(12)))),
            ("a change of ciphers and nonsense", record(b"\1", CHANGE_CIPHER_SPEC) + record(b"f" * 40)),
            ("changes of ciphers without end", record(b"\1", CHANGE_CIPHER_SPEC) * 200),
            ("a certificate nobody asked for", record(message(11, b"\0\0\0"))),
            ("warnings without end", record(b"\1\x5a", ALERT) * 500), ("a fatal alert", record(b"\2\x28", ALERT))):
        for version, offered in (("1.2", OLD), ("1.3", NEW)):
            yield Row(f"{version}: hello, then {name}", "hello alert|hello end",
                      hello(extensions=offered) + data)


def damage():
    """The bytes of an established connection are no longer the client's own."""
    for name, data in (
            ("nonsense", os.urandom(5) * 20), ("zeros", bytes(100)), ("MQTT", wire.pingreq() * 20),
            ("a record that is not ours", record(b"d" * 64, APPLICATION_DATA, 0x0303)),
            ("a record that is too short", record(b"d", APPLICATION_DATA, 0x0303)),
            ("a record of nothing", record(b"", APPLICATION_DATA, 0x0303)),
            ("a record that says too much", record(b"d" * 64, APPLICATION_DATA, 0x0303, 0x4901)),
            ("an alert in the clear", record(b"\2\x28", ALERT, 0x0303)),
            ("a close in the clear", record(b"\1\0", ALERT, 0x0303)),
            ("warnings in the clear", record(b"\1\x5a", ALERT, 0x0303) * 100),
            ("a hello in the clear", hello(0x0303)), ("a request of a new one", record(message(0, b""), version=0x0303)),
            ("a change of ciphers", record(b"\1", CHANGE_CIPHER_SPEC, 0x0303) * 40),
            ("a heartbeat", record(b"\1\x40\0", HEARTBEAT, 0x0303)), ("an upgrade", b"GET / HTTP/1.1\r\n\r\n")):
        yield Row(name, "end", data)


def rows():
    for family in (good, not_tls, old_versions, ciphers, shapes, extensions, names, after_hello):
        yield from family()

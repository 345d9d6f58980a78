"""WebSocket frames that strangers may send, and what comes of each. (RFC 6455)

Reactions are what the server sends, in its order, with a blank between: `close:CODE` a close frame,
`disconnect:CODE` an MQTT packet (hexadecimal), `pong:PAYLOAD`, `pingresp`, ...; then `end`, the end
of the connection. A row that ends with `pingresp` sends a PINGREQ last: the connection lives on.
"""

from peer import wire
from peer.websocket_peer import (BINARY, CLOSE, CONTINUATION, MASK, PING, PONG, TEXT, frame)

from .rows import Row

NAMES = {CONTINUATION: "continuation", TEXT: "text", BINARY: "binary", CLOSE: "close", PING: "ping",
         PONG: "pong"}
ALIVE = frame(BINARY, wire.pingreq())
PROTOCOL_ERROR = "close:1002 end"
TOO_BIG = "close:1009 end"
PACKET_LIMIT = 1 << 20


def head(first, length_byte, extended=b"", mask=MASK):
    """A frame's header, byte by byte."""
    return bytes([first, length_byte]) + extended + mask


def reserved_bits():
    for bits in range(1, 8):
        for opcode, name in NAMES.items():
            yield Row(f"reserved bits {bits:03b} in a {name} frame", PROTOCOL_ERROR,
                      frame(opcode, b"", reserved=bits), "5.2")


def opcodes():
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        for fin in (True, False):
            yield Row(f"opcode {opcode}, {'final' if fin else 'first of several'}", PROTOCOL_ERROR,
                      frame(opcode, b"x", fin), "5.2")
        yield Row(f"opcode {opcode} between fragments", PROTOCOL_ERROR,
                  frame(BINARY, b"\xc0", fin=False) + frame(opcode, b"\0"), "5.2")


def masks():
    for opcode, name in NAMES.items():
        yield Row(f"{name} without a mask", PROTOCOL_ERROR, frame(opcode, b"", masked=False), "5.1")
        yield Row(f"{name} of two bytes without a mask", PROTOCOL_ERROR,
                  frame(opcode, b"\x03\xe8", masked=False), "5.1")
    yield Row("a mask, then none", PROTOCOL_ERROR, frame(BINARY, b"\xc0", fin=False) +
              frame(CONTINUATION, b"\0", masked=False), "5.1")
    for mask in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\1"):
        packet = bytes(x ^ y for x, y in zip(wire.pingreq(), mask))
        yield Row(f"mask {mask.hex()}", "pingresp", head(0x82, 0x82, mask=mask) + packet, "5.3")


def lengths():
    for opcode in (BINARY, PING, CLOSE):
        for value in (0, 1, 2, 125):
            yield Row(f"{NAMES[opcode]} of {value} bytes, length in 16 bits", PROTOCOL_ERROR,
                      head(0x80 | opcode, 0xFE, value.to_bytes(2, "big")) + bytes(value), "5.2")
        for value in (0, 1, 125, 126, 65535):
            yield Row(f"{NAMES[opcode]} of {value} bytes, length in 64 bits", PROTOCOL_ERROR,
                      head(0x80 | opcode, 0xFF, value.to_bytes(8, "big")), "5.2")
    for value in (PACKET_LIMIT + 15, 1 << 31, 1 << 32, (1 << 63) - 1):
        yield Row(f"a frame that says {value:#x} bytes", TOO_BIG,
                  head(0x82, 0xFF, value.to_bytes(8, "big")) + b"\xc0\0", "7.4.1")
    for value in (1 << 63, (1 << 64) - 1):
        yield Row(f"a frame that says {value:#x} bytes", f"{TOO_BIG}|{PROTOCOL_ERROR}",
                  head(0x82, 0xFF, value.to_bytes(8, "big")), "5.2")
    yield Row("a second fragment that says 2^40 bytes", TOO_BIG, frame(BINARY, b"", fin=False) +
              head(0x80, 0xFF, (1 << 40).to_bytes(8, "big")), "7.4.1")


def control_frames():
    for opcode in (CLOSE, PING, PONG):
        name = NAMES[opcode]
        yield Row(f"{name} that is not final", PROTOCOL_ERROR, frame(opcode, b"", fin=False), "5.5")
        yield Row(f"{name} that is not final, between fragments", PROTOCOL_ERROR,
                  frame(BINARY, b"", fin=False) + frame(opcode, b"", fin=False), "5.5")
        yield Row(f"{name} with a continuation", PROTOCOL_ERROR,
                  frame(opcode, b"\x03", fin=False) + frame(CONTINUATION, b"\xe8"), "5.5")
        for size in (126, 127, 1000, 65535, 65536):
            yield Row(f"{name} of {size} bytes", PROTOCOL_ERROR, frame(opcode, bytes(size)), "5.5")
    yield Row("ping of 125 bytes", f"pong:{'78' * 125} pingresp",
              frame(PING, b"x" * 125) + ALIVE, "5.5.2")
    yield Row("ping of nothing", "pong: pingresp", frame(PING) + ALIVE, "5.5.2")
    yield Row("ping of bytes that are no text", "pong:ff00fe pingresp",
              frame(PING, b"\xff\0\xfe") + ALIVE, "5.5.2")
    yield Row("pongs that nobody asked for", "pingresp", frame(PONG, b"x") * 500 + ALIVE, "5.5.3")
    yield Row("a ping between the bytes of a packet", "pong:78 pingresp",
              frame(BINARY, b"\xc0", fin=False) + frame(PING, b"x") + frame(CONTINUATION, b"\0"),
              "5.4")


def fragments():
    for fin in (True, False):
        for payload in (b"", wire.pingreq()):
            what = f"{len(payload)} bytes, {'final' if fin else 'not final'}"
            yield Row(f"a continuation of nothing: {what}", PROTOCOL_ERROR,
                      frame(CONTINUATION, payload, fin), "5.4")
            yield Row(f"a continuation of what is over: {what}", "pingresp " + PROTOCOL_ERROR,
                      ALIVE + frame(CONTINUATION, payload, fin), "5.4")
            for opcode in (TEXT, BINARY):
                yield Row(f"{NAMES[opcode]} inside a message: {what}", PROTOCOL_ERROR,
                          frame(BINARY, b"", fin=False) + frame(opcode, payload, fin), "5.4")
    yield Row("a continuation of a continuation that was final", PROTOCOL_ERROR,
              frame(BINARY, b"", fin=False) + frame(CONTINUATION) + frame(CONTINUATION), "5.4")
    yield Row("five hundred empty fragments", "pingresp", frame(BINARY, b"", fin=False) +
              frame(CONTINUATION, b"", fin=False) * 500 + frame(CONTINUATION, wire.pingreq()), "5.4")
    yield Row("five hundred empty messages", "pingresp", frame(BINARY) * 500 + ALIVE, "5.6")
    yield Row("one message for ever", "pingresp", frame(BINARY, b"", fin=False) +
              frame(CONTINUATION, wire.pingreq(), fin=False), "5.4")


def texts():
    for name, payload in (("nothing", b""), ("a packet", wire.pingreq()), ("letters", b"hello"),
                          ("bad UTF-8", b"\xff\xfe"), ("a surrogate", b"\xed\xa0\x80"),
                          ("half a character", b"\xe2\x82"), ("JSON", b'{"type":"connect"}')):
        for fin in (True, False):
            yield Row(f"text: {name}, {'final' if fin else 'not final'}",
                      f"close:1003 end|{PROTOCOL_ERROR}", frame(TEXT, payload, fin), "MQTT-6.0.0-1")


def close_codes():
    for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 9999, 65535):
        yield Row(f"close with {code}", PROTOCOL_ERROR, frame(CLOSE, code.to_bytes(2, "big")), "7.4")
    for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999):
        yield Row(f"close with {code}", f"close:{code} end|close:1000 end",
                  frame(CLOSE, code.to_bytes(2, "big")), "7.4")
    yield Row("close of nothing", "close:1000 end", frame(CLOSE), "5.5.1")
    for byte in (b"\0", b"\x03", b"\xff"):
        yield Row(f"close of the byte {byte.hex()}", PROTOCOL_ERROR, frame(CLOSE, byte), "5.5.1")
    yield Row("close with 123 bytes of reason", "close:1000 end",
              frame(CLOSE, b"\x03\xe8" + b"r" * 123), "5.5.1")
    yield Row("close with a reason that is no UTF-8", "close:1000 end|close:1007 end|" +
              PROTOCOL_ERROR, frame(CLOSE, b"\x03\xe8\xff\xfe"), "5.5.1")
    yield Row("a packet after close", "close:1000 end", frame(CLOSE) + ALIVE, "5.5.1")
    yield Row("a ping after close", "close:1000 end", frame(CLOSE) + frame(PING, b"x"), "5.5.1")
    yield Row("two closes", "close:1000 end", frame(CLOSE) * 2, "5.5.1")
    yield Row("nonsense after close", "close:1000 end", frame(CLOSE) + b"\xff" * 500, "5.5.1")
    yield Row("close inside a message", "close:1000 end",
              frame(BINARY, b"\xc0", fin=False) + frame(CLOSE), "5.5.1")


def other_protocols():
    for name, data in (("MQTT", wire.connect("x")), ("MQTT packets", wire.pingreq() * 40),
                       ("another upgrade", b"GET /mqtt HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                       ("a PROXY header", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n"),
                       ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32)),
                       ("ones", b"\xff" * 100), ("zeros", bytes(100))):
        yield Row(f"no frames but {name}", PROTOCOL_ERROR, data, "5.2")


def packets():
    bad = b"\x36\x00"  # PUBLISH with QoS 3
    yield Row("a malformed packet", "disconnect:81 close:1000 end", frame(BINARY, bad))
    yield Row("a malformed packet, a byte in each frame", "disconnect:81 close:1000 end",
              frame(BINARY, bad[:1]) + frame(BINARY, bad[1:]), "MQTT-6.0.0-2")
    yield Row("a good packet and a malformed one in a frame",
              "pingresp disconnect:81 close:1000 end", frame(BINARY, wire.pingreq() + bad))
    yield Row("a malformed packet and a forbidden frame",
              f"disconnect:81 close:1000 end|disconnect:81 {PROTOCOL_ERROR}|{PROTOCOL_ERROR}",
              frame(BINARY, bad) + frame(3))
    yield Row("a packet over the limit", "disconnect:95 close:1000 end",
              frame(BINARY, b"\x30" + wire.varint(PACKET_LIMIT + 1)), "MQTT-3.1.2-24")
    yield Row("a packet over the limit, its length in three frames", "disconnect:95 close:1000 end",
              b"".join(frame(BINARY, part) for part in (b"\x30\xff", b"\xff\xff", b"\x7f")))
    yield Row("a length of five bytes, a frame for each", "disconnect:81 close:1000 end",
              b"".join(frame(BINARY, part) for part in (b"\x30", b"\xff", b"\xff", b"\xff", b"\xff")))
    yield Row("a second CONNECT", "disconnect:82 close:1000 end",
              frame(BINARY, wire.connect("second")), "MQTT-3.1.0-2")


def rows():
    for family in (reserved_bits, opcodes, masks, lengths, control_frames, fragments, texts,
                   close_codes, other_protocols, packets):
        yield from family()

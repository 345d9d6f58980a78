"""What a server sends, read and checked packet by packet.

Every packet that any test receives goes through here, so what holds for all of them is checked on
all of them: reserved bits, shortest lengths, properties that belong to the packet and stand once,
Reason Codes that the packet may carry.
"""

from dataclasses import dataclass, field

from . import wire

NAMES = {number: name for name, number in vars(wire).items()
         if name.isupper() and isinstance(number, int)}

# Reason Codes that a server may put into each packet. (MQTT 5 section 2.4)
ACK_CODES = {0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99}
REASONS = {
    "CONNACK": {0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90,
                0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F},  # [MQTT-3.2.2-8]
    "PUBACK": ACK_CODES,  # [MQTT-3.4.2-1]
    "PUBREC": ACK_CODES,  # [MQTT-3.5.2-1]
    "PUBREL": {0x00, 0x92},  # [MQTT-3.6.2-1]
    "PUBCOMP": {0x00, 0x92},  # [MQTT-3.7.2-1]
    "SUBACK": {0, 1, 2, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2},  # [MQTT-3.9.3-2]
    "UNSUBACK": {0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91},  # [MQTT-3.11.3-2]
    "DISCONNECT": {0x00, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, 0x90, 0x93,
                   0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0,
                   0xA1, 0xA2},  # [MQTT-3.14.2-1]
    "AUTH": {0x00, 0x18},  # [MQTT-3.15.2-1]
}

# Properties that a server may put into each packet.
DIAGNOSIS = {"reason_string", "user_property"}
ALLOWED = {
    "CONNACK": DIAGNOSIS | {
        "session_expiry_interval", "assigned_client_identifier", "server_keep_alive",
        "authentication_method", "authentication_data", "response_information", "server_reference",
        "receive_maximum", "topic_alias_maximum", "maximum_qos", "retain_available",
        "maximum_packet_size", "wildcard_subscription_available",
        "subscription_identifier_available", "shared_subscription_available"},
    "PUBLISH": {"payload_format_indicator", "message_expiry_interval", "content_type",
                "response_topic", "correlation_data", "subscription_identifier", "topic_alias",
                "user_property"},
    "DISCONNECT": DIAGNOSIS | {"server_reference"},  # no expiry from a server: [MQTT-3.14.2-2]
    "AUTH": DIAGNOSIS | {"authentication_method", "authentication_data"},
}


class Broken(AssertionError):
    """The server sent something that the standard forbids."""


def must(condition, why):
    if not condition:
        raise Broken(why)


@dataclass
class Packet:
    kind: str
    flags: int
    raw: bytes
    pid: int | None = None
    code: int | None = None
    codes: list | None = None
    present: bool | None = None  # Session Present
    topic: str | None = None
    payload: bytes | None = None
    qos: int = 0
    dup: bool = False
    retain: bool = False
    props: list = field(default_factory=list)

    def prop(self, name):
        """The value of the first property of that name, or None."""
        return next((value for key, value in self.props if key == name), None)

    def all(self, name):
        return [value for key, value in self.props if key == name]

    def __str__(self):
        shown = {name: value for name, value in vars(self).items()
                 if name not in ("kind", "raw", "flags") and value not in (None, [], False)}
        return f"{self.kind} {shown} {self.raw[:80].hex(' ')}"


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        must(self.at + count <= len(self.data), f"cut short: {self.data.hex(' ')}")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), "big")

    def varint(self):
        value, shift, start = 0, 0, self.at
        while True:
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        must(self.data[start:self.at] == wire.varint(value), "not the shortest form [MQTT-1.5.5-1]")
        return value

    def text(self):
        # Python's strict decoder refuses surrogates and overlong forms. [MQTT-1.5.4-1]
        value = self.take(self.number(2)).decode("utf-8")
        must("\0" not in value, "U+0000 in a string [MQTT-1.5.4-2]")
        return value

    def binary(self):
        return self.take(self.number(2))

    def rest(self):
        return self.take(len(self.data) - self.at)


BY_NUMBER = {number: (name, kind) for name, (number, kind) in wire.PROPERTIES.items()}


def read_properties(cursor, packet_name):
    inner = Cursor(cursor.take(cursor.varint()))
    read = {"byte": lambda: inner.number(1), "two": lambda: inner.number(2),
            "four": lambda: inner.number(4), "varint": inner.varint, "text": inner.text,
            "binary": inner.binary, "pair": lambda: (inner.text(), inner.text())}
    found = []
    while inner.at < len(inner.data):
        number = inner.number(1)
        must(number in BY_NUMBER, f"unknown property {number:#x}")
        name, kind = BY_NUMBER[number]
        must(name in ALLOWED.get(packet_name, DIAGNOSIS), f"{name} in {packet_name}")
        repeatable = name == "user_property" or (name, packet_name) == ("subscription_identifier",
                                                                        "PUBLISH")
        must(repeatable or name not in dict(found), f"{name} twice")
        found.append((name, read[kind]()))
    return found


def split(buffer):
    """The first packet of `buffer` as (kind number, flags, body, size), or None when incomplete."""
    length, shift = 0, 0
    for at in range(1, 5):
        if len(buffer) <= at:
            return None
        length |= (buffer[at] & 0x7F) << shift
        shift += 7
        if not buffer[at] & 0x80:
            break
    else:
        raise Broken(f"length of more than four bytes: {bytes(buffer[:8]).hex(' ')}")
    must(bytes(buffer[1:at + 1]) == wire.varint(length), "length not the shortest [MQTT-1.5.5-1]")
    size = at + 1 + length
    if len(buffer) < size:
        return None
    return buffer[0] >> 4, buffer[0] & 15, bytes(buffer[at + 1:size]), size


def parse(kind_number, flags, body, raw, version):
    kind = NAMES.get(kind_number, "?")
    must(kind in READERS, f"a server sent {kind}")
    must(kind == "PUBLISH" or flags == (2 if kind == "PUBREL" else 0),
         f"{kind} with flags {flags:04b} [MQTT-2.1.3-1] [MQTT3-2.2.2-1]")
    packet, cursor = Packet(kind, flags, raw), Cursor(body)
    READERS[kind](packet, cursor, version)
    must(cursor.at == len(body), f"bytes left over in {packet}")
    codes = packet.codes if packet.codes is not None else [packet.code]
    if version == 5 and kind in REASONS:
        must(all(code in REASONS[kind] for code in codes), f"forbidden Reason Code in {packet}")
    return packet


def read_connack(packet, cursor, version):
    flags = cursor.number(1)
    must(flags <= (0 if version == 3 else 1), "CONNACK flags [MQTT-3.2.2-1]")
    packet.present = bool(flags)
    packet.code = cursor.number(1)
    if version == 5:
        packet.props = read_properties(cursor, "CONNACK")
    else:
        must(packet.code <= 5, "return code of CONNACK above 5")
    # [MQTT-3.2.2-6] [MQTT3-3.2.2-4]
    must(packet.code == 0 or not packet.present, "Session Present in a refusal")


def read_publish(packet, cursor, version):
    packet.dup, packet.qos = bool(packet.flags & 8), packet.flags >> 1 & 3
    packet.retain = bool(packet.flags & 1)
    must(packet.qos != 3, "QoS 3 [MQTT-3.3.1-4] [MQTT3-3.3.1-4]")
    # [MQTT-3.3.1-2] [MQTT-4.3.1-1] [MQTT3-3.3.1-2] [MQTT3-4.3.1-1]
    must(packet.qos or not packet.dup, "DUP with QoS 0")
    packet.topic = cursor.text()  # [MQTT-3.3.2-1] [MQTT3-3.3.2-1]
    # [MQTT-3.3.2-2] [MQTT-4.7.0-1] [MQTT3-3.3.2-2] [MQTT3-4.7.1-1]
    must(not set("+#") & set(packet.topic), "wildcard in a Topic Name")
    if packet.qos:
        packet.pid = cursor.number(2)  # [MQTT-2.2.1-2] [MQTT3-2.3.1-5]: only there
        must(packet.pid, "Packet Identifier 0 [MQTT-2.2.1-4] [MQTT3-2.3.1-1]")
    if version == 5:
        packet.props = read_properties(cursor, "PUBLISH")
    must(packet.topic or packet.prop("topic_alias"), "no topic [MQTT-4.7.3-1] [MQTT3-4.7.3-1]")
    must(packet.prop("topic_alias") != 0, "Topic Alias 0 [MQTT-3.3.2-8]")
    packet.payload = cursor.rest()


def read_ack(packet, cursor, version):
    packet.pid, packet.code = cursor.number(2), 0
    if version == 5 and cursor.at < len(cursor.data):
        packet.code = cursor.number(1)
        if cursor.at < len(cursor.data):
            packet.props = read_properties(cursor, packet.kind)


def read_suback(packet, cursor, version):
    packet.pid = cursor.number(2)
    if version == 5:
        packet.props = read_properties(cursor, packet.kind)
    packet.codes = list(cursor.rest())
    if version != 5 and packet.kind == "UNSUBACK":
        must(not packet.codes, "UNSUBACK of 3.x with a payload")
    if version == 4:
        must(set(packet.codes) <= {0, 1, 2, 0x80}, "SUBACK code [MQTT3-3.9.3-2]")


def read_code(packet, cursor, version):
    """DISCONNECT and AUTH: a Reason Code and properties, both of which may be left out."""
    must(version == 5, f"{packet.kind} from a server in 3.x")
    packet.code = cursor.number(1) if cursor.data else 0
    if cursor.at < len(cursor.data):
        packet.props = read_properties(cursor, packet.kind)


def read_nothing(packet, cursor, version):
    pass


READERS = {"CONNACK": read_connack, "PUBLISH": read_publish, "PUBACK": read_ack,
           "PUBREC": read_ack, "PUBREL": read_ack, "PUBCOMP": read_ack, "SUBACK": read_suback,
           "UNSUBACK": read_suback, "PINGRESP": read_nothing, "DISCONNECT": read_code,
           "AUTH": read_code}

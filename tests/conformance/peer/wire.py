"""MQTT packets as bytes, written by hand from the standard and independent of Peal's encoder.

Builders take what a test wants to say and nothing is checked: a test may say what is forbidden.
Versions are the numbers of the protocol level: 3 (MQTT 3.1), 4 (3.1.1), 5.
"""

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH = range(8, 16)

# Name: (identifier, type). (MQTT 5 section 2.2.2.2)
PROPERTIES = {
    "payload_format_indicator": (0x01, "byte"),
    "message_expiry_interval": (0x02, "four"),
    "content_type": (0x03, "text"),
    "response_topic": (0x08, "text"),
    "correlation_data": (0x09, "binary"),
    "subscription_identifier": (0x0B, "varint"),
    "session_expiry_interval": (0x11, "four"),
    "assigned_client_identifier": (0x12, "text"),
    "server_keep_alive": (0x13, "two"),
    "authentication_method": (0x15, "text"),
    "authentication_data": (0x16, "binary"),
    "request_problem_information": (0x17, "byte"),
    "will_delay_interval": (0x18, "four"),
    "request_response_information": (0x19, "byte"),
    "response_information": (0x1A, "text"),
    "server_reference": (0x1C, "text"),
    "reason_string": (0x1F, "text"),
    "receive_maximum": (0x21, "two"),
    "topic_alias_maximum": (0x22, "two"),
    "topic_alias": (0x23, "two"),
    "maximum_qos": (0x24, "byte"),
    "retain_available": (0x25, "byte"),
    "user_property": (0x26, "pair"),
    "maximum_packet_size": (0x27, "four"),
    "wildcard_subscription_available": (0x28, "byte"),
    "subscription_identifier_available": (0x29, "byte"),
    "shared_subscription_available": (0x2A, "byte"),
}


def u8(number):
    return number.to_bytes(1, "big")


def u16(number):
    return number.to_bytes(2, "big")


def u32(number):
    return number.to_bytes(4, "big")


def varint(number):
    out = bytearray()
    while True:
        number, low = divmod(number, 128)
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def raw(value):
    return value.encode() if isinstance(value, str) else bytes(value)


def text(value):
    """A length of two bytes and the bytes: UTF-8 strings and binary data."""
    value = raw(value)
    return u16(len(value)) + value


def one_property(name, value):
    identifier, kind = PROPERTIES[name]
    if kind == "pair":
        return u8(identifier) + text(value[0]) + text(value[1])
    write = {"byte": u8, "two": u16, "four": u32, "varint": varint, "text": text, "binary": text}
    return u8(identifier) + write[kind](value)


def properties(**values):
    """Properties without their length; a list gives the property once for each of its items."""
    out = b""
    for name, value in values.items():
        for item in value if isinstance(value, list) else [value]:
            out += one_property(name, item)
    return out


def counted(properties_bytes):
    return varint(len(properties_bytes)) + properties_bytes


def for_version(version, properties_bytes):
    return counted(properties_bytes) if version == 5 else b""


def packet(kind, body, flags=0):
    return u8(kind << 4 | flags) + varint(len(body)) + body


def will(topic, payload, qos=0, retain=False, **props):
    return {"topic": topic, "payload": payload, "qos": qos, "retain": retain, "props": props}


def connect(client_id, version=5, clean=True, keep_alive=60, will=None, user=None, password=None,
            props=b"", name=None):
    flags = 0x02 if clean else 0
    payload = text(client_id)
    if will:
        flags |= 0x04 | will["qos"] << 3 | (0x20 if will["retain"] else 0)
        payload += for_version(version, properties(**will["props"]))
        payload += text(will["topic"]) + text(will["payload"])
    if user is not None:
        flags |= 0x80
        payload += text(user)
    if password is not None:
        flags |= 0x40
        payload += text(password)
    name = name or ("MQIsdp" if version == 3 else "MQTT")
    head = text(name) + u8(version) + u8(flags) + u16(keep_alive)
    return packet(CONNECT, head + for_version(version, props) + payload)


def publish(topic, payload=b"", qos=0, pid=None, version=5, retain=False, dup=False, props=b""):
    flags = (8 if dup else 0) | qos << 1 | (1 if retain else 0)
    body = text(topic) + (u16(pid) if pid is not None else b"")
    return packet(PUBLISH, body + for_version(version, props) + raw(payload), flags)


def code_and_properties(code, props):
    """A Reason Code and properties, both of which may be left out."""
    return (b"" if code is None else u8(code)) + (b"" if props is None else counted(props))


def ack(kind, pid, code=None, props=None):
    """PUBACK, PUBREC, PUBREL or PUBCOMP; without `code` in its short form, two bytes."""
    return packet(kind, u16(pid) + code_and_properties(code, props), 2 if kind == PUBREL else 0)


def puback(pid, code=None, props=None):
    return ack(PUBACK, pid, code, props)


def pubrec(pid, code=None, props=None):
    return ack(PUBREC, pid, code, props)


def pubrel(pid, code=None, props=None):
    return ack(PUBREL, pid, code, props)


def pubcomp(pid, code=None, props=None):
    return ack(PUBCOMP, pid, code, props)


def options(qos=0, no_local=False, rap=False, handling=0):
    """The Subscription Options byte. (MQTT 5 section 3.8.3.1)"""
    return qos | (4 if no_local else 0) | (8 if rap else 0) | handling << 4


def subscribe(pid, *entries, version=5, props=b""):
    """`entries` are pairs of a filter and its options byte."""
    body = u16(pid) + for_version(version, props)
    return packet(SUBSCRIBE, body + b"".join(text(f) + u8(o) for f, o in entries), 2)


def unsubscribe(pid, *filters, version=5, props=b""):
    body = u16(pid) + for_version(version, props)
    return packet(UNSUBSCRIBE, body + b"".join(text(f) for f in filters), 2)


def pingreq():
    return packet(PINGREQ, b"")


def disconnect(code=None, props=None):
    return packet(DISCONNECT, code_and_properties(code, props))


def auth(code=None, props=None):
    return packet(AUTH, code_and_properties(code, props))

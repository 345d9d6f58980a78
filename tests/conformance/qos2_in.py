"""QoS 2 from a client: PUBREC, PUBREL, PUBCOMP, and each message once."""

from peer import main, properties, versions, wire


def kept(version):
    props = properties(session_expiry_interval=60) if version == 5 else b""
    return {"clean": False, "props": props}


@versions(3, 4, 5)
def test_handshake(case, version):
    watcher = case.client(version, "watcher")
    watcher.subscribe(case.topic(), 2)
    client = case.client(version)
    for pid in (1, 300, 65535):
        client.send(wire.publish(case.topic(), f"{pid}", 2, pid, version))
        # [MQTT-3.3.4-1] [MQTT-4.3.3-8] [MQTT-2.2.1-5] [MQTT3-4.3.3-2] [MQTT3-2.3.1-6]
        client.expect_bytes(wire.pubrec(pid))
        client.send(wire.pubrel(pid))
        client.expect_bytes(wire.pubcomp(pid))  # [MQTT-4.3.3-11] [MQTT3-4.3.3-2]
        watcher.take(case.topic(), f"{pid}", qos=2)


@versions(3, 4, 5)
def test_the_same_again_before_pubrel(case, version):
    watcher = case.client(version, "watcher")
    watcher.subscribe(case.topic(), 2)
    client = case.client(version)
    for dup in (False, True, True, False):
        client.send(wire.publish(case.topic(), "once", 2, 9, version, dup=dup))
        client.expect("PUBREC", pid=9)  # [MQTT-4.3.3-10] [MQTT3-4.3.3-2]
    client.send(wire.pubrel(9))
    client.expect("PUBCOMP", pid=9)
    watcher.take(case.topic(), "once", dup=False)
    case.fence(client, watcher)  # [MQTT-4.3.3-10] [MQTT3-4.3.3-2]
    client.send(wire.publish(case.topic(), "new", 2, 9, version, dup=True))
    client.expect("PUBREC", pid=9)
    client.send(wire.pubrel(9))
    client.expect("PUBCOMP", pid=9)
    watcher.take(case.topic(), "new")  # [MQTT-4.3.3-12] [MQTT3-4.3.3-2]


@versions(3, 4, 5)
def test_over_a_reconnect(case, version):
    watcher = case.client(version, "watcher")
    watcher.subscribe(case.topic(), 2)
    client = case.client(version, **kept(version))
    client.send(wire.publish(case.topic(), "once", 2, 9, version))
    client.expect("PUBREC", pid=9)
    client.drop()
    client = case.client(version, **kept(version))
    client.send(wire.publish(case.topic(), "once", 2, 9, version, dup=True))
    client.expect("PUBREC", pid=9)  # [MQTT-4.3.3-10] [MQTT3-4.3.3-2]
    client.drop()
    client = case.client(version, **kept(version))
    client.send(wire.pubrel(9))
    client.expect("PUBCOMP", pid=9)
    watcher.take(case.topic(), "once")
    case.fence(client, watcher)


def test_pubrel_unknown(case):
    client = case.client()
    client.send(wire.pubrel(1234))
    client.expect("PUBCOMP", pid=1234, code=0x92)  # [MQTT-4.3.3-11] [MQTT-3.7.2-1]
    client = case.client(4)
    client.send(wire.pubrel(1234))
    client.expect_bytes(wire.pubcomp(1234))  # in 3.x the handshake just ends


def test_pubrel_again(case):
    """A PUBREL that is resent because its PUBCOMP was lost."""
    client = case.client()
    client.publish(case.topic(), "m", 2)
    client.send(wire.pubrel(client.pid))
    client.expect("PUBCOMP", pid=client.pid, code=0x92)


def test_pubrel_with_reason_and_properties(case):
    client = case.client()
    for form in (wire.pubrel(5, 0), wire.pubrel(5, 0, b""), wire.pubrel(5, 0x92, b""),
                 wire.pubrel(5, 0, properties(reason_string="r", user_property=[("a", "b")]))):
        client.send(wire.publish(case.topic(), "m", 2, 5))
        client.expect("PUBREC", pid=5)
        client.send(form)
        client.expect("PUBCOMP", pid=5)


def test_refused_leaves_the_identifier_free(case):
    """[MQTT-4.3.3-9]: after PUBREC of 0x80 and above the identifier is a new message."""
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic(), 2)
    client = case.client()
    client.send(wire.publish("$no/" + case.topic(), "m", 2, 9))
    client.expect("PUBREC", pid=9, code=0x87)
    client.send(wire.publish(case.topic(), "new", 2, 9))
    client.expect("PUBREC", pid=9, code=0)
    client.send(wire.pubrel(9))
    client.expect("PUBCOMP", pid=9, code=0)
    watcher.take(case.topic(), "new")


@versions(4, 5)
def test_qos_1_and_2_with_one_identifier(case, version):
    """An identifier that a QoS 2 holds and a QoS 1 uses: refused or served, never mixed up."""
    client = case.client(version)
    client.send(wire.publish(case.topic(), "two", 2, 3, version))
    client.expect("PUBREC", pid=3)
    client.send(wire.pubrel(3))
    client.expect("PUBCOMP", pid=3)
    client.send(wire.publish(case.topic(), "one", 1, 3, version))
    client.expect("PUBACK", pid=3)


def test_no_subscriber(case):
    client = case.client()
    client.send(wire.publish(case.topic(), "m", 2, 3))
    assert client.expect("PUBREC", pid=3).code in (0, 0x10)
    client.send(wire.pubrel(3))
    client.expect("PUBCOMP", pid=3, code=0)


main(globals())

"""QoS 2 to a client: PUBLISH open until PUBREC, PUBREL open until PUBCOMP."""

from peer import main, properties, versions, wire


def kept(version):
    props = properties(session_expiry_interval=60) if version == 5 else b""
    return {"clean": False, "props": props}


def start(case, version, count=1):
    client, publisher = case.client(version, **kept(version)), case.client(name="pub")
    client.subscribe(case.topic(), 2)
    for number in range(count):
        publisher.publish(case.topic(), f"{number}", 2)
    return client, publisher


@versions(3, 4, 5)
def test_handshake(case, version):
    client, _ = start(case, version)
    packet = client.expect("PUBLISH", qos=2, dup=False, payload="0")  # [MQTT-4.3.3-2]
    client.send(wire.pubrec(packet.pid))
    # [MQTT-4.3.3-4] [MQTT-2.2.1-5] [MQTT-3.6.1-1] [MQTT3-4.3.3-1] [MQTT3-3.6.1-1]
    client.expect_bytes(wire.pubrel(packet.pid))
    client.send(wire.pubcomp(packet.pid))
    client.expect_nothing()


@versions(3, 4, 5)
def test_identifiers(case, version):
    client, _ = start(case, version, 20)
    pids = [client.expect("PUBLISH", payload=f"{number}").pid for number in range(20)]
    assert len(set(pids)) == 20  # [MQTT-4.3.3-1] [MQTT3-4.3.3-1]
    for pid in pids:
        client.send(wire.pubrec(pid))
    # PUBRELs in the order of the PUBRECs.
    assert [client.expect("PUBREL").pid for _ in pids] == pids
    client.send(*map(wire.pubcomp, pids))
    client.expect_nothing()


@versions(3, 4, 5)
def test_resent_before_pubrec(case, version):
    client, _ = start(case, version, 3)
    pids = [client.expect("PUBLISH", payload=f"{number}").pid for number in range(3)]
    client.drop()
    client = case.client(version, **kept(version))
    for number, pid in enumerate(pids):
        # [MQTT-4.3.3-3] [MQTT-4.4.0-1] [MQTT-3.3.1-1] [MQTT3-4.3.3-1] [MQTT3-4.4.0-1]
        client.expect("PUBLISH", payload=f"{number}", pid=pid, dup=True)
    client.expect_nothing()


@versions(3, 4, 5)
def test_resent_after_pubrec(case, version):
    client, _ = start(case, version, 3)
    pids = [client.expect("PUBLISH", payload=f"{number}").pid for number in range(3)]
    client.send(wire.pubrec(pids[0]), wire.pubrec(pids[1]))
    client.expect("PUBREL", pid=pids[0])
    client.expect("PUBREL", pid=pids[1])
    client.drop()
    client = case.client(version, **kept(version))
    got = [client.receive() for _ in range(3)]
    # [MQTT-4.3.3-5] [MQTT-4.3.3-6] [MQTT-4.4.0-1] [MQTT3-4.4.0-1]: in their original order
    assert [(p.kind, p.pid) for p in got] == [("PUBREL", pids[0]), ("PUBREL", pids[1]),
                                              ("PUBLISH", pids[2])], got
    for pid in pids[:2]:
        client.send(wire.pubcomp(pid))
    client.acknowledge(got[2])
    client.expect_nothing()


@versions(4, 5)
def test_pubrec_again(case, version):
    """A client that lost the PUBREL sends PUBREC again and gets PUBREL again."""
    client, _ = start(case, version)
    pid = client.expect("PUBLISH").pid
    for _ in range(3):
        client.send(wire.pubrec(pid))
        client.expect("PUBREL", pid=pid)
    client.send(wire.pubcomp(pid))
    client.expect_nothing()


def test_pubrec_with_an_error_ends_it(case):
    client, publisher = start(case, 5)
    client.send(wire.pubrec(client.expect("PUBLISH").pid, 0x97, b""))
    client.expect_nothing()  # [MQTT-4.3.3-4]: no PUBREL
    client.drop()
    client = case.client(**kept(5))
    client.expect_nothing()  # [MQTT-4.4.0-2]
    publisher.publish(case.topic(), "next", 2)
    client.take(case.topic(), "next")


def test_pubrec_unknown(case):
    client = case.client()
    client.send(wire.pubrec(4321))
    client.expect("PUBREL", pid=4321, code=0x92)  # [MQTT-3.6.2-1]


@versions(4, 5)
def test_unknown_pubcomp_is_passed_over(case, version):
    client = case.client(version)
    client.send(wire.pubcomp(4321))
    client.expect_nothing()


main(globals())

"""Receive Maximum of the server: more unacknowledged QoS 1 and 2 than that is refused with 0x93."""

from peer import main, settings, wire

SETTING = "session.inflight=5"


@settings(SETTING)
def test_up_to_it(case):
    client = case.client()
    assert client.connack.prop("receive_maximum") == 5
    for pid in range(1, 6):
        client.send(wire.publish(case.topic(), "m", 2, pid))
    for pid in range(1, 6):
        client.expect("PUBREC", pid=pid)
    client.expect_nothing()


@settings(SETTING)
def test_beyond_it(case):
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic("#"), 2)
    client = case.client()
    for pid in range(1, 6):
        client.send(wire.publish(case.topic("begun"), "m", 2, pid))
    for pid in range(1, 6):
        client.expect("PUBREC", pid=pid)
    client.send(wire.publish(case.topic("six"), "m", 2, 6))
    client.expect_refusal(0x93)  # [MQTT-3.3.4-7]
    for _ in range(5):
        watcher.take(case.topic("begun"))
    case.fence(case.client(name="other"), watcher)


@settings(SETTING)
def test_qos_1_counts_until_acknowledged(case):
    """QoS 1 is acknowledged at once, so any number goes through when the client waits."""
    client = case.client()
    for _ in range(30):
        assert client.publish(case.topic(), "m", 1).kind == "PUBACK"


@settings(SETTING)
def test_pubcomp_frees_one(case):
    client = case.client()
    for _ in range(12):
        client.publish(case.topic(), "m", 2)
    for pid in range(100, 105):
        client.send(wire.publish(case.topic(), "m", 2, pid))
        client.expect("PUBREC", pid=pid)
    client.send(wire.pubrel(100))
    client.expect("PUBCOMP", pid=100)
    client.send(wire.publish(case.topic(), "m", 2, 105))
    client.expect("PUBREC", pid=105)


@settings(SETTING)
def test_the_same_again_is_not_one_more(case):
    client = case.client()
    for pid in range(1, 6):
        client.send(wire.publish(case.topic(), "m", 2, pid))
        client.expect("PUBREC", pid=pid)
    client.send(wire.publish(case.topic(), "m", 2, 3, dup=True))
    client.expect("PUBREC", pid=3)  # [MQTT-4.3.3-10]


@settings(SETTING)
def test_others_are_not_held_back(case):
    client = case.client()
    for pid in range(1, 6):
        client.send(wire.publish(case.topic(), "m", 2, pid))
        client.expect("PUBREC", pid=pid)
    client.publish(case.topic(), "zero")  # [MQTT-3.3.4-8] [MQTT-4.9.0-3]
    client.subscribe("a")
    client.expect_nothing()


main(globals())

"""A server that is told to serve less than QoS 2 says so, and refuses what is above."""

from peer import main, settings, versions, wire

ONE, ZERO = "mqtt.max_qos=1", "mqtt.max_qos=0"


@settings(ONE)
def test_says_so(case):
    assert case.client().connack.prop("maximum_qos") == 1  # [MQTT-3.2.2-9]


@settings(ZERO)
def test_says_so_of_zero(case):
    assert case.client().connack.prop("maximum_qos") == 0  # [MQTT-3.2.2-9]


@settings(ONE)
@versions(3, 4, 5)
def test_subscribes_all_the_same(case, version):
    client = case.client(version)
    for qos in (0, 1, 2):
        pid = client.next_pid()
        client.send(wire.subscribe(pid, (case.topic(), qos), version=version))
        codes = client.answer("SUBACK", pid).codes
        assert codes in ([qos], [min(qos, 1)]), codes  # [MQTT-3.2.2-10]
    client.publish(case.topic(), "m", 1)
    client.take(case.topic(), "m", qos=1)


@settings(ONE)
@versions(4, 5)
def test_publish_above_it(case, version):
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic())
    client = case.client(version)
    client.send(wire.publish(case.topic(), "no", 2, 1, version))
    client.expect_refusal(0x9B)  # [MQTT-3.2.2-11]
    case.fence(case.client(name="other"), watcher)


@settings(ONE)
def test_will_above_it(case):
    peer = case.peer()
    peer.send(wire.connect(peer.client_id, will=wire.will(case.topic(), "m", 2)))
    peer.expect("CONNACK", code=0x9B)  # [MQTT-3.2.2-12]
    peer.expect_closed()
    case.client(name="d", will=wire.will(case.topic(), "m", 1)).expect_nothing()


main(globals())

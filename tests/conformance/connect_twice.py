"""A second CONNECT on the same connection is a protocol error and closes it."""

from peer import main, versions, wire


@versions(3, 4, 5)
def test_second_connect(case, version):
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic("#"))
    client = case.client(version, will=wire.will(case.topic("will"), "gone"))
    client.send(wire.connect(client.client_id, version))
    client.expect_refusal(0x82)  # [MQTT-3.1.0-2] [MQTT-3.2.0-2] [MQTT3-3.1.0-2]
    watcher.take(case.topic("will"), "gone")  # [MQTT-3.1.2-8]: closed by a protocol error


@versions(4, 5)
def test_second_connect_in_the_same_segment(case, version):
    client = case.peer(version)
    client.send(wire.connect(client.client_id, version) * 2)
    client.expect("CONNACK", code=0)  # [MQTT-3.2.0-2]
    client.expect_refusal(0x82)  # [MQTT-3.1.0-2] [MQTT3-3.1.0-2]


main(globals())

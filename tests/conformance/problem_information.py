"""Request Problem Information 0: Reason String and User Property only where they are allowed."""

from peer import main, properties, wire


def test_left_out(case):
    client = case.client(props=properties(request_problem_information=0))
    got = [client.publish("$no", "m", 1), client.publish("$no", "m", 2),
           client.subscribe("a/#/b", codes=[0x8F]), client.unsubscribe("none", "a/#/b")]
    client.send(wire.pubrel(99))
    got.append(client.expect("PUBCOMP", pid=99, code=0x92))
    client.send(wire.pubrec(98))
    got.append(client.expect("PUBREL", pid=98, code=0x92))
    assert all(not packet.props for packet in got), got  # [MQTT-3.1.2-29]


def test_user_properties_of_messages_are_no_problem_information(case):
    client = case.client(props=properties(request_problem_information=0))
    client.subscribe(case.topic())
    client.publish(case.topic(), "m", props=properties(user_property=[("a", "b")]))
    assert client.take().all("user_property") == [("a", "b")]  # [MQTT-3.1.2-29]


def test_asked_for(case):
    """1 or nothing allows it; what comes is well-formed, which the reader checks."""
    for props in (b"", properties(request_problem_information=1)):
        client = case.client(props=props)
        assert client.publish("$no", "m", 1).code == 0x87
        client.disconnect()


main(globals())

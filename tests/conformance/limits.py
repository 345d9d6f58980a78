"""Limits on what one packet may carry: each is reached, and the packet beyond it is refused."""

from peer import main, properties, settings, versions, wire


def pairs(count):
    return properties(user_property=[("k", "v")] * count)


@versions(4, 5)
def test_topic_length(case, version):
    client = case.client(version)
    long = case.topic("x" * (1025 - len(case.topic(""))))
    client.subscribe(long, 1, codes=[0x8F if version == 5 else 0x80])
    client.send(wire.publish(long, "m", 1, 9, version))
    if version == 5:
        assert client.receive().code == 0x90
    else:
        client.expect_closed()  # [MQTT3-4.8.0-2]


def test_user_properties(case):
    client = case.client(props=pairs(64))
    client.subscribe(case.topic(), 1, props=pairs(64))
    client.publish(case.topic(), "m", 1, props=pairs(64))
    assert client.take().all("user_property") == [("k", "v")] * 64
    client.send(wire.publish(case.topic(), "m", 1, 9, props=pairs(65)))
    assert client.receive().code == 0x97


def test_size_of_properties(case):
    client = case.client()
    client.subscribe(case.topic(), 1)
    client.publish(case.topic(), "m", 1, props=properties(correlation_data=b"x" * 16_000))
    client.take(payload="m")
    client.send(wire.publish(case.topic(), "m", 1, 9,
                             props=properties(correlation_data=b"x" * 17_000)))
    assert client.receive().code == 0x97


@versions(4, 5)
def test_in_connect(case, version):
    refused = {
        "user": ({"user": "u" * 257, "password": "p"}, (0x86, 4)),
        "password": ({"user": "u", "password": "p" * 1025}, (0x86, 4)),
        "will topic": ({"will": wire.will("w" * 1025, "x")}, (0x90, None)),
    }
    for name, (values, (five, three)) in refused.items():
        peer = case.peer(version, name)
        peer.send(wire.connect(peer.client_id, version, **values))
        if version == 5:
            peer.expect("CONNACK", code=five)
        elif three is not None:
            peer.expect("CONNACK", code=three)
        try:
            peer.expect_closed()
        except AssertionError as answer:
            # 3.1.1 has no word that fits; a return code is as good as none.
            assert version == 4 and "CONNACK" in str(answer), answer


@settings('limits.will_payload="1KiB"')
def test_will_payload(case):
    case.client(will=wire.will(case.topic(), "x" * 1024)).expect_nothing()
    peer = case.peer(name="d")
    peer.send(wire.connect(peer.client_id, will=wire.will(case.topic(), "x" * 1025)))
    peer.expect("CONNACK", code=0x95)
    peer.expect_closed()


@versions(4, 5)
def test_filters_of_one_subscribe(case, version):
    client = case.client(version)
    entries = [(case.topic(f"{number}"), 1) for number in range(514)]
    client.send(wire.subscribe(9, *entries, version=version))
    beyond = 0x97 if version == 5 else 0x80
    client.expect("SUBACK", pid=9, codes=[1] * 512 + [beyond] * 2)


def test_retained_message(case):
    client = case.client()
    client.subscribe(case.topic(), 1)
    assert client.publish(case.topic(), b"x" * 262_145, 1, retain=True).code == 0x97
    assert client.publish(case.topic(), b"x" * 262_145, 1).code == 0
    client.take(case.topic())
    client.publish(case.topic(), b"x" * 262_144, 1, retain=True)
    client.take(case.topic())
    client.publish(case.topic(), b"", 1, retain=True)


main(globals())

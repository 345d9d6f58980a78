"""CONNACK: one for each connection, flags, and what the server announces in it."""

from peer import main, settings, versions, wire


def test_bytes_of_3x(case):
    for version in (3, 4):
        client = case.peer(version)
        client.send(wire.connect(client.client_id, version))
        # [MQTT3-3.1.4-4] [MQTT3-3.2.0-1] [MQTT3-3.2.2-1] [MQTT3-3.2.2-3]
        client.expect_bytes(bytes.fromhex("20020000"))
        client.expect_nothing()


def test_answer_of_5(case):
    client = case.peer()
    client.send(wire.connect(client.client_id))
    connack = client.expect("CONNACK", code=0, present=False)  # [MQTT-3.1.4-5] [MQTT-3.2.2-1]
    client.expect_nothing()  # [MQTT-3.2.0-2]
    # All QoS, retained messages, wildcards, identifiers and shared subscriptions are served, so
    # these are absent or 1. [MQTT-3.2.2-9] [MQTT-3.2.2-10]
    assert connack.prop("maximum_qos") is None, connack
    for name in ("retain_available", "wildcard_subscription_available",
                 "subscription_identifier_available", "shared_subscription_available"):
        assert connack.prop(name) in (None, 1), connack
    assert connack.prop("receive_maximum") == 256, connack
    assert connack.prop("maximum_packet_size") == 1024 * 1024, connack
    assert connack.prop("topic_alias_maximum") == 32, connack


def test_not_asked_for(case):
    connack = case.client(props=wire.properties(request_response_information=0)).connack
    assert connack.prop("response_information") is None  # [MQTT-3.1.2-28]
    assert connack.prop("authentication_method") is None  # [MQTT-4.12.0-6]
    assert connack.prop("assigned_client_identifier") is None
    assert connack.prop("server_keep_alive") is None  # [MQTT-3.2.2-22]: 60 s stays


@settings('session.inflight=7', 'session.topic_alias_max=3', 'limits.packet="4KiB"')
def test_announces_what_is_set(case):
    connack = case.client().connack
    assert connack.prop("receive_maximum") == 7, connack
    assert connack.prop("topic_alias_maximum") == 3, connack
    assert connack.prop("maximum_packet_size") == 4096, connack


@versions(4, 5)
def test_first_even_when_more_is_sent_at_once(case, version):
    client = case.peer(version)
    client.send(wire.connect(client.client_id, version), wire.pingreq(),
                wire.subscribe(1, ("a", 0), version=version))
    client.expect("CONNACK", code=0)  # [MQTT-3.2.0-1] [MQTT3-3.2.0-1]
    client.expect("PINGRESP")
    client.expect("SUBACK", pid=1)


main(globals())

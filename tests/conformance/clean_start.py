"""Clean Start (CleanSession in 3.x): whether a session goes on, is made, or is thrown away."""

from peer import main, properties, versions

KEPT = properties(session_expiry_interval=300)


def kept(version):
    return {"clean": False, "props": KEPT} if version == 5 else {"clean": False}


@versions(3, 4, 5)
def test_goes_on(case, version):
    client = case.client(version, **kept(version))
    assert not client.connack.present  # [MQTT-3.1.2-6] [MQTT-3.2.2-3] [MQTT3-3.2.2-3]
    client.subscribe(case.topic(), 1)
    client.disconnect()
    publisher = case.client(version, "pub")
    for number in range(3):
        # [MQTT-4.5.0-1] [MQTT3-4.5.0-1] [MQTT3-3.1.2-5]
        assert publisher.publish(case.topic(), str(number), 1).kind == "PUBACK"
    client = case.client(version, **kept(version))
    # [MQTT-3.1.2-5] [MQTT-3.1.2-23] [MQTT-3.2.2-3] [MQTT3-3.1.2-4] [MQTT3-3.2.2-2]
    assert client.connack.present == (version != 3)
    for number in range(3):
        client.take(case.topic(), str(number), qos=1, dup=False)
    publisher.publish(case.topic(), "live", 1)
    client.take(case.topic(), "live")  # the subscription is there [MQTT3-4.1.0-1]


@versions(3, 4, 5)
def test_thrown_away(case, version):
    client = case.client(version, **kept(version))
    client.subscribe(case.topic(), 1)
    client.disconnect()
    publisher = case.client(version, "pub")
    publisher.publish(case.topic(), "lost", 1)
    client = case.client(version, clean=True)
    # [MQTT-3.1.2-4] [MQTT-3.2.2-2] [MQTT-3.1.4-4] [MQTT3-3.1.2-6] [MQTT3-3.2.2-1] [MQTT3-3.1.4-3]
    assert not client.connack.present
    publisher.publish(case.topic(), "lost too", 1)
    case.fence(publisher, client)
    client.disconnect()
    # And what came after it was not kept either.
    client = case.client(version, **kept(version))
    assert not client.connack.present  # [MQTT3-3.1.2-6] [MQTT-4.1.0-2]


@versions(4, 5)
def test_clean_session_ends_with_its_connection(case, version):
    client = case.client(version, clean=True)
    client.subscribe(case.topic(), 1)
    client.disconnect()
    case.client(version, "pub").publish(case.topic(), "lost", 1)
    client = case.client(version, **kept(version))
    assert not client.connack.present  # [MQTT3-3.1.2-6]
    client.expect_nothing()


@versions(4, 5)
def test_retained_messages_are_no_part_of_a_session(case, version):
    publisher = case.client(version, "pub")
    publisher.publish(case.topic(), "stays", 1, retain=True)
    publisher.disconnect()
    case.client(version, "pub", clean=True)
    reader = case.client(version)
    reader.subscribe(case.topic(), 1)
    reader.take(case.topic(), "stays", retain=True)  # [MQTT3-3.1.2-7]
    reader.publish(case.topic(), retain=True)


def test_two_versions_share_a_session(case):
    client = case.client(4, clean=False)
    client.subscribe(case.topic("#"), 2)
    client.disconnect()
    case.client(name="pub").publish(case.topic(), "m", 2, props=properties(content_type="text"))
    client = case.client(5, clean=False)
    assert client.connack.present
    packet = client.take(case.topic(), "m", qos=2)
    assert packet.prop("content_type") == "text"


def test_resumed_clean_start_1_keeps_until_expiry(case):
    """Clean Start says what happens at the beginning, Session Expiry what happens at the end."""
    client = case.client(clean=True, props=KEPT)
    client.subscribe(case.topic(), 1)
    client.drop()
    client = case.client(clean=False, props=KEPT)
    assert client.connack.present  # [MQTT-3.1.2-23]


main(globals())

"""Retain Handling: whether subscribing sends the retained messages."""

from peer import main, properties, versions, wire


def start(case, payload="kept"):
    publisher = case.client(name="pub")
    publisher.publish(case.topic(), payload, 1, retain=True)
    return case.client(), publisher


def test_always(case):
    client, publisher = start(case)
    for _ in range(3):
        client.subscribe(case.topic(), 1, handling=0)
        client.take(case.topic(), "kept", retain=True)  # [MQTT-3.3.1-9] [MQTT-3.8.4-4]
    publisher.publish(case.topic(), b"", 1, retain=True)


def test_only_when_new(case):
    client, publisher = start(case)
    client.subscribe(case.topic(), 1, handling=1)
    client.take(case.topic(), "kept", retain=True)  # [MQTT-3.3.1-10]
    client.subscribe(case.topic(), 1, handling=1)
    client.subscribe(case.topic(), 0, handling=1)
    case.fence(publisher, client)
    client.unsubscribe(case.topic())
    client.subscribe(case.topic(), 1, handling=1)
    client.take(case.topic(), "kept", retain=True)  # new again
    publisher.publish(case.topic(), b"", 1, retain=True)


def test_never(case):
    client, publisher = start(case)
    for _ in range(2):
        client.subscribe(case.topic(), 1, handling=2)  # [MQTT-3.3.1-11]
    case.fence(publisher, client)
    publisher.publish(case.topic(), b"", 1, retain=True)
    client.take(case.topic(), b"")


def test_new_is_asked_of_the_session(case):
    kept = {"clean": False, "props": properties(session_expiry_interval=60)}
    publisher = case.client(name="pub")
    publisher.publish(case.topic(), "kept", 1, retain=True)
    client = case.client(**kept)
    client.subscribe(case.topic(), 1, handling=2)
    client.drop()
    client = case.client(**kept)
    client.subscribe(case.topic(), 1, handling=1)
    case.fence(publisher, client)  # [MQTT-3.3.1-10]: it existed
    publisher.publish(case.topic(), b"", 1, retain=True)


def test_each_filter_of_one_subscribe(case):
    client, publisher = case.client(), case.client(name="pub")
    names = "abc"
    for name in names:
        publisher.publish(case.topic(name), name, 1, retain=True)
    client.send(wire.subscribe(5, *[(case.topic(name), wire.options(handling=number))
                                    for number, name in enumerate(names)]))
    got = [client.receive() for _ in range(3)]
    assert sorted(p.payload for p in got if p.kind == "PUBLISH") == [b"a", b"b"], got
    case.fence(publisher, client)
    for name in names:
        publisher.publish(case.topic(name), b"", 1, retain=True)


@versions(3, 4)
def test_3x_always(case, version):
    publisher, client = case.client(version, "pub"), case.client(version)
    publisher.publish(case.topic(), "kept", 1, retain=True)
    for _ in range(2):
        client.subscribe(case.topic(), 1)
        # [MQTT3-3.3.1-6] [MQTT3-3.8.4-3]
        client.take(case.topic(), "kept", retain=True)
    publisher.publish(case.topic(), b"", 1, retain=True)


main(globals())

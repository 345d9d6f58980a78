"""QoS 0: no identifier, no acknowledgement, DUP 0, to whoever is connected."""

import time

from peer import main, properties, versions, wire


@versions(3, 4, 5)
def test_no_answer(case, version):
    client = case.client(version)
    client.subscribe(case.topic(), 2)
    client.publish(case.topic(), "m")
    # [MQTT-3.3.4-1] [MQTT-4.3.1-1] [MQTT-2.2.1-2] [MQTT3-3.3.4-1] [MQTT3-4.3.1-1] [MQTT3-2.3.1-5]
    client.expect_bytes(wire.publish(case.topic(), "m", version=version))
    client.expect_nothing()


@versions(3, 4, 5)
def test_exact_bytes_between_versions(case, version):
    publisher = case.client(version, "pub")
    for to in (3, 4, 5):
        client = case.client(to, f"c{to}")
        client.subscribe(case.topic(str(to)))
        publisher.publish(case.topic(str(to)), "payload")
        client.expect_bytes(wire.publish(case.topic(str(to)), "payload", version=to))


def test_not_kept_for_those_away(case):
    kept = {"clean": False, "props": properties(session_expiry_interval=60)}
    client = case.client(**kept)
    client.subscribe(case.topic(), 1)
    client.drop()
    publisher = case.client(name="pub")
    publisher.publish(case.topic(), "zero")
    publisher.publish(case.topic(), "one", 1)
    time.sleep(0.5)  # on its way to the worker that has the session
    client = case.client(**kept)
    client.take(case.topic(), "one")
    client.expect_nothing()


def test_empty_payload(case):
    client = case.client()
    client.subscribe(case.topic())
    client.publish(case.topic())
    client.take(case.topic(), b"", qos=0)


main(globals())

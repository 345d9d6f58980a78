"""No Local: a client does not get back what it published itself."""

from peer import main, properties, wire


def test_own_messages(case):
    client, other = case.client(), case.client(name="other")
    client.subscribe(case.topic(), 2, no_local=True)
    for qos in (0, 1, 2):
        client.publish(case.topic(), "mine", qos)  # [MQTT-3.8.3-3]
        other.publish(case.topic(), "theirs", qos)
        client.take(case.topic(), "theirs")
    case.fence(client, client)


def test_without_it(case):
    client = case.client()
    client.subscribe(case.topic())
    client.publish(case.topic(), "mine")
    client.take(case.topic(), "mine")


def test_belongs_to_the_subscription(case):
    """An overlapping subscription without it still delivers; a new subscription changes it."""
    client = case.client()
    client.subscribe(case.topic("a"), no_local=True, props=properties(subscription_identifier=1))
    client.subscribe(case.topic("+"), props=properties(subscription_identifier=2))
    client.publish(case.topic("a"), "mine")
    assert client.take(payload="mine").all("subscription_identifier") == [2]
    case.fence(client, client)
    client.unsubscribe(case.topic("+"))
    client.subscribe(case.topic("a"))
    client.publish(case.topic("a"), "now")
    client.take(case.topic("a"), "now")


def test_is_by_client_identifier(case):
    """Also what it published in an earlier connection, and its own will."""
    kept = {"clean": False, "props": properties(session_expiry_interval=60)}
    client = case.client(will=wire.will(case.topic(), "my will", 1), **kept)
    client.subscribe(case.topic(), 1, no_local=True)
    client.publish(case.topic(), "mine", 1)
    client.drop()
    client = case.client(**kept)
    case.fence(case.client(name="other"), client)  # [MQTT-3.8.3-3]


def test_on_a_shared_subscription(case):
    client = case.client()
    client.send(wire.subscribe(1, ("$share/g/a", wire.options(no_local=True))))
    client.expect_refusal(0x82)  # [MQTT-3.8.3-4]


main(globals())

"""Client Identifiers: which are taken, and what an empty one gets."""

from peer import main, versions, wire

LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@versions(3, 4, 5)
def test_every_letter_and_length(case, version):
    for client_id in [LETTERS[at:at + 23] for at in (0, 23, 46)] + ["a", "Z", "0"]:
        client = case.peer(version)
        client.client_id = client_id
        client.connect()  # [MQTT-3.1.3-5] [MQTT3-3.1.3-5]
        client.disconnect()


def test_empty_in_5_is_given_one(case):
    clients = [case.peer() for _ in range(3)]
    for client in clients:
        client.client_id = ""
        client.connect()
    given = [client.connack.prop("assigned_client_identifier") for client in clients]
    assert all(given) and len(set(given)) == 3, given  # [MQTT-3.2.2-16] [MQTT-3.1.3-6]
    # [MQTT-3.1.3-7] [MQTT-3.1.3-2]: the id names the session, so its use takes it over.
    again = case.peer()
    again.client_id = given[0]
    again.connect()
    assert again.connack.prop("assigned_client_identifier") is None
    clients[0].expect_refusal(0x8E)
    clients[1].expect_nothing()


def test_empty_in_5_keeps_its_session(case):
    client = case.peer()
    client.client_id = ""
    given = client.connect(clean=False, props=wire.properties(session_expiry_interval=60)).prop(
        "assigned_client_identifier")
    client.subscribe(case.topic(), 1)
    client.drop()
    again = case.peer()
    again.client_id = given
    assert again.connect(clean=False).present  # [MQTT-3.1.3-7]


def test_empty_in_311(case):
    clients = [case.peer(4), case.peer(4)]
    for client in clients:
        client.client_id = ""
        client.connect(clean=True)  # [MQTT3-3.1.3-6] [MQTT3-3.1.3-7]
    for client in clients:
        client.expect_nothing()  # unique ones: the second did not take over the first
    refused = case.peer(4)
    refused.send(wire.connect("", 4, clean=False))
    refused.expect_bytes(bytes.fromhex("20020002"))  # [MQTT3-3.1.3-8] [MQTT3-3.2.2-4]
    refused.expect_closed()  # [MQTT3-3.1.3-8] [MQTT3-3.2.2-5]


def test_empty_in_31(case):
    refused = case.peer(3)
    refused.send(wire.connect("", 3))
    refused.expect_bytes(bytes.fromhex("20020002"))  # 3.1: at least one character
    refused.expect_closed()


def test_24_characters_in_31(case):
    refused = case.peer(3)
    refused.send(wire.connect("x" * 24, 3))
    refused.expect_bytes(bytes.fromhex("20020002"))
    refused.expect_closed()


def test_too_long(case):
    client = case.peer()
    client.send(wire.connect("x" * 4000))
    client.expect("CONNACK", code=0x85)  # [MQTT-3.1.3-8] [MQTT-3.2.2-7]
    client.expect_closed()
    client = case.peer(4)
    client.send(wire.connect("x" * 4000, 4))
    client.expect_bytes(bytes.fromhex("20020002"))  # [MQTT3-3.1.3-9]
    client.expect_closed()


@versions(4, 5)
def test_any_text(case, version):
    for client_id in ("a/b+c#d", "ÄÖÜ-😀", "with blank", "\ufeffbom", "$SYS", "x" * 256):
        client = case.peer(version)
        client.client_id = client_id
        client.connect()
        client.disconnect()


def test_ids_are_compared_as_they_are(case):
    """[MQTT-1.5.4-3] [MQTT3-1.5.3-3]: U+FEFF is a character; capitals differ."""
    name = case.id()
    clients = [case.peer() for _ in range(3)]
    for client, client_id in zip(clients, (name, "\ufeff" + name, name.upper())):
        client.client_id = client_id
        client.connect()
    for client in clients:
        client.expect_nothing()


main(globals())

"""Members of a shared subscription come and go, and no message is swallowed by one that is gone."""

from peer import gather, main, properties, wire

KEPT = properties(session_expiry_interval=300)


def member(case, name, qos=1, props=KEPT):
    client = case.client(name=name, clean=False, props=props)
    client.subscribe("$share/g/" + case.topic(), qos)
    return client


def take_all(client, count):
    """So many payloads, each once; what changed hands may have lost its place in the order."""
    assert sorted(int(client.take().payload) for _ in range(count)) == list(range(count))


def test_offline_member_is_passed_over(case):
    """With an online member there, the one that is away gets nothing to keep."""
    here, away = member(case, "here"), member(case, "away")
    away.disconnect()
    publisher = case.client(name="pub")
    for number in range(20):
        publisher.publish(case.topic(), f"{number}", 1)
    take_all(here, 20)


def test_open_qos_1_goes_to_another(case):
    """What a member did not acknowledge before its session ended goes to another one."""
    one = member(case, "one", props=b"")
    two = member(case, "two")
    publisher = case.client(name="pub")
    for number in range(10):
        publisher.publish(case.topic(), f"{number}", 1)
    one.drop()  # its session ends with it, unacknowledged ones and all
    got = []
    while len(set(got)) < 10:
        got.append(int(two.take().payload))
    assert set(got) == set(range(10))


def test_all_away(case):
    """Nobody is online: it is kept for a member that comes back."""
    one = member(case, "one")
    one.disconnect()
    publisher = case.client(name="pub")
    for number in range(10):
        publisher.publish(case.topic(), f"{number}", 1)
    one = case.client(name="one", clean=False, props=KEPT)
    take_all(one, 10)


def test_kept_goes_to_another_when_the_session_ends(case):
    for name in ("one", "two"):
        member(case, name).disconnect()
    publisher = case.client(name="pub")
    for number in range(10):
        publisher.publish(case.topic(), f"{number}", 1)
    case.client(name="one", clean=True)  # ends the session that may have kept some
    two = case.client(name="two", clean=False, props=KEPT)
    assert sorted(int(two.take().payload) for _ in range(10)) == list(range(10))


def test_leaves_by_unsubscribe(case):
    one, two = member(case, "one"), member(case, "two")
    publisher = case.client(name="pub")
    one.unsubscribe("$share/g/" + case.topic())
    for number in range(10):
        publisher.publish(case.topic(), f"{number}", 1)
    take_all(two, 10)
    case.fence(publisher, one)  # [MQTT-3.10.4-2]


def test_nothing_after_unsuback(case):
    """[MQTT-3.10.4-2] [MQTT3-3.10.4-2], between all pairs of workers."""
    for turn in range(40):
        one, two = member(case, f"one{turn}"), member(case, f"two{turn}")
        publisher = case.client(name=f"pub{turn}")
        one.unsubscribe("$share/g/" + case.topic())
        for number in range(10):
            publisher.publish(case.topic(), f"{number}", 1)
        take_all(two, 10)
        case.fence(publisher, one)
        one.disconnect(0, properties(session_expiry_interval=0))
        two.disconnect(0, properties(session_expiry_interval=0))


def test_last_member_gone(case):
    """Nobody is left: the message has no subscriber, and the next member begins with nothing."""
    one = member(case, "one", props=b"")
    one.disconnect()
    publisher = case.client(name="pub")
    assert publisher.publish(case.topic(), "nobody", 1).code in (0, 0x10)
    two = member(case, "two")
    case.fence(publisher, two)


def test_refused_is_dropped(case):
    """[MQTT-4.8.2-6]: PUBACK or PUBREC of 0x80 and above is an answer; nobody else gets it."""
    for qos, answer in ((1, wire.puback), (2, wire.pubrec)):
        one = member(case, "one", qos)
        two = member(case, "two", qos)
        publisher = case.client(name="pub")
        for number in range(10):
            publisher.publish(case.topic(), f"{number}", qos)

        def refuse(client, answer=answer):
            packet = client.expect("PUBLISH")
            client.send(answer(packet.pid, 0x83))
            return int(packet.payload)

        assert sorted(sum(gather([one, two], 10, refuse), [])) == list(range(10))
        for client in (one, two):
            case.fence(publisher, client)
            client.disconnect(0, properties(session_expiry_interval=0))


def test_qos_2_stays_with_its_member(case):
    """[MQTT-4.8.2-4]: begun with a member, its connection breaks, finished when it is back."""
    one = member(case, "one", 2)
    publisher = case.client(name="pub")
    publisher.publish(case.topic(), "1", 2)
    publisher.publish(case.topic(), "2", 2)
    first, second = one.expect("PUBLISH", payload="1"), one.expect("PUBLISH", payload="2")
    one.send(wire.pubrec(first.pid))
    one.expect("PUBREL", pid=first.pid)
    two = member(case, "two", 2)
    one.drop()
    case.fence(publisher, two)
    one = case.client(name="one", clean=False, props=KEPT)
    got = [one.receive(), one.receive()]
    assert [(p.kind, p.pid) for p in got] == [("PUBREL", first.pid), ("PUBLISH", second.pid)], got
    assert got[1].dup
    one.send(wire.pubcomp(first.pid))
    one.acknowledge(got[1])
    case.fence(publisher, two)


def test_qos_2_ends_with_its_member(case):
    """[MQTT-4.8.2-5]: the session ends before that, and nobody else gets the message."""
    one = member(case, "one", 2)
    publisher = case.client(name="pub")
    publisher.publish(case.topic(), "1", 2)
    one.expect("PUBLISH", payload="1")
    two = member(case, "two", 2)
    one.disconnect(0, properties(session_expiry_interval=0))
    case.fence(publisher, two)


def test_many_come_and_go(case):
    """Every message arrives at least once while members leave in the middle of it."""
    stays = member(case, "stays")
    publisher = case.client(name="pub")
    for turn in range(5):
        passing = member(case, f"p{turn}", props=b"")
        for number in range(10):
            publisher.publish(case.topic(), f"{turn * 10 + number}", 1)
        passing.drop()
    got = set()
    while len(got) < 50:
        got.add(int(stays.take().payload))
    assert got == set(range(50))


main(globals())

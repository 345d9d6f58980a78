"""Shared subscriptions: each message goes to one member of each group."""

from peer import gather, main, properties, settings, versions


def members(case, count, qos=0, version=5, group="g", names="m", filters="t", **values):
    out = []
    for number in range(count):
        member = case.client(version, f"{names}{number}", **values)
        member.subscribe(f"$share/{group}/{case.topic(filters)}", qos)
        out.append(member)
    return out


def collect(case, publisher, clients, count):
    """What each has got, all of it acknowledged; `count` in total and not one more."""
    got = gather(clients, count)
    for client in clients:
        case.fence(publisher, client)
    return got


def check_spread(case, qos, fewest, version=5):
    group = members(case, 3, qos, version)
    publisher = case.client(version, "pub")
    for number in range(30):
        publisher.publish(case.topic(), f"{number}", qos)
    got = collect(case, publisher, group, 30)
    payloads = [packet.payload for packets in got for packet in packets]
    assert sorted(payloads, key=int) == [b"%d" % n for n in range(30)], payloads
    assert all(len(packets) >= fewest for packets in got), [len(packets) for packets in got]
    assert {packet.qos for packets in got for packet in packets} == {qos}  # [MQTT-4.8.2-3]


@versions(3, 4, 5)
@settings('shared.choice="round-robin"')
def test_round_robin(case, version):
    for qos in (0, 1, 2):
        check_spread(case, qos, 8, version)


@settings('shared.choice="least-in-flight"')
def test_least_in_flight(case):
    check_spread(case, 1, 1)


@settings('shared.choice="least-in-flight"')
def test_who_does_not_acknowledge_gets_less(case):
    slow, fast = members(case, 2, 1)
    publisher = case.client(name="pub")

    def take(client):
        return client.take() if client is fast else client.expect("PUBLISH")

    taken = [0, 0]
    for number in range(40):
        publisher.publish(case.topic(), f"{number}", 1)
        for at, packets in enumerate(gather([slow, fast], 1, take)):
            taken[at] += len(packets)
    assert taken[1] >= 30, taken


@versions(4, 5)
def test_groups_are_apart(case, version):
    first = members(case, 2, group="one", names="o", version=version)
    second = members(case, 2, group="two", names="t", version=version)
    alone = case.client(version, "alone")
    alone.subscribe(case.topic())
    publisher = case.client(version, "pub")
    for number in range(10):
        publisher.publish(case.topic(), f"{number}")
    for group in (first, second, [alone]):
        collect(case, publisher, group, 10)


def test_filters_are_apart(case):
    """Each pair of ShareName and filter is a group of its own, also in one client."""
    client = case.client()
    for name in ("a", "+", "#"):
        client.subscribe("$share/g/" + case.topic(name))
    publisher = case.client(name="pub")
    publisher.publish(case.topic("a"), "m")
    collect(case, publisher, [client], 3)


@versions(4, 5)
def test_both_kinds_in_one_client(case, version):
    client = case.client(version)
    client.subscribe("$share/g/" + case.topic())
    client.subscribe(case.topic())
    publisher = case.client(version, "pub")
    publisher.publish(case.topic(), "m")
    collect(case, publisher, [client], 2)


def test_order_within_a_member(case):
    group = members(case, 3, 1)
    publisher = case.client(name="pub")
    for number in range(60):
        publisher.publish(case.topic(), f"{number}", 1)
    for packets in collect(case, publisher, group, 60):
        numbers = [int(packet.payload) for packet in packets]
        assert numbers == sorted(numbers), numbers


def test_no_retained_on_subscribing(case):
    publisher = case.client(name="pub")
    publisher.publish(case.topic(), "kept", 1, retain=True)
    for number in range(2):
        client = case.client(name=f"c{number}")
        client.subscribe("$share/g/" + case.topic(), 1, handling=0)
        case.fence(publisher, client)
    publisher.publish(case.topic(), b"", 1, retain=True)


def test_unsubscribe(case):
    one, two = members(case, 2)
    publisher = case.client(name="pub")
    assert one.unsubscribe("$share/g/" + case.topic("x")).codes == [0x11]
    assert one.unsubscribe(case.topic()).codes == [0x11]
    assert one.unsubscribe("$share/g/" + case.topic()).codes == [0]
    for number in range(6):
        publisher.publish(case.topic(), f"{number}")
    got = collect(case, publisher, [one, two], 6)
    assert [len(packets) for packets in got] == [0, 6], got


def test_options_of_the_member(case):
    """The granted QoS and the identifier are the member's own. [MQTT-4.8.2-3]"""
    low, high = case.client(name="low"), case.client(name="high")
    low.subscribe("$share/g/" + case.topic(), 0, props=properties(subscription_identifier=1))
    high.subscribe("$share/g/" + case.topic(), 2, props=properties(subscription_identifier=2))
    publisher = case.client(name="pub")
    for number in range(20):
        publisher.publish(case.topic(), f"{number}", 2)
    got = collect(case, publisher, [low, high], 20)
    for packets, qos, identifier in zip(got, (0, 2), (1, 2)):
        assert {packet.qos for packet in packets} <= {qos}, packets
        assert {packet.prop("subscription_identifier") for packet in packets} <= {identifier}


def test_wildcards(case):
    group = members(case, 2, filters="+/x/#")
    publisher = case.client(name="pub")
    for name in ("a/x", "a/x/y", "b/x/y/z", "a/y", "x"):
        publisher.publish(case.topic(name), name)
    got = sorted(packet.payload for packet in sum(collect(case, publisher, group, 3), []))
    assert got == [b"a/x", b"a/x/y", b"b/x/y/z"], got


def test_dollar_share_is_no_topic(case):
    """A message published to `$share/...` is refused like any `$`-topic."""
    client = case.client()
    assert client.publish("$share/g/" + case.topic(), "m", 1).code == 0x87
    member = members(case, 1)[0]
    member.expect_nothing()


main(globals())

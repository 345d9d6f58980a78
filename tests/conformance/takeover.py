"""A second connection with the same Client Identifier takes the session over from the first."""

from peer import main, properties, versions, wire

KEPT = properties(session_expiry_interval=300)


@versions(3, 4, 5)
def test_older_is_closed(case, version):
    older = case.client(version)
    newer = case.client(version)
    older.expect_refusal(0x8E)  # [MQTT-3.1.4-3] [MQTT3-3.1.4-2] [MQTT3-3.1.3-2]
    newer.expect_nothing()


def test_between_versions(case):
    clients = [case.client(version) for version in (5, 3, 5, 4, 5)]
    for client in clients[:-1]:
        client.expect_refusal(0x8E)
    clients[-1].expect_nothing()


@versions(4, 5)
def test_session_goes_on(case, version):
    older = case.client(version, clean=False, props=KEPT)
    older.subscribe(case.topic(), 1)
    publisher = case.client(version, "pub")
    publisher.publish(case.topic(), "open", 1)
    older.expect("PUBLISH", payload="open", dup=False)
    newer = case.client(version, clean=False, props=KEPT)
    assert newer.connack.present  # [MQTT-3.1.2-5] [MQTT3-3.1.2-4]
    newer.take(case.topic(), "open", dup=True)  # [MQTT-4.4.0-1] [MQTT3-4.4.0-1]
    publisher.publish(case.topic(), "next", 1)
    newer.take(case.topic(), "next", dup=False)


def test_clean_start_ends_the_older_session(case):
    older = case.client(clean=False, props=KEPT)
    older.subscribe(case.topic(), 1)
    newer = case.client(clean=True)
    assert not newer.connack.present  # [MQTT-3.1.2-4]
    older.expect_refusal(0x8E)
    publisher = case.client(name="pub")
    publisher.publish(case.topic(), "no")
    case.fence(publisher, newer)


@versions(4, 5)
def test_will_goes_out(case, version):
    watcher = case.client(version, "watcher")
    watcher.subscribe(case.topic("will"), 1)
    older = case.client(version, will=wire.will(case.topic("will"), "taken over", 1))
    case.client(version)
    watcher.take(case.topic("will"), "taken over")  # [MQTT-3.1.2-8] [MQTT3-3.1.2-8]
    older.expect_refusal(0x8E)


def test_will_comes_before_the_connack(case):
    """The older connection's end is complete before the newer one begins."""
    filters = case.topic("will")
    older = case.client(clean=False, props=KEPT, will=wire.will(filters, "mine", 1))
    older.subscribe(filters, 1)
    newer = case.peer()
    newer.send(wire.connect(newer.client_id, clean=False, props=KEPT))
    newer.expect("CONNACK", present=True)
    newer.take(filters, "mine")
    older.expect_refusal(0x8E)


def test_a_storm_for_one_id(case):
    """Whoever comes last stays; all others are told and closed."""
    peers = [case.peer() for _ in range(20)]
    for peer in peers:
        peer.send(wire.connect(peer.client_id))
    stayed = []
    for peer in peers:
        peer.expect("CONNACK", code=0)
    for peer in peers:
        try:
            peer.expect("DISCONNECT", timeout=0.5, code=0x8E)
        except AssertionError:
            stayed.append(peer)
    assert len(stayed) == 1, f"{len(stayed)} stayed"
    stayed[0].expect_nothing()


main(globals())

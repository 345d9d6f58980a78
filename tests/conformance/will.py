"""The Will Message: when it is published, when not, and as what."""

from peer import main, properties, versions, wire


def watch(case, version=5, qos=2, **options):
    watcher = case.client(version, "watcher")
    watcher.subscribe(case.topic("will"), qos, **options)
    return watcher


@versions(3, 4, 5)
def test_published_when_the_connection_fails(case, version):
    for qos in (0, 1, 2):
        watcher = watch(case, version)
        client = case.client(version, will=wire.will(case.topic("will"), f"{qos}", qos))
        client.reset() if qos == 1 else client.drop()
        # All QoS are served, so none is refused. [MQTT-3.2.2-12]
        # [MQTT-3.1.2-7] [MQTT-3.1.2-8] [MQTT-3.1.2-14] [MQTT3-3.1.2-8] [MQTT3-3.1.2-16]
        watcher.take(case.topic("will"), f"{qos}", qos=qos, retain=False)


@versions(3, 4, 5)
def test_not_after_disconnect(case, version):
    watcher = watch(case, version)
    client = case.client(version, will=wire.will(case.topic("will"), "no"))
    client.disconnect()
    # [MQTT-3.1.2-10] [MQTT-3.14.4-3] [MQTT3-3.1.2-10] [MQTT3-3.14.4-3]
    case.fence(case.client(version, "other"), watcher)


def test_disconnect_with_will(case):
    watcher = watch(case)
    client = case.client(will=wire.will(case.topic("will"), "yes"))
    client.disconnect(0x04)
    watcher.take(case.topic("will"), "yes")  # [MQTT-3.1.2-8]


def test_disconnect_with_an_error(case):
    for code in (0x80, 0x81, 0x82, 0x93, 0x98):
        watcher = watch(case)
        client = case.client(will=wire.will(case.topic("will"), "yes"))
        client.disconnect(code)
        watcher.take(case.topic("will"), "yes")  # [MQTT-3.1.2-8]: only 0x00 takes it away


@versions(4, 5)
def test_retained(case, version):
    client = case.client(version, will=wire.will(case.topic("will"), "stays", 1, retain=True))
    watcher = watch(case, version)
    client.drop()
    watcher.take(case.topic("will"), "stays", retain=False)
    late = case.client(version, "late")
    late.subscribe(case.topic("will"), 1)
    # [MQTT-3.1.2-15] [MQTT-3.2.2-13] [MQTT3-3.1.2-17]
    late.take(case.topic("will"), "stays", retain=True)
    late.publish(case.topic("will"), retain=True)


@versions(4, 5)
def test_not_retained(case, version):
    client = case.client(version, will=wire.will(case.topic("will"), "passes", 1))
    watcher = watch(case, version)
    client.drop()
    watcher.take(case.topic("will"), "passes", retain=False)
    late = case.client(version, "late")
    late.subscribe(case.topic("will"), 1)
    late.expect_nothing()  # [MQTT-3.1.2-14] [MQTT3-3.1.2-16]


def test_only_once(case):
    """Published, it is gone: the session comes and goes again without it."""
    watcher = watch(case)
    kept = properties(session_expiry_interval=300)
    client = case.client(clean=False, props=kept, will=wire.will(case.topic("will"), "once"))
    client.drop()
    watcher.take(case.topic("will"), "once")
    case.client(clean=False, props=kept).drop()
    case.client(clean=False, props=kept).disconnect()
    case.fence(case.client(name="other"), watcher)  # [MQTT-3.1.2-10] [MQTT3-3.1.2-10]


@versions(4, 5)
def test_none(case, version):
    watcher = watch(case, version)
    case.client(version).drop()
    case.fence(case.client(version, "other"), watcher)  # [MQTT3-3.1.2-12]


@versions(4, 5)
def test_empty_payload(case, version):
    watcher = watch(case, version)
    case.client(version, will=wire.will(case.topic("will"), b"")).drop()
    watcher.take(case.topic("will"), b"")


def test_properties_go_along(case):
    watcher = watch(case)
    pairs = [("z", "1"), ("a", "2"), ("z", "3"), ("", "")]
    client = case.client(will=wire.will(
        case.topic("will"), "w", 1, user_property=pairs, content_type="text/x",
        response_topic="r/t", correlation_data=b"\0\1", payload_format_indicator=1,
        message_expiry_interval=100))
    client.drop()
    packet = watcher.take(case.topic("will"), "w")
    assert packet.all("user_property") == pairs, packet  # [MQTT-3.1.3-10]
    assert packet.prop("content_type") == "text/x"
    assert packet.prop("response_topic") == "r/t"
    assert packet.prop("correlation_data") == b"\0\1"
    assert packet.prop("payload_format_indicator") == 1
    assert packet.prop("message_expiry_interval") in (99, 100)
    assert packet.prop("will_delay_interval") is None


def test_after_malformed_bytes(case):
    watcher = watch(case)
    client = case.client(4, will=wire.will(case.topic("will"), "malformed"))
    client.send(b"\xff\x00")
    client.expect_closed()
    watcher.take(case.topic("will"), "malformed")  # [MQTT3-3.1.2-8]


def test_to_oneself(case):
    """The session that died may be subscribed to its own will."""
    kept = properties(session_expiry_interval=300)
    client = case.client(clean=False, props=kept, will=wire.will(case.topic("will"), "own", 1))
    client.subscribe(case.topic("will"), 1)
    watcher = watch(case)
    client.drop()
    watcher.take(case.topic("will"), "own")
    client = case.client(clean=False, props=kept)
    client.take(case.topic("will"), "own")


main(globals())

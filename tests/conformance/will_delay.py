"""Will Delay Interval: the will waits, and does not go out when the client is back in time."""

import time

from peer import main, properties, timed, wire


def kept(seconds=300):
    return properties(session_expiry_interval=seconds)


def watch(case):
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic("will"), 1)
    return watcher


def delayed(case, delay):
    return wire.will(case.topic("will"), "late", 1, will_delay_interval=delay)


@timed
def test_waits(case):
    watcher = watch(case)
    client = case.client(clean=False, props=kept(), will=delayed(case, 1))
    gone = time.monotonic()
    client.drop()
    watcher.take(case.topic("will"), "late")  # [MQTT-3.1.2-8]
    waited = time.monotonic() - gone
    assert 0.9 <= waited <= 3, waited


@timed
def test_back_in_time(case):
    watcher = watch(case)
    client = case.client(clean=False, props=kept(), will=delayed(case, 1))
    client.drop()
    back = case.client(clean=False, props=kept())
    assert back.connack.present
    time.sleep(2)
    case.fence(back, watcher)  # [MQTT-3.1.3-9] [MQTT-3.1.2-8]


@timed
def test_session_ends_first(case):
    watcher = watch(case)
    client = case.client(clean=False, props=kept(1), will=delayed(case, 3600))
    gone = time.monotonic()
    client.drop()
    watcher.take(case.topic("will"), "late")  # [MQTT-3.1.2-8]: the end of the session
    assert time.monotonic() - gone <= 4


def test_session_ends_with_the_connection(case):
    watcher = watch(case)
    client = case.client(clean=True, will=delayed(case, 3600))
    client.drop()
    watcher.take(case.topic("will"), "late")


def test_session_thrown_away_by_clean_start(case):
    watcher = watch(case)
    client = case.client(clean=False, props=kept(), will=delayed(case, 3600))
    client.drop()
    back = case.client(clean=True)
    watcher.take(case.topic("will"), "late")  # the session ended [MQTT-3.1.2-8]
    back.expect_nothing()


def test_takeover_that_goes_on(case):
    """[MQTT-3.1.3-9]: the new connection came before the delay passed, so no will."""
    watcher = watch(case)
    client = case.client(clean=False, props=kept(), will=delayed(case, 3600))
    back = case.client(clean=False, props=kept())
    client.expect_refusal(0x8E)
    case.fence(back, watcher)


def test_takeover_by_clean_start(case):
    watcher = watch(case)
    client = case.client(clean=False, props=kept(), will=delayed(case, 3600))
    case.client(clean=True)
    client.expect_refusal(0x8E)
    watcher.take(case.topic("will"), "late")


def test_disconnect_with_will_and_expiry_zero(case):
    """DISCONNECT may end the session at once, and with it the delay."""
    watcher = watch(case)
    client = case.client(clean=False, props=kept(), will=delayed(case, 3600))
    client.disconnect(0x04, properties(session_expiry_interval=0))
    watcher.take(case.topic("will"), "late")


@timed
def test_disconnect_with_will_waits_too(case):
    watcher = watch(case)
    client = case.client(clean=False, props=kept(), will=delayed(case, 1))
    client.disconnect(0x04)
    watcher.expect_nothing()
    watcher.take(case.topic("will"), "late")


def test_new_will_at_the_next_connect(case):
    """The will of the older CONNECT is replaced by the newer one's."""
    watcher = watch(case)
    client = case.client(clean=False, props=kept(), will=delayed(case, 3600))
    client.drop()
    back = case.client(clean=False, props=kept(), will=wire.will(case.topic("will"), "new", 1))
    back.drop()
    watcher.take(case.topic("will"), "new")
    case.fence(case.client(name="other"), watcher)


main(globals())

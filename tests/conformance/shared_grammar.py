"""The grammar of `$share/NAME/FILTER`."""

from peer import main, versions, wire

BAD = ["$share/", "$share/g", "$share/g/", "$share//t", "$share//", "$share/+/t",
       "$share/#/t", "$share/a+/t", "$share/a#b/t", "$share/g/a/#/b", "$share/g/a+", "$share/g/#a"]
GOOD = ["$share/g/t", "$share/g//", "$share/g/#", "$share/g/+", "$share/g/$SYS/x", "$share/g/t/",
        "$share/$share/t", "$share/a b/t", "$share/\u00e4/t", "$share/g/$share/g/t"]


@versions(4, 5)
def test_bad(case, version):
    client = case.client(version)
    for topic_filter in BAD:
        # [MQTT-4.8.2-1] [MQTT-4.8.2-2]
        client.subscribe(topic_filter, codes=[0x8F if version == 5 else 0x80])
    client.expect_nothing()


@versions(4, 5)
def test_good(case, version):
    client = case.client(version)
    for topic_filter in GOOD:
        client.subscribe(topic_filter, 1)


def test_bad_ones_fail_alone(case):
    client = case.client()
    client.send(wire.subscribe(3, ("$share/g/" + case.topic(), 1), ("$share//x", 1), ("ok", 2)))
    client.expect("SUBACK", pid=3, codes=[1, 0x8F, 2])


def test_looks_like_it(case):
    """Only `$share` itself is special: capitals and longer words are ordinary filters."""
    client = case.client()
    for topic_filter in ("$SHARE/g/t", "$shared/g/t", "$sharex"):
        client.subscribe(topic_filter, 0)


main(globals())

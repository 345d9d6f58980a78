"""Topic Filters: which Topic Names they match."""

from peer import main, versions

# Filter: names it matches, names it does not.
TABLE = {
    "sport/tennis/player1/#": (["sport/tennis/player1", "sport/tennis/player1/ranking",
                                "sport/tennis/player1/score/wimbledon"],
                               ["sport/tennis/player2", "sport/tennis/player11"]),
    "sport/#": (["sport", "sport/", "sport/a/b/c", "sport//"], ["sports", "spor", "a/sport"]),
    "sport/tennis/+": (["sport/tennis/player1", "sport/tennis/"],
                       ["sport/tennis", "sport/tennis/player1/ranking"]),
    "sport/+": (["sport/", "sport/x"], ["sport", "sport/x/y", "sport//"]),
    "+/finance": (["x/finance", "/finance"], ["finance", "//finance", "x/y/finance"]),
    "+/+": (["/finance", "a/b", "/"], ["a", "a/b/c"]),
    "+": (["finance", "a"], ["/finance", "a/", "/"]),
    "/+": (["/finance", "/"], ["finance", "a/b", "//"]),
    "/": (["/"], ["", "a", "//"]),
    "a//b": (["a//b"], ["a/b", "a/x/b"]),
    "a/+/b": (["a//b", "a/x/b"], ["a/b", "a/x/y/b"]),
    "+/b/#": (["a/b", "/b", "a/b/c/d"], ["b", "a/c/b"]),
    "#": (["a", "/", "a/b/c", " "], ["$SYS", "$x/y"]),
    "/#": (["/", "/a", "//a"], ["a", "a/b"]),
    "+/#": (["a", "/", "a/b"], ["$x", "$x/a"]),
    "$x/#": (["$x", "$x/a"], ["x", "a/$x"]),
    "$x/+": (["$x/a"], ["$x"]),
    "a/$x/+": (["a/$x/b"], ["$x/b"]),
    "Accounts": (["Accounts"], ["ACCOUNTS", "accounts", "Accounts "]),
    "a b/+": (["a b/c d"], ["a  b/c"]),
}


@versions(4, 5)
def test_table(case, version):
    """Below a prefix of this test's own, where `$` has no meaning; see the next one for that."""
    client, publisher = case.client(version), case.client(version, "pub")
    for topic_filter, (matching, others) in TABLE.items():
        prefix = case.topic("p")
        client.subscribe(f"{prefix}/{topic_filter}")
        for name in others:
            if not (name.startswith("$") and topic_filter[0] in "#+"):
                publisher.publish(f"{prefix}/{name}", "no")
        for name in matching:
            publisher.publish(f"{prefix}/{name}", "yes")
            # [MQTT-3.3.2-3] [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT3-3.3.2-3]
            client.take(f"{prefix}/{name}", "yes")
        client.unsubscribe(f"{prefix}/{topic_filter}")


def test_table_from_the_root(case):
    """The same at the root, with names that clients may publish."""
    client, publisher = case.client(), case.client(name="pub")
    for topic_filter, (matching, others) in TABLE.items():
        if topic_filter in ("#", "+/#", "+", "+/+", "/#", "/+"):
            continue  # they would match what other tests do, and the fences
        client.subscribe(topic_filter)
        for names, payload in ((others, "no"), (matching, "yes")):
            for name in names:
                if name and not name.startswith("$"):
                    publisher.publish(name, payload)
        for name in matching:
            if not name.startswith("$"):
                client.take(name, "yes")
        client.unsubscribe(topic_filter)


@versions(3, 4, 5)
def test_longest(case, version):
    """Topics as long as this server takes them, 1024 bytes. [MQTT-4.7.3-3] [MQTT3-4.7.3-3]"""
    client = case.client(version)
    topic = case.topic("x" * (1024 - len(case.topic(""))))
    client.subscribe(topic, 1)
    client.publish(topic, "m", 1)
    client.take(topic, "m")


def test_deepest(case):
    client = case.client()
    topic = case.topic("/".join(["l"] * 126))
    client.subscribe(case.topic("#"), 1)
    client.subscribe("/".join(["+"] * 128), 1)
    client.publish(topic, "m", 1)
    client.take(topic, "m")


main(globals())

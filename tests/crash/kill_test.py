"""`kill -9` at random moments, many times: nothing that was acknowledged may be lost, come twice or out of order.

    kill_test.py [--rounds N] [--workers N] [--vary] [--set KEY=VALUE] [--seed N]

QoS 1 and QoS 2 publishers never stop; some subscribers stay connected, some are away all the time and come at the end,
two share a subscription. The server is killed while it works, and while it starts. At the end everybody comes, and what
came is compared with what was acknowledged.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter

for tests in ("conformance", "e2e"):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", tests))

from broker import Broker  # noqa: E402
from clients import Publisher, Subscriber, findings  # noqa: E402

QUIET = 3  # seconds without news after which everything is taken to have come
PATIENCE = 120
SETTINGS = ("queue.messages='unlimited'", "queue.bytes='unlimited'")


def publishers(broker):
    kinds = [(1, 4), (1, 5), (2, 4), (2, 5)]
    return [Publisher(broker, f"q{qos}/{name}{version}", qos, version)
            for qos, version in kinds for name in ("a", "b")]


def subscribers(broker):
    online = [Subscriber(broker, f"here-{version}", ["q1/+", "q2/+"], version) for version in (4, 5)]
    away = [Subscriber(broker, f"away-{version}", ["q1/#", "q2/#"], version) for version in (4, 5)]
    sharing = [Subscriber(broker, f"sharing-{number}", ["$share/group/q1/#", "$share/group/q2/#"], 5)
               for number in range(2)]
    return online, away, sharing


def kill_rounds(broker, rounds, chance):
    """Returns how often it was killed while starting, and the longest start."""
    starting, longest = 0, 0.0
    for _ in range(rounds):
        if chance.random() < 0.3:
            broker.spawn()
            time.sleep(chance.uniform(0, 0.08))
            broker.kill()
            starting += 1
            continue
        longest = max(longest, broker.start())
        time.sleep(chance.uniform(0.05, 0.8))
        broker.kill()
    return starting, longest


def wait_until_quiet(clients):
    """Everybody is connected, and nothing comes any more."""
    seen, since = -1, time.monotonic()
    begin = since
    while time.monotonic() - since < QUIET and time.monotonic() - begin < PATIENCE:
        count = sum(each.count() for each in clients)
        if count != seen or not all(each.is_here for each in clients):
            seen, since = count, time.monotonic()
        time.sleep(0.1)


def judge(sources, online, away, sharing):
    total = Counter()
    for publisher in sources:
        for receiver in online + away:
            found = findings(publisher, receiver.got.get(publisher.topic, []))
            tell(found, publisher, receiver.name, receiver.got.get(publisher.topic, []))
            total += found
        # Who of the two got one is open, so their order is, too.
        shared = [number for each in sharing for number in each.got.get(publisher.topic, [])]
        found = findings(publisher, shared)
        total["lost"] += found["lost"]
        total["doubled"] += found["doubled"]
        tell({key: found[key] for key in ("lost", "doubled")}, publisher, "sharing", shared)
    return total


def tell(found, publisher, receiver, got):
    """Names what is wrong, for who has to find out why."""
    if any(found.values()):
        lost = sorted(publisher.promised - set(got))[:10]
        print(f"{publisher.topic} (0 to {publisher.next - 1}) to {receiver}: {dict(found)} lost {lost}")


def judge_retained(publisher, broker):
    """The retained message is the last acknowledged one, or one that was sent after it."""
    reader = Subscriber(broker, "reads-retained", [], 5)
    peer = reader.connect()
    peer.subscribe(publisher.topic, qos=1)
    value = int(peer.take(publisher.topic).payload)
    peer.socket.close()
    return 0 if max(publisher.promised, default=-1) <= value < publisher.next else 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--workers", type=int, default=int(os.environ.get("PEAL_WORKERS", "1")))
    parser.add_argument("--vary", action="store_true", help="each start with another number of workers, 1 to --workers")
    parser.add_argument("--set", action="append", default=[], help="KEY=VALUE for the server")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    print(f"rounds {arguments.rounds} workers {arguments.workers} seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="peal-kill-") as folder:
        workers = (lambda: chance.randint(1, arguments.workers)) if arguments.vary else (lambda: arguments.workers)
        broker = Broker(os.path.join(folder, "state"), workers, [*SETTINGS, *arguments.set])
        sources, (online, away, sharing) = publishers(broker), subscribers(broker)
        retained = Publisher(broker, "retained/value", 1, 5, retain=True)
        broker.start()
        for each in online + away + sharing:
            each.subscribe()
        for each in sources + [retained] + online + sharing:
            each.start()
        time.sleep(0.5)
        broker.kill()
        starting, longest = kill_rounds(broker, arguments.rounds - 1, chance)
        longest = max(longest, broker.start())
        for each in sources + [retained]:
            each.end()
        for each in away:
            each.start()
        wait_until_quiet(online + away + sharing)
        total = judge(sources, online, away, sharing)
        total["wrong retained"] = judge_retained(retained, broker)
        for each in online + away + sharing:
            each.end()
        everybody = sources + [retained] + online + away + sharing
        total["missing sessions"] = sum(each.missing_sessions for each in everybody)
        total["refused"] = sum(len(each.problems) for each in everybody)
        stuck = [each.name for each in everybody if each.is_alive()]
        broker.stop()
        acknowledged = sum(len(each.promised) for each in sources)
        print(f"killed {arguments.rounds} times, {starting} of them while starting; longest start {longest:.2f} s; "
              f"{acknowledged} messages acknowledged, {sum(e.count() for e in online + away + sharing)} received")
        names = ("lost", "doubled", "reordered", "wrong retained", "missing sessions", "refused")
        print(", ".join(f"{name} {total[name]}" for name in names), flush=True)
        if stuck or acknowledged == 0 or any(total[name] for name in names):
            print(f"stuck {stuck}\n{broker.errors()}", *[p for e in everybody for p in e.problems[:3]], sep="\n")
            sys.exit(1)


if __name__ == "__main__":
    main()

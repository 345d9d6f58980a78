"""A well-behaved client that measures: QoS 1 there and back, some hundred times a second.

Runs as a process of its own, so that whoever puts load on the server does not slow the measuring
down. As a program it takes the server's port, a user and a password, and answers each line on its input:
"lap" with what it measured since the lap before, as JSON, "count" with how often.
"""

import json
import os
import pathlib
import select
import socket
import subprocess
import sys
import time

PACE = 0.004  # seconds between two measurements


class Canary:
    """The process, and what it says."""

    def __init__(self, case, port, user, password):
        self.process = subprocess.Popen([sys.executable, "-B", pathlib.Path(__file__), str(port), user, password],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        case.addCleanup(self.end)
        self.lap()

    def lap(self, at_least=1):
        """What was measured since the last call: {"count", "p50", "p99", "max"}, times in milliseconds.

        `at_least`   so many round trips are waited for: the 99th percentile of a few is just the longest.
        """
        while self.ask("count")["count"] < at_least:
            time.sleep(0.02)
        return self.ask("lap")

    def ask(self, word):
        if self.process.poll() is not None:
            raise AssertionError(f"the canary is dead: {self.process.stdout.read()}")
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        found = json.loads(line) if line else {"died": "without a word"}
        if "died" in found:
            raise AssertionError(f"the canary was hurt: {found['died']}")
        return found

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


def connect(port, client_id, user, password):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "conformance"))
    from peer.client import Peer

    peer = Peer(("127.0.0.1", port), 5, client_id)
    peer.connect(user=user, password=password, keep_alive=5)
    return peer


def measure(port, user, password):
    publisher, subscriber = (connect(port, f"canary-{x}", user, password) for x in ("publisher", "subscriber"))
    subscriber.subscribe("canary/t", 1)
    times, number = [], 0
    while True:
        number += 1
        began = time.monotonic()
        publisher.publish("canary/t", str(number), 1)
        subscriber.take("canary/t", str(number))
        times.append((time.monotonic() - began) * 1000)
        if select.select([sys.stdin], [], [], PACE)[0]:
            word = sys.stdin.readline().strip()
            if not word:
                return
            answer = {"count": len(times)}
            if word == "lap":
                times.sort()
                answer |= {"p50": times[len(times) // 2], "p99": times[len(times) * 99 // 100], "max": times[-1]}
                times = []
            print(json.dumps(answer), flush=True)


def main():
    try:
        measure(int(sys.argv[1]), *sys.argv[2:4])
    except (AssertionError, OSError, socket.error) as error:
        print(json.dumps({"died": f"{type(error).__name__}: {error}"}), flush=True)


if __name__ == "__main__":
    main()

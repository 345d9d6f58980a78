"""Runs the test functions of one file against as few servers as their settings allow.

A test is a function `test_...(case)`; with @versions it is called once for each as (case, version).
"""

import itertools
import sys
import threading
import time
import traceback

from .client import Peer
from .server import Server

COUNTER = itertools.count(1)


class Case:
    """What one test gets: connections to the server, and names that no other test uses."""

    def __init__(self, server, name):
        self.number = next(COUNTER)
        self.server, self.name, self.peers = server, f"{name}{self.number}", []

    def topic(self, rest="t"):
        return f"{self.name}/{rest}"

    def id(self, name="c"):
        """A Client Identifier; short, for MQTT 3.1 takes no more than 23 characters."""
        return f"{self.number}-{name}"

    def peer(self, version=5, name="c"):
        """A network connection on which nothing was said yet."""
        return self.add(Peer(self.server.address, version, self.id(name)))

    def add(self, peer):
        """Has `peer` closed at the end of the test."""
        self.peers.append(peer)
        return peer

    def client(self, version=5, name="c", **values):
        """A connection that is through with CONNECT."""
        peer = self.peer(version, name)
        peer.connect(**values)
        return peer

    def fence(self, publisher, subscriber):
        """Whatever `publisher` caused at `subscriber` before this has arrived, and nothing is left.

        A message goes the same way behind the others, so this holds between workers too.
        """
        topic = f"fence/{next(COUNTER)}"
        subscriber.subscribe(topic)
        publisher.publish(topic, "fence")
        subscriber.expect("PUBLISH", topic=topic, payload="fence")

    def close(self):
        for peer in self.peers:
            peer.socket.close()


def versions(*numbers):
    def mark(function):
        function.versions = numbers
        return function
    return mark


def settings(*values):
    """The test needs a server with these; tests with the same share one."""
    def mark(function):
        function.settings = values
        return function
    return mark


def served(make):
    """The test needs the server that `make()` returns; tests with the same one share it."""
    def mark(function):
        function.settings = make
        return function
    return mark


def timed(function):
    """The test waits for time to pass: it runs beside the others of its file."""
    function.timed = True
    return function


class Run:
    def __init__(self, tests):
        self.tests, self.servers, self.failures = tests, {}, []

    def server(self, values):
        if values not in self.servers:
            made = values() if callable(values) else Server(*values)
            self.servers[values] = made.__enter__()
        return self.servers[values]

    def one(self, name, function, arguments):
        case = Case(self.server(getattr(function, "settings", ())), function.__name__[5:])
        try:
            function(case, *arguments)
        except Exception:
            # A line each, so that threads do not mix theirs.
            self.failures.append(name)
            print(f"FAILED {name}\n{traceback.format_exc()}", file=sys.stderr, flush=True)
        finally:
            case.close()

    def calls(self):
        for function in self.tests:
            for version in getattr(function, "versions", [None]):
                name = function.__name__ + (f" [{version}]" if version else "")
                yield name, function, [version] if version else []

    def all(self):
        calls = list(self.calls())
        for _, function, _ in calls:
            self.server(getattr(function, "settings", ()))
        beside = [threading.Thread(target=self.one, args=call) for call in calls
                  if getattr(call[1], "timed", False)]
        for thread in beside:
            thread.start()
        for call in calls:
            if not getattr(call[1], "timed", False):
                self.one(*call)
        for thread in beside:
            thread.join()
        self.end()
        return len(calls)

    def end(self):
        for server in self.servers.values():
            try:
                server.__exit__()
            except AssertionError as error:
                self.failures.append(f"the end of the server with {server.settings}")
                print(error, file=sys.stderr)


def main(names):
    """Last line of a test file: `main(globals())`. Arguments choose tests by a part of the name."""
    if names["__name__"] != "__main__":
        return
    tests = [function for name, function in names.items() if name.startswith("test_")
             and (not sys.argv[1:] or any(part in name for part in sys.argv[1:]))]
    start = time.monotonic()
    run = Run(tests)
    count = run.all()
    print(f"{count} tests, {len(run.failures)} failed, {time.monotonic() - start:.2f} s")
    for name in run.failures:
        print(f"  {name}")
    sys.exit(bool(run.failures))

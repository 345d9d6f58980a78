"""PROXY headers are believed where a listener requires one, only whole and right, and nowhere else."""

import itertools
import re
import socket
import time

from edges import proxy_rows
from edges.rows import walk
from peer import Closed, Peer, Server, main, served, timed, wire

LISTENERS = "".join(f'[[listener]]\nname = "{name}"\nbind = "127.0.0.1:0"\n{more}\n' for name, more in (
    ("plain", 'anonymous = "yes"'),
    ("required", 'proxy_protocol = "required"\nanonymous = "yes"'),
    ("loopback", 'proxy_protocol = "required"\nanonymous = "loopback"'),
    ("elsewhere", 'proxy_protocol = "required"\nanonymous = "yes"\nproxy_from = ["192.0.2.0/24", "::/0"]')))


NUMBERS = itertools.count(1)


def proxied():
    return Server('log.level="info"', config=LISTENERS)


def quick():
    return Server('limits.connect_timeout="2s"', config=LISTENERS)


def open_at(case, listener, client_id=""):
    return case.add(Peer(case.server.addresses[listener], 5, client_id))


def address_of(case, client_id):
    """The address that the log names for this client; None when it keeps quiet about it."""
    until = time.monotonic() + 0.2
    while time.monotonic() < until:
        for line in case.server.errors(20_000).splitlines():
            if client_id in line and (found := re.search(r'address="([^"]+)"', line)):
                return found[1]
        time.sleep(0.01)
    return None


def reaction(case, one):
    """What comes of a CONNECT, in the words of proxy_rows.py; None for an address not told."""
    own = "%s:%d" % one.socket.getsockname()
    try:
        packet = one.receive()
    except Closed:
        return "end"
    finally:
        one.drop()
    if packet.kind == "DISCONNECT":
        return "end"
    assert packet.kind == "CONNACK", packet
    if packet.code:
        return "refused" if packet.code in (0x86, 0x87) else "end"
    address = address_of(case, one.client_id)
    return "own" if address == own else address


def attempt(case, listener):
    def one_row(row):
        # The log names ten addresses in a second, not more.
        for again in range(20):
            one = open_at(case, listener, f"at-{listener}-{next(NUMBERS)}-")
            one.send(row.data + wire.connect(one.client_id))
            if got := reaction(case, one):
                return got
        return "accepted"
    return one_row


@served(proxied)
def test_every_row(case):
    walk(case, proxy_rows.rows(), attempt(case, "required"), 150)


@served(proxied)
def test_who_is_proxied_is_not_on_loopback(case):
    """The same rows where only who is on this machine may be anonymous: none gets in by a header."""
    one_row = attempt(case, "loopback")
    for row in proxy_rows.rows():
        got = one_row(row)
        assert got in ("end", "refused"), f"{row.name}: {got}"
    for claim in (b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n", b"PROXY TCP6 ::1 ::1 1 2\r\n",
                  b"PROXY TCP6 ::ffff:127.0.0.1 ::1 1 2\r\n"):
        one = open_at(case, "loopback", case.id())
        one.send(claim + wire.connect(one.client_id))
        assert reaction(case, one) == "refused", claim


@served(proxied)
def test_from_who_is_no_proxy(case):
    """A right header of somebody who may send none, though it names somebody who might: the end, unread."""
    for row in [*proxy_rows.good(), *proxy_rows.extensions()]:
        one = open_at(case, "elsewhere", case.id("elsewhere"))
        try:
            one.send(row.data + wire.connect(one.client_id))
        except ConnectionError:  # it was quick
            one.drop()
            continue
        got = reaction(case, one)
        assert got == "end", f"{row.name}: {got}"


@served(proxied)
def test_where_none_is_expected(case):
    """A listener that requires no header takes none: it is no MQTT packet either."""
    for row in [*proxy_rows.good(), *proxy_rows.extensions()]:
        one = open_at(case, "plain", case.id("plain"))
        one.send(row.data + wire.connect(one.client_id))
        got = reaction(case, one)
        assert got == "end", f"{row.name}: {got}"


@timed
@served(quick)
def test_cut(case):
    """A header that is not whole is waited for as long as a CONNECT is, and then that is the end."""
    healthy = case.client(name="healthy")
    began, waiting = time.monotonic(), []
    for row in proxy_rows.cut():
        one = open_at(case, "required")
        one.send(row.data)
        waiting.append((row, one))
    healthy.publish(case.topic(), "m", 1)
    time.sleep(0.2)
    for row, one in waiting:
        one.socket.settimeout(0)
        try:
            got = "end" if one.socket.recv(1) == b"" else "an answer"
        except BlockingIOError:
            got = "waiting"
        assert row.accepts(got), f"{row.name}: {got}"
    for row, one in waiting:
        one.expect_closed()
    assert time.monotonic() - began < 6, "a header was waited for too long"
    healthy.publish(case.topic(), "m", 1)


@served(proxied)
def test_in_pieces(case):
    """A header that comes byte by byte, CONNECT behind it, is the same header."""
    for header in (proxy_rows.V1, proxy_rows.V2):
        one = open_at(case, "required", case.id(f"pieces-{len(header)}"))
        data = header + wire.connect(one.client_id)
        for at in range(len(data)):
            one.send(data[at:at + 1])
        assert reaction(case, one) in (proxy_rows.OF_FOUR, None)


@served(proxied)
def test_cut_and_gone(case):
    """The end of the connection inside a header is its end."""
    for header in (proxy_rows.V1, proxy_rows.V2):
        for at in range(len(header)):
            one = open_at(case, "required")
            one.send(header[:at])
            one.socket.shutdown(socket.SHUT_WR)
            one.expect_closed()


main(globals())

"""Malformed and forbidden packets get the answer of malformed.txt, and nobody else is affected."""

import pathlib
import socket
from dataclasses import dataclass

from peer import Closed, main, versions, wire

TABLE = pathlib.Path(__file__).with_name("malformed.txt")
PATIENCE = 3
ENOUGH = 40  # failures after which the rest is not worth its time


@dataclass
class Row:
    version: int
    state: str
    reaction: str
    clause: str
    name: str
    data: bytes


def rows():
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            parts = [part.strip() for part in line.split(" | ")]
            version, state, reaction, clause, name, data = parts
            yield Row(int(version), state, reaction, clause, name, bytes.fromhex(data))


def answers(peer):
    """What comes until the end, as in the table: "disconnect:81", "connack:82", or "close"."""
    got = []
    while True:
        try:
            packet = peer.receive(PATIENCE)
        except Closed:
            return "+".join(got) or "close"
        got.append(f"{packet.kind.lower()}:{packet.code or 0:02x}")


def accepted(reaction):
    for one in reaction.split("|"):
        kind, _, codes = one.partition(":")
        for code in codes.split("/"):
            yield f"{kind}:{code}" if code else kind


def try_one(case, row):
    """The answer to the row's bytes, or what went wrong instead."""
    peer = case.peer(row.version)
    peer.client_id = ""
    if row.state == "after":
        peer.client_id = f"malformed-{row.version}"
        peer.connect()
    try:
        peer.send(row.data)
        if "connack3" in row.reaction:
            # An unknown version may be answered in the old form or in the new one.
            peer.version = 4 if peer.socket.recv(2, socket.MSG_PEEK) == b"\x20\2" else 5
        return answers(peer)
    except OSError as error:
        return f"error: {error}"
    except AssertionError as error:
        return str(error)
    finally:
        peer.drop()


def test_every_row(case):
    healthy = case.client(name="healthy")
    healthy.subscribe(case.topic(), 1)
    wrong, count = [], 0
    for row in rows():
        count += 1
        got = try_one(case, row)
        allowed = set(accepted(row.reaction.replace("connack3", "connack")))
        if got not in allowed:
            wrong.append(f"{row.clause} {row.name} [{row.version}] {row.data.hex()[:60]}: "
                         f"expected {row.reaction}, got {got}")
            if len(wrong) == ENOUGH:
                break
        # Nobody else is affected: a message goes round.
        healthy.publish(case.topic(), row.name, 1)
        healthy.take(case.topic(), row.name)
    assert not wrong, f"{len(wrong)} of {count}:\n" + "\n".join(wrong)
    assert count >= 220, count


@versions(4, 5)
def test_in_the_middle_of_good_ones(case, version):
    """[MQTT-4.13.1-1] [MQTT3-4.8.0-1]: what came before it is done, what comes after it is not."""
    watcher = case.client(name="watcher")
    watcher.subscribe(case.topic(), 1)
    peer = case.client(version)
    peer.send(wire.publish(case.topic(), "before", 1, 1, version), b"\x36\x00",
              wire.publish(case.topic(), "after", 1, 2, version))
    watcher.take(case.topic(), "before")
    peer.answer("PUBACK", 1)
    peer.expect_refusal(0x81)
    case.fence(case.client(name="other"), watcher)


def test_many_at_once(case):
    """A crowd of broken connections at the same time."""
    healthy = case.client(name="healthy")
    healthy.subscribe(case.topic(), 1)
    peers = []
    for row in rows():
        if row.state == "before":
            peers.append(case.peer(row.version))
            peers[-1].send(row.data)
    healthy.publish(case.topic(), "still here", 1)
    healthy.take(case.topic(), "still here")
    for peer in peers:
        while peer.socket.recv(65536):
            pass


main(globals())

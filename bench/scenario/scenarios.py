"""What is measured: every row with the load generator's command line, and what Peal wants to reach."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of a table. `args` go to `peal bench`; `value` is the field of its report that counts."""

    key: str
    title: str
    args: str
    goal: float
    value: str = "cpu_s_per_million"
    kernel: bool = False  # also measured against the relay
    quick: str = ""  # replaces the end of `args` in a quick run
    base: str = ""  # syscalls: the same without the messages, to be subtracted

    def command(self, quick):
        return (self.args + " " + (self.quick if quick else "")).split()


@dataclasses.dataclass(frozen=True)
class Group:
    """One table."""

    key: str
    title: str
    unit: str
    text: str
    rows: tuple
    repeats: bool = True  # more than one round makes sense


BACKLOG = Group(
    "backlog", "Backlog", "broker CPU seconds per million messages delivered",
    "The broker is stopped, the kernel is given the publishes, the broker goes on until all have arrived: "
    "the same work for everybody.",
    (
        Row("pairs", "100 pairs, QoS 0, 64 B, 4 000 deep",
            "backlog --shape pairs -c 100 --depth 4000 --rounds 2", 0.17, kernel=True, quick="--rounds 1"),
        Row("many-pairs", "500 pairs, QoS 0, 64 B, 50 deep",
            "backlog --shape pairs -c 500 --depth 50 --rounds 8", 0.40, kernel=True),
        Row("pairs-qos1", "100 pairs, QoS 1, 64 B, 1 000 deep",
            "backlog --shape pairs -c 100 -q 1 --depth 1000 --rounds 2", 0.32),
        Row("pairs-1k", "100 pairs, QoS 0, 1 KiB, 1 000 deep",
            "backlog --shape pairs -c 100 -s 1024 --depth 1000 --rounds 2", 0.60, kernel=True),
        Row("fan-in", "500 to 1, QoS 0, 64 B, 400 deep",
            "backlog --shape fan-in -c 500 --depth 400 --rounds 2", 0.17, kernel=True, quick="--rounds 1"),
        Row("fan-out", "1 to 1 000, QoS 0, 64 B, 400 deep",
            "backlog --shape fan-out -c 1000 --depth 400 --rounds 2", 0.07, kernel=True, quick="--rounds 1"),
        Row("fan-out-qos1", "1 to 1 000, QoS 1, 64 B, 200 deep",
            "backlog --shape fan-out -c 1000 -q 1 --depth 200 --rounds 2", 0.20, quick="--rounds 1"),
        Row("fan-out-16k", "1 to 1 000, QoS 0, 16 KiB, 20 deep",
            "backlog --shape fan-out -c 1000 -s 16384 --depth 20 --rounds 3", 4.6, kernel=True),
    ))

LIGHT = Group(
    "light", "Light load", "broker CPU seconds per million; latency from the moment a message was due",
    "A paced rate far below what the brokers carry: the kernel's wake-ups dominate, latency is what counts.",
    (
        Row("paced-pairs", "100 pairs, QoS 0, 4 000/s", "paced --shape pairs -c 100 --rate 4000 --seconds 5", 12,
            kernel=True, quick="--seconds 2"),
        Row("paced-pairs-qos1", "100 pairs, QoS 1, 2 000/s", "paced --shape pairs -c 100 -q 1 --rate 2000 --seconds 5",
            18, quick="--seconds 2"),
        Row("paced-fan-out", "1 to 1 000, QoS 0, 10/s", "paced --shape fan-out -c 1000 --rate 10 --seconds 5", 5.0,
            kernel=True, quick="--seconds 2"),
    ))

SYSCALLS = Group(
    "syscalls", "System calls", "system calls per message delivered",
    "Counted by `strace -c`; connecting and subscribing are subtracted. Does not depend on how busy the machine is.",
    (
        Row("calls-paced-pairs", "100 pairs, QoS 0, paced", "paced --shape pairs -c 100 --rate 500 --seconds 4", 3,
            value="calls", base="paced --shape pairs -c 100 --rate 500 --seconds 0.02"),
        Row("calls-paced-fan-out", "1 to 1 000, QoS 0, paced", "paced --shape fan-out -c 1000 --rate 5 --seconds 2", 1,
            value="calls", base="paced --shape fan-out -c 1000 --rate 5 --seconds 0.02"),
        Row("calls-pairs", "500 pairs, QoS 0, backlog 50 deep", "backlog --shape pairs -c 500 --depth 50 --rounds 4",
            0.3, value="calls", base="backlog --shape pairs -c 500 --rounds 0"),
        Row("calls-fan-out", "1 to 1 000, QoS 0, backlog 100 deep", "backlog --shape fan-out -c 1000 --depth 100", 0.06,
            value="calls", base="backlog --shape fan-out -c 1000 --rounds 0"),
    ), repeats=False)

MEMORY = Group(
    "memory", "Memory", "resident bytes each",
    "Growth of the broker's resident memory, divided by the number of things it holds; a fresh broker for each row.",
    (
        Row("conn", "idle connection", "conn -c 10000", 400, value="resident_bytes_each"),
        Row("subs", "subscription, exact filters", "subs -c 100 -n 1000000", 150,
            value="resident_bytes_each", quick="-n 200000"),
        Row("retained", "retained message of 64 B", "retained -n 1000000", 180,
            value="resident_bytes_each", quick="-n 200000"),
        Row("queued", "queued message of 64 B, for one session", "queued -c 100 -n 1000000", 150,
            value="resident_bytes_each", quick="-n 200000"),
        Row("queued-shared", "place in a queue, of 100 sessions",
            "queued -c 100 -n 1000000 --topics 1", 16, value="resident_bytes_each", quick="-n 200000"),
    ), repeats=False)

CAPACITY = Group(
    "capacity", "Capacity", "messages delivered per second, median latency under 20 ms, nothing lost",
    "The rate is raised until the median latency passes 20 ms. `g`: the load generator was the limit; `?`: neither had "
    "all of its CPU in use.",
    (
        Row("cap-pairs-16", "100 pairs, QoS 0, 16 per write",
            "capacity --shape pairs -c 100 --batch 16 --rate 100000 --seconds 1.5", 3_000_000,
            value="deliveries_per_second"),
        Row("cap-pairs", "100 pairs, QoS 0, one per write",
            "capacity --shape pairs -c 100 --rate 50000 --seconds 1.5", 0, value="deliveries_per_second"),
        Row("cap-pairs-qos1", "100 pairs, QoS 1", "capacity --shape pairs -c 100 -q 1 --rate 50000 --seconds 1.5", 0,
            value="deliveries_per_second"),
        Row("cap-fan-in", "500 to 1, QoS 0", "capacity --shape fan-in -c 500 --rate 50000 --seconds 1.5", 0,
            value="deliveries_per_second"),
        Row("cap-fan-out", "1 to 1 000, QoS 0", "capacity --shape fan-out -c 1000 --rate 100 --seconds 1.5", 8_000_000,
            value="deliveries_per_second"),
    ), repeats=False)

def rows_against_itself(name, goal):
    """The backlogs of the tables in which Peal is compared with itself; `goal`: how dear the second column may be."""
    return tuple(Row(f"{name}-{key}", title, f"backlog --shape {load} --rounds 3", goal) for key, title, load in (
        ("pairs", "100 pairs, QoS 0, 64 B", "pairs -c 100 --depth 2000"),
        ("pairs-qos1", "100 pairs, QoS 1, 64 B", "pairs -c 100 -q 1 --depth 1000"),
        ("fan-out", "1 to 1 000, QoS 0, 64 B", "fan-out -c 1000 --depth 200"),
        ("fan-in", "500 to 1, QoS 0, 64 B", "fan-in -c 500 --depth 200")))


# Peal against itself: the columns are one and two workers.
WORKERS = Group(
    "workers", "Two workers", "broker CPU seconds per million messages delivered",
    "The same backlog with one and with two workers, nobody pinned: a second worker must not make a message more than "
    "1.2 times as dear.",
    rows_against_itself("workers", 1.2))

# Peal against itself: without rules, and with many that are somebody else's and a few that are the clients'.
RULES = Group(
    "rules", "Users and rules", "broker CPU seconds per million messages delivered",
    "The same backlog by a server without rules and by one with 100 000 users, 1 000 roles of other users, and a role of the "
    "clients' own that allows by pattern and denies a part: a message must not be more than 1.05 times as dear.",
    rows_against_itself("rules", 1.05))

TLS = Group(
    "tls", "TLS", "what a connection costs, the same key and certificate (P-256), TLS 1.3, no resumption",
    "Handshakes are made by four `openssl s_time` at once, which have a core of their own and need more of it than the "
    "server: counted is what the server does in a second of its core. Idle clients have said CONNECT over TLS and nothing "
    "since.",
    (
        Row("tls-connect", "new connections per second of one core", "", 0, value="per_core_second"),
        Row("tls-idle", "bytes of memory for each idle client", "", 0, value="bytes_each"),
    ))

# `base` makes the sessions, and tells how many syncs belong to that.
DURABLE = Group(
    "durable", "Durable state", "messages per second, QoS 1, 64 B, into 1 000 sessions that are away",
    "State on a disk. Peal acknowledges when the message is synced (`store.sync = \"always\"`): it survives `kill -9` and "
    "a power cut. Mosquitto acknowledges from memory and writes its whole state once a second at most "
    "(`autosave_interval 1`): what came since is lost in either. Each publisher waits for a PUBACK before it sends the "
    "next message. Syncs are counted by a preloaded library; bytes are what the kernel was asked to write, in "
    "whole blocks.",
    (
        Row("keep-1", "1 publisher", "keep --publishers 1 -c 1000 --seconds 4", 0, value="messages_per_second",
            quick="--seconds 2", base="keep --publishers 1 -c 1000 --seconds 0.001"),
        Row("keep-10", "10 publishers", "keep --publishers 10 -c 1000 --seconds 4", 0, value="messages_per_second",
            quick="--seconds 2", base="keep --publishers 10 -c 1000 --seconds 0.001"),
        Row("keep-200", "200 publishers", "keep --publishers 200 -c 1000 --seconds 4", 0, value="messages_per_second",
            quick="--seconds 2", base="keep --publishers 200 -c 1000 --seconds 0.001"),
        Row("drain", "1 000 000 waiting messages taken by 1 000 sessions", "drain -c 1000 -n 1000000", 0,
            value="messages_per_second", quick="-n 100000"),
    ))

GROUPS = (BACKLOG, LIGHT, SYSCALLS, MEMORY, CAPACITY, WORKERS, RULES, TLS, DURABLE)
QUICK_GROUPS = (BACKLOG, LIGHT, SYSCALLS, MEMORY, WORKERS, RULES, TLS, DURABLE)

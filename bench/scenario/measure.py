"""Runs one row against one server and keeps what came out."""

import json
import re
import signal
import statistics
import subprocess
import time

from brokers import LOAD_CPU, BrokerFailed

RUN_SECONDS = 300
SETTLE_SECONDS = 0.5


class Results:
    """Reports of every row, server and round, in the order they were measured."""

    def __init__(self):
        self.reports = {}
        self.failures = []  # as sentences

    def add(self, row, server, report):
        self.reports.setdefault(row.key, {}).setdefault(server, []).append(report)

    def of(self, row, server):
        return self.reports.get(row.key, {}).get(server, [])

    def values(self, row, server, field=None):
        return [report[field or row.value] for report in self.of(row, server) if (field or row.value) in report]

    def median(self, row, server, field=None):
        """None when it was not measured."""
        values = self.values(row, server, field)
        return statistics.median(values) if values else None

    def wrong(self, row, server):
        """How many messages were lost, came twice, out of order or to the wrong subscriber, in all rounds."""
        names = ("lost", "duplicated", "reordered", "misdirected")
        return {name: total for name in names
                if (total := sum(report.get(name, 0) for report in self.of(row, server)))}


def run_generator(program, arguments, broker):
    """One run of `peal bench` against a broker that runs already; its report."""
    command = [program, "bench", *arguments, "-p", str(broker.port), "--broker-pid", str(broker.pid), "--json"]
    if broker.cpus:
        command += ["--cpu", str(LOAD_CPU)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
    except subprocess.TimeoutExpired as problem:
        raise BrokerFailed(f"{broker.name}: {' '.join(command)}: not done after {RUN_SECONDS} s") from problem
    if done.returncode != 0:
        raise BrokerFailed(f"{broker.name}: {' '.join(command)}\n{done.stderr}{broker.errors()}")
    report = json.loads(done.stdout)
    report["command"] = " ".join(["peal", "bench", *arguments])
    return report


def count_calls(program, row, quick, broker):
    """System calls of a run less those of the same run without messages, by messages delivered."""
    base_calls, base = run_traced(program, row.base.split(), broker)
    calls, report = run_traced(program, row.command(quick), broker)
    delivered = report["delivered"] - base["delivered"]
    by_name = {name: calls[name] - base_calls.get(name, 0) for name in calls}
    report["calls"] = sum(by_name.values()) / delivered
    report["calls_by_name"] = {name: round(count / delivered, 4)
                               for name, count in sorted(by_name.items(), key=lambda item: -item[1]) if count > 0}
    return report


def measure_durable(program, row, quick, broker):
    """One row of a broker that keeps its state on disk."""
    arguments = row.command(quick)
    if row.key == "drain":
        return measure_drain(program, arguments, broker)
    syncs = []
    for each in (row.base.split(), row.base.split(), arguments):  # sessions made, found again, and filled
        before = broker.syncs
        report = run_generator(program, each, broker)
        syncs.append(broker.syncs - before)
    report["syncs_per_second"] = max(0, syncs[2] - syncs[1]) / report["wall_s"]
    return report


def measure_drain(program, arguments, broker):
    """Fills queues and retained messages, starts the broker anew twice, and lets the sessions take what waits."""
    count = arguments[len(arguments) - 1 - arguments[::-1].index("-n") + 1]
    run_generator(program, ["retained", "-n", count], broker)
    filled = run_generator(program, ["queued", "-c", "1000", "-n", count], broker)
    stopped, killed = broker.restart(is_killed=False), broker.restart(is_killed=True)
    left = str(int(count) - filled["sample_found"])
    report = run_generator(program, [*arguments, "-n", left], broker)
    return report | {"start_seconds": stopped, "start_seconds_killed": killed,
                     "resident_bytes_filled": filled["resident_bytes_after"],
                     "resident_bytes_grown": filled["resident_bytes_after"] - filled["resident_bytes_before"]}


def run_traced(program, arguments, broker):
    counts_file = broker.folder / "strace"
    command = ["strace", "-c", "-f", "-U", "calls,name", "-p", str(broker.pid)]
    tracer = subprocess.Popen([*command, "-o", str(counts_file)], stderr=subprocess.PIPE, text=True)
    try:
        line = tracer.stderr.readline()
        if "attached" not in line:
            raise BrokerFailed("strace: " + line + tracer.stderr.read())
        report = run_generator(program, arguments, broker)
        time.sleep(SETTLE_SECONDS)  # the end of all connections belongs to both runs
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.communicate()
    calls = {name: int(count) for count, name in re.findall(r"^\s*(\d+) (\w+)$", counts_file.read_text(), re.MULTILINE)}
    calls.pop("total", None)
    return calls, report

#!/usr/bin/env python3
"""Measures Peal and Mosquitto on this machine, interleaved, and writes tables, JSON and plots.

    ./dev bench                         everything, about 20 minutes, into bench/results/
    ./dev bench --quick                 one round, smaller counts, about 3 minutes, into build/bench/results/
    ./dev bench --rows backlog,conn     some tables, or some rows
"""

import argparse
import pathlib
import sys
import time

import machine
import plot
import tables
import tls
from brokers import SYNC_COUNTER, BrokerFailed, Mosquitto, Peal, Relay, raise_open_file_limit
from measure import Results, count_calls, measure_durable, run_generator
from scenarios import DURABLE, GROUPS, QUICK_GROUPS, RULES, SYSCALLS, TLS, WORKERS

ROOT = pathlib.Path(__file__).resolve().parents[2]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peal", default=str(ROOT / "build/bench/peal"), help="the program to measure")
    parser.add_argument("--load", default="", help="the program that makes the load (default: the same)")
    parser.add_argument("--quick", action="store_true", help="one round and smaller counts")
    parser.add_argument("--rounds", type=int, default=0, help="how often each row is measured (default 3, quick 1)")
    parser.add_argument("--rows", default="", help="names of tables or rows, with commas between")
    parser.add_argument("--out", type=pathlib.Path, help="folder for what is written")
    parser.add_argument("--only", default="", help="servers to measure, with commas between: Peal, Mosquitto, kernel")
    arguments = parser.parse_args()
    arguments.load = arguments.load or arguments.peal
    arguments.rounds = arguments.rounds or (1 if arguments.quick else 3)
    arguments.out = arguments.out or ROOT / ("build/bench/results" if arguments.quick else "bench/results")
    return arguments


def chosen_rows(arguments):
    """(group, row) of all that is to be measured, in the order of the tables."""
    names = set(filter(None, arguments.rows.split(",")))
    groups = GROUPS if names or not arguments.quick else QUICK_GROUPS
    rows = [(group, row) for group in groups for row in group.rows
            if not names or group.key in names or row.key in names]
    known = {group.key for group in GROUPS} | {row.key for group in GROUPS for row in group.rows}
    if names - known:
        sys.exit(f"no such rows: {', '.join(sorted(names - known))}; there are {', '.join(sorted(known))}")
    return rows


def servers_for(group, row, arguments):
    """Name and maker of every server that this row is measured with."""
    if group is WORKERS:
        return {f"{count} worker{'s' if count > 1 else ''}":
                lambda count=count: Peal(arguments.peal, workers=count, cpus=None) for count in (1, 2)}
    if group is RULES:
        return {"no rules": lambda: Peal(arguments.peal), "rules": lambda: Peal(arguments.peal, has_rules=True)}
    if group is TLS:
        return {"Peal": lambda: Peal(arguments.peal, has_tls=True), "Mosquitto": lambda: Mosquitto(has_tls=True)}
    if group is DURABLE:
        counter = pathlib.Path(arguments.peal).resolve().parent / SYNC_COUNTER
        options = {"is_durable": True, "cpus": None, "sync_counter": counter}
        return {"Peal": lambda: Peal(arguments.peal, **options), "Mosquitto": lambda: Mosquitto(**options)}
    servers = {"Peal": lambda: Peal(arguments.peal), "Mosquitto": Mosquitto}
    if row.kernel:
        servers["kernel"] = lambda: Relay(arguments.load)
    only = set(filter(None, arguments.only.split(",")))
    return {name: make for name, make in servers.items() if not only or name in only}


def measure_row(group, row, arguments, results):
    """One round: every server once, a fresh process each."""
    for name, make in servers_for(group, row, arguments).items():
        started = time.monotonic()
        try:
            with make() as broker:
                if group is DURABLE:
                    report = measure_durable(arguments.load, row, arguments.quick, broker)
                elif group is TLS:
                    report = tls.measure(row, broker, arguments.quick)
                elif group is SYSCALLS:
                    report = count_calls(arguments.load, row, arguments.quick, broker)
                else:
                    report = run_generator(arguments.load, row.command(arguments.quick), broker)
        except BrokerFailed as problem:
            results.failures.append(f"{row.title}, {name}: {problem}")
            print(f"  {row.title:<58} {name:<10} FAILED: {problem}", file=sys.stderr, flush=True)
            continue
        results.add(row, name, report)
        wrong = results.wrong(row, name)
        print(f"  {row.title:<58} {name:<10} {tables.number(report[row.value]):>10}"
              f"   {time.monotonic() - started:5.1f} s  {wrong or ''}", file=sys.stderr, flush=True)


def measure_all(rows, arguments):
    results = Results()
    for turn in range(arguments.rounds):
        print(f"round {turn + 1} of {arguments.rounds}", file=sys.stderr)
        for group, row in rows:
            if turn == 0 or group.repeats:
                measure_row(group, row, arguments, results)
    return results


def main():
    arguments = parse_arguments()
    rows = chosen_rows(arguments)
    raise_open_file_limit()
    began = time.time()
    about = machine.describe(ROOT, arguments, began)
    results = measure_all(rows, arguments)
    about["minutes"] = round((time.time() - began) / 60, 1)
    groups = [group for group in GROUPS if any(group is chosen for chosen, _ in rows)]
    arguments.out.mkdir(parents=True, exist_ok=True)
    text = tables.as_markdown(groups, results, about)
    (arguments.out / "comparison.md").write_text(text)
    (arguments.out / "comparison.json").write_text(tables.as_json(groups, results, about))
    for name, drawing in plot.draw_all(groups, results, about).items():
        (arguments.out / name).write_text(drawing)
    print(text)
    print(f"written to {arguments.out}", file=sys.stderr)
    return 1 if results.failures else 0


if __name__ == "__main__":
    sys.exit(main())

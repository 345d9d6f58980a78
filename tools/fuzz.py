#!/usr/bin/python3
"""Runs every fuzz target of a build for its share of the time, prints a table, and fails when one found something.

A target is an executable named *_fuzz below BUILD. Its corpus grows in BUILD/corpus/NAME; it is seeded from tests/fuzz/corpus/NAME and from
what the program `packet_corpus` (given a folder) writes out of the table of packets. What makes a target fail stays in BUILD/crashes.

    tools/fuzz.py --build BUILD [--seconds N] [--jobs N]
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def programs(build, pattern):
    found = (path for path in build.rglob(pattern) if "CMakeFiles" not in path.parts)
    return sorted(path for path in found if path.is_file() and os.access(path, os.X_OK) and not path.suffix)


def packet_folders(build):
    """The folder into which `packet_corpus` wrote its packets, or none when there is no such program."""
    folder = build / "packets"
    for dump in programs(build, "packet_corpus"):
        folder.mkdir(exist_ok=True)
        subprocess.run([dump, folder], check=True, stdout=subprocess.DEVNULL)
        return [folder]
    return []


def run_target(target, build, seeds, seconds):
    """(name, executions, corpus size, coverage, result) of one run of at most `seconds`."""
    corpus, crashes = build / "corpus" / target.name, build / "crashes"
    kept = ROOT / "tests" / "fuzz" / "corpus" / target.name
    seeds = [*seeds, kept] if kept.is_dir() else seeds
    corpus.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(exist_ok=True)
    log = build / f"{target.name}.log"
    with log.open("wb") as output:
        run = subprocess.run([target, f"-max_total_time={seconds}", "-rss_limit_mb=2048", "-timeout=10", "-print_final_stats=1",
                              f"-artifact_prefix={crashes}/{target.name}-", corpus, *seeds],
                             stdout=output, stderr=subprocess.STDOUT, check=False)
    text = log.read_text(errors="replace")
    executions = re.search(r"number_of_executed_units: (\d+)", text)
    coverage = re.findall(r" cov: (\d+)", text)
    artifact = re.search(r"Test unit written to (\S+)", text)
    result = "clean" if run.returncode == 0 else f"FAILED: {artifact.group(1) if artifact else log}"
    return target.name, executions.group(1) if executions else "-", len(list(corpus.iterdir())), coverage[-1] if coverage else "-", result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    targets = programs(options.build, "*_fuzz")
    if not targets:
        print("no fuzz targets below", options.build)
        return 1
    share = max(1, options.seconds * min(options.jobs, len(targets)) // len(targets))
    seeds = packet_folders(options.build)
    print(f"{len(targets)} targets, {share} s each, {options.jobs} at once", flush=True)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(lambda target: run_target(target, options.build, seeds, share), targets))
    print(f"{'target':<28}{'runs':>12}{'corpus':>8}{'edges':>8}  result")
    for name, runs, corpus, coverage, result in rows:
        print(f"{name:<28}{runs:>12}{corpus:>8}{coverage:>8}  {result}")
    return 1 if any(row[4] != "clean" for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())

"""Long runs of crashes, simulated and real, and the page that tells how they ended: docs/reliability.md.

    ./dev reliability [ROUNDS] [SEEDS]
"""

import argparse
import datetime
import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PAGE = ROOT / "docs" / "reliability.md"
COUNTS = ("lost", "doubled", "reordered", "wrong retained", "missing sessions", "refused")

# What is killed: how it is named in the table, and the arguments.
SETTINGS = (
    ("1 worker", ("--workers", "1")),
    ("2 workers", ("--workers", "2")),
    ("4 workers", ("--workers", "4")),
    ("another number of workers, 1 to 4, at each start", ("--workers", "4", "--vary")),
    ('2 workers, `store.sync = "os"`', ("--workers", "2", "--set", "store.sync=os")),
)


def simulate(build, seeds):
    """Returns the row of the table."""
    program = build / "tests" / "simulation" / "broker_simulation"
    begin = time.monotonic()
    done = subprocess.run([program, "--gtest_filter=*Crash*:*Mistake*"], text=True, capture_output=True,
                          env={**os.environ, "SEEDS": str(seeds), "FRESH_SECONDS": "10"})
    print(done.stdout[-600:], flush=True)
    if done.returncode != 0:
        sys.exit("the simulation found something")
    ran, crashes = re.search(r"(\d+) seeds, (\d+) crashes", done.stdout).groups()
    found = re.findall(r"^SEED=(\d+) step (\d+): (.*)$", done.stdout, re.M)
    mistakes = [f"seed {seed}, step {step}: {what}" for seed, step, what in found]
    return f"| {int(ran):,} | {int(crashes):,} | 0 | {time.monotonic() - begin:.0f} s |", mistakes


def kill(peal, rounds, arguments):
    """Returns the row of the table, without its name."""
    done = subprocess.run([sys.executable, HERE / "kill_test.py", "--rounds", str(rounds), *arguments], text=True,
                          capture_output=True, env={**os.environ, "PEAL": str(peal)})
    print(done.stdout[-1500:], done.stderr[-1500:], flush=True)
    if done.returncode != 0:
        sys.exit("something was lost, doubled or out of order")
    starting, longest, acknowledged, received = re.search(
        r"(\d+) of them while starting; longest start ([\d.]+) s; (\d+) messages acknowledged, (\d+) received",
        done.stdout).groups()
    counts = [re.search(rf"{name} (\d+)", done.stdout).group(1) for name in COUNTS]
    return (f"{rounds} | {starting} | {int(acknowledged):,} | {int(received):,} | {longest} s | " + " | ".join(counts))


def commit():
    run = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short=12", "HEAD"], text=True, capture_output=True)
    return run.stdout.strip()


TEXT = """# What happens when it crashes

Made by `{command}` from commit {commit} on {date}. `./dev test` runs a short version of both every time.

## `kill -9`, real

The real program is killed at random moments, some of them while it starts. Eight publishers (QoS 1 and 2, MQTT 3.1.1 and 5) send all the
time and keep their side of the handshakes over every crash; two subscribers stay connected, two are away until the end, two share a
subscription, one message is retained again and again. At the end what came is compared with what was acknowledged
(`tests/crash/kill_test.py`). *Doubled* is about QoS 2; QoS 1 may come again. The last six columns have to be 0.

| server | kills | while starting | acknowledged | received | longest start | {names} |
| --- | {dashes} |
{kills}

## Crashes, simulated

The real `broker` code, one to four workers in one thread, a disk that forgets what it had not promised, connections that break, mail that
arrives in any order, commits that come late or fail for good, all from one seed (`tests/simulation/crash_simulation.cpp`). At the end
everything that was ever acknowledged has to be there: QoS 1 at least once, QoS 2 exactly once, in order; each will once, each retained message
the last one. `./dev test simulation --seed N` repeats one run.

| seeds | crashes | wrong | took |
| --- | --: | --: | --: |
{simulated}

The simulation is worth something only if it finds mistakes. With each of these it is told to make one, and the first seed that notices is:

{mistakes}
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=240)
    parser.add_argument("--seeds", type=int, default=10000)
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    simulated, mistakes = simulate(build, arguments.seeds)
    each = -(-arguments.rounds // len(SETTINGS))
    kills = [f"| {name} | {kill(build / 'peal', each, options)} |" for name, options in SETTINGS]
    names = ("acknowledge before the commit", "forget a Packet Identifier", "deliver a will twice")
    PAGE.write_text(TEXT.format(
        command=f"./dev reliability {arguments.rounds} {arguments.seeds}", commit=commit(),
        date=datetime.date.today().isoformat(), names=" | ".join(COUNTS), dashes=" | ".join(["--:"] * (5 + len(COUNTS))),
        kills="\n".join(kills), simulated=simulated,
        mistakes="\n".join(f"* {name}: {what}" for name, what in zip(names, mistakes))))
    print(f"written to {PAGE}")


if __name__ == "__main__":
    main()

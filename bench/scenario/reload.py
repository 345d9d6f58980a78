#!/usr/bin/env python3
"""How long a canary waits while a server with very many clients reads its configuration anew.

    bench/scenario/reload.py [--peal build/release/peal] [--clients 17000] [--reloads 10] [--workers 1]

Every reload gives the server other rules, another limit, another option of its listener and another certificate authority's
file to look at, so nothing is skipped; every client has a subscription, whose rights are asked for anew. A second process
sends QoS 1 there and back some hundred times a second; the longest of its round trips is what a client notices. What it
notices of nothing is measured first.
"""

import argparse
import json
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "tests" / "conformance")]
from peer import wire  # noqa: E402
from support.canary import Canary  # noqa: E402
from support.program import Program  # noqa: E402
from support.swarm import Swarm  # noqa: E402


class Cleanups(list):
    """In place of a test case."""

    def addCleanup(self, action, *arguments):
        self.append((action, arguments))

    def run(self):
        for action, arguments in reversed(self):
            action(*arguments)


def configuration(number):
    roles = "".join(f'[[role]]\nname = "r{i}"\nusers = ["bell-{i}-{number}"]\nallow = [{{ all = "r{i}/#" }}]\n' for i in range(50))
    return ('[[listener]]\nname = "it"\nbind = "127.0.0.1:0"\n'
            f"max_connections = {200_000 + number}\n"
            f'[limits]\nunauthenticated = "unlimited"\n[queue]\nmessages = {1000 + number}\n'
            f'[[role]]\nname = "all"\nusers = ["*"]\nallow = [{{ all = "#" }}]\n{roles}')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peal", default=str(ROOT / "build/release/peal"))
    parser.add_argument("--clients", type=int, default=17_000)
    parser.add_argument("--reloads", type=int, default=10)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    folder, cleanups = pathlib.Path(tempfile.mkdtemp(prefix="peal-reload-")), Cleanups()
    config = folder / "peal.toml"
    config.write_text(configuration(0))
    program = Program([arguments.peal, "serve", "-c", config, "--data", folder / "data", "--workers", str(arguments.workers)])
    try:
        program.wait_line("^ready")
        port = int(program.wait_line(r"^listening it 127\.0\.0\.1:(\d+)").group(1))
        swarm = Swarm(cleanups, port)
        swarm.clients(arguments.clients, "crowd", lambda n: wire.subscribe(1, (f"crowd/{n}", wire.options(0))))
        canary = Canary(cleanups, port, "", "")
        time.sleep(2)
        quiet = canary.lap(at_least=300)
        took = []
        canary.lap()
        for number in range(1, arguments.reloads + 1):
            config.write_text(configuration(number))
            began = time.monotonic()
            subprocess.run([arguments.peal, "config", "reload", "--data", folder / "data"], check=True, capture_output=True)
            took.append((time.monotonic() - began) * 1000)
            time.sleep(0.3)  # the rights of all of them are looked through behind it
        reloading = canary.lap()
        print(json.dumps({"clients": arguments.clients, "workers": arguments.workers, "reloads": arguments.reloads,
                          "command_ms": {"median": round(sorted(took)[len(took) // 2], 1), "longest": round(max(took), 1)},
                          "canary_quiet": {x: round(quiet[x], 2) for x in ("count", "p50", "p99", "max")},
                          "canary_reloading": {x: round(reloading[x], 2) for x in ("count", "p50", "p99", "max")}}))
    except AssertionError:
        print(program.report(last=30), file=sys.stderr)
        raise
    finally:
        cleanups.run()
        program.stop(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

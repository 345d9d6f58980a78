"""Where and with what a result was measured."""

import os
import pathlib
import platform
import shlex
import subprocess
import sys
import time

from brokers import BrokerFailed, mosquitto_version


def describe(root, arguments, began):
    """Machine, versions, commit, command and time, as they go into every result: before measuring, so
    that the commit is the one that was built."""
    return {
        "machine": f"{cpu_model()}, {os.cpu_count()} CPUs, {memory_gib():.0f} GiB, "
                   f"{platform.system()} {platform.release()}",
        "commit": commit(root),
        "command": shlex.join(["./dev", "bench", *own_arguments()]),
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(began)),
        "load_before": round(os.getloadavg()[0], 1),
        "rounds": arguments.rounds,
        "mosquitto": installed_mosquitto(),
    }


def own_arguments():
    """What was typed behind `./dev bench`, which itself names the program."""
    words = sys.argv[1:]
    return words[2:] if words[:1] == ["--peal"] else words


def cpu_model():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def memory_gib():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def commit(root):
    def git(*words):
        return subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False).stdout.strip()

    name = git("rev-parse", "--short=12", "HEAD") or "unknown"
    return name + ("+" if git("status", "--porcelain", "--untracked-files=no", "--", "peal") else "")


def installed_mosquitto():
    try:
        return mosquitto_version()
    except BrokerFailed:
        return "not installed"

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
    """Machine, versions, commit, command and time, as they go into every result."""
    return {
        "machine": f"{cpu_model()}, {os.cpu_count()} CPUs, {memory_gib():.0f} GiB, "
                   f"{platform.system()} {platform.release()}",
        "commit": commit(root),
        "command": shlex.join(["./dev", "bench", *sys.argv[1:]]) if arguments.peal else "",
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(began)),
        "minutes": round((time.time() - began) / 60, 1),
        "rounds": arguments.rounds,
        "mosquitto": installed_mosquitto(),
    }


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

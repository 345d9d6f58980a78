#!/usr/bin/python3
"""clang-tidy over every source of the compilation database, several at once, each only when it changed.

A source is clean again without a run when its text, the text of all our headers that it reaches, its command and .clang-tidy are what
they were when it last was clean: an empty file named by their hash says so, in BUILD/tidy-cache.

    tools/clang_tidy.py --build BUILD [--jobs N]
"""
import argparse
import concurrent.futures
import hashlib
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CHECKED = ("peal", "tests", "bench", "examples")

_INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def reached_files(source):
    """`source` and all headers of ours that it includes, directly or not."""
    found, waiting = {source}, [source]
    while waiting:
        path = waiting.pop()
        for name in _INCLUDE.findall(path.read_text(encoding="utf-8")):
            for target in (ROOT / name, path.parent / name):
                if target.is_file() and target.resolve() not in found:
                    found.add(target.resolve())
                    waiting.append(target.resolve())
    return sorted(found)


def fingerprint(source, command):
    digest = hashlib.sha256(command.encode())
    for path in [*ROOT.glob(".clang-tidy"), *ROOT.glob("tests/.clang-tidy"), *reached_files(source)]:
        digest.update(str(path).encode() + path.read_bytes())
    return digest.hexdigest()


def check(build, cache, source, command):
    """What clang-tidy says of `source`; empty when it is clean."""
    mark = cache / fingerprint(source, command)
    if mark.exists():
        return ""
    run = subprocess.run(["clang-tidy-19", "--quiet", "-p", str(build), str(source)],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if run.returncode == 0 and not run.stdout.strip():
        mark.touch()
        return ""
    return run.stdout or run.stderr


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    cache = options.build / "tidy-cache"
    cache.mkdir(parents=True, exist_ok=True)
    database = json.loads((options.build / "compile_commands.json").read_text())
    commands = {pathlib.Path(entry["file"]).resolve(): entry["command"] for entry in database}
    commands = {path: command for path, command in commands.items()
                if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in CHECKED}
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for report in pool.map(lambda item: check(options.build, cache, *item), sorted(commands.items())):
            if report:
                bad += 1
                print(report, flush=True)
    print(f"clang-tidy: {len(commands)} sources, {bad} with findings")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""`./dev lint`: every check that needs no running program, one after another; ends with `N passed, N failed`.

    tools/lint.py --build BUILD [--jobs N] | --format
"""
import argparse
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ["git", "ls-files", "-co", "--exclude-standard", "--", "*.cpp", "*.hpp"]


def tracked_sources():
    listed = subprocess.run(SOURCES, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    return [path for path in listed if (ROOT / path).is_file()]


def check_format():
    """Names the sources that clang-format would change."""
    run = subprocess.run(["clang-format-19", "--dry-run", "-Werror", *tracked_sources()], cwd=ROOT,
                         stderr=subprocess.PIPE, text=True, check=False)
    for path in sorted({line.split(":")[0] for line in run.stderr.splitlines() if ": error:" in line}):
        print(f"{path}: not formatted; ./dev format")
    return run.returncode


def steps(build, jobs):
    """(name, command) in the order from quick to slow."""
    python = [sys.executable, "-B"]
    yield "include arrows and bans", [*python, "tools/tidy.py"]
    yield "docs/conformance.md", [*python, "tools/conformance.py", "--check"]
    yield "format", [*python, __file__, "--format"]
    yield "configure", ["cmake", "--build", build, "--target", "build.ninja"]
    yield "headers compile alone", ["cmake", "--build", build, "--parallel", jobs, "--target", "header_check", "--", "-k", "0"]
    yield "clang-tidy", [*python, "tools/clang_tidy.py", "--build", build, "--jobs", jobs]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build")
    parser.add_argument("--jobs", default="2")
    parser.add_argument("--format", action="store_true", help="only the format")
    options = parser.parse_args()
    if options.format:
        return check_format()
    failed = []
    passed = 0
    for name, command in steps(options.build, options.jobs):
        print(f"== {name}", flush=True)
        begin = time.monotonic()
        if subprocess.run(command, cwd=ROOT, check=False).returncode == 0:
            passed += 1
        else:
            failed.append(name)
        print(f"   {time.monotonic() - begin:.1f} s", flush=True)
    if failed:
        print("lint failed:", ", ".join(failed))
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

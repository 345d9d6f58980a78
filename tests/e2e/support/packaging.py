"""The Debian package of the program under test."""

import os
import pathlib
import subprocess

from .server import PEAL

SOURCE = pathlib.Path(os.environ.get("PEAL_SOURCE", pathlib.Path(__file__).parents[3]))


def output_of(*command):
    """What a command printed that has to succeed."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{command}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def make_package(folder):
    """The package, made in that folder."""
    made = output_of("/usr/bin/python3", "-B", SOURCE / "tools/package.py", pathlib.Path(PEAL).parent, folder)
    return pathlib.Path(made.strip())

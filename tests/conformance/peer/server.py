"""The server under test as a process: `peal serve` on a free port, everything in memory.

PEAL is the program, PEAL_WORKERS how many workers it gets.
"""

import os
import re
import subprocess
import tempfile
import threading

WORKERS = os.environ.get("PEAL_WORKERS", "1")


class Server:
    """Runs from `with` to its end; leaving checks that it stops on SIGTERM with exit code 0."""

    def __init__(self, *settings, config=""):
        """`config` is a file's text whose listeners take the place of the one that is the default."""
        self.settings, self.config = settings, config
        self.log = tempfile.TemporaryFile()
        self.address, self.asked = None, False
        self.addresses = {}  # of every listener on 127.0.0.1, by its name

    def __enter__(self):
        # Sessions are taken over by the dozen here, and nobody fights for them.
        command = [os.environ["PEAL"], "serve", "--data", "", "--workers", WORKERS, "--set", "ban.takeover=off"]
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write(self.config)
            file.flush()
            self.start(command + (["-c", file.name] if self.config else ["-p", "0"]))
        return self

    def start(self, command):
        for setting in self.settings:
            command += ["--set", setting]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if found := re.match(r"listening (\S+) (127\.0\.0\.1):(\d+) ", line):
                self.addresses[found[1]] = found[2], int(found[3])
            if line.startswith("ready"):
                break
        if not self.addresses:
            self.stop()
            raise RuntimeError(f"no server from {command}: {lines} {self.errors()}")
        self.address = next(iter(self.addresses.values()))
        # The pipe is read on, or a talkative server would stand still.
        self.drain = threading.Thread(target=self.process.stdout.read, daemon=True)
        self.drain.start()

    def stop(self):
        self.asked = True
        self.process.terminate()
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return "killed: no end within 10 s of SIGTERM"

    def errors(self, size=6000):
        # The program writes where the file's one offset is: it is not moved.
        end = os.fstat(self.log.fileno()).st_size
        start = max(end - size, 0)
        return os.pread(self.log.fileno(), end - start, start).decode(errors="replace")

    def __exit__(self, *unused):
        code = self.process.poll()
        if code is None:
            code = self.stop()
        elif not self.asked:
            code = f"{code}, before it was asked to stop"
        if code != 0:
            raise AssertionError(f"the server's end: {code}\n{self.errors()}")

"""`peal serve` on a directory, killed and started again on another free port."""

import os
import re
import signal
import subprocess
import tempfile
import threading
import time

PATIENCE = 30  # seconds a start may take


class Broker:
    """One server after the other on the same state. `address` is None while there is none."""

    def __init__(self, folder, workers, settings=()):
        """`workers`: gives how many there are to be, at each start."""
        self.command = [os.environ["PEAL"], "serve", "-p", "0", "--data", folder]
        for setting in settings:
            self.command += ["--set", setting]
        self.workers = workers
        self.log = tempfile.TemporaryFile()
        self.process = self.address = None
        self.is_up = threading.Event()

    def spawn(self):
        command = [*self.command, "--workers", str(self.workers())]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)

    def start(self):
        """Returns the seconds from the start to "ready"."""
        begin = time.monotonic()
        self.spawn()
        address = None
        for line in self.process.stdout:
            if found := re.match(r"listening \S+ (127\.0\.0\.1):(\d+) ", line):
                address = found[1], int(found[2])
            if line.startswith("ready"):
                break
        if address is None:
            raise AssertionError(f"no server: {self.process.wait()}\n{self.errors()}")
        self.address = address
        self.is_up.set()
        return time.monotonic() - begin

    def kill(self):
        self.is_up.clear()
        self.address = None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        self.is_up.clear()
        self.process.terminate()
        code = self.process.wait(PATIENCE)
        if code != 0:
            raise AssertionError(f"the server's end: {code}\n{self.errors()}")

    def errors(self, size=4000):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")[-size:]

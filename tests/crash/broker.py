"""`peal serve` on a directory, killed and started again on another free port."""

import os
import threading
import time

from support.program import Program
from support.server import port_of

PATIENCE = 30  # seconds a start, or an end, may take


class Broker:
    """One server after the other on the same state. `address` is None while there is none."""

    def __init__(self, folder, workers, settings=()):
        """`workers`: gives how many there are to be, at each start."""
        self.command = [os.environ["PEAL"], "serve", "-p", "0", "--data", folder]
        for setting in settings:
            self.command += ["--set", setting]
        self.workers = workers
        self.program = self.address = None
        self.is_up = threading.Event()

    def spawn(self):
        self.program = Program([*self.command, "--workers", self.workers()])

    def start(self):
        """Returns the seconds from the start to "ready"."""
        begin = time.monotonic()
        self.spawn()
        self.program.wait_line("^ready", timeout=PATIENCE)
        took = time.monotonic() - begin
        self.address = "127.0.0.1", port_of(self.program)
        self.is_up.set()
        return took

    def kill(self):
        self.is_up.clear()
        self.address = None
        self.program.kill()

    def stop(self):
        self.is_up.clear()
        code = self.program.stop(timeout=PATIENCE)
        if code != 0:
            raise AssertionError(f"the server's end: {code}\n{self.errors()}")

    def errors(self):
        return self.program.report()

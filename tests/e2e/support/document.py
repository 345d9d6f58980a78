"""The commands of a Markdown document, run as a reader would paste them.

An HTML comment in front of a block says what happens with it:

    <!-- run -->                             runs to its end and has to succeed
    <!-- run in the background -->           starts and goes on with the next block
    <!-- run in the background until WORD -->   ... once a line of its output begins with WORD
    <!-- output -->                          each line of the block has to be printed by now

While an output is awaited the latest block that ran to its end is repeated: a reader, too, sends a
message again when the subscriber was not there yet.
"""

import os
import re
import signal
import time

from .program import Program, run

_BLOCK = re.compile(r"^<!-- (run|output)( in the background)?(?: until (\S+))? -->\n+"
                    r"```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
WAIT_SECONDS = 15


class Document:
    """The marked blocks of `text`, run in `folder` with `environment`."""

    def __init__(self, text, folder, environment):
        self.blocks = _BLOCK.findall(text)
        self._folder, self._environment = folder, environment
        self._programs, self._printed, self._latest = [], [], None

    def run(self):
        """Runs all blocks in order. errors: AssertionError, naming the block."""
        try:
            for kind, background, until, block in self.blocks:
                if kind == "output":
                    self._await_output(block)
                elif background:
                    self._start(block, until)
                else:
                    self._latest = block
                    self._run(block)
        finally:
            for program in self._programs:
                _end_group(program)

    def _bash(self, block):
        return ["bash", "-euo", "pipefail", "-c", block]

    def _run(self, block):
        done = run(self._bash(block), timeout=WAIT_SECONDS, cwd=self._folder,
                   env=self._environment)
        if done.code != 0:
            raise AssertionError(f"a block of the document fails:\n{block}\n{done}")
        self._printed += done.out.splitlines()

    def _start(self, block, until):
        # A session of its own, so that all that the block starts can be ended with it.
        program = Program(["setsid", *self._bash(block)], cwd=self._folder,
                          env=self._environment)
        self._programs.append(program)
        if until:
            program.wait_line("^" + re.escape(until), timeout=WAIT_SECONDS)

    def _all_printed(self):
        return self._printed + [x for program in self._programs for x in program.lines]

    def _await_output(self, block):
        end = time.monotonic() + WAIT_SECONDS
        while missing := [x for x in block.splitlines() if x and x not in self._all_printed()]:
            if time.monotonic() > end:
                raise AssertionError(f"never printed: {missing}\nprinted: {self._all_printed()}")
            time.sleep(0.2)
            if self._latest:
                self._run(self._latest)


def _end_group(program):
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(program.pid, number)
        except ProcessLookupError:
            pass
        try:
            program.wait(5)
            return
        except AssertionError:
            continue

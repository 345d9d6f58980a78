"""A started program whose output can be awaited line by line, ended by its process id."""

import re
import signal
import subprocess
import threading
import time


class Program:
    """One child process. Threads collect its lines; `wait_line` waits for one of them.

    The owner calls `stop`; a program that has ended by itself may be stopped again at no cost.
    """

    def __init__(self, command, stdin=False, env=None, cwd=None):
        self.command = [str(word) for word in command]
        self._process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            cwd=cwd,
        )
        self._changed = threading.Condition()
        self._lines = {"out": [], "err": []}
        self._open = 2
        self._readers = [
            threading.Thread(target=self._read, args=(name, stream), daemon=True)
            for name, stream in (("out", self._process.stdout), ("err", self._process.stderr))
        ]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self):
        return self._process.pid

    @property
    def lines(self):
        """What came on standard output so far, without line ends."""
        with self._changed:
            return list(self._lines["out"])

    @property
    def errors(self):
        """What came on standard error so far, without line ends."""
        with self._changed:
            return list(self._lines["err"])

    def write(self, text):
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def close_input(self):
        self._process.stdin.close()

    def is_running(self):
        return self._process.poll() is None

    def wait_line(self, pattern, timeout=15, stream="out", count=1):
        """Waits until `count` lines match the regular expression and returns the last match."""
        until = time.monotonic() + timeout
        with self._changed:
            while True:
                found = [m for m in (re.search(pattern, x) for x in self._lines[stream]) if m]
                if len(found) >= count:
                    return found[count - 1]
                left = until - time.monotonic()
                if left <= 0 or self._open == 0:
                    why = "ended" if self._open == 0 else f"was silent for {timeout} s"
                    raise AssertionError(
                        f"{self} {why} before {count} line(s) matched {pattern!r}\n{self.report()}"
                    )
                self._changed.wait(left)

    def wait(self, timeout=15):
        """Waits for the end of the program and returns its exit code."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self} still runs after {timeout} s\n{self.report()}") from None
        for reader in self._readers:
            reader.join(5)
        return code

    def kill(self):
        """Ends the program at once, as a crash would."""
        self._process.kill()
        return self.wait()

    def stop(self, timeout=5, with_signal=signal.SIGTERM):
        """Asks the program to end and returns its exit code; kills it after `timeout` seconds."""
        if self.is_running():
            self._process.send_signal(with_signal)
        try:
            return self.wait(timeout)
        except AssertionError:
            self.kill()
            raise

    def report(self, last=40):
        """The last lines of both streams, for the reason of a failure."""
        with self._changed:
            parts = [f"  {name}: {x}" for name in ("out", "err") for x in self._lines[name][-last:]]
        return "\n".join(parts) or "  (no output)"

    def _read(self, name, stream):
        for line in stream:
            with self._changed:
                self._lines[name].append(line.decode("utf-8", "replace").rstrip("\n"))
                self._changed.notify_all()
        stream.close()
        with self._changed:
            self._open -= 1
            self._changed.notify_all()

    def __str__(self):
        return " ".join(self.command)


class Finished:
    """What a program left: `code`, `out` and `err` as text, `raw` as bytes."""

    def __init__(self, command, code, out, err):
        self.command, self.code = " ".join(command), code
        self.raw = out
        self.out = out.decode("utf-8", "replace")
        self.err = err.decode("utf-8", "replace")

    def __str__(self):
        return f"$ {self.command}\n  exit code {self.code}\n  out: {self.out}\n  err: {self.err}"


def run(command, timeout=15, stdin=b"", env=None, cwd=None):
    """Runs a program to its end and returns a `Finished`; a program that hangs is a failure."""
    command = [str(word) for word in command]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        cwd=cwd,
    ) as process:
        try:
            out, err = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            left = Finished(command, "none: killed", out, err)
            raise AssertionError(f"still running after {timeout} s\n{left}") from None
        return Finished(command, process.returncode, out, err)

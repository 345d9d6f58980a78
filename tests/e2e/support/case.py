"""A test case with a server of its own, and the end of every program it starts."""

import sys
import unittest

from . import server
from .program import Program

needs_peal = unittest.skipUnless(server.HAS_SERVER, "the server under test is not Peal")
needs_peal_tools = unittest.skipUnless(server.PEAL, "PEAL names no program")


class Case(unittest.TestCase):
    """Cleans up what `start` started, also when the test fails."""

    longMessage = True
    maxDiff = None

    def start(self, *command, **options):
        program = Program(command, **options)
        self.addCleanup(_end, program)
        return program

    def serve(self, *arguments, **options):
        """`peal serve`, ended with the test."""
        program = server.serve(*arguments, **options)
        self.addCleanup(_end, program)
        return program


class ServerCase(Case):
    """All tests of the class share one server, which `start_server` starts."""

    start_server = staticmethod(server.start)

    @classmethod
    def setUpClass(cls):
        cls.server = cls.start_server()
        cls.addClassCleanup(cls._stop)

    @classmethod
    def _stop(cls):
        log = cls.server.program.report(last=60)
        try:
            cls.server.stop()
        finally:
            _server_logs.append(f"{cls.__name__}: {cls.server.program}\n{log}")


_server_logs = []


def main():
    """Runs the tests of the calling file; after a failure prints what the servers had said."""
    result = unittest.main(module="__main__", exit=False, verbosity=2, warnings="ignore").result
    if not result.wasSuccessful():
        for log in _server_logs:
            print(f"\nThe server of {log}", file=sys.stderr)
    sys.exit(not result.wasSuccessful())


def _end(program):
    if program.is_running():
        program.kill()

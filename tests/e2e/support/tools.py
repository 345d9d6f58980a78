"""The command line tools pub, sub and rr: Mosquitto's, or Peal's with the same letters."""

from . import server as servers
from .program import run

_NOT_A_MESSAGE = r"^(?!Client |Subscribed |Connection )"


class Tools:
    """pub, sub and rr of one `family` ("mosquitto" or "peal"), pointed at one server.

    `tls`   speak to the listener with TLS and trust the test's authority.
    """

    def __init__(self, server, family="mosquitto", tls=False):
        self.family = family
        self._where = ["-h", "localhost", "-p", server.tls_port,
                       "--cafile", server.certificates.ca] if tls else \
                      ["-h", server.host, "-p", server.port]

    def command(self, name, *arguments):
        first = [f"mosquitto_{name}"] if self.family == "mosquitto" else [servers.PEAL, name]
        return [*first, *self._where, *arguments]

    def run(self, name, *arguments, **options):
        """Runs one tool to its end and returns what it left, whatever its exit code."""
        return run(self.command(name, *arguments), **options)

    def pub(self, *arguments, **options):
        """Publishes; a publisher that fails is a failure of the test."""
        done = self.run("pub", *arguments, **options)
        if done.code != 0:
            raise AssertionError(str(done))
        return done

    def sub(self, case, *arguments, subscriptions=1):
        """Starts a subscriber for `case` and returns it once the server has said SUBACK."""
        return Subscriber(case, self.command("sub", "-d", *arguments), subscriptions)

    def keep(self, client_id, *arguments):
        """Leaves a session behind that is subscribed: later `arguments` collect what it missed."""
        done = self.run("sub", "-c", "-i", client_id, "-E", *arguments)
        if done.code != 0:
            raise AssertionError(str(done))


class Subscriber:
    """A running `sub -d`, told apart into messages and its own remarks."""

    def __init__(self, case, command, subscriptions):
        self.program = case.start("stdbuf", "-oL", *command)
        self.program.wait_line(r"^Subscribed \(mid", count=subscriptions)

    def messages(self, count):
        """Waits for `count` messages and returns all that came, as lines."""
        self.program.wait_line(_NOT_A_MESSAGE, count=count)
        skip = ("Client ", "Subscribed ", "Connection ")
        return [x for x in self.program.lines if not x.startswith(skip)]

    def kill(self):
        return self.program.kill()

    def stop(self):
        return self.program.stop()

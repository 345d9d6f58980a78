"""The server under test: Peal, or Mosquitto to try a test itself against a second broker.

`start` is the one place that chooses: the environment variable PEAL names the program; without it,
or when PEAL_SERVER is "mosquitto", Debian's mosquitto is started.
"""

import os
import pathlib
import shutil
import socket
import tempfile

from .certificates import Certificates
from .program import Program

PEAL = os.environ.get("PEAL", "")
WORKERS = os.environ.get("PEAL_WORKERS", "1")
HAS_SERVER = bool(PEAL) and os.environ.get("PEAL_SERVER") != "mosquitto"


class Server:
    """A running server: where its listeners are, and the certificates that vouch for it.

    `port` speaks MQTT and `ws_port` WebSocket; `tls_port` and `wss_port` are the same inside TLS.
    """

    host = "127.0.0.1"

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-e2e-"))
        self.program = None
        self.certificates = None

    def stop(self):
        """Stops the server; a server that ended badly is a failure of the test that ran it."""
        try:
            code = self.program.stop() if self.program else 0
            if code != 0:
                raise AssertionError(f"the server ended with {code}\n{self.program.report()}")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, kind):
        """The address for `kind`: tcp, tls, ws or wss."""
        if kind in ("tcp", "tls"):
            return {"tcp": f"mqtt://{self.host}:{self.port}",
                    "tls": f"mqtts://localhost:{self.tls_port}"}[kind]
        return {"ws": f"ws://{self.host}:{self.ws_port}/mqtt",
                "wss": f"wss://localhost:{self.wss_port}/mqtt"}[kind]


class Mosquitto(Server):
    """Debian's mosquitto, with a listener for each of tcp, tls, ws and wss."""

    def __init__(self):
        super().__init__()
        self.certificates = Certificates(self.folder)
        self.port, self.tls_port, self.ws_port, self.wss_port = free_ports(4)
        tls = f"certfile {self.certificates.cert}\nkeyfile {self.certificates.key}\n"
        file = self.folder / "mosquitto.conf"
        file.write_text(
            "allow_anonymous true\npersistence false\nlog_dest stderr\nuser root\n"
            "max_queued_messages 20000\nset_tcp_nodelay true\n"
            f"listener {self.port} 127.0.0.1\n"
            f"listener {self.tls_port} 127.0.0.1\n{tls}"
            f"listener {self.ws_port} 127.0.0.1\nprotocol websockets\n"
            f"listener {self.wss_port} 127.0.0.1\nprotocol websockets\n{tls}"
        )
        self.program = Program(["/usr/sbin/mosquitto", "-c", file])
        self.program.wait_line("running", stream="err")


class Peal(Server):
    """`peal serve` in memory; one port speaks everything, a second one does so inside TLS.

    `listener`   lines of TOML for both listeners.   `tail`   TOML after the listeners.
    """

    def __init__(self, listener="", tail="", arguments=()):
        super().__init__()
        self.certificates = Certificates(self.folder)
        file = self.folder / "peal.toml"
        file.write_text(
            f'[[listener]]\nname = "plain"\nbind = "127.0.0.1:0"\n{listener}\n'
            f'[[listener]]\nname = "secure"\nbind = "127.0.0.1:0"\n{listener}\n'
            f'[listener.tls]\ncert = "{self.certificates.cert}"\nkey = "{self.certificates.key}"\n'
            f"{tail}\n"
        )
        self.program = serve("-c", file, *arguments)
        self.port = self.ws_port = port_of(self.program, "plain")
        self.tls_port = self.wss_port = port_of(self.program, "secure")


def start(**options):
    """Starts the server that the environment chooses. `options` are Peal's own."""
    return Peal(**options) if HAS_SERVER else Mosquitto()


def serve(*arguments, ready=True, data="", env=None, cwd=None):
    """Starts `peal serve` with these arguments; returns when it says that it is ready."""
    command = [PEAL, "serve", *arguments, "--data", data, "--workers", WORKERS]
    program = Program(command, env=env, cwd=cwd)
    if ready:
        try:
            program.wait_line(r"^ready")
        except AssertionError:
            program.kill()
            raise
    return program


def port_of(program, name="default"):
    """The port on 127.0.0.1 that `peal serve` printed for the listener of this name."""
    return int(program.wait_line(rf"^listening {name} 127\.0\.0\.1:(\d+) ").group(1))


def free_ports(count):
    """Ports that nobody listens on now; only for servers that cannot choose one themselves."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [x.getsockname()[1] for x in sockets]
    for each in sockets:
        each.close()
    return ports

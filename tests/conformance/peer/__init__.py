"""The other side of a conversation with the server: see client.py, wire.py, server.py, run.py."""

from . import wire
from .client import Closed, Peer
from .reader import Broken, Packet
from .run import Case, main, settings, timed, versions
from .server import Server
from .wire import properties, will

__all__ = ["Broken", "Case", "Closed", "Packet", "Peer", "Server", "main", "properties", "settings",
           "timed", "versions", "will", "wire"]

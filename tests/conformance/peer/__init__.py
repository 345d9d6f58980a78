"""The other side of a conversation with the server: see client.py, wire.py, server.py, run.py."""

from . import wire
from .client import Closed, Peer, gather
from .reader import Broken, Packet
from .run import Case, main, served, settings, timed, versions
from .server import Server
from .websocket_peer import Frame, WebSocketPeer, upgrade
from .wire import properties, will

__all__ = ["Broken", "Case", "Closed", "Frame", "Packet", "Peer", "Server", "WebSocketPeer",
           "gather", "main", "properties", "served", "settings", "timed", "upgrade", "versions",
           "will", "wire"]

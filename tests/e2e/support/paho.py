"""A small hold on python3-paho-mqtt: connect and await, over TCP, TLS, ws or wss, any version."""

import os
import queue
import socket
import threading

from paho.mqtt import client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

VERSIONS = {"3.1": paho.MQTTv31, "3.1.1": paho.MQTTv311, "5": paho.MQTTv5}
WAIT_SECONDS = 15


class Client:
    """One paho client on its own thread; everything that happens to it can be awaited.

    `kind`      tcp, tls, ws or wss.          `keep`   a session that outlives the connection.
    `port`      another port of the host, such as that of a proxy; connects again when cut off.
    """

    def __init__(self, case, server, client_id, version="3.1.1", kind="tcp", keep=False,
                 will=None, port=None):
        self.is_five = version == "5"
        web = kind in ("ws", "wss")
        settings = {} if self.is_five else {"clean_session": not keep}
        self.paho = paho.Client(client_id, protocol=VERSIONS[version],
                                transport="websockets" if web else "tcp",
                                reconnect_on_failure=port is not None, **settings)
        self.messages = queue.Queue()
        self.connected, self.disconnected = threading.Event(), threading.Event()
        self.session_present = None
        self.disconnect_reason = None
        self._acknowledged = {}
        self._acknowledged_changed = threading.Condition()
        if web:
            self.paho.ws_set_options(path="/mqtt")
        if kind in ("tls", "wss"):
            self.paho.tls_set(str(server.certificates.ca))
        if will:
            self.paho.will_set(*will)
        self.paho.on_connect = self._on_connect
        self.paho.on_disconnect = self._on_disconnect
        self.paho.on_message = lambda client, user, message: self.messages.put(message)
        self.paho.on_subscribe = self._on_acknowledged
        self.paho.on_unsubscribe = self._on_acknowledged
        self.paho.on_publish = self._on_acknowledged
        self.paho.reconnect_delay_set(0.02, 0.1)
        self._where = ("localhost" if kind in ("tls", "wss") else server.host,
                       port or {"tcp": server.port, "tls": server.tls_port,
                                "ws": server.ws_port, "wss": server.wss_port}[kind])
        self._keep = keep
        case.addCleanup(self.abandon)

    def connect(self):
        """Connects, waits for CONNACK and returns the client itself."""
        settings = {}
        if self.is_five:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = 600 if self._keep else 0
            settings = {"clean_start": not self._keep, "properties": properties}
        self.connected.clear()
        self.disconnected.clear()
        self.paho.connect(*self._where, **settings)
        self.paho.loop_start()
        _await(self.connected, "CONNACK")
        return self

    def subscribe(self, *arguments, **options):
        """Subscribes and waits for SUBACK; returns its reason codes."""
        _, packet_id = self.paho.subscribe(*arguments, **options)
        return self._acknowledgement(packet_id)

    def unsubscribe(self, topic_filter):
        _, packet_id = self.paho.unsubscribe(topic_filter)
        return self._acknowledgement(packet_id)

    def publish(self, *arguments, **options):
        """Publishes and waits for the acknowledgement of its QoS."""
        self._acknowledgement(self.paho.publish(*arguments, **options).mid)

    def publish_all(self, topic, payloads, qos):
        """Publishes several messages at once and waits for all of their acknowledgements."""
        for packet_id in [self.paho.publish(topic, x, qos).mid for x in payloads]:
            self._acknowledgement(packet_id)

    def next(self):
        """The next message that arrives."""
        try:
            return self.messages.get(timeout=WAIT_SECONDS)
        except queue.Empty:
            raise AssertionError(f"no message came within {WAIT_SECONDS} s") from None

    def payloads(self, count):
        return [self.next().payload.decode() for _ in range(count)]

    def disconnect(self):
        self.paho.disconnect()
        _await(self.disconnected, "end of the connection")
        self.paho.loop_stop()

    def vanish(self):
        """Cuts the connection without DISCONNECT and stays away."""
        self._shut_down()
        _await(self.disconnected, "end of the connection")
        self.paho.loop_stop()

    def abandon(self):
        """Ends the thread, whatever the state."""
        self.paho.reconnect_delay_set(3600, 3600)
        if self.paho.is_connected():
            self.paho.disconnect()
        self.paho.loop_stop()

    def _shut_down(self):
        # Below the wrappers of TLS and WebSocket, so that none of them says goodbye.
        with socket.socket(fileno=os.dup(self.paho.socket().fileno())) as underneath:
            underneath.shutdown(socket.SHUT_RDWR)

    def _on_connect(self, client, user, flags, reason, properties=None):
        if reason != 0:
            raise AssertionError(f"CONNACK says {reason}")
        self.session_present = bool(flags["session present"])
        self.connected.set()

    def _on_disconnect(self, client, user, reason, properties=None):
        self.disconnect_reason = reason
        self.disconnected.set()

    def _on_acknowledged(self, client, user, packet_id, *rest):
        with self._acknowledged_changed:
            self._acknowledged[packet_id] = rest
            self._acknowledged_changed.notify_all()

    def _acknowledgement(self, packet_id):
        with self._acknowledged_changed:
            if not self._acknowledged_changed.wait_for(
                    lambda: packet_id in self._acknowledged, WAIT_SECONDS):
                raise AssertionError(f"no acknowledgement of packet {packet_id}")
            return self._acknowledged.pop(packet_id)


def _await(event, what):
    if not event.wait(WAIT_SECONDS):
        raise AssertionError(f"no {what} within {WAIT_SECONDS} s")

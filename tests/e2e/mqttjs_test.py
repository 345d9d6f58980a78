"""MQTT.js works over TCP, TLS, ws and wss, as 3.1.1 and as 5."""

import itertools
import os
import pathlib

from support.case import ServerCase, main
from support.program import run

SCRIPT = pathlib.Path(__file__).parent / "clients" / "mqttjs.mjs"


class MqttJs(ServerCase):
    def test_every_transport_and_version(self):
        for kind, version in itertools.product(("tcp", "tls", "ws", "wss"), ("4", "5")):
            with self.subTest(kind=kind, version=version):
                done = run(["node", SCRIPT, self.server.url(kind), version,
                            self.server.certificates.ca], timeout=30,
                           env={**os.environ, "NODE_NO_WARNINGS": "1"})
                self.assertEqual(done.code, 0, done)


if __name__ == "__main__":
    main()

"""python3-paho-mqtt receives thousands of messages in order, and QoS 2 once, also when cut off."""

import collections

from support.case import ServerCase, main
from support.cutting_proxy import CuttingProxy
from support.paho import Client
from support.server import HAS_SERVER


class PahoPythonLoad(ServerCase):
    def client(self, client_id, **options):
        return Client(self, self.server, client_id, **options).connect()

    def flood(self, count, qos, **options):
        """Sends `count` numbers from one client to another and returns what came, in order."""
        subscriber = self.client(f"flood-sub-{count}-{options}", **options)
        subscriber.subscribe("flood", qos)
        publisher = self.client(f"flood-pub-{count}-{options}", **options)
        for number in range(count):
            publisher.paho.publish("flood", str(number), qos)
        got = [int(x) for x in subscriber.payloads(count)]
        subscriber.disconnect()
        publisher.disconnect()
        return got

    def test_ten_thousand_messages_of_qos_1_in_order(self):
        for version in ("3.1.1", "5"):
            with self.subTest(version=version):
                self.assertEqual(self.flood(10_000, 1, version=version), list(range(10_000)))

    def test_a_thousand_messages_in_order_over_each_transport(self):
        for kind in ("tls", "ws", "wss"):
            with self.subTest(kind=kind):
                self.assertEqual(self.flood(1_000, 1, kind=kind), list(range(1_000)))

    def test_a_thousand_messages_of_qos_2_in_order(self):
        self.assertEqual(self.flood(1_000, 2), list(range(1_000)))

    def test_qos_2_is_exactly_once_across_cut_connections(self):
        for version in ("3.1.1", "5"):
            with self.subTest(version=version):
                self._exactly_once(f"once/{version}", version)

    def _exactly_once(self, topic, version):
        count = 400
        where = (self.server.host, self.server.port)
        proxies = [CuttingProxy(where, cuts=12, seed=seed) for seed in (1, 2)]
        for proxy in proxies:
            self.addCleanup(proxy.close)
        # The first connections are quiet, so that CONNACK and SUBACK are not part of the chance.
        subscriber = self.client(f"{topic}-sub", version=version, keep=True)
        subscriber.subscribe(topic, 2)
        subscriber.disconnect()
        cut = {"version": version, "keep": True}
        subscriber = self.client(f"{topic}-sub", port=proxies[0].port, **cut)
        publisher = self.client(f"{topic}-pub", port=proxies[1].port, **cut)
        # Mosquitto 2.0.11 loses some of a burst that is cut off.
        batch = count if HAS_SERVER else 10
        for first in range(0, count, batch):
            publisher.publish_all(topic, [str(first + n) for n in range(batch)], 2)
        got = collections.Counter()
        while len(got) < count:
            got[subscriber.next().payload.decode()] += 1
        self.client(f"{topic}-end").publish(topic, "end", 2)
        while not got["end"]:
            got[subscriber.next().payload.decode()] += 1
        self.assertEqual({x: n for x, n in got.items() if n != 1}, {}, "messages that came twice")
        self.assertGreater(proxies[0].cut_count, 3, "the subscriber was hardly cut off")
        self.assertGreater(proxies[1].cut_count, 3, "the publisher was hardly cut off")


if __name__ == "__main__":
    main()

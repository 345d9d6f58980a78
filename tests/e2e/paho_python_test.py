"""python3-paho-mqtt works in all three versions over TCP, TLS, WebSocket and both together."""

import itertools

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from support.case import ServerCase, main
from support.paho import VERSIONS, Client

KINDS = ("tcp", "tls", "ws", "wss")


class PahoPython(ServerCase):
    def client(self, client_id, **options):
        return Client(self, self.server, client_id, **options).connect()

    def test_round_trip_over_each_transport_in_each_version(self):
        for version, kind in itertools.product(VERSIONS, KINDS):
            with self.subTest(version=version, kind=kind):
                client = self.client(f"trip-{version}-{kind}", version=version, kind=kind)
                client.subscribe(f"trip/{version}/{kind}/+", 2)
                for qos in (0, 1, 2):
                    client.publish(f"trip/{version}/{kind}/{qos}", b"x" * 3000, qos)
                got = {m.topic[-1]: (m.qos, len(m.payload)) for m in
                       (client.next() for _ in range(3))}
                self.assertEqual(got, {"0": (0, 3000), "1": (1, 3000), "2": (2, 3000)})
                client.unsubscribe(f"trip/{version}/{kind}/+")
                client.disconnect()

    def test_will_over_each_transport_in_each_version(self):
        watcher = self.client("will-watcher")
        watcher.subscribe("will/#", 2)
        for version, kind in itertools.product(VERSIONS, KINDS):
            with self.subTest(version=version, kind=kind):
                topic = f"will/{version}/{kind}"
                victim = self.client(f"victim-{version}-{kind}", version=version, kind=kind,
                                     will=(topic, "gone", 1))
                victim.vanish()
                message = watcher.next()
                self.assertEqual((message.topic, message.payload), (topic, b"gone"))

    def test_large_message_over_each_transport(self):
        payload = bytes(range(250)) * 280  # More than a WebSocket frame of 16 bits holds.
        for kind in KINDS:
            with self.subTest(kind=kind):
                client = self.client(f"large-{kind}", kind=kind)
                client.subscribe(f"large/{kind}", 1)
                client.publish(f"large/{kind}", payload, 1)
                self.assertEqual(client.next().payload, payload)

    def test_session_is_present_after_a_reconnect(self):
        for version in VERSIONS:
            with self.subTest(version=version):
                client = self.client(f"kept-{version}", version=version, keep=True)
                self.assertFalse(client.session_present)
                client.subscribe(f"kept/{version}", 1)
                client.disconnect()
                self.client("other").publish(f"kept/{version}", "missed", 1)
                client.connect()
                if version != "3.1":  # CONNACK of 3.1 has no such flag.
                    self.assertTrue(client.session_present)
                self.assertEqual(client.payloads(1), ["missed"])

    def test_subscription_options_of_version_5(self):
        client = self.client("options", version="5")
        client.publish("options/kept", "kept", 1, True)
        client.subscribe("options/#", options=SubscribeOptions(
            qos=1, noLocal=True, retainAsPublished=True,
            retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND))
        other = self.client("options-other", version="5")
        client.publish("options/own", "own", 1)
        other.publish("options/kept", "theirs", 1, True)
        message = client.next()
        self.assertEqual((message.payload, message.retain), (b"theirs", True))

    def test_properties_of_version_5(self):
        client = self.client("properties", version="5")
        subscribe = Properties(PacketTypes.SUBSCRIBE)
        subscribe.SubscriptionIdentifier = 268435455
        client.subscribe("properties", options=SubscribeOptions(qos=1), properties=subscribe)
        sent = Properties(PacketTypes.PUBLISH)
        sent.PayloadFormatIndicator, sent.MessageExpiryInterval = 1, 1000
        sent.ContentType, sent.ResponseTopic = "text/plain", "answer/here"
        sent.CorrelationData = bytes([0, 255, 10])
        sent.UserProperty = [("a", "1"), ("a", "2"), ("b", "")]
        client.publish("properties", "x", 1, properties=sent)
        got = client.next().properties
        self.assertEqual(got.SubscriptionIdentifier, [268435455])
        self.assertEqual(got.UserProperty, [("a", "1"), ("a", "2"), ("b", "")])
        self.assertLessEqual(990, got.MessageExpiryInterval)
        self.assertEqual((got.ContentType, got.ResponseTopic, got.CorrelationData),
                         ("text/plain", "answer/here", bytes([0, 255, 10])))

    def test_will_delay_is_cancelled_by_a_reconnect(self):
        watcher = self.client("delay-watcher", version="5")
        watcher.subscribe("delay/#", 1)
        victim = Client(self, self.server, "delayed", version="5", keep=True)
        delay = Properties(PacketTypes.WILLMESSAGE)
        delay.WillDelayInterval = 1
        victim.paho.will_set("delay/will", "gone", 1, properties=delay)
        victim.connect().vanish()
        back = self.client("delayed", version="5", keep=True)
        self.assertTrue(back.session_present)
        victim = Client(self, self.server, "delayed-too", version="5", keep=True)
        victim.paho.will_set("delay/late", "gone too", 1, properties=delay)
        victim.connect().vanish()
        self.assertEqual(watcher.payloads(1), ["gone too"])


if __name__ == "__main__":
    main()

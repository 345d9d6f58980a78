"""Debian's mosquitto_pub, mosquitto_sub and mosquitto_rr do all they can do with the server."""

import itertools

from support.case import ServerCase, main
from support.tools import Tools

VERSIONS = ("mqttv31", "mqttv311", "mqttv5")


class MosquittoClients(ServerCase):
    def setUp(self):
        self.tools = Tools(self.server)

    def test_each_quality_of_service_in_each_version(self):
        for version, qos in itertools.product(VERSIONS, "012"):
            with self.subTest(version=version, qos=qos):
                topic = f"qos/{version}/{qos}"
                subscriber = self.tools.sub(
                    self, "-V", version, "-q", qos, "-t", topic, "-F", "%q %t %p")
                self.tools.pub("-V", version, "-q", qos, "-t", topic, "-m", "one")
                self.tools.pub("-V", version, "-q", qos, "-t", topic, "-m", "two")
                self.assertEqual(subscriber.messages(2),
                                 [f"{qos} {topic} one", f"{qos} {topic} two"])
                self.assertEqual(subscriber.stop(), 0)

    def test_versions_hear_each_other(self):
        subscribers = [self.tools.sub(self, "-V", v, "-t", "mixed/+", "-v") for v in VERSIONS]
        for version in VERSIONS:
            self.tools.pub("-V", version, "-t", f"mixed/{version}", "-m", "hello")
        for subscriber in subscribers:
            self.assertEqual(sorted(subscriber.messages(3)),
                             sorted(f"mixed/{v} hello" for v in VERSIONS))

    def test_retained_message_comes_first_and_can_be_cleared(self):
        for version in VERSIONS:
            with self.subTest(version=version):
                topic = f"retained/{version}"
                self.tools.pub("-V", version, "-q", "1", "-r", "-t", topic, "-m", "kept")
                kept = self.tools.run(
                    "sub", "-V", version, "-C", "1", "-W", "10", "-t", topic, "-F", "%r %p")
                self.assertEqual(kept.out, "1 kept\n", kept)
                self.tools.pub("-V", version, "-q", "1", "-r", "-n", "-t", topic)
                subscriber = self.tools.sub(self, "-V", version, "-t", topic, "-F", "%r %p")
                self.tools.pub("-V", version, "-t", topic, "-m", "live")
                self.assertEqual(subscriber.messages(1), ["0 live"])

    def test_will_of_a_killed_client(self):
        for version, qos in itertools.product(VERSIONS, "012"):
            with self.subTest(version=version, qos=qos):
                topic = f"will/{version}/{qos}"
                watcher = self.tools.sub(self, "-q", "2", "-t", topic, "-F", "%q %r %p")
                victim = self.tools.sub(
                    self, "-V", version, "-t", "nothing", "--will-topic", topic,
                    "--will-payload", "gone", "--will-qos", qos, "--will-retain")
                victim.kill()
                self.assertEqual(watcher.messages(1), [f"{qos} 0 gone"])
                late = self.tools.run("sub", "-C", "1", "-W", "10", "-t", topic, "-F", "%r %p")
                self.assertEqual(late.out, "1 gone\n", late)

    def test_no_will_after_a_goodbye(self):
        watcher = self.tools.sub(self, "-t", "goodbye")
        polite = self.tools.sub(self, "-t", "nothing", "--will-topic", "goodbye",
                                "--will-payload", "gone")
        self.assertEqual(polite.stop(), 0)
        self.tools.pub("-t", "goodbye", "-m", "end")
        self.assertEqual(watcher.messages(1), ["end"])

    def test_wildcards(self):
        expected = {
            "wild/+/c": ["wild/a/c", "wild/b/c"],
            "wild/#": ["wild", "wild/a/c", "wild/b/c", "wild/a/d/e"],
            "+/a/#": ["wild/a/c", "wild/a/d/e"],
            "wild/a/+/+": ["wild/a/d/e"],
        }
        subscribers = {f: self.tools.sub(self, "-t", f, "-t", "wild-end", "-F", "%t")
                       for f in expected}
        for topic in ("wild", "wild/a/c", "wild/b/c", "wild/a/d/e", "other", "wild-end"):
            self.tools.pub("-t", topic, "-m", "x")
        for topic_filter, topics in expected.items():
            got = subscribers[topic_filter].messages(len(topics) + 1)
            self.assertEqual(got, [*topics, "wild-end"], topic_filter)

    def test_leading_wildcard_does_not_match_dollar_topics(self):
        subscriber = self.tools.sub(self, "-t", "#", "-t", "+/uptime", "-F", "%t")
        self.tools.pub("-t", "dollar-end", "-m", "x")
        self.assertEqual([x for x in subscriber.messages(1) if x.startswith("$")], [])

    def test_shared_subscription_gives_each_message_to_one_member(self):
        members = [self.tools.sub(self, "-V", "mqttv5", "-q", "1", "-t", "$share/group/jobs",
                                  "-t", "jobs-end", "-F", "%t %p") for _ in range(3)]
        self.tools.pub("-q", "1", "-t", "jobs", "-l", stdin="".join(
            f"{n}\n" for n in range(60)).encode())
        self.tools.pub("-t", "jobs-end", "-m", "x")
        shares = []
        for member in members:
            member.program.wait_line("^jobs-end")
            shares.append([x for x in member.messages(1) if x.startswith("jobs ")])
        self.assertEqual(sorted(sum(shares, [])), sorted(f"jobs {n}" for n in range(60)))
        self.assertTrue(all(shares), f"a member got nothing: {shares}")

    def test_properties_travel_unchanged(self):
        subscriber = self.tools.sub(
            self, "-V", "mqttv5", "-t", "properties", "-F", "%C|%R|%D|%E|%F|%P|%p",
            "-D", "subscribe", "subscription-identifier", "7")
        self.tools.pub(
            "-V", "mqttv5", "-t", "properties", "-m", "payload",
            "-D", "publish", "content-type", "text/plain",
            "-D", "publish", "response-topic", "answers/here",
            "-D", "publish", "correlation-data", "number 5",
            "-D", "publish", "message-expiry-interval", "300",
            "-D", "publish", "payload-format-indicator", "1",
            "-D", "publish", "user-property", "colour", "blue",
            "-D", "publish", "user-property", "colour", "green")
        got = subscriber.messages(1)[0]
        self.assertRegex(
            got, r"^text/plain\|answers/here\|number 5\|(300|299|298)\|1\|"
                 r"colour:blue colour:green ?\|payload$")

    def test_will_properties_travel(self):
        watcher = self.tools.sub(self, "-V", "mqttv5", "-t", "will/properties", "-F", "%C|%P|%p")
        victim = self.tools.sub(
            self, "-V", "mqttv5", "-t", "nothing", "--will-topic", "will/properties",
            "--will-payload", "gone", "-D", "will", "content-type", "text/x",
            "-D", "will", "user-property", "why", "killed")
        victim.kill()
        self.assertRegex(watcher.messages(1)[0], r"^text/x\|why:killed ?\|gone$")

    def test_session_collects_what_was_sent_while_away(self):
        for version in VERSIONS:
            with self.subTest(version=version):
                topic, who = f"away/{version}", f"away-{version}"
                same = ("-V", version, "-q", "2", "-t", topic)
                self.tools.keep(who, *same)
                for qos in "0121":
                    self.tools.pub("-V", version, "-q", qos, "-t", topic, "-m", f"with {qos}")
                back = self.tools.run(
                    "sub", "-c", "-i", who, *same, "-C", "3", "-W", "10", "-F", "%q %p")
                # QoS 2 is handed over at PUBREL, so its place among QoS 1 is the client's affair.
                self.assertEqual(sorted(back.out.splitlines()),
                                 ["1 with 1", "1 with 1", "2 with 2"], back)

    def test_session_outlives_a_killed_client_and_ends_with_clean_session(self):
        same = ("-i", "crashing", "-q", "1", "-t", "crash")
        self.tools.sub(self, "-c", *same).kill()
        self.tools.pub("-q", "1", "-t", "crash", "-m", "missed")
        back = self.tools.run("sub", "-c", *same, "-C", "1", "-W", "10")
        self.assertEqual(back.out, "missed\n", back)
        self.tools.run("sub", *same, "-E")
        self.tools.pub("-q", "1", "-t", "crash", "-m", "nobody keeps this")
        fresh = self.tools.sub(self, "-c", *same)
        self.tools.pub("-q", "1", "-t", "crash", "-m", "end")
        self.assertEqual(fresh.messages(1), ["end"])

    def test_second_client_with_the_same_id_takes_over(self):
        first = self.tools.sub(self, "-V", "mqttv5", "-i", "twin", "-t", "twin/old",
                               "--will-topic", "twin/will", "--will-payload", "displaced")
        watcher = self.tools.sub(self, "-t", "twin/will")
        done = self.tools.run("sub", "-V", "mqttv5", "-i", "twin", "-t", "twin/new", "-E")
        self.assertEqual(done.code, 0, done)
        self.assertEqual(watcher.messages(1), ["displaced"])
        first.program.stop()

    def test_request_and_response(self):
        for version in ("mqttv311", "mqttv5"):
            with self.subTest(version=version):
                asked, answered = f"rr/{version}/ask", f"rr/{version}/answer"
                service = self.tools.sub(self, "-V", version, "-t", asked, "-F", "%R|%p")
                requester = self.start(*self.tools.command(
                    "rr", "-V", version, "-t", asked, "-e", answered, "-m", "question",
                    "-W", "10"))
                response_topic = answered if version == "mqttv5" else ""
                self.assertEqual(service.messages(1), [f"{response_topic}|question"])
                self.tools.pub("-V", version, "-t", answered, "-m", "response")
                self.assertEqual(requester.wait(), 0, requester.report())
                self.assertEqual(requester.lines, ["response"])

    def test_tls_with_the_authority_only(self):
        tls = Tools(self.server, tls=True)
        subscriber = tls.sub(self, "-V", "mqttv5", "-q", "2", "-t", "secret", "-v")
        tls.pub("-q", "2", "-t", "secret", "-m", "over tls")
        self.tools.pub("-q", "2", "-t", "secret", "-m", "over tcp")
        self.assertEqual(subscriber.messages(2), ["secret over tls", "secret over tcp"])
        for version in ("tlsv1.2", "tlsv1.3"):
            tls.pub("--tls-version", version, "-q", "1", "-t", "secret", "-m", version)
        self.assertEqual(subscriber.messages(4)[2:], ["secret tlsv1.2", "secret tlsv1.3"])
        stranger = self.tools.run("pub", "-p", self.server.tls_port, "-h", "localhost", "-t", "x",
                                  "-m", "x", "--capath", "/etc/ssl/certs")
        self.assertNotEqual(stranger.code, 0, stranger)

    def test_large_and_empty_payloads(self):
        file = self.server.folder / "large"
        file.write_bytes(bytes(range(256)) * 3000)
        subscriber = self.tools.sub(self, "-q", "1", "-t", "size", "-F", "%l")
        self.tools.pub("-q", "1", "-t", "size", "-f", file)
        self.tools.pub("-q", "1", "-t", "size", "-n")
        self.assertEqual(subscriber.messages(2), ["768000", "0"])


if __name__ == "__main__":
    main()

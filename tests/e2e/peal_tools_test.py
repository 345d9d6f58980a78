"""`peal pub`, `peal sub` and `peal rr` do what mosquitto's tools do, with either server."""

import concurrent.futures
import signal

from support import server as servers
from support.case import ServerCase, main, needs_peal, needs_peal_tools
from support.program import run
from support.tools import Tools

# Arguments of sub that end it; both families have to end with the same code and output.
SUB_ENDS = {
    "no topic": [],
    "a timeout": ["-t", "silence", "-W", "1"],
    "exit once subscribed": ["-t", "silence", "-E"],
    "a count": ["-t", "kept/#", "-C", "2", "-v"],
    "a filter-out": ["-t", "kept/#", "-T", "kept/a", "-C", "1", "-v"],
    "an unknown option": ["-t", "x", "--unheard-of"],
    "a bad QoS": ["-t", "x", "-q", "3"],
    "a bad filter": ["-t", "a/#/b"],
    "a bad version": ["-t", "x", "-V", "mqttv7"],
    "a missing value": ["-t", "x", "-C"],
    "a count of zero": ["-t", "x", "-C", "0"],
    "a bad port": ["-t", "x", "-p", "70000"],
    "no retained": ["-t", "kept/#", "-R", "-W", "1"],
    "retained only": ["-t", "kept/#", "--retained-only", "-C", "2"],
    "two kinds of id": ["-t", "x", "-i", "a", "-I", "b"],
    "a session without id": ["-t", "x", "-c"],
    "an unknown property": ["-t", "x", "-D", "connect", "nonsense", "1"],
    "a property of the wrong packet": ["-t", "x", "-D", "connect", "topic-alias", "1"],
    "a will payload without topic": ["-t", "x", "--will-payload", "y"],
    "an unknown CA file": ["-t", "x", "--cafile", "/nonexistent.crt"],
    "a bad will QoS": ["-t", "x", "--will-topic", "y", "--will-qos", "4"],
    "unsubscribing": ["-t", "kept/#", "-U", "kept/#", "-W", "1", "-R"],
}

PUB_ENDS = {
    "no topic": ["-m", "x"],
    "no message": ["-t", "x"],
    "a wildcard": ["-t", "x/#", "-m", "x"],
    "two messages": ["-t", "x", "-m", "x", "-n"],
    "a missing file": ["-t", "x", "-f", "/nonexistent"],
    "a bad QoS": ["-t", "x", "-m", "x", "-q", "5"],
    "an unknown option": ["-t", "x", "-m", "x", "--unheard-of"],
    "QoS 0": ["-t", "x", "-m", "x"],
    "QoS 1": ["-t", "x", "-m", "x", "-q", "1"],
    "QoS 2": ["-t", "x", "-m", "x", "-q", "2"],
    "nobody there, MQTT 5": ["-V", "mqttv5", "-t", "nobody", "-m", "x", "-q", "1"],
    "a bad property": ["-V", "mqttv5", "-t", "x", "-m", "x", "-D", "publish", "topic-alias", "x"],
    "repeats": ["-t", "x", "-m", "x", "--repeat", "3", "--repeat-delay", "0.01"],
}

RR_ENDS = {
    "no response topic": ["-t", "x", "-m", "x"],
    "no topic": ["-e", "x", "-m", "x"],
    "no message": ["-t", "x", "-e", "y"],
    "a timeout": ["-t", "x", "-e", "y", "-m", "z", "-W", "1"],
}


@needs_peal_tools
class WithMosquitto(ServerCase):
    start_server = servers.Mosquitto

    def setUp(self):
        self.theirs, self.ours = (Tools(self.server, x) for x in ("mosquitto", "peal"))
        for topic in ("kept/a", "kept/b"):
            self.theirs.pub("-r", "-t", topic, "-m", topic)

    def both(self, name, *arguments):
        """What both families leave, run side by side."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            return pool.map(lambda x: x.run(name, *arguments), (self.theirs, self.ours))

    def check_ends(self, name, cases):
        for what, arguments in cases.items():
            with self.subTest(what=what):
                theirs, ours = self.both(name, *arguments)
                why = f"{theirs}\n{ours}"
                self.assertEqual(ours.code, theirs.code, why)
                if theirs.code in (0, 27):
                    self.assertEqual(ours.raw, theirs.raw, why)
                elif theirs.code:
                    self.assertTrue(ours.err.strip(), f"no reason on standard error: {why}")

    def test_sub_ends_alike(self):
        self.check_ends("sub", SUB_ENDS)

    def test_pub_ends_alike(self):
        self.check_ends("pub", PUB_ENDS)

    def test_rr_ends_alike(self):
        self.check_ends("rr", RR_ENDS)

    def test_nobody_listens(self):
        port, = servers.free_ports(1)
        for name, arguments in (("sub", ["-t", "x"]), ("pub", ["-t", "x", "-m", "y"]),
                                ("rr", ["-t", "x", "-e", "z", "-m", "y"])):
            theirs, ours = self.both(name, "-p", port, *arguments)
            self.assertEqual(ours.code, theirs.code, f"{theirs}\n{ours}")
            self.assertIn("refused", ours.err)

    def test_each_version_and_quality(self):
        for version in ("mqttv31", "mqttv311", "mqttv5"):
            for qos in "012":
                with self.subTest(version=version, qos=qos):
                    subscriber = self.ours.sub(self, "-V", version, "-q", qos, "-t", "own/+",
                                               "-F", "%q %p")
                    self.ours.pub("-V", version, "-q", qos, "-t", "own/x", "-m", "one")
                    self.theirs.pub("-q", qos, "-t", "own/x", "-m", "two")
                    self.assertEqual(subscriber.messages(2), [f"{qos} one", f"{qos} two"])
                    self.assertEqual(subscriber.stop(), 0)

    def test_ways_to_give_a_payload(self):
        file = self.server.folder / "payload"
        file.write_bytes(b"from\na file")
        subscriber = self.theirs.sub(self, "-q", "2", "-t", "ways", "-F", "%l %p|")
        self.ours.pub("-q", "2", "-t", "ways", "-m", "text")
        self.ours.pub("-q", "2", "-t", "ways", "-f", file)
        self.ours.pub("-q", "2", "-t", "ways", "-s", stdin=b"one\ntwo\n")
        self.ours.pub("-q", "2", "-t", "ways", "-n")
        self.ours.pub("-q", "2", "-t", "ways", "-l", stdin=b"first\n\nlast without end")
        self.ours.pub("-q", "2", "-t", "ways", "-m", "again", "--repeat", "2")
        self.assertEqual(subscriber.messages(12), [
            "4 text|", "11 from", "a file|", "8 one", "two", "|", "0 |", "5 first|", "0 |",
            "16 last without end|", "5 again|", "5 again|"])

    def test_many_lines_in_order_at_each_quality(self):
        lines = "".join(f"line {n}\n" for n in range(2000))
        for qos in "012":
            with self.subTest(qos=qos):
                subscriber = self.ours.sub(self, "-q", qos, "-t", f"lines/{qos}")
                self.ours.pub("-q", qos, "-t", f"lines/{qos}", "-l", stdin=lines.encode())
                self.assertEqual(subscriber.messages(2000), lines.splitlines())

    def test_properties_both_ways(self):
        properties = [
            "-D", "publish", "content-type", "a/b", "-D", "publish", "response-topic", "r/t",
            "-D", "publish", "correlation-data", "data", "-D", "publish", "user-property", "k", "v",
            "-D", "publish", "payload-format-indicator", "1",
            "-D", "publish", "message-expiry-interval", "2000"]
        form = "%C|%R|%D|%P|%F|%S|%p"
        for sender, receiver in ((self.ours, self.theirs), (self.theirs, self.ours)):
            subscriber = receiver.sub(self, "-V", "mqttv5", "-t", "properties", "-F", form,
                                      "-D", "subscribe", "subscription-identifier", "12")
            sender.pub("-V", "mqttv5", "-t", "properties", "-m", "x", *properties)
            self.assertRegex(subscriber.messages(1)[0], r"^a/b\|r/t\|data\|k:v ?\|1\|12\|x$")

    def test_retained_is_set_and_removed(self):
        same = ("-t", "value/#", "-q", "1", "--remove-retained", "-W", "1", "-v")
        removed = []
        for tools in (self.theirs, self.ours):
            self.ours.pub("-q", "1", "-r", "-t", "value/x", "-m", "kept")
            removed.append(tools.run("sub", *same))
        self.assertEqual(self.theirs.run("sub", "-t", "value/#", "-W", "1").out, "")
        self.assertEqual(removed[1].out, removed[0].out)
        self.assertIn("value/x kept\n", removed[1].out)

    def test_a_session_is_kept(self):
        same = ("-i", "tools-session", "-q", "1", "-t", "away")
        self.ours.keep("tools-session", "-q", "1", "-t", "away")
        self.ours.pub("-q", "1", "-t", "away", "-m", "missed")
        back = self.ours.run("sub", "-c", *same, "-C", "1", "-W", "5")
        self.assertEqual((back.code, back.out), (0, "missed\n"), back)
        self.ours.run("sub", *same, "-E")

    def test_the_will(self):
        watcher = self.theirs.sub(self, "-q", "2", "-t", "will/tools", "-F", "%q %p")
        victim = self.ours.sub(self, "-t", "nothing", "--will-topic", "will/tools",
                               "--will-payload", "gone", "--will-qos", "2")
        victim.kill()
        self.assertEqual(watcher.messages(1), ["2 gone"])

    def test_signals_end_sub_as_they_end_mosquitto_sub(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            theirs = self.theirs.sub(self, "-t", "x").program.stop(with_signal=number)
            ours = self.ours.sub(self, "-t", "x").program.stop(with_signal=number)
            self.assertEqual(ours, theirs, number)

    def test_request_and_response(self):
        service = self.theirs.sub(self, "-V", "mqttv5", "-t", "ask", "-F", "%R %D %p")
        requester = self.start(*self.ours.command(
            "rr", "-V", "mqttv5", "-t", "ask", "-e", "answer", "-m", "q", "-W", "10", "-v",
            "-D", "publish", "correlation-data", "7"))
        self.assertEqual(service.messages(1), ["answer 7 q"])
        self.ours.pub("-V", "mqttv5", "-t", "answer", "-m", "a", "-D", "publish",
                      "correlation-data", "7")
        self.assertEqual(requester.wait(), 0, requester.report())
        self.assertEqual(requester.lines, ["answer a"])

    def test_tls(self):
        tls = Tools(self.server, "peal", tls=True)
        subscriber = tls.sub(self, "-V", "mqttv5", "-q", "1", "-t", "tls")
        tls.pub("-q", "1", "-t", "tls", "-m", "secret")
        tls.pub("-q", "1", "-t", "tls", "-m", "insecure", "--insecure")
        tls.pub("-q", "1", "-t", "tls", "-m", "older", "--tls-version", "tlsv1.2")
        self.assertEqual(subscriber.messages(3), ["secret", "insecure", "older"])
        where = ["-h", "localhost", "-p", self.server.tls_port, "-t", "tls", "-m", "x"]
        stranger = run([servers.PEAL, "pub", *where, "--capath", "/etc/ssl/certs"])
        their_stranger = run(["mosquitto_pub", *where, "--capath", "/etc/ssl/certs"])
        # mosquitto_pub ends with 1 or 8, depending on whether it or the server is quicker.
        self.assertIn(their_stranger.code, (1, 8), their_stranger)
        self.assertEqual(stranger.code, 8, stranger)
        self.assertRegex(stranger.err, "certificate")

    def test_websocket_plain_and_in_tls(self):
        web = [servers.PEAL, "pub", "-t", "web", "-q", "1", "-m"]
        subscriber = self.start("stdbuf", "-oL", servers.PEAL, "sub", "-d", "-h", self.server.host,
                                "-p", self.server.ws_port, "--ws", "-t", "web", "-q", "1")
        subscriber.wait_line("^Subscribed")
        for end in (["plain", "-h", self.server.host, "-p", self.server.ws_port, "--ws"],
                    ["secure", "-h", "localhost", "-p", self.server.wss_port, "--ws",
                     "--cafile", self.server.certificates.ca]):
            done = run([*web, *end])
            self.assertEqual(done.code, 0, done)
            subscriber.wait_line(f"^{end[0]}$")
        url = f"ws://{self.server.host}:{self.server.ws_port}/web"
        done = run([servers.PEAL, "pub", "-L", url, "-m", "by url"])
        self.assertEqual(done.code, 0, done)
        subscriber.wait_line("^by url$")


@needs_peal
class WithPeal(WithMosquitto):
    start_server = servers.Peal


if __name__ == "__main__":
    main()

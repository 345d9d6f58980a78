"""The paho C library works: its own tools, its synchronous and its asynchronous MQTT 5 client."""

import itertools
import os
import unittest

from support.case import ServerCase, main
from support.program import run

KINDS = ("tcp", "tls", "ws", "wss")
SYNC, ASYNC = os.environ.get("PEAL_PAHO_SYNC", ""), os.environ.get("PEAL_PAHO_ASYNC", "")


class PahoC(ServerCase):
    def where(self, kind):
        return self.server.url(kind).replace("mqtts:", "ssl:")

    def authority(self, kind):
        return [self.server.certificates.ca] if kind in ("tls", "wss") else []

    def tool(self, name, kind, *arguments):
        """The command line of paho_c_pub or paho_c_sub for one transport."""
        trust = [x for file in self.authority(kind) for x in ("--cafile", file)]
        return [f"paho_c_{name}", "-c", self.where(kind), *trust, *arguments]

    def test_the_tools_over_each_transport_in_each_version(self):
        for kind, version in itertools.product(KINDS, ("31", "311", "5")):
            with self.subTest(kind=kind, version=version):
                topic = f"tools/{kind}/{version}"
                subscriber = self.start("stdbuf", "-oL", *self.tool(
                    "sub", kind, "-t", topic, "-q", "2", "-V", version, "-i", f"sub-{kind}",
                    "--trace", "protocol"))
                subscriber.wait_line("<- SUBACK", stream="err")
                for qos in "012" if kind == "tcp" else "2":
                    done = run(self.tool("pub", kind, "-t", topic, "-q", qos, "-V", version,
                                         "-i", f"pub-{kind}", "-m", f"hello {qos}"))
                    self.assertEqual(done.code, 0, done)
                    subscriber.wait_line(f"hello {qos}$")
                subscriber.kill()

    def test_the_will_and_a_property_of_the_tools(self):
        watcher = self.start("stdbuf", "-oL", *self.tool(
            "sub", "tcp", "-t", "tools/#", "-q", "1", "-V", "5", "-i", "watcher", "-v",
            "--trace", "protocol"))
        watcher.wait_line("<- SUBACK", stream="err")
        victim = self.start("stdbuf", "-oL", *self.tool(
            "sub", "tcp", "-t", "nothing", "-V", "5", "-i", "victim", "--trace", "protocol",
            "--will-topic", "tools/will", "--will-payload", "gone", "--will-qos", "1"))
        victim.wait_line("<- SUBACK", stream="err")
        victim.kill()
        watcher.wait_line("^4 tools/will\tgone$")
        run(self.tool("pub", "tcp", "-t", "tools/property", "-m", "x", "-V", "5", "-i", "publisher",
                      "--user-property", "colour", "blue"))
        watcher.wait_line("USER_PROPERTY key colour value blue")

    @unittest.skipUnless(SYNC, "the program of the synchronous client was not built")
    def test_the_synchronous_client(self):
        for kind, version in itertools.product(KINDS, "345"):
            with self.subTest(kind=kind, version=version):
                done = run([SYNC, self.where(kind), version, *self.authority(kind)], timeout=25)
                self.assertEqual(done.code, 0, done)

    @unittest.skipUnless(ASYNC, "the program of the asynchronous client was not built")
    def test_the_asynchronous_client(self):
        for kind in KINDS:
            with self.subTest(kind=kind):
                done = run([ASYNC, self.where(kind), *self.authority(kind)], timeout=25)
                self.assertEqual(done.code, 0, done)


if __name__ == "__main__":
    main()

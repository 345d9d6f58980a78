"""Each bad client leaves one log line with its id, address and the clause it broke; no more."""

import json
import re

from support.case import Case, main, needs_peal
from support.raw import Raw, connect, text
from support.server import port_of

CLAUSE = r"\[MQTT-\d+\.\d+\.\d+-\d+\]|§\d"

# What is sent after CONNECT, and the reason code that DISCONNECT carries in version 5.
BAD = {
    "QoS 3": (bytes([0x36, 5]) + text("a") + b"\0\0", 0x81),
    "a wildcard in a Topic Name": (bytes([0x30, 4]) + text("#") + b"\0", 0x90),
    "SUBSCRIBE with wrong flags": (bytes([0x80, 7, 0, 1, 0]) + text("a") + b"\0", 0x81),
    "a second CONNECT": (connect("twice"), 0x82),
    "a reserved packet type": (b"\0\0", 0x81),
    "text that is no UTF-8": (bytes([0x30, 5, 0, 2, 0xC3, 0x28, 0]), 0x81),
    "Packet Identifier 0": (bytes([0x32, 6]) + text("a") + b"\0\0\0", None),
    "a length of five bytes": (b"\x30\xff\xff\xff\xff\x01", 0x81),
}


@needs_peal
class Log(Case):
    def bad_client(self, program, client_id, data):
        """Connects, sends the bytes, and returns our address and DISCONNECT's reason code."""
        raw = Raw(self, ("127.0.0.1", port_of(program)))
        raw.send(connect(client_id))
        self.assertEqual(raw.packet()[0], 0x20)
        raw.send(data)
        packet = raw.packet()
        self.assertIsNotNone(packet, "closed without DISCONNECT")
        self.assertEqual(packet[0], 0xE0)
        self.assertEqual(raw.rest(), b"")
        return raw.address, packet[1][0]

    def test_one_line_for_each_bad_client(self):
        program = self.serve("-p", "0")
        for number, (what, (data, reason)) in enumerate(BAD.items()):
            with self.subTest(what):
                client_id = f"bad-{number}"
                address, code = self.bad_client(program, client_id, data)
                if reason:
                    self.assertEqual(code, reason)
                line = program.wait_line(f'.* warning .*"{client_id}".*',
                                         stream="err").group()
                self.assertIn(f'"{address}"', line)
                self.assertRegex(line, CLAUSE)
        self.assertEqual(program.stop(), 0)
        for number in range(len(BAD)):
            lines = [x for x in program.errors if f'"bad-{number}"' in x]
            self.assertEqual(sum(" info client connected " not in x for x in lines), 1, lines)

    def test_garbage_before_connect_leaves_a_line_too(self):
        program = self.serve("-p", "0")
        raw = Raw(self, ("127.0.0.1", port_of(program)))
        raw.send(b"\x30\x03" + text("a"))
        self.assertEqual(raw.rest(), b"")
        line = program.wait_line(f'.* warning .*"{raw.address}".*', stream="err").group()
        self.assertRegex(line, CLAUSE)

    def test_text_of_a_client_cannot_forge_a_line(self):
        program = self.serve("-p", "0")
        client_id = 'x" address="1.2.3.4:5" \\ \u202e\u00e9'
        self.bad_client(program, client_id, BAD["QoS 3"][0])
        line = program.wait_line("warning.*", stream="err").group()
        self.assertIn(r'\"', line)
        self.assertEqual(len(re.findall(r'(?<!\\)" address="', line)), 1, line)

    def test_json(self):
        program = self.serve("-p", "0", "--set", 'log.format="json"')
        address, _ = self.bad_client(program, 'a "quoted" id', BAD["QoS 3"][0])
        event = json.loads(program.wait_line(r"\{.*Malformed.*", stream="err").group())
        self.assertIn('a "quoted" id', event.values())
        self.assertIn(address, event.values())
        self.assertRegex(json.dumps(event, ensure_ascii=False), CLAUSE)

    def test_a_flood_of_one_cause_is_summed_up(self):
        program = self.serve("-p", "0")
        for number in range(200):
            self.bad_client(program, f"flood-{number}", BAD["QoS 3"][0])
        self.assertEqual(program.stop(), 0)
        lines = [x for x in program.errors if " warning " in x and "flood-" in x]
        self.assertLess(len(lines), 100, "the log was not limited")
        self.assertGreaterEqual(len(lines), 10)

    def test_a_healthy_client_is_not_affected(self):
        program = self.serve("-p", "0")
        healthy = Raw(self, ("127.0.0.1", port_of(program)))
        healthy.send(connect("healthy", version=4))
        self.assertEqual(healthy.packet(), (0x20, b"\0\0"))
        for data, _ in BAD.values():
            self.bad_client(program, "bad", data)
            healthy.send(b"\xc0\0")
            self.assertEqual(healthy.packet(), (0xD0, b""))


if __name__ == "__main__":
    main()

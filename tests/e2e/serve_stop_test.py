"""`peal serve` stops within five seconds of SIGTERM or SIGINT and tells version 5 clients why."""

import signal
import time

from support.case import Case, main, needs_peal
from support.raw import Raw, connect, text
from support.server import port_of
from support.tools import Tools

SERVER_SHUTTING_DOWN = 0x8B


@needs_peal
class Stop(Case):
    def client(self, program, client_id, version=5):
        raw = Raw(self, ("127.0.0.1", port_of(program)))
        raw.send(connect(client_id, version))
        self.assertEqual(raw.packet()[0], 0x20)
        return raw

    def check_stop(self, program, number=signal.SIGTERM):
        began = time.monotonic()
        self.assertEqual(program.stop(with_signal=number, timeout=8), 0, program.report())
        self.assertLess(time.monotonic() - began, 5, "stopping took too long")

    def test_clients_are_told(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number.name):
                program = self.serve("-p", "0")
                clients = [self.client(program, f"told-{n}") for n in range(50)]
                old = self.client(program, "old", version=4)
                self.check_stop(program, number)
                for client in clients:
                    first, body = client.packet()
                    self.assertEqual((first, body[0]), (0xE0, SERVER_SHUTTING_DOWN))
                    self.assertIsNone(client.packet())
                self.assertIsNone(old.packet(), "3.1.1 has no DISCONNECT from a server")

    def test_nobody_connected(self):
        self.check_stop(self.serve("-p", "0"))

    def test_clients_that_neither_speak_nor_listen(self):
        program = self.serve("-p", "0")
        where = ("127.0.0.1", port_of(program))
        silent = [Raw(self, where) for _ in range(5)]
        halves = Raw(self, where)
        halves.send(connect("half")[:7])
        self.check_stop(program)
        for raw in silent:
            self.assertEqual(raw.rest(), b"")

    def test_a_client_with_a_full_socket_does_not_hold_it_up(self):
        program = self.serve("-p", "0")
        deaf = self.client(program, "deaf")
        deaf.send(bytes([0x82, 11, 0, 1, 0]) + text("flood") + b"\0")
        self.assertEqual(deaf.packet()[0], 0x90)
        sender = self.client(program, "sender", version=4)
        packet = text("flood") + b"x" * 60_000
        length = len(packet)
        head = bytes([0x30, length & 127 | 128, length >> 7 & 127 | 128, length >> 14])
        for _ in range(200):
            sender.send(head + packet)
        sender.send(b"\xc0\0")
        self.assertEqual(sender.packet(), (0xD0, b""))
        self.check_stop(program)

    def test_messages_before_the_stop_arrive(self):
        program = self.serve("-p", "0")
        server = type("Where", (), {"host": "127.0.0.1", "port": port_of(program)})
        tools = Tools(server)
        subscriber = tools.sub(self, "-q", "1", "-t", "last")
        tools.pub("-q", "1", "-t", "last", "-l", stdin=b"".join(b"%d\n" % n for n in range(500)))
        self.check_stop(program)
        self.assertEqual(subscriber.messages(500), [str(n) for n in range(500)])


if __name__ == "__main__":
    main()

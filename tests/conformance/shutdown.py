"""On SIGTERM clients of version 5 are told 0x8B, all are closed, and the server ends with 0."""

import time

from peer import Case, Server, main, properties, wire


def test_told(case):
    with Server() as server:
        own = Case(server, "shutdown")
        five, four = own.client(), own.client(4, "d")
        idle = own.peer(name="e")
        five.subscribe(own.topic(), 1)
        start = time.monotonic()
        server.asked = True
        server.process.terminate()
        five.expect_refusal(0x8B)
        four.expect_closed()
        idle.expect_closed()
        assert server.process.wait(5) == 0
        assert time.monotonic() - start < 5
        own.close()


def test_no_will_on_a_clean_stop_breaks_nothing(case):
    """Wills, retained messages and queues are there; the end is still in time."""
    with Server() as server:
        own = Case(server, "busy")
        clients = [own.client(name=f"c{n}", will=wire.will("w", "x"), clean=False,
                              props=properties(session_expiry_interval=60)) for n in range(50)]
        for client in clients:
            client.subscribe("w", 1)
        clients[0].publish("w", "m" * 100_000, 1, retain=True)
        start = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - start < 5
        own.close()


main(globals())

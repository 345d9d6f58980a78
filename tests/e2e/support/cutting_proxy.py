"""A TCP relay that cuts connections: what a client sees of a bad network."""

import random
import socket
import threading


class CuttingProxy:
    """Relays to `target` and drops each connection after a random number of bytes, `cuts` times.

    The same seed cuts at the same byte counts. After the last cut it relays quietly.
    """

    def __init__(self, target, cuts, seed, least=500, most=5000):
        self._target = target
        self._random = random.Random(seed)
        self._cuts, self._least, self._most = cuts, least, most
        self._pairs = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.cut_count = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        _close(self._listener)
        for pair in self._pairs:
            pair.cut()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            budget = None
            if self.cut_count < self._cuts:
                budget = self._random.randint(self._least, self._most)
            self._pairs.append(_Pair(self, client, socket.create_connection(self._target), budget))


class _Pair:
    """One relayed connection; `budget` is the number of bytes until it is cut, or None."""

    def __init__(self, proxy, client, server, budget):
        self._proxy, self._client, self._server = proxy, client, server
        self._budget = budget
        self._lock = threading.Lock()
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=self._relay, args=(source, sink), daemon=True).start()

    def cut(self):
        _close(self._client)
        _close(self._server)

    def _relay(self, source, sink):
        try:
            while data := source.recv(4096):
                allowed = self._spend(len(data))
                sink.sendall(data[:allowed])
                if allowed < len(data):
                    break
        except OSError:
            pass
        self.cut()

    def _spend(self, wanted):
        with self._lock:
            if self._budget is None or wanted < self._budget:
                if self._budget is not None:
                    self._budget -= wanted
                return wanted
            allowed, before = self._budget, self._budget
            self._budget = 0
            if before > 0:
                self._proxy.cut_count += 1
            return min(allowed, wanted - 1)


def _close(each):
    try:
        each.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    each.close()

"""A web server on loopback that hands out a few files, to have pages of a known origin."""

import functools
import http.server
import shutil
import threading


class Pages:
    """Serves copies of `files` from a fresh folder inside `folder`. `origin` is their origin."""

    def __init__(self, folder, files):
        root = folder / "pages"
        root.mkdir()
        for file in files:
            shutil.copy(file, root)
        handler = functools.partial(_Quiet, directory=str(root))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        """Says nothing: the test's output is for its reasons."""

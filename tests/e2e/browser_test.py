"""A page in Chromium connects over WebSocket, publishes, and its closed tab leaves the will."""

import os
import pathlib
import shutil
import tempfile
import urllib.parse

from support import server as servers
from support.case import Case, main, needs_peal
from support.pages import Pages
from support.tools import Tools

HERE = pathlib.Path(__file__).parent
HEARD = "heard: q0 q1 q2"


class Browser(Case):
    """One browser for all tests; each test opens its own tab and has its own server."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-e2e-browser-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        bundle = pathlib.Path(os.environ["PEAL_NPM"]) / "node_modules/mqtt/dist/mqtt.min.js"
        cls.pages = Pages(cls.folder, [HERE / "clients" / "page.html", bundle])
        cls.addClassCleanup(cls.pages.close)
        cls.chromium = servers.Program(
            ["node", HERE / "clients" / "browser.mjs", cls.folder / "profile"], stdin=True)
        cls.addClassCleanup(cls._end_browser)
        cls.chromium.wait_line("^started", timeout=30)
        cls.answers = 1

    @classmethod
    def _end_browser(cls):
        cls.chromium.close_input()
        cls.chromium.wait()

    def serve_pages(self, allowed):
        """A server whose WebSocket is open to pages of the origin `allowed`."""
        options = {"listener": f'allowed_origins = ["{allowed}"]'} if allowed else {}
        server = servers.start(**options)
        self.addCleanup(server.stop)
        return server

    def ask(self, command):
        """Gives the browser one command and returns its answer."""
        self.chromium.write(command + "\n")
        type(self).answers += 1
        return self.chromium.wait_line(".*", timeout=25, count=self.answers).group()

    def open(self, server, name, version, title, url=None):
        """Opens the page as client `name` and returns what the browser says of it."""
        query = urllib.parse.urlencode({
            "url": url or server.url("ws"), "version": version, "client": name,
            "topic": f"page/{name}", "will": f"page-will/{name}"})
        return self.ask(f"open {self.pages.origin}/page.html?{query} {title}")

    def test_a_page_publishes_and_a_closed_tab_leaves_its_will(self):
        server = self.serve_pages(self.pages.origin)
        tools = Tools(server)
        for version in ("4", "5"):
            with self.subTest(version=version):
                name = f"tab{version}"
                watcher = tools.sub(self, "-q", "2", "-t", f"page/{name}/+", "-t",
                                    f"page-will/{name}", "-F", "%t %p")
                self.assertEqual(self.open(server, name, version, HEARD), "opened")
                self.assertEqual(sorted(watcher.messages(3)),
                                 [f"page/{name}/{x} q{x}" for x in (0, 1, 2)])
                self.assertEqual(self.ask("close"), "closed")
                self.assertEqual(watcher.messages(4)[3],
                                 f"page-will/{name} the tab was closed")

    def test_a_page_over_wss(self):
        server = self.serve_pages(self.pages.origin)
        self.assertEqual(self.open(server, "secure", "5", HEARD, url=server.url("wss")), "opened")
        self.assertEqual(self.ask("close"), "closed")

    @needs_peal
    def test_a_page_of_a_foreign_origin_is_refused(self):
        for allowed in (None, "http://example.org"):
            with self.subTest(allowed=allowed):
                server = self.serve_pages(allowed)
                self.assertEqual(self.open(server, "foreign", "4", "refused"), "opened")
                self.assertEqual(self.ask("close"), "closed")
                # Without a browser there is no origin to distrust.
                Tools(server).pub("-t", "still", "-m", "open")


if __name__ == "__main__":
    main()

"""The commands of README.md and of the guide that are marked for it run verbatim and print what it promises.

They use the default ports; so that nothing else on the machine is in their way, they run in a
network of their own (`unshare --net`).
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from support import server as servers
from support.case import Case, main, needs_peal
from support.document import Document

INSIDE = "PEAL_README_NETWORK"

SAMPLE = """
<!-- run in the background until ready -->
```sh
peal serve --data ''
```
<!-- run in the background -->
```sh
peal sub -t 'sample/#' -v
```
Not marked:
```sh
exit 1
```
<!-- run -->
```sh
build/release/peal pub -t sample/a -m hello   # a comment
```
<!-- output -->
```text
sample/a hello
```
"""


@needs_peal
class Readme(Case):
    def setUp(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-e2e-"))
        self.addCleanup(shutil.rmtree, folder, True)
        self.folder = folder / "checkout"
        (self.folder / "build" / "release").mkdir(parents=True)
        (self.folder / "build" / "release" / "peal").symlink_to(servers.PEAL)
        self.environment = {
            **os.environ, "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state"),
            "PATH": f"{self.folder / 'build' / 'release'}:{os.environ['PATH']}"}

    def document(self, text):
        return Document(text, self.folder, self.environment)

    def test_the_marks_are_understood(self):
        document = self.document(SAMPLE)
        self.assertEqual(len(document.blocks), 4)
        document.run()

    def test_a_failing_block_is_noticed(self):
        with self.assertRaisesRegex(AssertionError, "a block of the document fails"):
            self.document("<!-- run -->\n```sh\nfalse\n```\n").run()

    def run_page(self, name):
        text = (pathlib.Path(os.environ["PEAL_SOURCE"]) / name).read_text()
        document = self.document(text)
        self.assertTrue(document.blocks, f"{name} marks no block with <!-- run -->")
        document.run()

    def test_readme(self):
        self.run_page("README.md")

    def test_start(self):
        self.run_page("docs/guide/start.md")

    def test_secure(self):
        self.run_page("docs/guide/secure.md")

    def test_tls(self):
        self.run_page("docs/guide/tls.md")

    def test_secure_http(self):
        self.run_page("docs/guide/secure-http.md")

    def test_configure(self):
        self.run_page("docs/guide/configure.md")

    def test_scan(self):
        self.run_page("docs/guide/scan.md")


def enter_network():
    """Starts this program again in a network of its own, unless that is where it is."""
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "yes"
        own = ["unshare", "--map-root-user", "--net"]
        if subprocess.run([*own, "true"], capture_output=True, check=False).returncode == 0:
            os.execvp(own[0], [*own, sys.executable, *sys.argv])
        print("no network of our own: the default ports have to be free", file=sys.stderr)
    else:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


if __name__ == "__main__":
    enter_network()
    main()

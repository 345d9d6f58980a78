"""`./dev package`: the Debian package, its manual pages and its completion."""

import gzip
import os
import pathlib
import re
import shutil
import tempfile
import unittest

from support.case import Case, main, needs_peal
from support.packaging import make_package, output_of
from support.program import run
from support.server import PEAL

is_shipped = unittest.skipIf(os.environ.get("PEAL_SANITIZE"), "no package is made of a build with sanitizers")


@needs_peal
@is_shipped
class Package(Case):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-package-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.package = make_package(cls.folder)
        output_of("dpkg-deb", "-x", cls.package, cls.folder / "files")
        cls.files = cls.folder / "files"

    def commands(self):
        listed = run([PEAL, "--help"]).out
        return re.findall(r"^  ([a-z][\w-]*) {2,}\S", listed, re.M)

    def complete(self, *words):
        """What bash offers behind these words."""
        script = (f'source {self.files}/usr/share/bash-completion/completions/peal; COMP_WORDS=({" ".join(words)} ""); '
                  f'COMP_CWORD={len(words)}; _peal; echo "${{COMPREPLY[@]}}"')
        return output_of("bash", "-c", script).split()

    def test_holds_the_program_the_service_and_its_documents(self):
        listed = output_of("dpkg-deb", "-c", self.package)
        for name in ("usr/bin/peal", "usr/lib/systemd/system/peal.service", "usr/lib/sysusers.d/peal.conf", "etc/peal/peal.toml",
                     "usr/share/doc/peal/guide/secure.md", "usr/share/doc/peal/reference/config.md", "usr/share/doc/peal/copyright"):
            self.assertRegex(listed, rf"root/root .* \./{re.escape(name)}\n")
        self.assertNotRegex(listed, r"(?m)^.{8}w", "writable for everybody")
        control = output_of("dpkg-deb", "-f", self.package)
        self.assertIn(f"Version: {run([PEAL, 'version']).out.split()[-1]}", control)
        self.assertRegex(control, r"(?m)^Depends: .*libc6 .*libssl3")
        self.assertEqual(output_of("dpkg-deb", "-I", self.package, "conffiles"), "/etc/peal/peal.toml\n")

    def test_the_same_sources_make_the_same_package(self):
        again = make_package(self.folder / "again")
        self.assertEqual(again.read_bytes(), self.package.read_bytes())

    def test_every_command_has_a_page(self):
        pages = self.files / "usr/share/man/man1"
        for command in self.commands():
            if command not in ("help", "version"):
                page = gzip.decompress((pages / f"peal-{command}.1.gz").read_bytes()).decode()
                self.assertIn(".SH SYNOPSIS\n\\fBpeal " + command, page)
                self.assertNotRegex(page, r"[\x00-\x08\x0b-\x1f]", command)
        user = gzip.decompress((pages / "peal-user.1.gz").read_bytes()).decode()
        self.assertIn(".SS peal user add", user)
        self.assertIn("\\fB\\-P,\\-\\-password TEXT\\fR", user)

    def test_completion_knows_every_command_and_option(self):
        self.assertEqual(sorted(self.complete("peal")), sorted(self.commands()))
        self.assertIn("add", self.complete("peal", "user"))
        self.assertIn("--password", self.complete("peal", "user", "add"))
        self.assertIn("--topic", self.complete("peal", "pub", "-h", "localhost"))


if __name__ == "__main__":
    main()

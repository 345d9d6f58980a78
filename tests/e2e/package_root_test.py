"""The Debian package in a root of its own (debootstrap): it installs, runs, is upgraded and goes without a trace."""

import os
import pathlib
import re
import shutil
import tempfile
import unittest

from support.case import Case, main, needs_peal
from support.packaging import make_package, output_of

MIRROR = "http://deb.debian.org/debian"
SUITE = "bookworm"

can_make_a_root = unittest.skipUnless(os.geteuid() == 0 and shutil.which("debootstrap"), "needs root and debootstrap")

# What runs in the new root, in a network of its own: the service's own command, as its own user.
TRY = """
set -e
getent passwd peal
install -d -o peal -g peal -m 0700 /var/lib/peal
setpriv --reuid peal --regid peal --clear-groups /usr/bin/peal serve --config /etc/peal/peal.toml >/tmp/server.log 2>&1 &
server=$!
for try in $(seq 300); do grep -q ^ready /tmp/server.log && break; sleep 0.1; done
cat /tmp/server.log
peal pub -h 127.0.0.1 -t bell/state -m rings -q 1 -r
peal sub -h 127.0.0.1 -t 'bell/#' -C 1 -v -W 30
kill $server
wait $server
ls /var/lib/peal
"""


@needs_peal
@can_make_a_root
class CleanRoot(Case):
    def test_installs_runs_and_goes_in_a_root_of_its_own(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="peal-root-"))
        self.addCleanup(shutil.rmtree, folder, True)
        package = make_package(folder)
        root = folder / "root"
        depends = output_of("dpkg-deb", "-f", package, "Depends")
        names = ",".join(re.findall(r"(?:^|, )([a-z0-9.+-]+)", depends))
        output_of("debootstrap", "--variant=minbase", f"--include={names}", SUITE, root, MIRROR)
        shutil.copy(package, root / "peal.deb")

        def inside(*command):
            enter = 'ip link set lo up; root=$1; shift; exec chroot "$root" "$@"'
            return output_of("unshare", "--net", "--", "sh", "-c", enter, "sh", root, *command)

        inside("dpkg", "-i", "/peal.deb")
        said = inside("sh", "-c", TRY)
        self.assertIn("listening default 127.0.0.1:1883", said.replace("  ", " "))
        self.assertIn("bell/state rings", said)
        config = root / "etc/peal/peal.toml"
        config.write_text(config.read_text() + "# mine\n")
        inside("dpkg", "-i", "/peal.deb")
        self.assertTrue(config.read_text().endswith("# mine\n"), "an upgrade keeps what the operator wrote")
        inside("dpkg", "-r", "peal")
        self.assertFalse((root / "usr/bin/peal").exists())
        self.assertTrue(config.exists())
        self.assertTrue((root / "var/lib/peal").exists())
        inside("dpkg", "-P", "peal")
        left = [str(path) for pattern in ("etc/*peal*", "usr/*/*peal*", "usr/*/*/*peal*", "var/lib/*peal*", "etc/*/*/peal*")
                for path in root.glob(pattern)]
        self.assertEqual(left, [])


if __name__ == "__main__":
    main()

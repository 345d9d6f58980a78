"""The unit that deploy/ ships: what it takes from the service, and that what it names is there."""

import os
import pathlib
import re
import shutil
import tempfile
import unittest

from support.case import Case, main, needs_peal
from support.program import run
from support.server import port_of
from support.tools import Tools

DEPLOY = pathlib.Path(os.environ.get("PEAL_SOURCE", pathlib.Path(__file__).parents[2])) / "deploy"
UNIT = DEPLOY / "peal.service"

# Directives that a change of the unit may not lose.
DEMANDED = {
    "Type": "notify",
    "User": "peal",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "CAP_NET_BIND_SERVICE",
    "AmbientCapabilities": "CAP_NET_BIND_SERVICE",
    "UMask": "0077",
    "StateDirectory": "peal",
    "StateDirectoryMode": "0700",
    "LimitCORE": "0",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectProc": "invisible",
    "ProtectKernelTunables": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectControlGroups": "yes",
    "ProtectClock": "yes",
    "ProtectHostname": "yes",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "LockPersonality": "yes",
    "MemoryDenyWriteExecute": "yes",
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "SystemCallArchitectures": "native",
    "SystemCallErrorNumber": "EPERM",
}
# systemd's own measure: 0 is locked in, 10 is free; "OK" ends at 2.
EXPOSURE_LIMIT = 1.8

has_systemd_analyze = unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd-analyze")


def directives(text):
    """[(section, name, value)] in their order."""
    section, found = "", []
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.append((section, name, value))
    return found


class Unit(Case):
    def setUp(self):
        self.text = UNIT.read_text(encoding="utf-8")
        self.service = [(name, value) for section, name, value in directives(self.text) if section == "Service"]

    def values(self, name):
        return [value for each, value in self.service if each == name]

    def test_it_takes_away_what_a_server_does_not_need(self):
        for name, value in DEMANDED.items():
            self.assertEqual(self.values(name), [value], name)
        self.assertEqual(self.values("SystemCallFilter"), ["@system-service seccomp", "~@privileged"])
        self.assertGreaterEqual(int(self.values("LimitNOFILE")[0]), 100_064)

    def test_there_is_enough_time(self):
        self.assertEqual(self.values("TimeoutStopSec"), ["15s"])
        self.assertEqual(self.values("TimeoutStartSec"), ["5min"])

    def test_its_user_is_made(self):
        (line,) = [x for x in (DEPLOY / "peal.sysusers").read_text().splitlines() if x and not x.startswith("#")]
        self.assertRegex(line, r'^u peal - ".+" /var/lib/peal$')

    @has_systemd_analyze
    def test_systemd_finds_it_locked_in(self):
        done = run(["systemd-analyze", "security", "--offline=yes", "--no-pager", UNIT])
        exposure = re.search(r"Overall exposure level for peal\.service: ([0-9.]+)", done.out)
        self.assertTrue(exposure, done)
        self.assertLessEqual(float(exposure.group(1)), EXPOSURE_LIMIT, done)

    @has_systemd_analyze
    def test_systemd_understands_it(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / "peal.service"
            program = pathlib.Path(folder) / "peal"
            program.write_text("#!/bin/sh\n")
            program.chmod(0o755)
            copy.write_text(self.text.replace("/usr/bin/peal", str(program)))
            done = run(["systemd-analyze", "verify", "--man=no", copy], timeout=60)
        about_it = [x for x in (done.out + done.err).splitlines() if "peal.service" in x]
        self.assertEqual((done.code, about_it), (0, []), done)


@needs_peal
class Configuration(Case):
    def test_the_server_starts_with_the_one_that_is_shipped(self):
        (start,) = [value for _, name, value in directives(UNIT.read_text()) if name == "ExecStart"]
        self.assertEqual(start, "/usr/bin/peal serve --config /etc/peal/peal.toml")
        with tempfile.TemporaryDirectory() as folder:
            shipped = (DEPLOY / "peal.toml").read_text()
            self.assertIn('dir = "/var/lib/peal"', shipped)
            file = pathlib.Path(folder) / "peal.toml"
            file.write_text(re.sub(r'(127\.0\.0\.1|\[::1\]):1883', r"\1:0", shipped))
            program = self.serve("--config", file, data=str(pathlib.Path(folder) / "state"))
            server = type("Where", (), {"host": "127.0.0.1", "port": port_of(program)})
            tools = Tools(server, family="peal")
            tools.pub("-t", "a", "-m", "x")
            self.assertEqual(program.stop(), 0, program.report())


if __name__ == "__main__":
    main()

"""The built program has the defences that its flags ask for: read from the file, not from the flags."""

import os
import pathlib
import shutil
import subprocess
import unittest

from support.case import Case, main, needs_peal
from support.server import PEAL

is_release = unittest.skipIf(os.environ.get("PEAL_SANITIZE"), "a sanitizer's build is no release")
has_binutils = unittest.skipUnless(shutil.which("readelf") and shutil.which("nm"), "there is no readelf")

ENDBR64 = bytes.fromhex("f30f1efa")


def printed(*command):
    return subprocess.run([*command, PEAL], stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout


@needs_peal
@is_release
@has_binutils
class HardenedBuild(Case):
    def header(self, kind):
        """The flags of each program header of that kind: "RW", "R", ..."""
        lines = [x.split() for x in printed("readelf", "-lW").splitlines() if x.strip().startswith(kind + " ")]
        return ["".join(x[6:-1]) for x in lines]

    def test_it_is_loaded_at_another_place_each_time(self):
        self.assertIn("DYN (Position-Independent Executable file)", printed("readelf", "-hW"))
        self.assertIn("PIE", printed("readelf", "-dW"))

    def test_the_table_of_foreign_functions_is_read_only(self):
        self.assertEqual(len(self.header("GNU_RELRO")), 1)
        self.assertRegex(printed("readelf", "-dW"), r"\(FLAGS_1\).*NOW")
        self.assertNotIn("TEXTREL", printed("readelf", "-dW"))

    def test_nothing_is_both_written_and_executed(self):
        self.assertEqual(self.header("GNU_STACK"), ["RW"])
        self.assertIn("RE", self.header("LOAD"))
        for flags in self.header("LOAD"):
            self.assertFalse("W" in flags and "E" in flags, flags)

    def test_stacks_and_copies_are_checked(self):
        symbols = printed("nm", "-D", "--undefined-only")
        self.assertIn("__stack_chk_fail", symbols)
        for name in ("__memcpy_chk", "__snprintf_chk"):
            self.assertIn(name, symbols)

    def test_the_containers_check_their_indices(self):
        self.assertIn("__glibcxx_assert_fail", printed("nm", "-D", "--undefined-only") + printed("nm", "-C"))

    @unittest.skipUnless(os.uname().machine == "x86_64", "another processor has other instructions")
    def test_indirect_jumps_have_their_landing_places(self):
        self.assertGreater(pathlib.Path(PEAL).read_bytes().count(ENDBR64), 1000)

    def test_no_path_is_searched_for_libraries(self):
        self.assertNotRegex(printed("readelf", "-dW"), r"\((RPATH|RUNPATH)\)")


if __name__ == "__main__":
    main()

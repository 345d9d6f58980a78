#!/usr/bin/python3
"""tools/tidy.py finds a wrong arrow, a cycle, a stray library and a banned word, and leaves a good tree alone."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tools"))
sys.dont_write_bytecode = True
import tidy  # noqa: E402


class TidyTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def problems(self):
        return tidy.problems_of(tidy.read_tree(self.root))

    def test_a_good_tree_has_no_problems(self):
        self.write("peal/base/bytes.hpp", "#include <span>\n")
        self.write("peal/mqtt/frame.hpp", '#include "peal/base/bytes.hpp"\n')
        self.write("peal/broker/session.cpp", '#include "peal/mqtt/frame.hpp"\n// never a throw, "throw" is a word here\n')
        self.assertEqual(self.problems(), [])

    def test_a_lower_layer_may_not_include_a_higher_one(self):
        self.write("peal/broker/broker.hpp", "")
        self.write("peal/mqtt/frame.hpp", '\n#include "peal/broker/broker.hpp"\n')
        self.assertEqual(self.problems(), ["peal/mqtt/frame.hpp:2: mqtt may not include peal/broker/broker.hpp"])

    def test_a_store_sees_the_ports_of_the_broker_and_nothing_else_of_it(self):
        self.write("peal/broker/session.hpp", "")
        self.write("peal/broker/ports/store.hpp", "")
        self.write("peal/store/memory.hpp", '#include "peal/broker/ports/store.hpp"\n#include "peal/broker/session.hpp"\n')
        self.assertEqual(self.problems(), ["peal/store/memory.hpp:2: store may not include peal/broker/session.hpp"])

    def test_base_includes_nothing_of_ours_above_it(self):
        self.write("peal/mqtt/topic.hpp", "")
        self.write("peal/base/hash.hpp", '#include "peal/mqtt/topic.hpp"\n')
        self.assertEqual(len(self.problems()), 1)

    def test_a_cycle_is_named_in_full(self):
        self.write("peal/net/a.hpp", '#include "peal/net/b.hpp"\n')
        self.write("peal/net/b.hpp", '#include "peal/net/c.hpp"\n')
        self.write("peal/net/c.hpp", '#include "peal/net/a.hpp"\n')
        self.assertEqual(self.problems(),
                         ["cycle of includes: peal/net/a.hpp -> peal/net/b.hpp -> peal/net/c.hpp -> peal/net/a.hpp"])

    def test_the_operating_system_stays_out_of_the_broker(self):
        self.write("peal/broker/clock.cpp", "#include <sys/time.h>\n")
        self.assertEqual(len(self.problems()), 1)

    def test_a_library_stays_in_its_layer_and_out_of_shared_headers(self):
        self.write("peal/server/log.cpp", "#include <openssl/ssl.h>\n")
        self.write("peal/net/tls.hpp", "#include <openssl/ssl.h>\n")
        self.write("peal/server/node.cpp", '#include "peal/net/tls.hpp"\n')
        self.assertEqual(self.problems(), [
            "peal/server/node.cpp: peal/net/tls.hpp is included from another layer and brings <openssl/ssl.h>",
            "peal/server/log.cpp:1: <openssl/ssl.h> belongs to auth, net",
        ])

    def test_bans_hold_in_their_layers_only(self):
        self.write("peal/broker/session.cpp", "int f() { return *found.value(); }\nstd::mutex lock;\n")
        self.write("peal/server/config.cpp", "void g() { throw 1; }\n")
        self.assertEqual(self.problems(), [
            "peal/broker/session.cpp:1: .value() is refused in peal/broker",
            "peal/broker/session.cpp:2: std::mutex is refused in peal/broker",
        ])

    def test_fixme_does_not_merge(self):
        self.write("tests/unit/net/loop_test.cpp", "// FIX" + "ME: later\n")
        self.assertEqual(len(self.problems()), 1)

    def test_long_functions_and_missing_tests_are_listed_not_refused(self):
        self.write("peal/net/loop.cpp", "void run(int fd) {\n" + "  step(fd);\n" * 50 + "}\n")
        listed = dict(tidy.stands_out(tidy.read_tree(self.root)))
        self.assertEqual(listed["functions over 40 lines"], "peal/net/loop.cpp:1 (52)")
        self.assertEqual(listed["sources without a unit test of their own"], "peal/net/loop.cpp")
        self.assertEqual(self.problems(), [])


if __name__ == "__main__":
    unittest.main()

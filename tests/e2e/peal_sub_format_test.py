"""`peal sub -F` prints each format code exactly as mosquitto_sub does, from either server."""

import re

from support import server as servers
from support.case import ServerCase, main, needs_peal, needs_peal_tools
from support.tools import Tools

PROPERTIES = [
    "-D", "publish", "content-type", "text/plain", "-D", "publish", "response-topic", "answer/to",
    "-D", "publish", "correlation-data", "c-1", "-D", "publish", "payload-format-indicator", "1",
    "-D", "publish", "message-expiry-interval", "3000",
    "-D", "publish", "user-property", "colour", "blue", "-D", "publish", "user-property", "a b", "",
]

# Name of the message, what is published with it.
MESSAGES = {
    "full": ["-V", "mqttv5", "-q", "1", "-m", "hello world", *PROPERTIES],
    "bare": ["-q", "0", "-m", "x"],
    "json": ["-q", "2", "-m", '{"b": [1, 2.5, null, true], "a": {"c": "d\\n"}}'],
    "text": ["-q", "1", "-m", 'quote " back \\ slash / tab\t line\n gr\u00fcn \u20ac \u0001'],
    "binary": ["-q", "1", "-f"],
}

CODES = ["%%", "%A", "%C", "%D", "%E", "%F", "%l", "%m", "%P", "%p", "%q", "%R", "%r", "%S", "%t",
         "%X", "%x"]
SHAPES = ["%10t|", "%-10t|", "%.3t|", "%10.3t|", "%-10.3t|", "%3t|", "%010t|", "%-010t|",
          "%12C|", "%-12C|", "%.4C|", "%.4R|", "%12R|", "%5l|", "%05l|", "%-5l|", "%-05l|",
          "%5m|", "%05m|", "%-5m|", "%5E|", "%08E|", "%-8E|", "%3F|", "%03F|", "%4S|", "%04S|",
          "%4A|", "%04A|", "%-4A|", "%2x|", "%4x|", "%04x|", "%-4x|", "%4X|", "%04X|",
          "%20p|", "%-20p|", "%.4p|", "%5q|", "%5r|"]
ESCAPES = [r"a\nb", r"\a\e\t\r\v\0end", r"\\", r"\q", "@@", "plain text", "", "%t %p %q",
           "gr\u00fcn %t", "100%%"]
TIMES = ["@Y-@m-@dT@H:@M:@S", "@N", "@s", "@z @Z", "@j", "%I", "%30I|", "%-30I|", "%.10I|", "%U"]
WRONG = ["%", "@", "\\", "%z", "%5", "%-", "%0", "%.", "%.t", "%5z", "%5%", "%5D|", "%99999t"]


@needs_peal_tools
class WithMosquitto(ServerCase):
    """Both programs ask for the same retained messages and are compared byte by byte."""

    start_server = servers.Mosquitto

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tools = [Tools(cls.server, family) for family in ("mosquitto", "peal")]
        file = cls.server.folder / "binary"
        file.write_bytes(bytes(range(256)))
        for name, arguments in MESSAGES.items():
            end = [file] if arguments[-1] == "-f" else []
            cls.tools[0].pub("-r", "-t", f"format/{name}", *arguments, *end)

    def outputs(self, message, form, *arguments):
        return [tools.run("sub", "-C", "1", "-W", "5", "-q", "2", "-t", f"format/{message}",
                          "-F", form, *arguments) for tools in self.tools]

    def check_same(self, message, form, *arguments, mask=None):
        """Compares what both print; once more when the clock may have stepped in between."""
        for attempt in range(2):
            theirs, ours = self.outputs(message, form, *arguments)
            wanted, got = theirs.raw, ours.raw
            if mask:
                wanted, got = (re.sub(mask, b"#", x) for x in (wanted, got))
            if (got, ours.code) == (wanted, theirs.code):
                return
        self.fail(f"format {form!r}, message {message!r}\nmosquitto_sub: {wanted!r}, code "
                  f"{theirs.code}\n     peal sub: {got!r}, code {ours.code}\n"
                  f"{theirs.err}{ours.err}")

    def test_each_code_of_each_message(self):
        for message in MESSAGES:
            for form in CODES:
                with self.subTest(message=message, form=form):
                    self.check_same(message, form, "-V", "mqttv5",
                                    "-D", "subscribe", "subscription-identifier", "42")

    def test_codes_in_version_3_1_1(self):
        for form in CODES:
            with self.subTest(form=form):
                self.check_same("full", form, "-V", "mqttv311")

    def test_widths_and_flags(self):
        for form in SHAPES:
            for message in ("full", "bare"):
                with self.subTest(message=message, form=form):
                    self.check_same(message, form, "-V", "mqttv5",
                                    "-D", "subscribe", "subscription-identifier", "42")

    def test_escapes(self):
        for form in ESCAPES:
            with self.subTest(form=form):
                self.check_same("full", form)
                self.check_same("full", form, "-N")

    def test_times_have_the_same_shape(self):
        for form in TIMES:
            with self.subTest(form=form):
                self.check_same("bare", form, mask=rb"[0-9]")

    def test_json(self):
        stamp = rb'"tst":\s?"[^"]*"'
        for message in ("full", "bare", "json", "text"):
            for version in ("mqttv311", "mqttv5"):
                for more in ([], ["--pretty"]):
                    with self.subTest(message=message, version=version, more=more):
                        self.check_same(message, "%j", "-V", version, *more, mask=stamp)
        for more in ([], ["--pretty"]):
            with self.subTest(form="%J", more=more):
                self.check_same("json", "%J", *more, mask=stamp)

    def test_wrong_formats_are_refused_alike(self):
        for form in WRONG:
            with self.subTest(form=form):
                theirs, ours = self.outputs("full", form)
                self.assertEqual((ours.code, ours.out), (theirs.code, theirs.out),
                                 f"{theirs}\n{ours}")

    def test_verbose_and_plain(self):
        for more in ([], ["-v"], ["-N"], ["-v", "-N"]):
            for message in MESSAGES:
                with self.subTest(message=message, more=more):
                    same = ["-C", "1", "-W", "5", "-t", f"format/{message}", *more]
                    theirs, ours = (tools.run("sub", *same) for tools in self.tools)
                    self.assertEqual(ours.raw, theirs.raw)


@needs_peal
class WithPeal(WithMosquitto):
    start_server = servers.Peal


if __name__ == "__main__":
    main()

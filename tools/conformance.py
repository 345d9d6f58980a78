#!/usr/bin/python3
"""Makes docs/conformance.md: every normative statement, where the code enforces it, which test shows it, and what is missing.

The statements are docs/normative.txt; a citation is `[MQTT-3.3.1-4]` for MQTT 5 and `[MQTT3-3.3.1-4]` for MQTT 3.1.1. The short
form of an identifier that only MQTT 3.1.1 has means that one.

    tools/conformance.py           writes docs/conformance.md
    tools/conformance.py --check   fails when it is out of date (line numbers aside) or a citation names no statement
"""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "conformance.md"
NAMES = {"5": "MQTT 5.0", "3.1.1": "MQTT 3.1.1"}
SUFFIXES = {".cpp", ".hpp", ".py", ".js", ".mjs", ".txt", ".html"}

_CITATION = re.compile(r"\bMQTT(3?)-(\d[\d.\-]*-\d+)\b")

Statement = collections.namedtuple("Statement", "version id who text")


def read_statements():
    lines = (ROOT / "docs" / "normative.txt").read_text(encoding="utf-8").splitlines()
    return [Statement(*line.split(None, 3)) for line in lines if line and not line.startswith("#")]


def binds_server(statement):
    """A client's duty binds the server too where the statement says what the server then does."""
    return statement.who != "C" or "S:" in statement.text


def citations(folder, known):
    """(version, identifier) -> the places below `folder` that cite it, as path:line. `known` are the keys of all statements."""
    places = collections.defaultdict(list)
    for path in sorted((ROOT / folder).rglob("*")):
        if path.suffix not in SUFFIXES or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for three, identifier in sorted(set(_CITATION.findall(line))):
                version = "5" if not three and (("5", identifier) in known or ("3.1.1", identifier) not in known) else "3.1.1"
                places[version, identifier].append(f"{path.relative_to(ROOT).as_posix()}:{number}")
    return places


def unknown_citations(known, *cited):
    for places in cited:
        for key in sorted(places.keys() - known):
            yield f"{places[key][0]}: MQTT {key[0]} has no statement {key[1]}"


def cell(places):
    """At most three places: the first ones by path, so that the page stays readable."""
    if not places:
        return "**gap**"
    more = f" +{len(places) - 3}" if len(places) > 3 else ""
    return "<br>".join(f"`{place}`" for place in places[:3]) + more


def totals(statements, code, tests):
    yield "| | binding a server | cited in the code | shown by a test | both | neither |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for version, name in NAMES.items():
        keys = {(version, one.id) for one in statements if one.version == version}
        in_code, in_tests = keys & code.keys(), keys & tests.keys()
        counts = (len(keys), len(in_code), len(in_tests), len(in_code & in_tests), len(keys - in_code - in_tests))
        yield f"| {name} | " + " | ".join(map(str, counts)) + " |"


def page(statements, code, tests):
    yield "# Conformance: every normative statement, its code and its test\n"
    yield "Made by `tools/conformance.py` from `docs/normative.txt` and the citations in `peal/` and `tests/`; do not edit. Here are the"
    yield "statements that bind a server; the wording is ours. A **gap** is a statement that nothing cites yet. `./dev lint` checks that"
    yield "the files are right; line numbers are those of the last run.\n"
    yield from totals(statements, code, tests)
    for version, name in NAMES.items():
        yield f"\n## {name}\n"
        yield "| statement | who | what | code | tests |"
        yield "| --- | --- | --- | --- | --- |"
        for one in statements:
            if one.version == version:
                key = (version, one.id)
                text = one.text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
                yield f"| {one.id} | {one.who} | {text} | {cell(code.get(key))} | {cell(tests.get(key))} |"


def without_lines(text):
    return re.sub(r":\d+`", "`", text)


def main():
    every = read_statements()
    statements = [statement for statement in every if binds_server(statement)]
    known = {(statement.version, statement.id) for statement in every}
    code, tests = citations("peal", known), citations("tests", known)
    text = "\n".join(page(statements, code, tests)) + "\n"
    problems = list(unknown_citations(known, code, tests))
    print(*problems, sep="\n", end="\n" if problems else "")
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or without_lines(PAGE.read_text(encoding="utf-8")) != without_lines(text):
        problems.append("out of date")
        print("docs/conformance.md is out of date; run tools/conformance.py")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

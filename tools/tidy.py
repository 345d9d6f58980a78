#!/usr/bin/python3
"""Holds what a compiler does not: who may include whom, no cycles of includes, and what some layers may not use.

Fences (the exit status is 1 when one is broken): the arrows between layers, third-party libraries in one place, cycles,
banned words. Lists (printed, never failing): long files, functions and lines, sources without a unit test.

    tools/tidy.py [ROOT]
"""
import pathlib
import re
import sys

# Which folders of peal/ a layer may include from, besides itself. A folder stands for what is below it, too.
_FEATURE = {"base", "mqtt", "net", "server/ports"}
ARROWS = {
    "base": set(),
    "mqtt": {"base"},
    "net": {"base"},
    "broker": {"base", "mqtt"},
    "store": {"base", "mqtt", "broker/ports"},
    "auth": {"base", "mqtt", "broker/ports"},
    "server": {"base", "mqtt", "net", "broker", "store", "auth"},
    "http": _FEATURE, "sn": _FEATURE, "rules": _FEATURE, "streams": _FEATURE, "twin": _FEATURE, "cluster": _FEATURE,
    "bridge": {"base", "mqtt", "client", "server/ports"},
    "client": {"base", "mqtt", "net"},
    "embedded": {"base", "mqtt"},
    "cli": None,  # everything
}
STD_ONLY = {"base", "mqtt", "broker", "embedded"}  # neither the operating system nor a library
LIBRARIES = {  # how an include of it begins -> the layers that may
    "openssl/": {"net", "auth"},
    "boost/beast": {"net"},
    "boost/json": {"http", "auth", "server", "cli"},
    "curl/": {"auth"},
    "spdlog/": {"server"},
    "toml++/": {"server"},
    "CLI/": {"cli"},
    "qrencode.h": {"cli"},
    "fmt/": {"server", "cli"},
    "rocksdb/": {"store"},
    "sodium": {"auth"},
    "seccomp": {"cli"},
}

_ANYWHERE_BELOW = {r"\bthrow\b": "throw", r"\bstd::shared_ptr\b": "std::shared_ptr"}
# `.value()` throws; in net it is also how Boost.Beast names a header's value.
_IN_THE_CORE = {r"\.value\(\)": ".value()", r"\bstd::mutex\b": "std::mutex", r"\bthread_local\b": "thread_local"}
BANS = {
    "mqtt": _ANYWHERE_BELOW | _IN_THE_CORE,
    "broker": _ANYWHERE_BELOW | _IN_THE_CORE,
    "net": _ANYWHERE_BELOW,
}

FILE_LINES, FUNCTION_LINES, LINE_COLUMNS = 400, 40, 100

_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
_COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
# The line that opens a function's body, as clang-format leaves it; a parameter list may have begun on a line above.
_FUNCTION = re.compile(
    r"^( *)(?!(?:namespace|class|struct|enum|union|if|for|while|switch|else|do|try|catch|extern)\b|\})\S.*\).*[^=]\{$")


def code_only(text):
    """`text` with comments and literals blanked; every line stays where it is."""
    return _COMMENT_OR_STRING.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


class Source:
    """One file of the tree: its layer, its text, and what it includes as (line, path, is_ours)."""

    def __init__(self, root, path):
        self.path = path.relative_to(root).as_posix()
        self.text = path.read_text(encoding="utf-8")
        self.code = code_only(self.text)
        parts = self.path.split("/")
        self.layer = parts[1] if parts[0] == "peal" and len(parts) > 2 else None
        self.includes = [
            (self.text.count("\n", 0, match.start(2)) + 1, match.group(2), match.group(2).startswith("peal/"))
            for match in _INCLUDE.finditer(self.text)
        ]


def read_tree(root):
    """Every C++ file below peal/, tests/, bench/ and examples/ of `root`, by path."""
    root = pathlib.Path(root)
    files = (path for top in ("peal", "tests", "bench", "examples") for path in sorted((root / top).rglob("*.[ch]pp")))
    return {source.path: source for source in (Source(root, path) for path in files)}


def is_allowed(layer, target):
    """Whether a file of `layer` may include `target`, a path that begins with peal/."""
    allowed = ARROWS[layer]
    folder = target.removeprefix("peal/")
    return allowed is None or any(folder.startswith(f"{name}/") for name in allowed | {layer})


def arrow_problems(sources):
    for source in sources.values():
        if source.layer is None:
            continue
        if source.layer not in ARROWS:
            yield f"{source.path}:1: folder peal/{source.layer} has no row in tools/tidy.py"
            continue
        for line, target, is_ours in source.includes:
            if is_ours and not is_allowed(source.layer, target):
                yield f"{source.path}:{line}: {source.layer} may not include {target}"
            elif is_ours and target not in sources:
                yield f"{source.path}:{line}: there is no {target}"
            elif not is_ours:
                yield from foreign_problems(sources, source, line, target)


def foreign_problems(sources, source, line, target):
    """What speaks against an include of the standard library, the operating system or a third-party library."""
    if source.layer in STD_ONLY and not re.fullmatch(r"[a-z_0-9]+", target):
        yield f"{source.path}:{line}: {source.layer} uses the standard library only, not <{target}>"
    for prefix, layers in LIBRARIES.items():
        if not target.startswith(prefix):
            continue
        if source.layer not in layers | {"cli"} and source.layer not in STD_ONLY:
            yield f"{source.path}:{line}: <{target}> belongs to {', '.join(sorted(layers))}"
        for user in sources.values():
            if user.layer not in (None, source.layer) and any(path == source.path for _, path, _ in user.includes):
                yield f"{user.path}: {source.path} is included from another layer and brings <{target}>"


def cycle_problems(sources):
    """One line for each cycle found by walking the includes depth first."""
    state = {}  # path -> "open" while on the walk, "done" after

    def walk(path, trail):
        state[path] = "open"
        for _, target, is_ours in sources[path].includes:
            if not is_ours or target not in sources:
                continue
            if state.get(target) == "open":
                yield "cycle of includes: " + " -> ".join([*trail[trail.index(target):], target])
            elif target not in state:
                yield from walk(target, [*trail, target])
        state[path] = "done"

    for path in sources:
        if path not in state:
            yield from walk(path, [path])


def ban_problems(sources):
    for source in sources.values():
        for number, line in enumerate(source.text.splitlines(), 1):
            if re.search(r"\bFIXME\b", line):
                yield f"{source.path}:{number}: FIXME does not merge"
        for number, line in enumerate(source.code.splitlines(), 1):
            for pattern, name in BANS.get(source.layer, {}).items():
                if re.search(pattern, line):
                    yield f"{source.path}:{number}: {name} is refused in peal/{source.layer}"


def functions_of(source):
    """(line, lines) of each function body, told from the indentation that clang-format gives."""
    lines = source.code.splitlines()
    for start, line in enumerate(lines):
        match = _FUNCTION.match(line)
        if match:
            closing = re.compile(rf" {{0,{len(match.group(1))}}}\}}")
            end = next((at for at in range(start + 1, len(lines)) if closing.match(lines[at])), start)
            yield start + 1, end - start + 1


def stands_out(sources):
    """What a reader should look at again: (kind, where) pairs."""
    for source in sources.values():
        lines = source.text.splitlines()
        if len(lines) > FILE_LINES:
            yield f"files over {FILE_LINES} lines", f"{source.path} ({len(lines)})"
        for line, length in functions_of(source):
            if length > FUNCTION_LINES:
                yield f"functions over {FUNCTION_LINES} lines", f"{source.path}:{line} ({length})"
        long_lines = [number for number, line in enumerate(lines, 1) if len(line) > LINE_COLUMNS]
        if long_lines:
            yield f"files with lines over {LINE_COLUMNS} columns", f"{source.path}:{long_lines[0]} ({len(long_lines)} of them)"
        if source.layer and source.path.endswith(".cpp") and not source.path.endswith("/main.cpp"):
            test = "tests/unit/" + source.path.removeprefix("peal/").removesuffix(".cpp") + "_test.cpp"
            if test not in sources:
                yield "sources without a unit test of their own", source.path


def problems_of(sources):
    return [*arrow_problems(sources), *cycle_problems(sources), *ban_problems(sources)]


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    sources = read_tree(root)
    seen = {}
    for kind, where in stands_out(sources):
        seen.setdefault(kind, []).append(where)
    for kind, places in sorted(seen.items()):
        print(f"{kind}: {len(places)}", *places, sep="\n  ")
    problems = problems_of(sources)
    print(*problems, sep="\n", end="\n" if problems else "")
    print(f"tidy: {len(sources)} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""Manual pages and shell completion, made from what the program itself says of its commands (`peal --help`, `peal COMMAND --help`).

    tools/manual.py PEAL DIRECTORY [--date YYYY-MM-DD]

writes DIRECTORY/man1/peal.1, peal-COMMAND.1, ..., DIRECTORY/bash/peal and DIRECTORY/zsh/_peal.
"""
import argparse
import dataclasses
import datetime
import os
import pathlib
import re
import subprocess

ENTRY = re.compile(r"^ {2,6}(?P<names>\S+(?: \S+)*)(?: {2,}(?P<text>.*))?$")
FLAG = re.compile(r"(?<![\w-])(--?[A-Za-z0-9][\w-]*)")


@dataclasses.dataclass
class Entry:
    """An option, an argument or a sub-command: what is typed, and what it means."""
    names: str
    text: str = ""

    def flags(self):
        return FLAG.findall(self.names)


@dataclasses.dataclass
class Command:
    """What one command says of itself."""
    words: tuple  # ("user", "add")
    introduction: list = dataclasses.field(default_factory=list)  # paragraphs' lines
    usage: list = dataclasses.field(default_factory=list)
    sections: dict = dataclasses.field(default_factory=dict)  # title: entries
    notes: list = dataclasses.field(default_factory=list)
    children: list = dataclasses.field(default_factory=list)

    def options(self):
        """[(title, entries)] of what is not a sub-command."""
        return [(title, entries) for title, entries in self.sections.items() if title != "Subcommands" and entries]

    def flags(self):
        return sorted({flag for _, entries in self.options() for entry in entries for flag in entry.flags()})


def help_of(program, words):
    done = subprocess.run([program, *words, "--help"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
                          env={**os.environ, "COLUMNS": "100"})
    return done.stdout.splitlines()


def read_command(program, words):
    """A command and, where it has them, its sub-commands."""
    command, section = Command(words), None
    for line in help_of(program, words):
        if line.startswith("Usage:") or (command.usage and section is None and line.startswith("       ")):
            command.usage.append(line.removeprefix("Usage:").strip())
        elif re.fullmatch(r"[A-Z][\w ]*:", line) and command.usage:
            section = command.sections.setdefault(line[:-1], [])
        elif section is not None and (found := ENTRY.match(line)):
            section.append(Entry(found["names"], found["text"] or ""))
        elif section and line.startswith(" " * 20):
            section[-1].text = (section[-1].text + " " + line.strip()).strip()
        elif line or command.notes:
            (command.notes if section is not None else command.introduction).append(line)
    for entry in command.sections.get("Subcommands", []):
        command.children.append(read_command(program, (*words, entry.names)))
    return command


def read_program(program):
    """[(name, description)] and the commands of the whole program."""
    listed = [found.groups() for line in help_of(program, ())
              if (found := re.match(r"^  ([a-z][\w-]*) {2,}(\S.*)$", line))]
    plain = {"help", "version"}  # they say all in one line
    return listed, [read_command(program, (name,)) for name, _ in listed if name not in plain]


# --- manual pages -------------------------------------------------------------------------------------------------------

def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def roff_lines(lines):
    for line in lines:
        if not line:
            yield ".PP"
        elif line.startswith("  "):  # a table, as it stands
            yield from (".nf", roff(line), ".fi")
        else:
            yield roff(line)


def roff_entries(entries):
    for entry in entries:
        yield from (".TP", f"\\fB{roff(entry.names)}\\fR", roff(entry.text))


def roff_child(command):
    yield f".SS {roff(' '.join(('peal', *command.words)))}"
    yield from roff_lines(command.introduction)
    if command.usage:
        yield from (".PP", f"\\fB{roff(command.usage[0])}\\fR")
    for _, entries in command.options():
        yield from roff_entries(entries)
    for child in command.children:
        yield from roff_child(child)


def page(name, description, date, version, body):
    head = [f'.TH {name.upper()} 1 "{date}" "Peal {version}" "Peal"', ".SH NAME", f"{roff(name)} \\- {roff(description)}"]
    return "\n".join([*head, *body]) + "\n"


def command_page(command, description, date, version, others):
    def body():
        yield ".SH SYNOPSIS"
        for line in command.usage:
            yield from (f"\\fB{roff(line)}\\fR", ".br")
        yield from (".SH DESCRIPTION", *roff_lines(command.introduction))
        for title, entries in command.options():
            yield f".SH {title.upper()}"
            yield from roff_entries(entries)
        if command.children:
            yield ".SH COMMANDS"
            for child in command.children:
                yield from roff_child(child)
        if command.notes:
            yield from (".SH NOTES", *roff_lines(command.notes))
        yield from (".SH SEE ALSO", ", ".join(f"\\fB{roff(other)}\\fR(1)" for other in others))
    name = "peal-" + command.words[0]
    return page(name, description, date, version, body())


def program_page(listed, commands, date, version):
    with_page = {command.words[0] for command in commands}

    def body():
        yield from (".SH SYNOPSIS", "\\fBpeal\\fR COMMAND [OPTIONS]", ".SH DESCRIPTION",
                    "One program: an MQTT server, clients to publish and subscribe, and what an operator needs.", ".SH COMMANDS")
        for name, description in listed:
            title = f"\\fB{roff('peal-' + name)}\\fR(1)" if name in with_page else f"\\fB{roff('peal ' + name)}\\fR"
            yield from (".TP", title, roff(description))
        yield from (".SH FILES", ".TP", "/etc/peal/peal.toml", "configuration of the service", ".TP", "/var/lib/peal",
                    "state of the service; $XDG_STATE_HOME/peal for a user")
    return page("peal", "an MQTT platform in one program", date, version, body())


# --- completion ---------------------------------------------------------------------------------------------------------

def walk(commands):
    for command in commands:
        yield command
        yield from walk(command.children)


def bash_completion(listed, commands):
    cases = "\n".join(
        f'    {"/".join(command.words)}) words="{" ".join([*(child.words[-1] for child in command.children), *command.flags()])}" ;;'
        for command in walk(commands))
    paths = " ".join("/".join(command.words) for command in walk(commands))
    return f"""# bash completion for peal
_peal() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} path="" words="" word
  local paths=" {paths} "
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    if [[ $paths == *" ${{path:+$path/}}$word "* ]]; then path=${{path:+$path/}}$word; fi
  done
  case $path in
    "") words="{" ".join(name for name, _ in listed)}" ;;
{cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _peal peal
"""


ZSH = """#compdef peal
autoload -U +X bashcompinit && bashcompinit
source /usr/share/bash-completion/completions/peal
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("peal")
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--date", default=datetime.date.today().isoformat())
    options = parser.parse_args()
    version = subprocess.run([options.peal, "version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    listed, commands = read_program(options.peal)
    names = ["peal", *("peal-" + command.words[0] for command in commands)]
    descriptions = dict(listed)
    pages = {"peal": program_page(listed, commands, options.date, version)}
    for command in commands:
        name = "peal-" + command.words[0]
        pages[name] = command_page(command, descriptions[command.words[0]], options.date, version,
                                   [other for other in names if other != name])
    files = {f"man1/{name}.1": text for name, text in pages.items()}
    files["bash/peal"] = bash_completion(listed, commands)
    files["zsh/_peal"] = ZSH
    for name, text in files.items():
        path = options.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

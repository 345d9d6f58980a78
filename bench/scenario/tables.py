"""Results as Markdown for people and JSON for programs."""

import dataclasses
import json

from scenarios import BACKLOG, CAPACITY, DURABLE, LIGHT, MEMORY, RULES, SYSCALLS, TLS, WORKERS


def number(value):
    """Three digits that count: 0.0352, 5.62, 750, 100 000."""
    if value is None:
        return "-"
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}" if value else "0"


def with_spread(results, row, server):
    """The median, and the smallest and largest when there is more than one round."""
    values = results.values(row, server)
    text = number(results.median(row, server))
    return f"{text} ({number(min(values))} … {number(max(values))})" if len(values) > 1 else text


def share(results, row, server="Peal", of="Mosquitto"):
    mine, theirs = results.median(row, server), results.median(row, of)
    return "-" if mine is None or not theirs else f"{mine / theirs:.3f}"


def markdown_table(head, lines):
    rule = ["---"] + ["--:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, rule, *lines]) + "\n"


def wrong_messages(group, results):
    """A sentence for every row and server that did not deliver each message once and in order."""
    lines = []
    for row in group.rows:
        for server in results.reports.get(row.key, {}):
            if wrong := results.wrong(row, server):
                counts = ", ".join(f"{count} {name}" for name, count in wrong.items())
                lines.append(f"* {row.title}, {server}: {counts}")
    if lines:
        return "Not every message arrived once and in order:\n\n" + "\n".join(lines) + "\n"
    return "" if group in (MEMORY, SYSCALLS, DURABLE) else "Nothing was lost, duplicated, reordered or misdirected.\n"


def compared(group, results, mosquitto, kernel=False, resident=False):
    """A table with Peal, Mosquitto, Peal's share of it, and the goal."""
    head = ["", *(["kernel"] if kernel else []), "Peal", f"Mosquitto {mosquitto}", "Peal / Mosquitto", "goal",
            *(["resident MB after, Peal / Mosquitto"] if resident else [])]
    lines = []
    for row in measured(group, results):
        line = [row.title, *([with_spread(results, row, "kernel")] if kernel else []),
                "**" + with_spread(results, row, "Peal") + "**", with_spread(results, row, "Mosquitto"),
                share(results, row), number(row.goal)]
        if resident:
            line.append(" / ".join(megabytes(results, row, server) for server in ("Peal", "Mosquitto")))
        lines.append(line)
    return markdown_table(head, lines)


def memory_table(results, mosquitto):
    lines = []
    for row in measured(MEMORY, results):
        counts = [count for server in ("Peal", "Mosquitto") for count in results.values(row, server, "items")]
        lines.append([row.title, number(max(counts)), "**" + number(results.median(row, "Peal")) + "**",
                      number(results.median(row, "Mosquitto")), share(results, row), number(row.goal)])
    return markdown_table(["one of", "so many", "Peal", f"Mosquitto {mosquitto}", "Peal / Mosquitto", "goal"], lines)


def megabytes(results, row, server, field="broker_resident_bytes"):
    value = results.median(row, server, field)
    return "-" if value is None else f"{value / 1e6:.0f}"


def measured(group, results):
    return [row for row in group.rows if row.key in results.reports]


def light_table(results, mosquitto):
    head = ["", "server", "CPU s per million", "goal", "p50 ms", "p99 ms", "p99.9 ms", "max ms"]
    lines = []
    for row in measured(LIGHT, results):
        for server in ("Peal", "Mosquitto", "kernel"):
            if results.of(row, server):
                latencies = [number(results.median(row, server, f"latency_{name}_ms"))
                             for name in ("p50", "p99", "p999", "max")]
                lines.append([row.title, server if server != "Mosquitto" else f"Mosquitto {mosquitto}",
                              with_spread(results, row, server), number(row.goal) if server == "Peal" else "", *latencies])
    return markdown_table(head, lines)


def capacity_table(results, mosquitto):
    def cell(row, server):
        reports = results.of(row, server)
        if not reports:
            return "-"
        mark = {"broker": "", "load generator": " g"}.get(reports[-1]["limited_by"], " ?")
        return f"{number(results.median(row, server))}{mark} (p99 {number(reports[-1]['latency_p99_ms'])} ms)"

    lines = [[row.title, cell(row, "Peal"), cell(row, "Mosquitto"), share(results, row, "Peal", "Mosquitto"),
              number(row.goal) if row.goal else "g"] for row in measured(CAPACITY, results)]
    return markdown_table(["", "Peal", f"Mosquitto {mosquitto}", "Peal / Mosquitto", "goal"], lines)


def against_itself(group, results, plain, other):
    lines = [[row.title, with_spread(results, row, plain), with_spread(results, row, other),
              share(results, row, other, plain), f"{number(row.goal)} at most"]
             for row in measured(group, results)]
    return markdown_table(["", plain, other, f"{other} / {plain}", "goal"], lines)


def tls_table(results, mosquitto):
    lines = []
    for row in measured(TLS, results):
        lines.append([row.title, with_spread(results, row, "Peal"), with_spread(results, row, "Mosquitto"), share(results, row)])
    return markdown_table(["", "Peal", f"Mosquitto {mosquitto}", "Peal / Mosquitto"], lines)


def calls_table(results, mosquitto):
    text = compared(SYSCALLS, results, mosquitto) + "\n"
    for row in measured(SYSCALLS, results):
        for server in ("Peal", "Mosquitto"):
            for report in results.of(row, server)[-1:]:
                names = ", ".join(f"{name} {number(count)}" for name, count in report["calls_by_name"].items()
                                  if count >= 0.001)
                text += f"* {row.title}, {server}: {names}\n"
    return text


def durable_table(results, mosquitto):
    names = {"Peal": "Peal", "Mosquitto": f"Mosquitto {mosquitto}"}
    rows = [row for row in measured(DURABLE, results) if row.key != "drain"]
    lines = [[row.title, names[server], with_spread(results, row, server),
              *(number(results.median(row, server, field)) for field in (
                  "syncs_per_second", "written_per_payload_byte", "cpu_s_per_million", "latency_p50_ms", "latency_p99_ms"))]
             for row in rows for server in names if results.of(row, server)]
    text = markdown_table(["", "server", "messages/s", "syncs/s", "bytes written per byte of payload", "CPU s per million",
                           "p50 ms", "p99 ms"], lines)
    for server in names:
        one, many = (next((results.median(row, server) for row in rows if row.key == key), None)
                     for key in ("keep-1", "keep-200"))
        if one and many:
            text += f"\n{names[server]}: 200 publishers get {many / one:.1f} times the messages of one.\n"
    for row in measured(DURABLE, results):
        if row.key == "drain":
            text += "\n" + drain_table(results, row, names)
    return text


def drain_table(results, row, names):
    count = max(results.values(row, server, "messages") for server in names if results.of(row, server))[0]
    lines = [[names[server], number(results.median(row, server, "messages")), with_spread(results, row, server),
              number(results.median(row, server, "cpu_s_per_million")),
              *(number(results.median(row, server, field)) for field in ("start_seconds", "start_seconds_killed")),
              megabytes(results, row, server, "resident_bytes_grown"), megabytes(results, row, server, "resident_bytes_before")]
             for server in names if results.of(row, server)]
    return (f"{number(count)} messages wait for 1 000 sessions, and as many are retained; then the server is started anew and "
            "the sessions come back:\n\n" + markdown_table(
                ["", "came", "messages/s", "CPU s per million", "start after SIGTERM, s", "start after kill -9, s",
                 "MB that the queues took", "MB resident after the start"], lines))


def group_table(group, results, mosquitto):
    if group is LIGHT:
        return light_table(results, mosquitto)
    if group is CAPACITY:
        return capacity_table(results, mosquitto)
    if group is WORKERS:
        return against_itself(WORKERS, results, "1 worker", "2 workers")
    if group is RULES:
        return against_itself(RULES, results, "no rules", "rules")
    if group is TLS:
        return tls_table(results, mosquitto)
    if group is DURABLE:
        return durable_table(results, mosquitto)
    if group is MEMORY:
        return memory_table(results, mosquitto)
    if group is SYSCALLS:
        return calls_table(results, mosquitto)
    return compared(group, results, mosquitto, kernel=group is BACKLOG, resident=group is BACKLOG)


def as_markdown(groups, results, about):
    text = ("# Peal and Mosquitto, measured\n\n"
            f"{about['machine']}, load average {about['load_before']} before. Commit {about['commit']}, "
            f"{about['date']}, {about['minutes']} minutes, "
            f"`{about['command']}`. Medians of {about['rounds']} round(s), in parentheses the smallest and largest. "
            "Settings: `bench/README.md`.\n")
    for group in groups:
        text += f"\n## {group.title}: {group.unit}\n\n{group.text}\n\n"
        text += group_table(group, results, about["mosquitto"])
        if sentence := wrong_messages(group, results):
            text += "\n" + sentence
    if results.failures:
        text += "\n## Not measured\n\n" + "\n".join(f"* {line.splitlines()[0]}" for line in results.failures) + "\n"
    return text


def as_json(groups, results, about):
    tables = [{"table": group.key, "unit": group.unit,
               "rows": [{**dataclasses.asdict(row), "servers": results.reports[row.key]}
                        for row in measured(group, results)]} for group in groups]
    return json.dumps({"about": about, "tables": tables, "failures": results.failures}, indent=1) + "\n"

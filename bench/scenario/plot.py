"""Horizontal bars as SVG, written by hand: no library, and the same bytes for the same numbers."""

import html
import math

from scenarios import BACKLOG, CAPACITY, MEMORY, SYSCALLS
from tables import number

WIDTH = 880
LEFT = 300
RIGHT = 130
TOP = 118
BAR = 13
GAP = 3
ROW_GAP = 20
COLOURS = {"Peal": "#0b7a75", "Mosquitto": "#9aa5b1", "kernel": "#d9c38c"}
INK, SOFT, GRID, PAPER, GOAL = "#1f2933", "#616e7c", "#e4e7eb", "#ffffff", "#c2410c"
STYLE = (f"text{{font-family:-apple-system,'Segoe UI','DejaVu Sans',Helvetica,Arial,sans-serif;fill:{INK};font-size:13px}}"
         f".title{{font-size:19px;font-weight:600}}.soft{{fill:{SOFT};font-size:12px}}.value{{font-size:12px}}"
         ".own{font-weight:600}")


class Scale:
    """From a value to a place on the x axis, logarithmic, with a line for each power of ten."""

    def __init__(self, values):
        positive = [value for value in values if value > 0]
        self.low = math.floor(math.log10(min(positive)) * 2 - 0.3) / 2
        self.high = math.log10(max(positive)) + 0.02
        self.width = WIDTH - LEFT - RIGHT

    def x(self, value):
        if value <= 0:
            return LEFT
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return LEFT + max(0.0, share) * self.width

    def lines(self):
        return [10.0**power for power in range(math.ceil(self.low), math.floor(self.high) + 1)]


def text(x, y, words, kind="", anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{html.escape(words)}</text>'


def bar(x, y, width, colour):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1.5):.1f}" height="{BAR}" rx="2" fill="{colour}"/>'


def legend(servers, has_goal, names):
    parts, x = [], 24.0
    for server in servers:
        parts.append(bar(x, 80, 18, COLOURS[server]))
        label = names.get(server, server)
        parts.append(text(x + 25, 91, label))
        x += 25 + 7.4 * len(label) + 26
    if has_goal:
        parts.append(goal_mark(x + 6, 80, BAR))
        parts.append(text(x + 18, 91, "goal"))
    return parts


def goal_mark(x, y, height):
    return f'<path d="M{x:.1f} {y - 2:.1f}v{height + 4:.1f}" stroke="{GOAL}" stroke-width="2.5"/>'


def chart(title, subtitle, rows, servers, names):
    """`rows`: (label, {server: value}, goal or None)."""
    values = [value for _, by_server, goal in rows for value in [*by_server.values(), goal or 0] if value]
    scale = Scale(values)
    body, y = [], TOP
    for label, by_server, goal in rows:
        shown = [server for server in servers if by_server.get(server) is not None]
        height = len(shown) * (BAR + GAP) - GAP
        body.append(text(LEFT - 14, y + height / 2 + 4.5, label, anchor="end"))
        for nth, server in enumerate(shown):
            at = y + nth * (BAR + GAP)
            end = scale.x(by_server[server])
            body.append(bar(LEFT, at, end - LEFT, COLOURS[server]))
            if server == "Peal" and goal:
                body.append(goal_mark(scale.x(goal), at, BAR))
                end = max(end, scale.x(goal) + 3) if end < scale.x(goal) + 3 and scale.x(goal) - end < 60 else end
            body.append(text(end + 7, at + BAR - 2.5, number(by_server[server]),
                             "value own" if server == "Peal" else "value"))
        y += height + ROW_GAP
    bottom = y - ROW_GAP + 8
    grid = []
    for line in scale.lines():
        x = scale.x(line)
        grid.append(f'<path d="M{x:.1f} {TOP - 8}V{bottom:.1f}" stroke="{GRID}"/>')
        grid.append(text(x, bottom + 16, number(line), "soft", "middle"))
    height = bottom + 30
    head = [text(24, 34, title, "title"), text(24, 56, subtitle, "soft"),
            *legend(servers, any(goal for _, _, goal in rows), names)]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
            f'height="{height:.0f}" role="img" aria-label="{html.escape(title)}"><style>{STYLE}</style>'
            f'<rect width="{WIDTH}" height="{height:.0f}" fill="{PAPER}"/>\n'
            + "\n".join(grid + head + body) + "\n</svg>\n")


def draw_group(group, results, about, title, subtitle):
    servers = [server for server in ("Peal", "Mosquitto", "kernel")
               if any(results.of(row, server) for row in group.rows)]
    rows = [(row.title, {server: results.median(row, server) for server in servers if results.of(row, server)}, row.goal)
            for row in group.rows if row.key in results.reports]
    names = {"Mosquitto": f"Mosquitto {about['mosquitto']}", "kernel": "the kernel alone"}
    return chart(title, f"{subtitle} Logarithmic. Commit {about['commit']}.", rows, servers, names)


def draw_all(groups, results, about):
    """File name and SVG for every table that is one number for each bar."""
    headings = {
        BACKLOG.key: ("CPU seconds per million messages", "What a backlog costs the broker; shorter is better."),
        MEMORY.key: ("Resident bytes each", "How a broker's memory grows; shorter is better."),
        SYSCALLS.key: ("System calls per message delivered", "Counted with strace; shorter is better."),
        CAPACITY.key: ("Messages delivered per second", "Median latency under 20 ms, one core; longer is better."),
    }
    return {f"{group.key}.svg": draw_group(group, results, about, *headings[group.key])
            for group in groups if group.key in headings and any(row.key in results.reports for row in group.rows)}

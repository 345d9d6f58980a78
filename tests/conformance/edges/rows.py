"""One row of a table of hostile input, and the walk through a table beside a healthy client."""

import sys
from dataclasses import dataclass

ENOUGH = 40  # failures after which the rest is not worth its time


@dataclass
class Row:
    """`reaction` is what has to come of it: words that the table's file explains, a | between those
    that are as good as each other. `data` is what the client says."""

    name: str
    reaction: str
    data: object
    clause: str = ""

    def accepts(self, got):
        return got in self.reaction.split("|")


def walk(case, rows, attempt, at_least, healthy=None):
    """`attempt(row)` returns the reaction to each row; after each a message goes round elsewhere."""
    healthy = healthy or case.client(name="healthy")
    healthy.subscribe(case.topic(), 1)
    wrong, count = [], 0
    for row in rows:
        count += 1
        try:
            got = attempt(row)
        except (OSError, AssertionError) as error:
            got = f"{type(error).__name__}: {error}"
        if not row.accepts(got):
            wrong.append(f"{row.clause} {row.name}: expected {row.reaction}, got {got}")
            if len(wrong) == ENOUGH:
                break
        name = row.name[:1000]
        healthy.publish(case.topic(), name, 1)
        healthy.take(case.topic(), name)
    print(f"{case.name}: {count} cases", file=sys.stderr)
    assert not wrong, f"{len(wrong)} of {count}:\n" + "\n".join(wrong)
    assert count >= at_least, count

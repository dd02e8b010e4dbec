"""A case: a name that says the outcome, and the steps that bring it about and expect it.

Nothing here, nor in cases/, imports PySpark, so the names can be listed without it.
"""

from dataclasses import dataclass
from typing import Any, Callable


@dataclass(frozen=True)
class Watched:
    """What Sluice's configuration says of the case's stream."""

    stateful: bool = False
    sink: str = "plain_files"
    # The Spark conf by which the job's code learns where to begin; None: it is seeded.
    carrier: str | None = None


@dataclass(frozen=True)
class Case:
    name: str
    steps: Callable[[Any], None]
    # A case in which Sluice itself has a part: it gets a stage on a stream of its own.
    stream: Watched | None = None
    # The first Spark line that can do it at all.
    since: tuple[int, int] = (3, 0)

    def fits(self, version: str) -> bool:
        return line_of(version) >= self.since


def line_of(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def offsets_read(topic: str, **ranges: range) -> dict:
    """What a sink must have got: `offsets_read("t", p0=range(5, 20))`.

    A partition from which nothing is to come is left out.
    """
    return {topic: {name.removeprefix("p"): list(r) for name, r in ranges.items() if r}}

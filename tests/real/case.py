"""A case: a name that says the outcome, and the steps that bring it about and expect it.

Nothing here, nor in cases/, imports PySpark, so the names can be listed without it.
"""

from dataclasses import dataclass
from typing import Any, Callable


@dataclass(frozen=True)
class Case:
    name: str
    steps: Callable[[Any], None]


def offsets_read(topic: str, **ranges: range) -> dict:
    """What a sink must have got: `offsets_read("t", p0=range(5, 20))`.

    A partition from which nothing is to come is left out.
    """
    return {topic: {name.removeprefix("p"): list(r) for name, r in ranges.items() if r}}

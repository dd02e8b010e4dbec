"""All cases, in the order in which they run. A new file of cases is added here."""

from cases import (
    bytes_of_a_seed,
    gate,
    options,
    options_elsewhere,
    partitions,
    rerun,
    seed,
    sinks,
    stateful,
)

ALL = [
    *seed.CASES,
    *bytes_of_a_seed.CASES,
    *partitions.CASES,
    *rerun.CASES,
    *gate.CASES,
    *stateful.CASES,
    *sinks.CASES,
    *options.CASES,
    *options_elsewhere.CASES,
]

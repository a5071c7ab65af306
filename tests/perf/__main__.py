"""`python -m tests.perf [NAME…]`: print each measurement with its budget. Exit code 1 if one was missed."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from harness import machine
from harness.load.generator import ENVIRONMENT
from tests.perf import engines, laws, loads
from tests.perf.table import Line

MEASUREMENTS: dict[str, Callable[[Path], Iterator[Line]]] = {
    "memory": laws.memory,
    "null": laws.null,
    "offered": laws.offered,
    "stall": laws.stall,
    "postgres": engines.postgres,
    "redis": engines.redis,
    "mongo": engines.mongo,
    "clickhouse": engines.clickhouse,
    "load": loads.load,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        print(f"There is no measurement {unknown[0]}. There are: {', '.join(MEASUREMENTS)}.", file=sys.stderr)
        return 2
    if any(os.environ.get(name) != value for name, value in ENVIRONMENT.items()):
        os.execve(sys.executable, [sys.executable, "-m", "tests.perf", *names], {**os.environ, **ENVIRONMENT})
    _, client_cpus = machine.split_cpus()
    os.sched_setaffinity(0, client_cpus[:1])  # As workers are; native clients inherit it.
    print(f"client on core {client_cpus[0]}, load average {os.getloadavg()[0]:.2f}", flush=True)
    missed = 0
    with tempfile.TemporaryDirectory() as work:
        for name in names or MEASUREMENTS:
            for line in MEASUREMENTS[name](Path(work)):
                ratio = "" if line.ratio is None else f"{line.ratio:.3g}"
                limit = "" if line.budget is None else f"{'≤' if line.at_most else '≥'} {line.budget:g}"
                print(
                    f"{line.what:56} {line.ours:>11}  {line.against:32} {ratio:>6} {limit:>6}  {line.verdict}",
                    flush=True,
                )
                missed += line.verdict == "MISSED"
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

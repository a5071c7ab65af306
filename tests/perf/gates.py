"""How often is the gate wrong? Gates of two that are alike, and of a head that is slower by a known share.

    python -m tests.perf.gates same 40        # false alarms: at most 2 of 40 are within what 5 % allow
    python -m tests.perf.gates slower 10      # so many with 10 % less throughput, and as many with 20 %

Results go to results/runs/gates. The slower heads answer the same query and hash a text besides; how long a text costs
10 and 20 % on this machine is found first.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from harness.judgement import Judgement
from harness.store import read_judgement

PLACE = Path("results/runs/gates")
TRIALS = ("--source", "embedded", "--seconds", "0.5")
SAME = (
    ("redis", "write-heavy", "--scale", "0.25", "--pairs", "10"),
    ("postgres", "read-heavy", "--scale", "0.25", "--pairs", "10"),
    ("mongo", "read-heavy", "--scale", "0.25", "--pairs", "10"),
    ("redis", "read-heavy", "--scale", "0.25", "--pairs", "10"),
)
SLOWER = """
description = "Single rows by their key."
[tables.records]
rows = 20_000
[tables.records.columns]
id = {{ sequential = 1 }}
value = {{ text = 100 }}
[schemas.postgres]
[[operations]]
name = "read"
weight = 1
parameters.id = {{ key_of = "records" }}
statements.postgres = "SELECT value FROM records WHERE id = {{id}}"
{others}
expect = {{ rows = 1, answer = "SELECT value FROM records WHERE id = {{id}}" }}
"""
OTHER = (
    'statements."postgres+by{share}" = '
    "\"SELECT value FROM records WHERE id = {{id}} AND md5(repeat('a', {letters}) || value) <> ''\""
)
TRIED = 20_000  # Letters.


@dataclass(frozen=True)
class Done:
    name: str
    seconds: float
    judgement: Judgement


def main(what: str, count: int) -> int:
    PLACE.mkdir(parents=True, exist_ok=True)
    if what == "same":
        done = [_gate(engine, engine, words, number) for number, (engine, *words) in enumerate(_same(count))]
        _told(done, "regression")
        return 0
    file, shares = PLACE / "slower.toml", {10: 0.10, 20: 0.20}
    each = _cost_of_a_letter(file)
    letters = {name: round(share / (1 - share) / each) for name, share in shares.items()}
    file.write_text(SLOWER.format(others="\n".join(_other(name, n) for name, n in letters.items())), encoding="utf-8")
    for name in shares:
        gates = [_gate("postgres", f"postgres+by{name}", [str(file)], number) for number in range(count)]
        _told(gates, "regression")
    return 0


def _same(count: int) -> list[tuple[str, ...]]:
    return [SAME[number % len(SAME)] for number in range(count)]


def _other(name: int, letters: int) -> str:
    return OTHER.format(share=name, letters=letters)


def _cost_of_a_letter(file: Path) -> float:
    """By how much of its time one letter more makes the query longer."""
    file.write_text(SLOWER.format(others=_other(0, TRIED)), encoding="utf-8")
    found = _gate("postgres", "postgres+by0", [str(file), "--pairs", "6"], -1)
    ratio = next(each.ratio for each in found.judgement.metrics if each.metric == "throughput") or 1
    print(f"{TRIED} letters cost {100 * (1 - ratio):.1f} % of the throughput", flush=True)
    return (1 / ratio - 1) / TRIED


def _gate(base: str, head: str, words: list[str], number: int) -> Done:
    """Another seed for each."""
    folder = PLACE / f"{time.time_ns()}"
    began = time.monotonic()
    command = ["gate", base, head, *words, *TRIALS, "--seed", str(number + 2), "--out", str(folder)]
    ended = subprocess.run([sys.executable, "-m", "harness", *command], capture_output=True, text=True, check=False)
    found = read_judgement(folder)
    if found is None:
        raise SystemExit(f"{' '.join(command)}:\n{ended.stderr}")
    done = Done(f"{base} → {head}, {Path(words[0]).stem}", time.monotonic() - began, found)
    if number >= 0:
        _line(number + 1, done)
    return done


def _line(number: int, done: Done) -> None:
    changes = [
        f"{each.metric} {100 * (each.ratio - 1):+.1f} %" for each in done.judgement.metrics if each.ratio is not None
    ]
    said = f"{done.judgement.said}, {done.judgement.pairs} pairs, {done.seconds:.0f} s"
    print(f"{number:3}. {done.name}: {said}; {'; '.join(changes)}", flush=True)


def _told(done: list[Done], wanted: str) -> None:
    said = [each.judgement.said for each in done]
    counts = {each: said.count(each) for each in sorted(set(said))}
    pairs = sum(each.judgement.pairs or 0 for each in done) / len(done)
    minutes = sum(each.seconds for each in done) / len(done) / 60
    print(f"{said.count(wanted)} of {len(done)} say {wanted}. {json.dumps(counts)}; ", end="")
    print(f"on average {pairs:.1f} pairs and {minutes:.1f} minutes.", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))

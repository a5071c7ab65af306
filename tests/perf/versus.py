"""`python -m tests.perf.versus [COMMIT]`: is the harness of this tree slower than that of a commit (default: HEAD~1)?

Both measure in turns on one core, judged as `bakeoff gate` judges: the harness alone, sending to an engine that does
nothing, and Redis, where it matters most. Exit code 1 if it is slower, 2 if there is no such commit.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from harness import machine
from harness.analysis.paired import paired
from harness.gate.looks import CONFIDENCE, LOOKS, decide, done, margin, together
from harness.load.generator import ENVIRONMENT
from tests.perf.engines import server

ROOT = Path(__file__).parents[2]
MOST = 10  # Pairs: about two minutes.
MARGINS = {
    "client CPU per operation, no engine": margin(0.10, higher_is_better=False),
    "client CPU per operation, Redis": margin(0.10, higher_is_better=False),
    "requests per second, Redis": margin(0.05, higher_is_better=True),
}
COMMAND = "from harness.cli import main; main()"
NULL = """
from harness import discover
from harness.load.calibrate import null_cost
print(min(null_cost(discover.workload("read-heavy").scaled(0.1), seed)[0] for seed in range(5)))
"""
RUN = ("run", "read-heavy", "redis", "--profile", "smoke", "--seconds", "1.5", "--warmup", "0.3", "--scale", "0.1")


def main(commit: str) -> int:
    found = subprocess.run(["git", "rev-parse", "--verify", f"{commit}^{{commit}}"], cwd=ROOT, capture_output=True)
    if found.returncode:
        print(f"There is no commit {commit} here: a shallow clone has only its last one.", file=sys.stderr)
        return 2
    _, client_cpus = machine.split_cpus()
    os.sched_setaffinity(0, client_cpus[:1])
    with (
        tempfile.TemporaryDirectory() as work,
        _tree(commit, Path(work) / "base") as base,
        server("redis", Path(work)) as redis,
    ):
        return _judge(
            base, urlsplit(redis.address.url)._replace(path="/1").geturl(), Path(work)
        )  # 0 is marked as ours.


def _judge(base: Path, url: str, work: Path) -> int:
    worse: dict[str, list[float]] = {name: [] for name in MARGINS}
    for pair in range(1, MOST + 1):
        turns = (base, ROOT) if pair % 2 else (ROOT, base)
        measured = {tree: _measure(tree, url, work / f"{pair}-{number}") for number, tree in enumerate(turns)}
        for name in MARGINS:
            sign = -1 if name.startswith("requests") else 1
            worse[name].append(sign * math.log(measured[ROOT][name] / measured[base][name]))
        if pair < 2:
            continue
        changes = decide({name: paired(values, CONFIDENCE) for name, values in worse.items()}, MARGINS)
        told = [f"{name} {100 * math.expm1(each.found.estimate):+.1f} % worse" for name, each in changes.items()]
        print(f"pair {pair}: {'; '.join(told)}", flush=True)
        said = together([each.said for each in changes.values()])
        if pair in LOOKS and done(said, pair):
            break
    for name, each in changes.items():
        low, high = (100 * math.expm1(value) for value in (each.found.low, each.found.high))
        print(f"{name}: {each.said} ({low:+.1f} … {high:+.1f} % worse)")
    return int(said == "regression")


def _measure(tree: Path, url: str, out: Path) -> Mapping[str, float]:
    null = float(_python(tree, "-c", NULL))
    _python(tree, "-c", COMMAND, *RUN, "--at", f"redis={url}", "--out", str(out))
    (trial,) = json.loads((out / "redis.json").read_text())["trials"]
    cpu, rate = trial["total"]["client_cpu_us"], trial["total"]["per_second"]
    return dict(zip(MARGINS, (null, cpu, rate), strict=True))


def _python(tree: Path, *words: str) -> str:
    """In a tree, whose modules come first."""
    environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(tree)}
    done_ = subprocess.run(
        [sys.executable, *words], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    if done_.returncode not in (0, 4):
        raise SystemExit(f"{tree}: {' '.join(words[:3])} ended with {done_.returncode}:\n{done_.stderr[-500:]}")
    return done_.stdout


@contextmanager
def _tree(commit: str, place: Path) -> Iterator[Path]:
    """The files of a commit."""
    place.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True)
    subprocess.run(["tar", "-x"], cwd=place, input=archive.stdout, check=True)
    yield place


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "HEAD~1"))

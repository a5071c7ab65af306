"""Usage of process trees that spend a known amount."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from harness import usage
from harness.sources.folders import in_memory
from harness.usage import Cores, Usage, cores, sample

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

# Runs a line of Python for each line that it is sent, and says when it has.
OBEDIENT = """
import mmap, os, signal, sys, time

def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass

def write(path, size):
    with open(path, "wb") as file:
        file.write(bytes(size))
        os.fsync(file.fileno())

def brief_child(work):
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(0)
    os.waitpid(pid, 0)

def zombie_child(work):
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

def living_child(work):
    ready, done = os.pipe()
    pid = os.fork()
    if pid == 0:
        work()
        os.write(done, b"1")
        signal.pause()
    os.read(ready, 1)

for line in sys.stdin:
    exec(line)
    print("done", flush=True)
"""


@contextmanager
def obedient() -> Iterator[tuple[int, Callable[[str], None]]]:
    """(pid, a function that has it run a line)."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(OBEDIENT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None
    assert stdout is not None

    def run(line: str) -> None:
        stdin.write(line + "\n")
        stdin.flush()
        assert stdout.readline() == "done\n"

    with process:
        yield process.pid, run
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        stdin.close()


def spent(line: str) -> Usage:
    with obedient() as (pid, run):
        before = sample(pid)
        run(line)
        after = sample(pid)
    assert before is not None
    assert after is not None
    return after.since(before)


@pytest.mark.parametrize(
    "line",
    [
        "burn(0.3)",
        "brief_child(lambda: burn(0.3))",
        "brief_child(lambda: brief_child(lambda: burn(0.3)))",
        "zombie_child(lambda: burn(0.3))",
        "living_child(lambda: burn(0.3))",
        "living_child(lambda: brief_child(lambda: burn(0.3)))",
        "living_child(lambda: living_child(lambda: burn(0.3)))",
    ],
)
def test_cpu_time_counts_once_whoever_spent_it(line: str) -> None:
    assert spent(line).cpu_seconds == pytest.approx(0.3, abs=0.06)


@LINUX
@pytest.mark.parametrize("child", ["", "brief_child", "living_child"])
def test_writes_to_disk_count_whoever_made_them(child: str, tmp_path: Path) -> None:
    if in_memory(tmp_path):
        pytest.skip("needs a disk")
    size = 8 << 20
    written = spent(f"{child}(lambda: write({str(tmp_path / 'file')!r}, {size}))" + "()" * (not child)).written_bytes
    assert written is not None
    assert size <= written < 1.2 * size


@LINUX
def test_shared_memory_counts_once() -> None:
    with obedient() as (pid, run):
        run("shared = mmap.mmap(-1, 64 << 20); shared.write(bytes(64 << 20))")
        for _ in range(3):
            run("living_child(lambda: sum(shared[at] for at in range(0, 64 << 20, 4096)))")
        now = sample(pid)
    assert now is not None
    assert now.resident_bytes is not None
    assert 64 << 20 <= now.resident_bytes < 128 << 20


def test_memory_is_that_of_now() -> None:
    earlier = Usage(
        cpu_seconds=1.0,
        resident_bytes=10,
        read_bytes=100,
        written_bytes=None,
        throttled_seconds=0.5,
        killed_for_memory=1,
    )
    later = Usage(
        cpu_seconds=3.0,
        resident_bytes=7,
        read_bytes=150,
        written_bytes=None,
        throttled_seconds=0.75,
        killed_for_memory=3,
    )
    used = Usage(
        cpu_seconds=2.0,
        resident_bytes=7,
        read_bytes=50,
        written_bytes=None,
        throttled_seconds=0.25,
        killed_for_memory=2,
    )
    assert later.since(earlier) == used


def test_a_process_that_is_gone_has_no_usage() -> None:
    with obedient() as (pid, _):
        pass
    assert sample(pid) is None


def test_it_is_read_again_where_a_process_came_or_went_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    us = psutil.Process()
    families = iter([[us], [us, us], [us], [us]])  # Before and after the first reading, before and after the second.
    readings: list[int] = []
    total = usage._total

    def noted(family: list[psutil.Process]) -> Usage:
        readings.append(len(family))
        return total(family)

    monkeypatch.setattr(usage, "_family", lambda _: next(families))
    monkeypatch.setattr(usage, "_total", noted)
    assert sample(us.pid) is not None
    assert readings == [1, 1]


def test_what_is_spent_while_memory_is_walked_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """With many connections that takes long, and a server goes on working."""
    walk = usage._resident_bytes

    def slow(family: list[psutil.Process]) -> list[int | None]:
        end = time.process_time() + 0.3
        while time.process_time() < end:
            pass
        return walk(family)

    us = psutil.Process()
    before = sum(us.cpu_times()[:4])
    monkeypatch.setattr(usage, "_resident_bytes", slow)
    found = sample(us.pid)
    assert found is not None
    assert found.resident_bytes is not None
    assert found.cpu_seconds < before + 0.2


def test_cores_are_busy_and_stolen_by_shares_of_their_time() -> None:
    earlier = Cores({0: (10.0, 4.0, 0.0), 1: (10.0, 10.0, 0.0)})
    later = Cores({0: (14.0, 5.0, 1.0), 1: (14.0, 14.0, 0.0), 2: (4.0, 0.0, 0.0)})
    spent = later.since(earlier)
    assert spent.busy([0]) == 0.75
    assert spent.busy([0, 1]) == 0.375
    assert spent.stolen([0, 1]) == 0.125
    assert spent.busy([2]) is None  # It came in between.


def test_the_cores_of_this_machine_are_counted() -> None:
    found = cores()
    assert len(found.numbers) >= 1
    assert all(idle <= all_ for all_, idle, _ in found.seconds.values())

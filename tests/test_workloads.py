"""What holds for every workload of this release: reproducible, right on plain dictionaries, limits that tell."""

from __future__ import annotations

import tracemalloc
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness import discover, parameters
from harness.errors import UsageError
from harness.workload import Stream
from tests.workload_tools import NEVER, SMALL, digest, first, memory, same

GOLDEN = msgspec.json.decode(Path(__file__).parent.joinpath("golden", "workloads.json").read_bytes())
each = pytest.mark.parametrize("name", SMALL)


@each
def test_data_and_operations_never_change(name: str) -> None:
    """If a change is meant, results of before and after cannot be compared: say so in the changelog."""
    drawn = {"data": digest(SMALL[name].load()), "operations": digest(first(SMALL[name], 2_000))}
    assert drawn == GOLDEN[name]


@each
def test_equal_streams_give_equal_operations(name: str) -> None:
    assert same(first(SMALL[name], 700), first(SMALL[name], 700))


@each
@pytest.mark.parametrize("other", [Stream(8, 1, 0, 2), Stream(7, 2, 0, 2), Stream(7, 1, 1, 2)], ids=str)
def test_another_seed_trial_or_session_gives_other_operations(name: str, other: Stream) -> None:
    assert not same(first(SMALL[name], 50, Stream(7, 1, 0, 2)), first(SMALL[name], 50, other))


@each
def test_the_default_is_found_by_its_name_and_holds_as_many_rows_as_it_says(name: str) -> None:
    workload = discover.workload(name).scaled(0.5)
    assert sum(len(batch) for batch in workload.load()) == workload.rows
    assert discover.workload(name).rows == pytest.approx(2 * workload.rows, rel=0.01)


@each
def test_plain_dictionaries_pass_every_check(name: str) -> None:
    """Three sessions, turn by turn, through two trials."""
    workload = SMALL[name]
    session, oracle = memory(workload), workload.oracle()
    assert oracle.check_content(session) == []
    clock, added, graded = 0, 0, set()
    for trial in (0, 1):
        streams = [workload.operations(Stream(7, trial, number, 3)) for number in range(3)]
        for turn in range(1_200):
            operation = next(streams[turn % 3])
            answer = operation.on(session)
            added += workload.writes.get(operation.kind, 0)
            if not oracle.tracks(operation):
                continue
            if operation.kind in workload.writes:
                oracle.wrote(operation, clock, clock + 1)
            else:
                graded.add(operation.kind)
                assert oracle.grade(operation, answer, clock, clock + 1) == 1.0, operation
            clock += 2
        assert oracle.check_kept(session) == []
    assert session.count() == workload.rows + added
    assert graded | set(workload.writes) == {operation.kind for operation in first(workload, 2_000)}


@each
def test_an_empty_database_fails_every_check(name: str) -> None:
    workload = SMALL[name]
    session, oracle = memory(workload), workload.oracle()
    workload.create(session)
    assert oracle.check_content(session)
    for operation in first(workload, 2_000):
        if oracle.tracks(operation) and operation.kind in workload.writes:
            oracle.wrote(operation, 0, 1)
    assert oracle.check_kept(session)


@each
def test_an_oracle_may_hear_of_the_same_trial_twice(name: str) -> None:
    workload = SMALL[name]
    session, oracle = memory(workload), workload.oracle()
    for operation in first(workload, 500):
        operation.on(session)
        if oracle.tracks(operation) and operation.kind in workload.writes:
            oracle.wrote(operation, 0, None)
            oracle.wrote(operation, 2, 3)
    if name != "timeseries":  # Rows that are sent twice are there twice.
        assert oracle.check_kept(session) == []


@each
def test_parameters_out_of_range_are_refused(name: str) -> None:
    workload = discover.workload(name)
    size = next(iter(parameters.values(workload)))
    with pytest.raises(UsageError, match=size):
        parameters.configure(workload, {size: "-1"})


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("write-heavy", {"update_percent": 80, "insert_percent": 30}, "add up to 115"),
        ("timeseries", {"hosts": 10_000, "hours": 1_000}, "rows"),
        ("timeseries", {"hosts": 10_000, "batch_instants": 11}, "batch_instants"),
        ("vector-search", {"k": 50, "effort": 40}, "k=50"),
    ],
)
def test_parameters_that_do_not_go_together_are_refused(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parameters.configure(discover.workload(name), settings)


@each
def test_a_default_workload_needs_little_memory(name: str) -> None:
    workload = discover.workload(name)
    tracemalloc.start()
    oracle, streams = workload.oracle(), [workload.operations(Stream(7, 1, number, 8)) for number in range(8)]
    kept = [next(stream) for stream in streams]
    reads = (
        operation for operation in streams[0] if oracle.tracks(operation) and operation.kind not in workload.writes
    )
    for operation in islice(reads, 20):
        oracle.grade(operation, [], 0, NEVER)
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept
    assert held < 30e6
    assert most < 40e6

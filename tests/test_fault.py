"""Servers that are killed, restarted and paused in mid-trial: what is measured, and what the user is told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness import fault, store
from harness.analysis.verdict import verdict
from harness.errors import UsageError
from harness.trial import Fault
from tests.commands import SHORT, bakeoff
from tests.containers import client, folders, must_be_here

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["client", "folders"]

LONG = ("--trials", "1", "--seconds", "8", "--scale", "0.2")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("kill@10s", Fault(kind="kill", at_seconds=10.0, for_seconds=0.0)),
        ("restart@2.5s", Fault(kind="restart", at_seconds=2.5, for_seconds=0.0)),
        ("pause@10s", Fault(kind="pause", at_seconds=10.0, for_seconds=2.0)),
        ("pause@10s+0.5s", Fault(kind="pause", at_seconds=10.0, for_seconds=0.5)),
    ],
)
def test_a_fault_is_a_kind_and_a_moment(text: str, wanted: Fault) -> None:
    assert fault.parse(text, 30.0) == wanted


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kill", "write kill@10s, restart@10s or pause@10s"),
        ("kill@10", "write kill@10s"),
        ("melt@10s", "write kill@10s"),
        ("kill@10s+2s", "write kill@10s"),
        ("pause@10s+25s", "a pause lasts 20 s at most"),
        ("kill@29.5s", "trials last 30 s"),
        ("kill@0.5s", "a second before"),
        ("pause@28s", "--seconds 61"),
    ],
)
def test_what_is_none_is_told_in_a_line(text: str, says: str) -> None:
    with pytest.raises(UsageError) as told:
        fault.parse(text, 30.0)
    assert says in str(told.value)
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["redis:volatile", "--fault", "kill@4s"], "redis:volatile may keep nothing when it stops"),
        (["redis", "--fault", "kill@4s", "--data", "memory"], "take --data disk"),
        (["redis", "--fault", "pause@4s", "--at", "redis=redis://h:1"], "is not ours to stop"),
        (["redis", "--fault", "kill@4s", "--slo", "p99=5ms"], "leave --cold and --fault out"),
        (["redis", "--cold", "--slo", "p99=5ms"], "leave --cold and --fault out"),
        (["redis:volatile", "--cold"], "redis:volatile may keep nothing when it stops"),
        (["redis", "--fault", "kill@4s", "--seconds", "3"], "trials last 3 s"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(options: list[str], says: str) -> None:
    source = [] if "--at" in options else ["--source", "embedded"]
    seconds = [] if "--seconds" in options else ["--seconds", "8"]
    _, errors = bakeoff("run", "read-heavy", *options, *source, *seconds, code=2)
    assert says in errors
    assert len(errors.strip().splitlines()) == 1


@pytest.mark.engines
def test_a_durable_server_that_is_killed_comes_back_with_every_acknowledged_write(tmp_path: Path) -> None:
    kill = ("--fault", "kill@3s", "--out", tmp_path / "run")
    output, _ = bakeoff("run", "write-heavy", "redis:durable", "postgres:durable", *SHORT, *LONG, *kill)
    run, results = store.read_run(tmp_path / "run")
    for result in results:
        assert (result.status, result.problems, result.warnings) == ("ok", [], [])
        (trial,) = result.trials
        assert trial.problems == []
        assert trial.struck is not None
        assert trial.struck.lost == []
        assert trial.struck.answering_seconds is not None
        assert 0 < trial.struck.silent_seconds < 5
        assert sum(trial.total.errors.values()) >= run.clients, "each client's request was cut off"
        assert {piece.second for piece in trial.timeline if piece.errors} & {3, 4, 5}
        assert verdict(run, result, result.trials).status != "invalid"
        assert trial.server is None, "half of the server's life was another process"
    assert "Killed at 3 s and started again, nobody was answered for:" in " ".join(output.split())
    assert "Requests that failed in each second" in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.engines
def test_what_class_relaxed_loses_in_a_kill_is_told_and_voids_nothing(tmp_path: Path) -> None:
    bakeoff("run", "write-heavy", "postgres", *SHORT, *LONG, "--fault", "kill@3s", "--out", tmp_path / "run")
    _, [postgres] = store.read_run(tmp_path / "run")
    assert postgres.status == "ok"
    (trial,) = postgres.trials
    assert trial.problems == []
    assert trial.struck is not None


@pytest.mark.engines
@pytest.mark.parametrize("kind", ["restart@3s", "pause@3s+1.5s"])
def test_a_restart_and_a_pause_lose_nothing(tmp_path: Path, kind: str) -> None:
    bakeoff("run", "write-heavy", "redis", *SHORT, *LONG, "--fault", kind, "--out", tmp_path / "run")
    _, [redis] = store.read_run(tmp_path / "run")
    (trial,) = redis.trials
    assert redis.status == "ok"
    assert trial.struck is not None
    assert trial.struck.lost == []
    if kind.startswith("pause"):
        assert trial.struck.silent_seconds == pytest.approx(1.5, abs=0.4)
        assert trial.total.errors == {}
        assert trial.server is not None


@pytest.mark.engines
def test_a_server_in_a_container_too_and_all_four_of_them(tmp_path: Path, client: DockerClient) -> None:
    names = ["postgres:durable", "mongo:durable", "redis:durable", "clickhouse:durable"]
    for name in names:
        must_be_here(client, name.partition(":")[0])
    options = (*SHORT[2:], *LONG, "--seconds", "9", "--source", "docker")
    bakeoff("run", "write-heavy", *names, *options, "--fault", "kill@3s", "--out", tmp_path / "run")
    _, results = store.read_run(tmp_path / "run")
    assert [(each.candidate, each.status, len(each.trials)) for each in results] == [(name, "ok", 1) for name in names]
    for result in results:
        assert result.trials[0].struck is not None
        assert result.trials[0].struck.lost == []


@pytest.mark.engines
def test_an_engine_inside_the_client_cannot_be_killed_and_says_so(tmp_path: Path) -> None:
    output, _ = bakeoff("run", "read-heavy", "memory", *SHORT, *LONG, "--fault", "pause@3s", "--out", tmp_path / "run")
    _, [memory] = store.read_run(tmp_path / "run")
    assert memory.status == "unsupported"
    assert "memory cannot do this job" in output

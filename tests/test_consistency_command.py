"""`bakeoff consistency` on real servers: what the strongest levels keep, what weak ones lose, and who has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import discover, store
from harness.consistency import anomalies
from harness.evidence import ConsistencyStudy
from tests.commands import bakeoff
from tests.conftest import unavailable, why_there_is_none


def studied(folder: Path) -> ConsistencyStudy:
    found = store.read_study(folder)
    assert isinstance(found, ConsistencyStudy)
    return found


@pytest.mark.engines
def test_the_strongest_levels_keep_all_and_engines_without_transactions_say_so(tmp_path: Path) -> None:
    names = ("postgres", "mongo", "redis", "clickhouse", "memory")
    for name in names:
        if reason := why_there_is_none(name, discover.engine(name), "embedded"):
            unavailable(reason)
    options = ("--seconds", 2, "--source", "embedded", "--out", tmp_path / "study")
    output, _ = bakeoff("consistency", *names, *options)
    study = studied(tmp_path / "study")
    found = {each.subject.candidate: {level.role: level for level in each.levels} for each in study.results}
    assert [each.subject.status for each in study.results] == ["ok"] * 5
    for name in ("postgres", "mongo", "redis", "memory"):
        assert anomalies(found[name]["strongest"]) == []
        assert found[name]["strongest"].transfers.committed > 0
    assert found["postgres"]["strongest"].level == "serializable"
    assert set(found["clickhouse"]) == {"none"}
    for name in ("postgres", "redis"):
        assert found[name]["none"].lost_updates.at_least > 0, "eight sessions count in two counters"
    said = " ".join(output.split())
    assert "No anomaly was seen at the strongest level of postgres, mongo, redis and memory" in said
    assert "without transactions over several records: clickhouse" in said
    again, _ = bakeoff("report", tmp_path / "study")
    assert again.splitlines() == output.splitlines()[:-1]


@pytest.mark.engines
def test_a_stand_alone_mongod_is_not_needed_to_be_given(tmp_path: Path) -> None:
    """The set of one is started and initiated by itself, in whatever source."""
    bakeoff("consistency", "mongo", "--seconds", 1, "--source", "embedded", "--out", tmp_path / "study")
    study = studied(tmp_path / "study")
    assert study.results[0].subject.facts["topology"] == "bakeoff"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--clients", "1"], "1 is not in the range"),
        (["--accounts", "1"], "1 is not in the range"),
        (["postgrs"], "Did you mean postgres?"),
    ],
)
def test_bad_input_is_told(options: list[str], says: str) -> None:
    _, errors = bakeoff("consistency", *options, code=2)
    assert says in errors

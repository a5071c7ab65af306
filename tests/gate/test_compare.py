"""Two stored runs side by side: what may be compared, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from harness import store
from harness.judgement import Judgement
from harness.result import Result, Run
from tests import synthetic
from tests.commands import bakeoff, start


def stored(folder: Path, made: tuple[Run, list[Result]], factor: float = 1.0) -> Path:
    """As a run leaves it; its closed loops so many times as fast."""
    run, results = made
    folder.mkdir()
    store.save(run, folder / "run.json")
    for each in results:
        store.save(
            structs.replace(each, trials=[_faster(trial, factor) for trial in each.trials]),
            folder / f"{store.file_name(each.candidate)}.json",
        )
    return folder


def _faster(trial: object, factor: float) -> object:
    total = structs.replace(trial.total, per_second=trial.total.per_second * factor)  # type: ignore[attr-defined]
    return structs.replace(trial, total=total)  # type: ignore[type-var]


def compared(base: Path, head: Path, code: int = 0, *words: str) -> Judgement:
    output, _ = bakeoff("compare", base, head, "--format", "json", *words, code=code)
    return msgspec.json.decode(output, type=Judgement)


def test_a_run_is_as_good_as_itself_or_nothing_is_said(tmp_path: Path) -> None:
    run = stored(tmp_path / "one", synthetic.clear_winner())
    found = compared(run, run)
    assert {each.said for each in found.metrics} <= {"equivalent", "inconclusive"}
    assert all(each.ratio in (None, pytest.approx(1.0)) for each in found.metrics)


def test_half_the_throughput_is_a_regression_and_ends_with_1(tmp_path: Path) -> None:
    base = stored(tmp_path / "base", synthetic.clear_winner())
    head = stored(tmp_path / "head", synthetic.clear_winner(), 0.5)
    found = compared(base, head, 1)
    worse = {each.metric for each in found.metrics if each.said == "regression"}
    assert worse == {"throughput"}


@pytest.mark.parametrize(("factor", "code"), [(1.0, 0), (0.5, 1)])
def test_its_exit_code_is_what_it_found_even_if_nobody_reads_it(factor: float, code: int, tmp_path: Path) -> None:
    base = stored(tmp_path / "base", synthetic.clear_winner())
    process = start("compare", base, stored(tmp_path / "head", synthetic.clear_winner(), factor))
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(60) == code


def _changed(**values: object) -> Callable[[Run], Run]:
    return lambda run: structs.replace(run, **values)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_changed(fingerprint="0123456789abcdef"), "fingerprint"),
        (_changed(bakeoff="9.9.9"), "→ 9.9.9"),
        (_changed(clients=99), "clients"),
        (lambda run: structs.replace(run, machine=structs.replace(run.machine, cpu="Another")), "cpu"),
    ],
)
def test_what_else_changed_is_named_and_nothing_is_judged(
    change: Callable[[Run], Run], named: str, tmp_path: Path
) -> None:
    run, results = synthetic.clear_winner()
    base, head = stored(tmp_path / "base", (run, results)), stored(tmp_path / "head", (change(run), results), 0.5)
    found = compared(base, head, 4)
    assert {each.said for each in found.metrics} == {"not comparable"}
    assert any(named in note.casefold() or named in note for note in found.notes)
    assert found.notes[-1].startswith("What to do: ")


def test_runs_without_a_common_candidate_end_in_a_line(tmp_path: Path) -> None:
    run, results = synthetic.clear_winner()
    other = [structs.replace(each, candidate=f"{each.candidate}+other") for each in results]
    named = structs.replace(run, candidates=[each.candidate for each in other])
    base, head = stored(tmp_path / "base", (run, results)), stored(tmp_path / "head", (named, other))
    _, errors = bakeoff("compare", base, head, code=2)
    assert "no candidate is in both" in errors


def test_it_is_written_as_text_markdown_json_and_files(tmp_path: Path) -> None:
    run = stored(tmp_path / "one", synthetic.clear_winner())
    text, _ = bakeoff("compare", run, run)
    assert "In brackets: 98 % interval of trials that did not run side by side" in " ".join(text.split())
    marked, _ = bakeoff("compare", run, run, "--format", "markdown", "--out", tmp_path / "kept")
    assert marked == (tmp_path / "kept" / "report.md").read_text()
    kept = json.loads((tmp_path / "kept" / "judgement.json").read_text())
    assert kept["kind"] == "compare"

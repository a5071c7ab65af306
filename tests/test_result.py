"""The record of a run survives what happens to files, and takes nothing for granted when it is read."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import jsonschema
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness import discover
from harness.errors import BakeoffError, EnvironmentProblem, UsageError
from harness.evidence import Study
from harness.report import html, markdown
from harness.report.comparison import of_run
from harness.result import Result, Run
from harness.store import STUDY, file_name, read_run, read_study, save, schema
from harness.studies import evidence_beside, report_of
from tests import synthetic, synthetic_studies

FULL = Path("/dev/full")


def anything(hint: Any) -> st.SearchStrategy[Any]:
    """Every value that a field's type allows and JSON can hold."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return st.builds(hint, **{name: anything(inner) for name, inner in get_type_hints(hint).items()})
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) is list:
        return st.lists(anything(get_args(hint)[0]), max_size=2)
    if get_origin(hint) is dict:
        return st.dictionaries(*map(anything, get_args(hint)), max_size=2)
    if get_args(hint):
        return st.one_of(*map(anything, get_args(hint)))
    if hint is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if hint is int:
        return st.integers(-(2**63), 2**63 - 1)
    return st.datetimes(timezones=st.just(UTC)) if hint is datetime else st.from_type(hint)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A saved run of one candidate."""
    run = synthetic.run(["postgres"])
    save(run, tmp_path / "run.json")
    save(synthetic.postgres(), tmp_path / "postgres.json")
    return tmp_path


def complaint(folder: Path) -> str:
    """What the user is told: one line, and it must name the file or folder."""
    with pytest.raises(UsageError) as caught:
        read_run(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert str(folder) in message
    return message


@pytest.mark.parametrize("kind", [Run, Result])
def test_what_is_saved_is_read_back_equal(kind: type[Run] | type[Result], tmp_path: Path) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(anything(kind))
    def same(record: Run | Result) -> None:
        save(record, tmp_path / "record.json")
        assert msgspec.json.decode((tmp_path / "record.json").read_bytes(), type=kind) == record

    same()


def test_a_run_is_read_with_its_results_in_the_order_of_its_candidates(tmp_path: Path) -> None:
    run, results = synthetic.troubles()
    save(run, tmp_path / "run.json")
    for result in reversed(results):
        save(result, tmp_path / f"{file_name(result.candidate)}.json")
    assert read_run(tmp_path) == (run, results)


def test_a_saved_file_obeys_the_schema_that_is_shipped(folder: Path) -> None:
    for name, kind in (("run", "run"), ("postgres", "result")):
        content = json.loads((folder / f"{name}.json").read_text())
        jsonschema.validate(content, schema()[kind], cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("made", [synthetic_studies.durability, synthetic_studies.consistency])
def test_a_study_is_read_as_it_was_saved_and_obeys_its_schema(made: Callable[[], Study], tmp_path: Path) -> None:
    save(made(), tmp_path / STUDY)
    assert read_study(tmp_path) == made()
    content = json.loads((tmp_path / STUDY).read_text())
    jsonschema.validate(content, schema()["study"], cls=jsonschema.Draft202012Validator)


def test_where_there_is_no_study_there_is_none_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    assert read_study(tmp_path) is None
    (tmp_path / STUDY).write_text('{"kind": "durability"}')
    with pytest.raises(UsageError, match=r"study.json is not a bakeoff study file of version 1"):
        read_study(tmp_path)


def test_the_schema_refuses_unknown_and_missing_fields(folder: Path) -> None:
    content = json.loads((folder / "postgres.json").read_text())
    without = {name: value for name, value in content.items() if name != "fingerprint"}
    for wrong in ({**content, "speed": 1}, without):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema()["result"], cls=jsonschema.Draft202012Validator)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    assert "no run.json" in complaint(tmp_path)


def test_a_half_written_file_is_refused(folder: Path) -> None:
    file = folder / "postgres.json"
    file.write_bytes(file.read_bytes()[:-200])
    assert "truncated" in complaint(folder)


def test_a_file_of_another_program_is_refused(folder: Path) -> None:
    (folder / "run.json").write_text('{"version": 1, "name": "something else", "scripts": {}}')
    assert "not a bakeoff run file" in complaint(folder)


def test_a_file_of_a_newer_version_is_refused(folder: Path) -> None:
    file = folder / "postgres.json"
    file.write_text(file.read_text().replace('"version": 3', '"version": 4', 1))
    assert "version 3" in complaint(folder)


def test_an_unknown_field_is_refused_by_name(folder: Path) -> None:
    file = folder / "postgres.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "speed": 1}))
    assert "`speed`" in complaint(folder)


def test_a_missing_field_is_refused_by_name(folder: Path) -> None:
    file = folder / "postgres.json"
    content = json.loads(file.read_text())
    del content["trials"][0]["client"]
    file.write_text(json.dumps(content))
    assert "`client`" in complaint(folder)


def test_a_result_of_another_run_is_refused(folder: Path) -> None:
    save(msgspec.structs.replace(synthetic.postgres(), run="20200101-000000-other"), folder / "postgres.json")
    assert "belongs to run 20200101-000000-other" in complaint(folder)


@given(st.binary(max_size=60))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_damaged_bytes_never_end_in_a_traceback(folder: Path, damage: bytes) -> None:
    (folder / "run.json").write_bytes(damage)
    complaint(folder)


def test_saving_leaves_nothing_beside_the_file(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["postgres.json", "run.json"]


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_a_full_disk_keeps_the_earlier_file(folder: Path) -> None:
    (folder / "postgres.partial").symlink_to(FULL)
    before = (folder / "postgres.json").read_bytes()
    with pytest.raises(EnvironmentProblem, match="No space left"):
        save(synthetic.postgres("durable"), folder / "postgres.json")
    assert (folder / "postgres.json").read_bytes() == before
    assert not (folder / "postgres.partial").is_symlink()


def test_a_write_that_fails_halfway_keeps_the_earlier_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Path.write_bytes

    def half(path: Path, content: bytes) -> int:
        whole(path, content[: len(content) // 2])
        raise OSError(errno.EIO, "Input/output error")

    before = (folder / "postgres.json").read_bytes()
    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(BakeoffError, match="kept"):
        save(synthetic.postgres("durable"), folder / "postgres.json")
    assert (folder / "postgres.json").read_bytes() == before
    assert not list(folder.glob("*.partial"))


def test_a_kill_before_the_rename_keeps_the_earlier_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    before = (folder / "postgres.json").read_bytes()
    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        save(synthetic.postgres("durable"), folder / "postgres.json")
    assert (folder / "postgres.json").read_bytes() == before


REFERENCE = Path(__file__).parent.parent / "results" / "reference"
EXAMPLES = sorted(file.parent.name for name in ("run.json", STUDY) for file in REFERENCE.glob(f"*/{name}"))


def test_every_workload_has_an_example_run_and_so_has_every_study() -> None:
    assert {*discover.workload_names(), "durability", "consistency"} <= {*EXAMPLES}


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_read_and_gives_its_report(example: str) -> None:
    """Who changes the file format or the report makes the examples anew, and says so in the changelog."""
    folder = REFERENCE / example
    report = report_of(folder)
    if report is None:
        run, results = read_run(folder)
        assert {each.status for each in results} == {"ok"}
        report = of_run(run, results, evidence_beside(folder))
    assert markdown.render(report) == (folder / "report.md").read_text()
    assert html.render(report) == (folder / "report.html").read_text()

"""A new engine takes one folder and a new workload one file, and who gets it wrong is told what and where."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import adapters
import workloads
from harness import discover
from harness.engine import Address
from harness.errors import BakeoffError, EnvironmentProblem, Unsupported, UsageError
from harness.workload import Stream
from tests.conformance.tools import opener

ROOT = Path(__file__).parent.parent
TOYS = Path(__file__).parent / "toys"
SESSION = "from harness.keyvalue import KeyValue\nclass Session(KeyValue):\n    def __init__(self, address): ...\n"


def run(*command: str) -> str:
    """The output of a Python program that finds the toys in a folder outside this checkout."""
    environment = {**os.environ, "BAKEOFF_PATH": str(TOYS), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """Looks into a folder outside this checkout too, and forgets in the end what came from there."""
    before = set(sys.modules)

    def add(folder: Path) -> None:
        for package in (adapters, workloads):
            monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder / package.__name__)])

    yield add
    for name in set(sys.modules) - before:
        if name.startswith(("adapters.", "workloads.")):
            del sys.modules[name]


@pytest.fixture
def toys(search: Callable[[Path], None]) -> None:
    search(TOYS)


@pytest.fixture
def write(search: Callable[[Path], None], tmp_path: Path) -> Callable[[str, str], None]:
    """Adds a file to a folder outside this checkout."""

    def add(place: str, text: str) -> None:
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(text)
        importlib.invalidate_caches()

    search(tmp_path)
    return add


def test_an_engine_is_one_folder_and_a_workload_one_file() -> None:
    assert {path.relative_to(TOYS).parts[:2] for path in TOYS.rglob("*.py")} == {
        ("adapters", "sqlite"),
        ("workloads", "phone_book.py"),
    }


def test_they_are_found_in_a_folder_of_their_own() -> None:
    answer = run("-c", "from harness import discover as d; print(d.engine_names(), d.workload_names())")
    assert "'sqlite'" in answer
    assert "'phone-book'" in answer
    assert "'memory'" in answer


def test_they_are_listed() -> None:
    answer = run("-c", "from harness.cli import main; main(['list'])")
    assert "sqlite" in answer
    assert "phone-book" in answer


def test_a_new_engine_is_held_to_every_check_at_once() -> None:
    answer = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/conformance", "-k", "sqlite")
    passed = re.search(r"(\d+) passed", answer)
    assert passed is not None
    assert int(passed.group(1)) > 25
    assert "skipped" not in answer


def test_a_new_workload_runs_on_a_new_engine(toys: None, tmp_path: Path) -> None:
    engine, workload = discover.engine("sqlite"), discover.workload("phone-book")
    assert engine.in_process is not None
    oracle, address = workload.oracle(), Address(engine.in_process(tmp_path), "toys")
    opening: type[Any] = discover.session("sqlite", workload.capability)
    with opener(opening, address) as open_session:
        session = open_session()
        workload.create(session)
        for batch in workload.load():
            session.load(batch)
        session.settle()
        assert oracle.check_content(session) == []
        for operation in islice(workload.operations(Stream(seed=1, trial=1, session=0, sessions=1)), 50):
            assert oracle.grade(operation, operation.on(session), 0, 1) == 1.0


def test_files_that_begin_with_an_underscore_are_no_workloads(write: Callable[[str, str], None]) -> None:
    write("workloads/_shared.py", "")
    write("workloads/two_words.py", "")
    assert "two-words" in discover.workload_names()
    assert not [name for name in discover.workload_names() if "shared" in name]


def test_a_name_nobody_has_brings_the_choices_and_the_nearest(toys: None) -> None:
    for ask in (discover.engine, discover.capabilities, lambda name: discover.session(name, "keyvalue")):
        with pytest.raises(UsageError, match=r'"sqlit".* mean sqlite\?.*memory'):
            ask("sqlit")
    with pytest.raises(UsageError, match=r'"phonebook".* mean phone-book\?'):
        discover.workload("phonebook")
    with pytest.raises(UsageError, match=r'"key-value".* mean keyvalue\?.*timeseries, vectors'):
        discover.session("memory", "key-value")
    with pytest.raises(UsageError):
        discover.engine("../sqlite")


def test_a_capability_without_a_file_is_not_supported(toys: None) -> None:
    assert discover.capabilities("sqlite") == ["keyvalue", "statements"]
    with pytest.raises(Unsupported, match=r"sqlite has no vectors .*write adapters/sqlite/vectors.py"):
        discover.session("sqlite", "vectors")


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("ENGINE = 1 +", UsageError, r"adapters/broken cannot be imported: SyntaxError"),
        ("ENGINE = 1 / 0", UsageError, r"adapters/broken cannot be imported: ZeroDivisionError"),
        ("import harness.nothing", UsageError, r"adapters/broken cannot be imported: .*harness.nothing"),
        ("import no_such_driver", EnvironmentProblem, r"adapters/broken needs .*no_such_driver.* not installed"),
        ("", UsageError, r"adapters/broken/__init__.py must define ENGINE"),
        ("ENGINE = 5", UsageError, r"adapters/broken/__init__.py must define ENGINE"),
    ],
)
def test_a_broken_engine_names_itself(
    write: Callable[[str, str], None], text: str, error: type[BakeoffError], message: str
) -> None:
    write("adapters/broken/__init__.py", text)
    write("adapters/broken/keyvalue.py", SESSION)
    with pytest.raises(error, match=message):
        discover.engine("broken")
    assert discover.capabilities("broken") == ["keyvalue"]
    assert discover.engine("memory").title == "Memory"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Session = None", r"keyvalue.py must define Session"),
        ("class Session: ...", r"keyvalue.py must define Session, a subclass of harness.keyvalue.KeyValue"),
        (SESSION + "    def reed(self, key): ...\n", r"keyvalue.py: Session lacks close, .*, read, "),
        ("import harness.nothing", r"adapters/broken/keyvalue cannot be imported: "),
    ],
)
def test_a_broken_session_names_itself(write: Callable[[str, str], None], text: str, message: str) -> None:
    write("adapters/broken/__init__.py", "")
    write("adapters/broken/keyvalue.py", text)
    with pytest.raises(UsageError, match=message):
        discover.session("broken", "keyvalue")


def test_a_broken_workload_names_itself(write: Callable[[str, str], None]) -> None:
    for name, text in (("no_workload", ""), ("no_capability", "WORKLOAD = 5")):
        write(f"workloads/{name}.py", text)
        with pytest.raises(UsageError, match=rf"workloads/{name}.py must define WORKLOAD .*: keyvalue, timeseries"):
            discover.workload(name.replace("_", "-"))

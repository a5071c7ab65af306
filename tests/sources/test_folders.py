"""Where servers keep their data, and what they may reach."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.errors import EnvironmentProblem
from harness.sources.folders import LASTING, cache_folder, data_folder, memory_note
from tests.sources.toy_server import LINUX, ROOT, folders

__all__ = ["folders"]


@ROOT
def test_a_cache_that_servers_cannot_reach_is_refused_where_it_was_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    with pytest.raises(EnvironmentProblem, match="nobody"):
        cache_folder()


@ROOT
def test_a_cache_that_servers_cannot_reach_is_elsewhere_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.delenv("BAKEOFF_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder().parent == LASTING


@ROOT
def test_a_data_folder_of_another_user_is_refused(folders: Path) -> None:
    planted = folders / "bakeoff-data-0"
    planted.mkdir()
    os.chown(planted, 65534, 65534)
    with pytest.raises(EnvironmentProblem, match="another user"), data_folder("toy", owner=None):
        pytest.fail("it was used")


def test_a_data_folder_in_use_is_left_alone() -> None:
    with data_folder("one", owner=None) as one, data_folder("two", owner=None) as two:
        assert one.is_dir()
        assert two.is_dir()


@LINUX
def test_data_on_a_file_system_without_a_disk_is_noted() -> None:
    shared_memory = Path("/dev/shm")
    if not shared_memory.is_mount():
        pytest.skip(f"{shared_memory} is not a mount here")
    assert "memory" in (memory_note(shared_memory) or "")

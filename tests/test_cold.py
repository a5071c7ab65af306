"""Cold trials: servers start anew, their files are not in memory, and what cannot be done is not claimed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness import cold, store
from harness.sources.folders import data_folder
from tests.commands import SHORT, SMALL, bakeoff
from tests.containers import client, folders, must_be_here

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["client", "folders"]

MEBIBYTE = 2**20
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what is in memory")


@LINUX
def test_what_of_files_is_in_memory_is_seen_and_dropped() -> None:
    with data_folder("cold", owner=None) as folder:
        (folder / "below").mkdir()
        for name in ("one", "below/two"):
            with (folder / name).open("wb") as file:
                file.write(os.urandom(4 * MEBIBYTE))
                file.flush()
                os.fsync(file.fileno())
        (folder / "empty").touch()
        (folder / "link").symlink_to(folder / "one")
        assert cold._cached_bytes([folder]) == 8 * MEBIBYTE
        cold._drop([folder])
        assert cold._cached_bytes([folder]) == 0
        (folder / "one").read_bytes()
        assert cold._cached_bytes([folder]) == 4 * MEBIBYTE


def test_files_that_cannot_be_seen_are_not_called_dropped() -> None:
    assert cold._cached_bytes([]) is None


@pytest.mark.engines
def test_before_every_cold_trial_the_server_starts_anew_and_its_files_are_dropped(tmp_path: Path) -> None:
    bakeoff("run", "read-heavy", "postgres", "redis", *SHORT, "--cold", "--out", tmp_path / "run")
    run, results = store.read_run(tmp_path / "run")
    assert run.cold
    for result in results:
        assert (result.status, result.problems, len(result.trials)) == ("ok", [], 2)
        for trial in result.trials:
            assert trial.cold is not None
            assert trial.cold.left_bytes == 0
            assert (trial.cold.cached_bytes or 0) > 0
        assert result.probes == [], "a warm-up would undo it"
    report = (tmp_path / "run" / "report.md").read_text()
    assert "of its files dropped, 0 B left in memory" in report
    assert "cold caches" in report


@pytest.mark.engines
def test_in_a_container_too(tmp_path: Path, client: DockerClient) -> None:
    must_be_here(client, "postgres")
    bakeoff("run", "read-heavy", "postgres", *SMALL, "--source", "docker", "--cold", "--out", tmp_path / "run")
    _, [postgres] = store.read_run(tmp_path / "run")
    assert postgres.status == "ok"
    for trial in postgres.trials:
        assert trial.cold is not None
        assert trial.cold.left_bytes in (0, None), "None: only root can see into Docker's folder"

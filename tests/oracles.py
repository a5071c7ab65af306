"""Programs that tests compare with and that cannot live beside ours: each in a virtual environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from harness.sources.folders import cache_folder, locked

OTAVA = "apache-otava==0.8.0"  # It pins NumPy 2.2 and ruamel.yaml, and brings the clients of three clouds.
PYTEST_BENCHMARK = "pytest-benchmark==5.2.3"  # A plugin that would load itself into our own tests.
REQUIRED = "BAKEOFF_REQUIRE_ORACLES"


@cache
def python_with(requirement: str) -> Path:
    """The interpreter of an environment with that, made once and kept in the cache. Skips where there can be none."""
    folder = cache_folder() / "oracles" / requirement.replace("==", "-")
    python, ready = folder / "bin" / "python", folder / "ready"
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        if not ready.is_file():
            try:
                _quietly(sys.executable, "-m", "venv", "--clear", str(folder))
                _quietly(str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", requirement)
            except subprocess.CalledProcessError as error:
                reason = f"{requirement} cannot be installed: {error.stderr.strip().splitlines()[-1]}"
                if os.environ.get(REQUIRED):
                    pytest.fail(f"{reason} (and {REQUIRED} is set)")
                pytest.skip(reason)
            ready.touch()
    return python


def ask(requirement: str, program: str, question: Any) -> Any:
    """What a program that reads JSON and prints JSON answers in that environment."""
    command = [str(python_with(requirement)), "-c", program]
    done = subprocess.run(command, input=json.dumps(question), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _quietly(*command: str) -> None:
    subprocess.run(command, capture_output=True, text=True, check=True)

"""What the README says to type works as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
import yaml

from harness.cli import main
from harness.discover import languages
from harness.queries.read import read

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
COMMANDS = [
    line.split("  #")[0].strip()
    for language, text in BLOCKS
    if not language
    for line in text.splitlines()
    if line.startswith("bakeoff ")
]
QUERIES = [text for language, text in BLOCKS if language == "toml"]
QUICKLY = """#!/bin/sh
# bakeoff with short trials: what is tested is that it works.
case "$1" in
  gate) short="--source embedded --seconds 0.5 --pairs 2 --limit errors=50%" ;;
  calibrate) short="--source embedded --seconds 0.5 --pairs 5" ;;
  run) short="--source embedded --profile smoke --seconds 0.5 --warmup 0.2" ;;
esac
case "$1" in gate | calibrate | run) [ -z "$BAKEOFF_SCALE" ] || short="$short --scale $BAKEOFF_SCALE" ;; esac
exec {python} -m harness "$@" $short
"""


def test_there_are_commands_to_test() -> None:
    assert len(COMMANDS) > 30


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one_that_exists_with_its_options(command: str) -> None:
    """Whatever it would do: it is read as click reads it."""
    words = re.sub(r"…|\*", "", command).split()[1:]
    group: click.Command = main
    while isinstance(group, click.Group):
        name = words.pop(0)
        assert name in group.commands, command
        group = group.commands[name]
    group.make_context(name, [word.strip('"') for word in words if not word.startswith(">")])


def test_the_queries_that_are_shown_can_be_run(tmp_path: Path) -> None:
    for number, text in enumerate(QUERIES):
        tomllib.loads(text)
        file = tmp_path / f"{number}.toml"
        file.write_text(text, encoding="utf-8")
        assert read(file, languages()).operations


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Of somebody who has read the README: with a file of queries, its earlier version, and bakeoff on the PATH."""
    place = tmp_path / "repository"
    (place / "bench").mkdir(parents=True)
    program = tmp_path / "bin" / "bakeoff"
    program.parent.mkdir()
    program.write_text(QUICKLY.replace("{python}", sys.executable), encoding="utf-8")
    program.chmod(0o755)
    shutil.copytree(ROOT / "examples", place / "examples", ignore=shutil.ignore_patterns("*.json", "*.html", "*.log"))
    for name in ("bench/shop.toml", "shop.toml", "orders.toml", "orders.before.toml"):
        (place / name).write_text(QUERIES[0], encoding="utf-8")
    after = QUERIES[0].replace("+latest", "+migrated")
    for git in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "A shop"], ["branch", "origin/main"]):
        who = ("-c", "user.name=A", "-c", "user.email=a@example.com")
        subprocess.run(["git", *who, *git], cwd=place, check=True)
    (place / "bench" / "shop.toml").write_text(after, encoding="utf-8")
    return place


def shell(script: str, place: Path, **variables: str) -> str:
    """What it prints; it must succeed, or find that performance fell, which trials of half a second may."""
    environment = {
        **os.environ,
        "PATH": f"{place.parent / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "BAKEOFF_SCALE": "0.1",
        **variables,
    }
    done = subprocess.run(
        ["bash", "-e", "-c", script], cwd=place, env=environment, capture_output=True, text=True, timeout=280
    )
    assert done.returncode in (0, 1), f"{script}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done.stdout


def blocks_of(section: str) -> list[str]:
    text = README.split(f"## {section}\n")[1].split("\n## ")[0]
    return re.findall(r"^```\n(bakeoff .*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.engines
@pytest.mark.parametrize("section", ["Gate", "Your own queries"])
def test_the_blocks_of_a_section_work_from_top_to_bottom(section: str, repository: Path) -> None:
    for block in blocks_of(section):
        for line in block.splitlines():
            shell(line, repository)


JOBS = ROOT / "examples" / "ci"


@pytest.mark.engines
def test_the_job_for_github_works_in_a_repository(repository: Path) -> None:
    (job,) = yaml.safe_load((JOBS / "github.yml").read_text(encoding="utf-8"))["jobs"].values()
    scripts = [step["run"] for step in job["steps"] if "run" in step and not step["run"].startswith("pip install")]
    assert len(scripts) == 4
    summary = repository / "summary.md"
    for script in scripts:
        shell(script, repository, GITHUB_BASE_REF="main", GITHUB_STEP_SUMMARY=str(summary))
    assert summary.read_text(encoding="utf-8").count("against") >= 3
    assert (repository / "results" / "junit.xml").is_file()


def gates_in(text: str) -> set[tuple[str, ...]]:
    """Base, head and workload of every gate in a job."""
    return {tuple(line.split()[:3]) for line in re.findall(r"bakeoff gate (.*)", text)}


def test_the_jobs_for_gitlab_gate_the_same_as_those_for_github() -> None:
    github, gitlab = ((JOBS / f"{name}.yml").read_text(encoding="utf-8") for name in ("github", "gitlab"))
    assert gates_in(github) == gates_in(gitlab)


@pytest.mark.engines
def test_a_job_for_gitlab_works_in_a_repository(repository: Path) -> None:
    jobs = yaml.safe_load((JOBS / "gitlab.yml").read_text(encoding="utf-8"))
    common = jobs.pop(".performance")
    assert {job["extends"] for job in jobs.values()} == {".performance"}
    for script in [*jobs["queries"]["script"], *common["after_script"]]:
        shell(script, repository, CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main")
    assert (repository / "results" / "junit.xml").is_file()

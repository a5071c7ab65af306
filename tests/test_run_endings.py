"""However a run ends, early or for want of room, its processes end with it and what it measured is kept."""

import os
import re
import shutil
import signal
import subprocess
import time

import pytest

from harness import store
from tests.commands import SHORT, bakeoff, family, start, trials_in, wait_until


def test_ctrl_c_keeps_finished_trials_and_leaves_no_process(tmp_path):
    folder = tmp_path / "run"
    long = ["--source", "embedded", "--profile", "smoke", "--trials", "50", "--seconds", "0.5", "--scale", "0.2"]
    process = start("run", "read-heavy", "memory", *long, "--out", folder)
    wait_until(lambda: trials_in(folder, "memory") >= 2)
    children = family(process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert re.search(r"Stopped early; \d+ trials are kept: bakeoff report", errors)
    assert not [child for child in children if child.is_running()]
    output, _ = bakeoff("report", folder)
    assert "memory" in output
    assert (folder / "report.md").is_file()


def test_ctrl_c_while_its_modules_load_ends_it_without_a_traceback(tmp_path):
    process = start(
        "run", "read-heavy", "memory", *SHORT, "--out", tmp_path, env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    )
    next(line for line in process.stderr if "harness.errors" in line)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("list",), 0), (("catalog",), 0), (("schema",), 128 + signal.SIGPIPE), (("report", "nowhere"), 2)],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_without_a_reader_it_ends_with_its_own_code_and_without_a_traceback(arguments, code):
    process = start(*arguments)
    process.stdout.close()
    assert process.wait(timeout=60) == code
    errors = process.stderr.read()
    assert "Traceback" not in errors
    assert "BrokenPipe" not in errors


@pytest.mark.parametrize("after_seconds", [0.0, 0.3, 0.8, 1.5, 2.5])
def test_sigterm_at_any_moment_leaves_no_process(tmp_path, after_seconds):
    process = start("run", "read-heavy", "memory", *SHORT, "--out", tmp_path / "run")
    time.sleep(after_seconds)
    children = family(process) if process.poll() is None else []
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode in (143, -signal.SIGTERM)
    wait_until(lambda: not [child for child in children if child.is_running()], seconds=5)


def test_a_killed_command_line_leaves_no_process(tmp_path):
    process = start("run", "read-heavy", "memory", *SHORT, "--out", tmp_path / "run")
    children = wait_until(lambda: (found := family(process)) and len(found) >= 2 and found)
    process.kill()
    process.communicate(timeout=30)
    wait_until(lambda: not [child for child in children if child.is_running()], seconds=5)


def test_a_full_disk_ends_with_one_line_and_keeps_what_was_saved(tmp_path):
    if os.geteuid() or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", disk], check=False).returncode:
        pytest.skip("this machine does not let us mount a file system")
    try:
        _, errors = bakeoff("run", "read-heavy", "memory", *SHORT, "--trials", "30", "--out", disk / "run", code=5)
        assert "No space left on device" in errors
        assert "kept" in errors
        run, results = store.read_run(disk / "run")
        assert run.finished is None
        assert all(each.trials for each in results if each.loading)
    finally:
        subprocess.run(["umount", disk], check=True)

"""Whole runs from the command line: on the memory engine, and on real servers that are killed, stalled and stopped."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from harness import histogram, machine, store
from harness.analysis.verdict import verdict
from harness.result import Slo
from harness.spec import LADDER_CLIENTS
from tests.commands import SHORT, bakeoff, family, start, wait_until


def trials_in(folder, candidate):
    with contextlib.suppress(OSError, ValueError, KeyError):
        return len(json.loads((folder / f"{candidate}.json").read_text())["trials"])
    return 0


@pytest.fixture(scope="module")
def run_of_memory(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    output, _ = bakeoff("run", "read-heavy", "memory", *SHORT, "--out", folder)
    return folder, output


def test_a_run_leaves_its_files_and_a_report_that_says_the_same(run_of_memory):
    folder, output = run_of_memory
    assert sorted(file.name for file in folder.glob("*.*") if file.suffix in (".json", ".md", ".html")) == [
        "memory.json",
        "report.html",
        "report.md",
        "run.json",
    ]
    again, _ = bakeoff("report", folder)
    assert again.strip() in output


def test_a_result_holds_what_was_measured_and_proven(run_of_memory):
    run, [memory] = store.read_run(run_of_memory[0])
    assert run.finished is not None
    assert run.command.startswith("bakeoff run read-heavy memory --source embedded --profile smoke --trials 2")
    assert run.parameters["records"] == 800
    assert memory.status == "ok"
    assert memory.loading.content == "800 rows compared with the data set"
    assert memory.loading.checked["read"].wrong == 0
    assert memory.statements.keys() >= {"create", "load", "settle", "read", "update"}
    assert memory.calibration.ceiling_per_second > 0
    assert memory.calibration.timer_error.count > 0
    assert memory.calibration.repeats.keys() == {"read"}
    first, second = memory.trials
    assert memory.probes[0].number < first.number < second.number
    for trial in memory.trials:
        read = next(measured for measured in trial.operations if measured.kind == "read")
        assert read.graded.answers > 0
        assert read.graded.wrong == 0
        assert read.client_cpu_us > 0
        assert trial.load.stage == "main"
        assert 0 < trial.host.client_cores_busy <= 1
        assert trial.traits["sent read"] == pytest.approx(0.95, abs=0.02)
        assert trial.traits["found"] == 1.0
        assert trial.total.count == sum(measured.count for measured in trial.operations)
        assert histogram.decode(trial.total.response.histogram).sum() == trial.total.count
        # A request in flight at the end may end in the second after: it is in the timeline, not in the total.
        measured = [part.count for part in trial.timeline if 0 <= part.second < trial.seconds]
        assert sum(measured) == trial.total.count


def test_an_open_loop_keeps_its_rate_and_counts_from_the_schedule(tmp_path):
    folder = tmp_path / "run"
    bakeoff("run", "read-heavy", "memory", *SHORT, "--rate", "500", "--arrivals", "constant", "--out", folder)
    _, [memory] = store.read_run(folder)
    for trial in memory.trials:
        assert trial.offered.due == 500
        assert trial.offered.sent + trial.offered.unsent == 500
        assert trial.total.response.count == pytest.approx(500, rel=0.05)
        assert trial.offered.timer_error.count > 0


@pytest.fixture(scope="module")
def run_with_an_objective(tmp_path_factory):
    """All stages, of two real servers."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    options = [
        "--source",
        "embedded",
        "--trials",
        "2",
        "--seconds",
        "0.5",
        "--warmup",
        "1",
        "--scale",
        "0.02",
        "--slo",
        "p99=50ms",
    ]
    bakeoff("run", "read-heavy", "redis", "postgres", *options, "--out", folder)
    return store.read_run(folder)


@pytest.mark.engines
def test_every_stage_is_kept_with_its_load(run_with_an_objective):
    run, results = run_with_an_objective
    for result in results:
        stages = [probe.load.stage for probe in result.probes]
        assert list(dict.fromkeys(stages)) == ["warm-up", "ladder", "search", "common rate"]
        ladder = [probe.load.clients for probe in result.probes if probe.load.stage == "ladder"]
        assert ladder == list(LADDER_CLIENTS)
        numbers = [trial.number for trial in [*result.probes, *result.trials]]
        assert len(set(numbers)) == len(numbers)
    assert run.slo == Slo(quantile=0.99, limit_ms=50.0)


@pytest.mark.engines
def test_all_candidates_are_measured_at_the_same_rates_below_what_the_slowest_one_can_do(run_with_an_objective):
    run, results = run_with_an_objective
    rates = [
        [probe.load.rate_per_second for probe in result.probes if probe.load.stage == "common rate"]
        for result in results
    ]
    assert rates[0] == rates[1]
    slowest = min(result.capacity.low_per_second for result in results)
    assert sorted(set(rates[0])) == pytest.approx([share * slowest for share in run.common_shares], rel=0.01)
    assert all(probe.offered.arrivals == "poisson" for result in results for probe in result.probes if probe.offered)


@pytest.mark.engines
def test_a_real_server_tells_what_it_was_sent_and_how_long_a_bare_round_trip_takes(run_with_an_objective):
    _, results = run_with_an_objective
    redis, postgres = results
    assert any(statement.startswith("HGETALL") for statement in redis.statements["read"])
    assert any(statement.startswith("CREATE TABLE") for statement in postgres.statements["create"])
    for result in results:
        assert 0 < result.calibration.ping.p50_ms < result.trials[0].total.response.max_ms
        assert result.calibration.ping_cpu_us > 0
        assert result.network == "loopback"


@pytest.mark.engines
def test_a_starved_client_says_that_it_was_the_limit_instead_of_ranking_engines(tmp_path):
    """64 sessions in one Python process, which shares its core with another busy one."""
    _, client_cpus = machine.split_cpus()
    spin = [sys.executable, "-c", f"import os; os.sched_setaffinity(0, {set(client_cpus)})\nwhile True: pass"]
    folder = tmp_path / "run"
    options = ["--source", "embedded", "--trials", "2", "--seconds", "1", "--warmup", "1", "--scale", "0.02"]
    hog = subprocess.Popen(spin)
    try:
        output, _ = bakeoff("run", "ycsb-c", "redis", "postgres", "--clients", "64", *options, "--out", folder)
    finally:
        hog.kill()
        hog.wait()
    run, results = store.read_run(folder)
    for result in results:
        assert "client" in [finding.gate for finding in verdict(run, result, result.trials).findings]
    assert "the client was the limit" in " ".join(output.split())
    assert "choose redis" not in output
    assert "choose postgres" not in output


def test_the_same_seed_asks_the_same_and_another_size_has_another_fingerprint(run_of_memory, tmp_path):
    bakeoff("run", "read-heavy", "memory", *SHORT, "--out", tmp_path / "same")
    bakeoff("run", "read-heavy", "memory", *SHORT, "--set", "records=801", "--out", tmp_path / "other")
    first, same, other = (
        store.read_run(folder)[0].fingerprint for folder in (run_of_memory[0], tmp_path / "same", tmp_path / "other")
    )
    assert first == same != other


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


def damaged(folder, tmp_path, change):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    change(copy / "memory.json")
    return copy


@pytest.mark.parametrize(
    ("pattern", "replacement", "says"),
    [
        ("(?s)(.{500}).*", r"\1", "memory.json is not a bakeoff result file of version 3"),
        ("(?s).*", "{}", "missing required field"),
        ('"engine"', '"motor"', "unknown field `motor`"),
        ('"version": 3', '"version": 9', "version"),
        ('"run": "[^"]*"', '"run": "another"', "belongs to run another"),
    ],
    ids=["cut off", "empty", "foreign field", "newer version", "of another run"],
)
def test_a_damaged_or_foreign_result_is_refused_in_a_line(run_of_memory, tmp_path, pattern, replacement, says):
    def damage(file):
        file.write_text(re.sub(pattern, replacement, file.read_text(), count=1))

    _, errors = bakeoff("report", damaged(run_of_memory[0], tmp_path, damage), code=2)
    assert says in errors
    assert len(errors.strip().splitlines()) <= 2


def test_the_files_keep_their_json_schema(run_of_memory):
    jsonschema = pytest.importorskip("jsonschema")
    schemas = store.schema()
    for name, file in (("run", "run.json"), ("result", "memory.json")):
        jsonschema.validate(json.loads((run_of_memory[0] / file).read_text()), schemas[name])


@pytest.mark.engines
def test_a_server_that_dies_in_a_trial_is_reported_and_the_others_finish(tmp_path):
    folder = tmp_path / "run"
    process = start("run", "read-heavy", "redis", "postgres", *SHORT, "--seconds", "2", "--out", folder)
    wait_until(lambda: trials_in(folder, "redis") == 1)
    for child in family(process):
        with contextlib.suppress(psutil.Error):
            if child.name().startswith("redis-server"):
                child.kill()
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 5, errors
    _, results = store.read_run(folder)
    redis, postgres = results
    assert (redis.status, len(redis.trials)) == ("failed", 1)
    assert (postgres.status, len(postgres.trials)) == ("ok", 2)
    assert "trial 2" in redis.problems[-1].reason
    assert "redis" in output
    assert "failed" in output


@pytest.mark.engines
def test_a_real_server_that_stalls_for_two_seconds_shows_it_in_an_open_loop_and_hides_it_in_a_closed_one(tmp_path):
    """1,000 requests a second for 12 s: those due in the stall wait 2,000 ms, 1,999 ms, … and p99 is 1,881 ms."""
    p99_ms = {}
    for loop, rate in (("open", ["--rate", "1000", "--arrivals", "constant"]), ("closed", [])):
        folder = tmp_path / loop
        options = [
            "--source",
            "embedded",
            "--profile",
            "smoke",
            "--trials",
            "1",
            "--seconds",
            "12",
            "--warmup",
            "0",
            "--scale",
            "0.2",
        ]
        options += ["--out", folder, *rate]
        process = start("run", "read-heavy", "redis", *options)
        wait_until(lambda folder=folder: (folder / "redis.json").is_file())  # Loaded: the trial begins.
        time.sleep(5)
        [server] = [child for child in family(process) if child.name().startswith("redis-server")]
        stopped = time.perf_counter()
        server.suspend()
        time.sleep(2.0)
        server.resume()
        stall_seconds = time.perf_counter() - stopped
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        _, [redis] = store.read_run(folder)
        p99_ms[loop] = redis.trials[0].total.response.p99_ms
        assert redis.trials[0].total.response.max_ms >= 1_900
    exact_ms = 1_000 * stall_seconds - 0.01 * 12_000
    assert p99_ms["open"] == pytest.approx(exact_ms, rel=0.02)
    assert p99_ms["closed"] < 100


@pytest.mark.engines
@pytest.mark.parametrize(
    ("url", "code", "says"),
    [
        ("redis://127.0.0.1:9/0", 5, ["Redis", "127.0.0.1:9"]),
        ("postgresql://127.0.0.1:9/x", 5, ["Redis", "redis://:password@host"]),
    ],
)
def test_a_server_that_is_not_there_ends_the_run_before_anything_starts(tmp_path, url, code, says):
    at = ["--at", f"redis={url}"]
    _, errors = bakeoff("run", "read-heavy", "redis", *SHORT, *at, "--out", tmp_path / "run", code=code)
    for words in says:
        assert words in errors
    assert len(errors.strip().splitlines()) <= 4


def test_an_engine_and_a_workload_from_elsewhere_take_part_in_a_whole_run(tmp_path):
    toys = Path(__file__).parent / "toys"
    folder = tmp_path / "run"
    environment = os.environ | {"BAKEOFF_PATH": str(toys)}
    output, _ = bakeoff("run", "phone-book", "sqlite", "memory", *SHORT, "--out", folder, env=environment)
    assert "sqlite" in output
    _, results = store.read_run(folder)
    assert [(each.candidate, each.status, len(each.trials)) for each in results] == [
        ("sqlite", "ok", 2),
        ("memory", "ok", 2),
    ]


def databases(url):
    with psycopg.connect(url) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


@pytest.mark.engines
def test_a_server_that_is_already_there_is_used_and_left_as_it_was(tmp_path, server_of):
    url = server_of("postgres").address.url
    before = databases(url)
    folder = tmp_path / "run"
    bakeoff("run", "read-heavy", "postgres", *SHORT, "--at", f"postgres={url}", "--out", folder)
    _, [postgres] = store.read_run(folder)
    assert (postgres.status, postgres.source, len(postgres.trials)) == ("ok", "at", 2)
    assert databases(url) == before
    saved = "".join(file.read_text() for file in folder.iterdir())
    assert re.search("://[^:]+:([^@]+)@", url)[1] not in saved, "a password was saved"


@pytest.mark.engines
def test_a_load_generator_of_another_machine_takes_its_share_and_ends_with_the_run(tmp_path, server_of):
    url = server_of("postgres").address.url
    folder = tmp_path / "run"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    worker = start("worker", "--master", "127.0.0.1", "--port", port)
    try:
        remote = ["--at", f"postgres={url}", "--port", port, "--workers", 1]
        bakeoff("run", "write-heavy", "postgres", *SHORT, *remote, "--out", folder)
        worker.communicate(timeout=20)
    finally:
        worker.kill()
    _, [postgres] = store.read_run(folder)
    assert (postgres.status, len(postgres.trials)) == ("ok", 2)
    here = len(machine.split_cpus()[1])
    assert {trial.client.processes for trial in postgres.trials} == {min(4, here + 1)}


@pytest.mark.engines
def test_a_wrong_password_is_said_in_two_lines_without_it(tmp_path, server_of):
    url = re.sub("://([^:]+):[^@]+@", r"://\1:not-the-password@", server_of("postgres").address.url)
    _, errors = bakeoff(
        "run", "read-heavy", "postgres", *SHORT, "--at", f"postgres={url}", "--out", tmp_path / "run", code=5
    )
    assert "password authentication failed" in errors
    assert "not-the-password" not in errors
    assert len(errors.strip().splitlines()) <= 3


@pytest.mark.engines
def test_a_redis_database_with_keys_is_refused_and_left_as_it_was(tmp_path, server_of):
    url = re.sub("/[0-9]+$|$", "/9", server_of("redis").address.url, count=1)
    with contextlib.closing(redis.Redis.from_url(url)) as client:
        client.set("precious", "1")
        _, errors = bakeoff(
            "run", "read-heavy", "redis", *SHORT, "--at", f"redis={url}", "--out", tmp_path / "run", code=2
        )
        assert "Database 9 of this Redis holds 1 keys" in errors
        assert client.get("precious") == b"1"
        client.delete("precious")


LIAR = """
from adapters.memory import ENGINE
from adapters.memory.keyvalue import Session as Memory

class Session(Memory):
    calls = 0

    def __init__(self, address):
        super().__init__(address)
        {method} = super().{method}

        def lie(*arguments):
            Session.calls += 1
            return {lie} if Session.calls > 3_000 and Session.calls % {every} == 0 else {method}(*arguments)

        self.{method} = lie
"""


@pytest.mark.parametrize(
    ("method", "lie", "every", "says"),
    [
        ("read", "None", 7, r"read: \d+ of \d+ graded answers are wrong"),
        ("update", "None", 2, "wrong|not as acknowledged writes left it"),
        ("insert", "None", 50, r"[\d,]+ rows after the last trial, where [\d,]+ were loaded and acknowledged"),
    ],
)
def test_an_engine_that_lies_in_mid_trial_is_invalid_and_not_ranked(tmp_path, method, lie, every, says):
    liar = tmp_path / "adapters" / "liar"
    liar.mkdir(parents=True)
    (liar / "__init__.py").write_text("from adapters.memory import ENGINE\n")
    (liar / "keyvalue.py").write_text(LIAR.format(method=method, lie=lie, every=every))
    environment = os.environ | {"BAKEOFF_PATH": str(tmp_path)}
    folder = tmp_path / "run"
    output, _ = bakeoff("run", "write-heavy", "liar", "memory", *SHORT, "--out", folder, env=environment, code=4)
    _, [found, memory] = store.read_run(folder)
    assert (found.status, memory.status) == ("invalid", "ok")
    assert re.search(says, " ".join(problem.reason for problem in found.problems))
    assert "liar, invalid" in output

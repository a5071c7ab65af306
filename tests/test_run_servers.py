"""Whole runs on real servers: all stages, and servers that are killed, stalled, stopped or not ours."""

import contextlib
import re
import socket
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import psycopg
import pytest
import redis
from click.testing import CliRunner

from harness import machine, store
from harness.analysis.verdict import verdict
from harness.cli import main
from harness.profile import PROFILES
from harness.result import Slo
from harness.spec import LADDER_CLIENTS
from tests.commands import SHORT, bakeoff, family, start, trials_in, wait_until


@pytest.fixture(scope="module")
def run_with_an_objective(tmp_path_factory):
    """All stages, of two real servers, each stage as short as it can be."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    short = replace(PROFILES["quick"], ladder_seconds=0.5, search_seconds=8.0, common_trials=1)
    options = "--source embedded --trials 2 --seconds 0.5 --warmup 0.5 --scale 0.02 --slo p99=50ms"
    words = ["run", "read-heavy", "redis", "postgres", *options.split(), "--out", str(folder)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PROFILES, "quick", short)
        done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
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
    """1,000 requests a second for 8 s: those due in the stall wait 2,000 ms, 1,999 ms, … and p99 is 1,921 ms."""
    p99_ms = {}
    for loop, rate in (("open", ["--rate", "1000", "--arrivals", "constant"]), ("closed", [])):
        folder = tmp_path / loop
        options = [*SHORT, "--trials", "1", "--seconds", "8", "--warmup", "0", "--out", folder, *rate]
        process = start("run", "read-heavy", "redis", *options)
        wait_until(lambda folder=folder: (folder / "redis.json").is_file())  # Loaded: the trial begins.
        time.sleep(3)
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
    exact_ms = 1_000 * stall_seconds - 0.01 * 8_000
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

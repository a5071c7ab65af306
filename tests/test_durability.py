"""What a kill loses is counted right on engines that lose a known part, and real ones keep what they promise."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import redis

from harness import discover, store
from harness.analysis.losses import chance, oldest_seconds, total, with_loss
from harness.evidence import DurabilityStudy, Kill, Survival
from harness.keyvalue import Record
from harness.sources import Order, open_server
from harness.studies import durability
from tests.commands import SHORT, bakeoff, start, wait_until
from tests.conftest import unavailable, why_there_is_none
from tests.containers import client, folders, must_be_here

if TYPE_CHECKING:
    pass

__all__ = ["client", "folders"]


class Store:
    """A server in memory: a control and sessions at once. `keeps`: which records survive a kill, by name and place."""

    def __init__(self, keeps: Any = lambda key, place: True) -> None:
        self.keeps = keeps
        self.records: dict[str, dict[str, str]] = {}
        self.up = True
        self.loading = 0  # Reads that fail after a start.

    def kill(self) -> None:
        self.up = False
        time.sleep(0.02)  # Writers notice.
        records = list(self.records.items())
        self.records = {key: fields for place, (key, fields) in enumerate(records) if self.keeps(key, place)}

    def start(self) -> None:
        self.up, self.loading = True, 3

    def answered(self, patience_seconds: float) -> str:
        return "1"

    def open(self) -> Store:
        if not self.up:
            raise ConnectionError("down")
        return self

    def create(self, fields: Sequence[str]) -> None:
        self.records.clear()

    def load(self, records: Sequence[Record]) -> None:
        self.records.update({record.key: record.fields for record in records})

    def insert(self, record: Record) -> None:
        time.sleep(0.001)
        if not self.up:
            raise ConnectionError("cut off")
        self.records[record.key] = record.fields

    def settle(self) -> None: ...

    def read(self, key: str) -> Any:
        self.loading -= 1
        if self.loading >= 0:
            raise ConnectionError("loading")
        return self.records.get(key)

    def everything(self) -> Any:
        return [Record(key, fields) for key, fields in self.records.items()]

    def close(self) -> None: ...


def killed(server: Store, clients: int = 3) -> Kill:
    return durability.kill_once(1, server, server.open, clients, random.Random(1))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durability, "WRITING_SECONDS", (0.1, 0.2))
    monkeypatch.setattr(durability, "SETTLED", 50)


def is_settled(key: str) -> bool:
    return key.startswith("s00")


def test_an_engine_that_keeps_all_lost_nothing() -> None:
    kill = killed(Store())
    assert kill.acknowledged > 0
    assert (kill.lost, kill.oldest_lost_seconds, kill.holes, kill.settled_lost, kill.foreign) == (0, None, 0, 0, 0)
    assert (kill.settled, kill.unacknowledged) == (50, 3)
    assert kill.serving_seconds >= 3 * durability.PAUSE_SECONDS, "a server that is still loading does not serve"


def test_the_last_writes_are_counted_with_the_age_of_the_oldest() -> None:
    server = Store()
    server.keeps = lambda key, place: place < len(server.records) - 10
    kill = killed(server)
    assert (kill.lost, kill.holes, kill.settled_lost) == (10, 0, 0)
    assert kill.oldest_lost_seconds is not None
    assert 0 < kill.oldest_lost_seconds < 0.2


def test_one_in_the_middle_is_a_hole() -> None:
    kill = killed(Store(lambda key, place: place != 60))
    assert (kill.lost, kill.holes) == (1, 1)


def test_what_was_settled_is_counted_apart() -> None:
    kill = killed(Store(lambda key, place: not is_settled(key) or place % 2))
    assert (kill.lost, kill.settled_lost) == (0, 25)


def test_another_content_is_a_loss() -> None:
    server = Store()

    class Garbles(Store):
        def everything(self) -> Any:
            return [
                Record(key, {**fields, "value": "x"} if key == "s01-000000000" else fields)
                for key, fields in self.records.items()
            ]

    server = Garbles()
    assert killed(server).lost == 1


def test_a_record_that_nobody_wrote_is_foreign() -> None:
    class Invents(Store):
        def everything(self) -> Any:
            return [*super().everything(), Record("ghost", {})]

    assert killed(Invents()).foreign == 1


def test_a_write_in_doubt_may_be_there_and_is_no_loss_if_it_is_not() -> None:
    class Late(Store):
        def insert(self, record: Record) -> None:
            self.records[record.key] = record.fields  # Before it could be acknowledged.
            time.sleep(0.001)
            if not self.up:
                raise ConnectionError("cut off")

    kill = killed(Late())
    assert (kill.unacknowledged, kill.unacknowledged_found, kill.lost) == (3, 3, 0)


# All kills together


def kill(number: int, lost: int, **changes: Any) -> Kill:
    parts: dict[str, Any] = {
        "number": number,
        "after_seconds": 1.0,
        "acknowledged": 1_000,
        "lost": lost,
        "oldest_lost_seconds": 0.1 * lost if lost else None,
        "holes": 0,
        "settled": 50,
        "settled_lost": 0,
        "unacknowledged": 4,
        "unacknowledged_found": 1,
        "foreign": 0,
        "serving_seconds": 0.5,
    }
    return Kill(**(parts | changes))


def test_kills_are_the_trials_of_the_interval_and_not_writes() -> None:
    survival = Survival(subject=None, kills=[kill(n, lost=3 * (n == 1)) for n in range(1, 21)])  # type: ignore[arg-type]
    assert (with_loss(survival), total(survival, "lost"), total(survival, "acknowledged")) == (1, 3, 20_000)
    low, high = chance(survival)
    assert (low, high) == (pytest.approx(0.00127, abs=1e-5), pytest.approx(0.24873, abs=1e-5))
    assert oldest_seconds(survival) == pytest.approx(0.3)
    unharmed = Survival(subject=None, kills=[kill(n, lost=0) for n in range(1, 21)])  # type: ignore[arg-type]
    assert chance(unharmed) == (0.0, pytest.approx(0.16843, abs=1e-5))
    assert oldest_seconds(unharmed) is None


def test_settled_records_that_are_lost_count_as_a_loss() -> None:
    assert with_loss(Survival(subject=None, kills=[kill(1, lost=0, settled_lost=1)])) == 1  # type: ignore[arg-type]


# Real servers


def studied(folder: Path) -> DurabilityStudy:
    found = store.read_study(folder)
    assert isinstance(found, DurabilityStudy)
    return found


@pytest.mark.engines
@pytest.mark.parametrize("source", ["embedded", "docker"])
def test_durable_servers_lose_nothing_when_they_are_killed(
    source: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    names = ["postgres:durable", "mongo:durable", "redis:durable"]
    if source == "docker":
        for name in names:
            must_be_here(request.getfixturevalue("client"), name.partition(":")[0])
    output, _ = bakeoff("durability", *names, "--kills", 3, "--source", source, "--out", tmp_path / "study")
    study = studied(tmp_path / "study")
    assert [each.subject.candidate for each in study.results] == names
    for each in study.results:
        assert (each.subject.status, each.subject.durability_observed) == ("ok", "durable")
        assert len(each.kills) == 3
        assert (with_loss(each), total(each, "foreign")) == (0, 0)
        assert total(each, "acknowledged") > 0
        assert f"{each.subject.candidate}, killed 3 times, lost none of" in " ".join(output.split())
    assert "Loss of power" in output
    assert (tmp_path / "study" / "report.html").is_file()
    again, _ = bakeoff("report", tmp_path / "study")
    assert again.splitlines() == output.splitlines()[:-1]


@pytest.mark.engines
def test_what_weaker_classes_lose_is_told_as_measured_and_feeds_reports_of_runs(tmp_path: Path) -> None:
    names = ["redis:volatile", "postgres"]
    bakeoff("durability", *names, "--kills", 2, "--source", "embedded", "--out", tmp_path / "study")
    volatile, relaxed = studied(tmp_path / "study").results
    assert total(volatile, "lost") == total(volatile, "acknowledged") > 0, "nothing of it was ever on a disk"
    assert total(volatile, "settled_lost") == total(volatile, "settled")
    assert total(relaxed, "settled_lost") == 0
    assert (oldest_seconds(relaxed) or 0.0) < 1.0, "three turns of the log writer at most"
    bakeoff("run", "read-heavy", "redis:volatile", "redis", *SHORT, "--out", tmp_path / "run")
    assert "2 of 2 kills lost some writes" in (tmp_path / "run" / "report.md").read_text()


@pytest.mark.engines
def test_an_engine_inside_the_client_is_not_studied_and_the_others_are(tmp_path: Path) -> None:
    output, _ = bakeoff(
        "durability", "memory", "redis", "--kills", 1, "--source", "embedded", "--out", tmp_path / "study"
    )
    memory, redis = studied(tmp_path / "study").results
    assert (memory.subject.status, len(memory.kills)) == ("unsupported", 0)
    assert (redis.subject.status, len(redis.kills)) == ("ok", 1)
    assert "memory was not studied: its server cannot be killed from here" in " ".join(output.split())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--data", "memory"], "--data memory: it may be gone with the server"),
        (["--kills", "0"], "0 is not in the range"),
        (["redis+strings:eternal"], "no durability class"),
        (["postgres+brin"], "is another design of timeseries, not of keyvalue"),
    ],
)
def test_bad_input_is_told(options: list[str], says: str) -> None:
    _, errors = bakeoff("durability", *options, code=2)
    assert says in errors


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[str]:
    """A server for one test, whose settings may be changed; its URL, with an empty database."""
    engine = discover.engine("redis")
    if reason := why_there_is_none("redis", engine, "embedded"):
        unavailable(reason)
    order = Order(
        source="embedded",
        namespace="bakeoff_own",
        durability="volatile",
        memory_bytes=1 << 28,
        work=tmp_path,
        say=lambda _: None,
    )
    with open_server("redis", engine, order) as server:
        yield server.address.url.rpartition("/")[0] + "/7"


@pytest.mark.engines
def test_a_wrong_setting_is_caught_by_the_read_back(tmp_path: Path, own_redis: str) -> None:
    """Class durable was asked for, and somebody set `appendfsync no` by hand."""
    with redis.Redis.from_url(own_redis) as server:
        server.config_set("appendonly", "yes")
        server.config_set("appendfsync", "no")
        options = ("--durability", "durable", "--at", f"redis={own_redis}", "--out", tmp_path / "run")
        output, _ = bakeoff("run", "read-heavy", "redis", *SHORT, *options)
    _, [found] = store.read_run(tmp_path / "run")
    assert (found.durability_asked, found.durability_observed) == ("durable", "volatile")
    assert "durable was asked for, the server's own settings say volatile" in " ".join(output.split())


@pytest.mark.engines
def test_a_setting_that_is_changed_in_mid_run_is_told(tmp_path: Path, own_redis: str) -> None:
    at = ("--at", f"redis={own_redis}")
    options = (*SHORT, "--seconds", 3, "--durability", "volatile", *at, "--out", tmp_path / "run")
    with redis.Redis.from_url(own_redis) as server:
        process = start("run", "read-heavy", "redis", *options)
        wait_until((tmp_path / "run" / "redis.volatile.json").is_file)  # It is loaded, and its settings were read.
        wait_until(lambda: turned_on(server))
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "volatile in the beginning, relaxed in the end" in " ".join(output.split())


def turned_on(server: redis.Redis) -> bool:
    """Not while an earlier file is still being written."""
    try:
        server.config_set("appendonly", "yes")
    except redis.ResponseError:
        return False
    return True

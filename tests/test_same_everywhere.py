"""One workload and seed, whatever the server comes from: the same data, questions and answers."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness import discover, store
from harness.sources import Order, Server, open_server
from harness.workload import Stream
from tests.commands import SMALL, bakeoff
from tests.containers import client, engine_of, folders, must_be_here

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["client", "folders"]

ASKED = 300


@pytest.mark.engines
def test_embedded_docker_and_at_ask_the_same_and_get_the_same_answers(
    tmp_path: Path, client: DockerClient, server_of: Any
) -> None:
    must_be_here(client, "postgres")
    at = server_of("postgres").address.url
    fingerprints, answers = set(), []
    for source in ("embedded", "docker", "at"):
        where = ("--at", f"postgres={at}") if source == "at" else ("--source", source)
        bakeoff("run", "timeseries", "postgres", *SMALL, *where, "--out", tmp_path / source)
        run, [postgres] = store.read_run(tmp_path / source)
        assert (postgres.status, postgres.source, postgres.fingerprint) == ("ok", source, run.fingerprint)
        fingerprints.add(postgres.fingerprint)
        order = Order(
            source=source,
            url=at if source == "at" else None,
            image=engine_of("postgres").image if source == "docker" else None,
            namespace="bakeoff_same",
            durability="volatile",
            memory_bytes=1 << 29,
            work=tmp_path,
            say=lambda _: None,
        )
        with open_server("postgres", discover.engine("postgres"), order) as server:
            answers.append(answered(server))
    assert len(fingerprints) == 1
    assert answers[0] == answers[1] == answers[2]


def answered(server: Server) -> list[Any]:
    """What it says to the first questions of the workload on its data."""
    workload = discover.workload("timeseries").scaled(0.02)
    with closing(discover.session("postgres", workload.capability)(server.address)) as session:
        workload.create(session)
        for batch in workload.load():
            session.load(batch)  # type: ignore[attr-defined]
        session.settle()
        operations = islice(workload.operations(Stream(seed=1, trial=1, session=0, sessions=1)), ASKED)
        return [(operation.kind, operation.on(session)) for operation in operations]

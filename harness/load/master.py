"""The Locust master: a program that passes commands to workers and their answers back, one line of JSON each.

Standard input: {"to": worker, "command": …}. Standard output: {"from": worker, "kind": …, "data": …}, where kind is
"listening", "hello", "progress", "answer" or "lost". It ends when its standard input does, and takes the workers along.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import gevent
import msgspec
from gevent.fileobject import FileObjectThread
from locust.env import Environment

from harness.load import plan

WATCH_SECONDS = 0.5


def run(host: str, port: int) -> None:
    """Serve until standard input ends."""
    environment = Environment(user_classes=[])
    runner = environment.create_master_runner(host, port)

    def forward(kind: str) -> Any:
        def listener(environment: Environment, msg: Any) -> None:
            _write(msg.node_id, kind, msgspec.Raw(msg.data["json"].encode()))

        return listener

    for kind in ("hello", "progress", "answer"):
        runner.register_message(kind, forward(kind))

    def watch() -> None:
        known: set[str] = set()
        while True:
            alive = {client.id for client in runner.clients.values() if client.state != "missing"}
            for lost in known - alive:
                _write(lost, "lost", None)
            known = alive
            gevent.sleep(WATCH_SECONDS)

    gevent.spawn(watch)
    _write("", "listening", port)
    for line in FileObjectThread(sys.stdin.buffer):
        order = msgspec.json.decode(line)
        runner.send_message("command", plan.wrapped(order["command"]), order["to"])
    runner.quit()


def _write(sender: str, kind: str, data: Any) -> None:
    sys.stdout.buffer.write(msgspec.json.encode({"from": sender, "kind": kind, "data": data}) + b"\n")
    sys.stdout.buffer.flush()


def main(arguments: Sequence[str]) -> None:
    """HOST PORT to listen on."""
    run(arguments[0], int(arguments[1]))

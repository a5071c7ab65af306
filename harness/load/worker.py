"""A load-generating process: a Locust worker, pinned to one core, without monkey patching.

Locust registers it with the master, watches that it lives, and carries messages. The work is done in plain threads with
blocking drivers.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

import gevent
import msgspec
from locust.env import Environment
from locust.runners import WorkerRunner

from harness import discover, parameters
from harness.errors import BakeoffError, Unsupported
from harness.load import plan, prepare, trial
from harness.load.calibrate import calibrate
from harness.load.loops import error_name
from harness.queries import workload as queries
from harness.result import Calibration
from harness.session import Session
from harness.workload import Oracle, Workload

LEAD_NS = 50_000_000  # From the order to start until the first request: every thread is waiting by then.
PROGRESS_SECONDS = 0.2


class Bench:
    """The state of one worker: the target it knows, its oracle, and the trial it is about to run."""

    def __init__(self) -> None:
        self.target: plan.Target | None = None
        self.workload: Workload
        self.oracle: Oracle
        self.armed: trial.Armed | None = None

    def carry_out(self, command: plan.Command, say: prepare.Say) -> Any:
        """Run one command to its end and return its answer, or a Failure."""
        try:
            return self._commands()[command.name](command.payload, say)
        except Unsupported as lack:
            return plan.Failure(kind="unsupported", reason=lack.reason, remedy=lack.remedy)
        except BakeoffError as problem:
            return plan.Failure(kind="failed", reason=str(problem), remedy="mend what it names")
        except Exception as error:  # Whatever driver or server did: the other candidates go on.
            return plan.Failure(
                kind="failed", reason=f"{command.name}: {error_name(error)}", remedy="see the server's log"
            )

    def _commands(self) -> dict[str, Callable[[dict[str, Any], prepare.Say], Any]]:
        return {
            "prepare": self._prepare,
            "calibrate": self._calibrate,
            "arm": self._arm,
            "go": self._go,
            "finish": self._finish,
        }

    def _prepare(self, payload: dict[str, Any], say: prepare.Say) -> plan.Prepared:
        self._aim(msgspec.convert(payload["target"], plan.Target))
        return prepare.prepare(self.workload, self.oracle, self._open, payload["seed"], say)

    def _calibrate(self, payload: dict[str, Any], say: prepare.Say) -> Calibration:
        return calibrate(self.workload, self._open, payload["seed"])

    def _arm(self, payload: dict[str, Any], say: prepare.Say) -> bool:
        trial_plan = msgspec.convert(payload, plan.TrialPlan)
        self._aim(trial_plan.target)
        varied = parameters.configure(self.workload, trial_plan.varied)
        self.armed = trial.arm(trial_plan, varied, self.oracle, self._open)
        return True

    def _go(self, payload: dict[str, Any], say: prepare.Say) -> plan.TrialOutcome:
        assert self.armed is not None
        armed, self.armed = self.armed, None
        # On the machine of the command line the start is given, so that it can sample the server at the same moments.
        start_ns = payload["start_ns"] or time.perf_counter_ns() + LEAD_NS
        return trial.go(armed, start_ns)

    def _finish(self, payload: dict[str, Any], say: prepare.Say) -> plan.Finished:
        return prepare.finish(self.workload, self._open)

    def _aim(self, target: plan.Target) -> None:
        if target == self.target:
            return
        own = target.queries
        made = queries.workload(own.file, own) if own else discover.workload(target.workload)
        self.workload = parameters.configure(made, target.parameters)
        self.oracle = self.workload.oracle()
        self.target = target

    def _open(self) -> Session:
        assert self.target is not None
        variant = None if self.target.queries else self.target.variant  # A file's designs are no adapters.
        session = discover.session(self.target.engine, self.workload.capability, variant)
        return session(self.target.address)


def run(host: str, port: int, serves: str | None) -> None:
    """Serve the master until it says quit or is gone."""
    runner: WorkerRunner = Environment(user_classes=[]).create_worker_runner(host, port)
    bench = Bench()
    said: SimpleQueue[tuple[str, float]] = SimpleQueue()

    def report() -> None:
        while True:
            gevent.sleep(PROGRESS_SECONDS)
            last = None
            while not said.empty():
                last = said.get()
            if last is not None:
                runner.send_message("progress", plan.wrapped({"stage": last[0], "share": last[1]}))

    def on_command(environment: Environment, msg: Any) -> None:
        command = plan.unwrapped(msg.data, plan.Command)
        # In a native thread, so that Locust's heartbeat goes on beside blocking drivers.
        answer = gevent.get_hub().threadpool.apply(bench.carry_out, (command, lambda *what: said.put(what)))
        runner.send_message("answer", plan.wrapped({"type": type(answer).__name__, "value": answer}))

    runner.register_message("command", on_command, concurrent=True)
    gevent.spawn(report)
    runner.send_message("hello", plan.wrapped(plan.Hello(serves, socket.gethostname(), os.getpid())))
    runner.greenlet.join()


def main(arguments: Sequence[str]) -> None:
    """HOST PORT [CANDIDATE]: without a candidate it works for any."""
    host, port, *serves = arguments
    run(host, int(port), serves[0] if serves else None)

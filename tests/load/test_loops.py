"""What the loops call a latency, on a virtual clock: exact, and independent of how busy this machine is."""

from itertools import repeat
from types import SimpleNamespace

import numpy as np
import pytest

from harness.load import trial
from harness.load.loops import ERROR_PAUSE_SECONDS, Tape, closed, open_
from harness.load.recorder import Recorder
from harness.load.sample import Sample
from harness.load.schedule import Schedule
from harness.workload import Stream
from tests.load.virtual import MILLISECOND, SECOND, Ask, Server, clock

__all__ = ["clock"]
RATE = 1_000
SECONDS = 12


def schedule(clock, rate=RATE, seconds=SECONDS):
    return Schedule(rate, "constant", (1,), clock.now_ns, clock.now_ns, clock.now_ns + seconds * SECOND)


def stalling(clock):
    return Server(clock, 100_000, clock.now_ns + 5 * SECOND, clock.now_ns + 7 * SECOND)


def percentile_ms(times_ns, q):
    return float(np.percentile(times_ns, q)) / MILLISECOND


def test_an_open_loop_charges_a_stall_to_every_request_it_delayed(clock):
    tape, plan = Tape(), schedule(clock)
    open_(repeat(Ask()), stalling(clock), tape, clock.now_ns + SECONDS * SECOND, plan.next_due_ns)
    response = np.array(tape.ended_ns) - np.array(tape.reference_ns)
    assert len(response) == RATE * SECONDS
    # Requests due in the stall wait 2,000 ms, 1,999 ms, …, and the backlog drains at 10,000/s against 1,000/s.
    assert percentile_ms(response, 99) == pytest.approx(1_881, rel=0.02)


def test_a_closed_loop_hides_the_same_stall(clock):
    tape, server = Tape(), stalling(clock)
    closed(repeat(Ask()), server, tape, clock.now_ns + SECONDS * SECOND)
    service = np.array(tape.ended_ns) - np.array(tape.started_ns)
    assert max(service) >= 2 * SECOND - MILLISECOND
    assert percentile_ms(service, 99.9) == pytest.approx(0.1)


def test_what_an_idle_session_overslept_is_the_timers_error_and_not_the_servers(clock):
    clock.oversleep_ns = 300_000
    tape, plan = Tape(), schedule(clock)
    open_(repeat(Ask()), Server(clock, 100_000), tape, clock.now_ns + SECOND, plan.next_due_ns)
    response = np.array(tape.ended_ns) - np.array(tape.reference_ns)
    timer = np.array(tape.started_ns) - np.array(tape.due_ns)
    assert set(response.tolist()) == {100_000}
    assert timer[1:].tolist() == [300_000] * (len(timer) - 1)


def test_a_busy_session_sends_what_is_overdue_at_once_and_counts_from_the_schedule(clock):
    begin = clock.now_ns
    tape, plan = Tape(), schedule(clock, rate=100, seconds=1)
    open_(repeat(Ask()), Server(clock, 15 * MILLISECOND), tape, begin + SECOND, plan.next_due_ns)
    response = np.array(tape.ended_ns) - np.array(tape.reference_ns)
    assert response[:4].tolist() == [15 * MILLISECOND, 20 * MILLISECOND, 25 * MILLISECOND, 30 * MILLISECOND]


def test_what_could_not_be_sent_in_time_stays_in_the_schedules_count(clock):
    begin = clock.now_ns
    tape, plan = Tape(), schedule(clock, rate=100, seconds=1)
    open_(repeat(Ask()), Server(clock, 20 * MILLISECOND), tape, begin + SECOND, plan.next_due_ns)
    plan.drain()
    assert plan.due == 100
    assert len(tape.started_ns) == 50


def test_a_closed_loop_starts_nothing_after_its_end_and_finishes_what_is_in_flight(clock):
    end = clock.now_ns + 10 * MILLISECOND
    tape = Tape()
    closed(repeat(Ask()), Server(clock, 3 * MILLISECOND), tape, end)
    assert len(tape.started_ns) == 4
    assert max(tape.started_ns) < end < max(tape.ended_ns)


class Broken:
    def ask(self):
        raise ConnectionError("server closed\n  the connection")


def test_an_error_is_counted_by_type_and_slows_the_session_down(clock):
    begin = clock.now_ns
    tape = Tape()
    closed([Ask(), Ask()], Broken(), tape, begin + SECOND)
    assert tape.failures == dict.fromkeys((0, 1), "ConnectionError: server closed the connection")
    assert clock.now_ns - begin == pytest.approx(2 * ERROR_PAUSE_SECONDS * SECOND)


def test_the_last_answer_is_handed_out(clock):
    assert closed([Ask()], Server(clock, 1), Tape(), clock.now_ns + SECOND) == "answer"


@pytest.mark.parametrize(("service_ms", "sent"), [(100, 11), (10, 100), (5, 100)], ids=["overloaded", "just", "easy"])
def test_each_session_still_sends_one_request_that_was_waiting_at_the_end(clock, monkeypatch, service_ms, sent):
    """100/s for a second: who keeps up sends them all, and who does not is not given the time to catch up."""
    time = SimpleNamespace(perf_counter_ns=clock.read, sleep=clock.sleep, thread_time_ns=lambda: 0)
    monkeypatch.setattr(trial, "time", time)
    start_ns, end_ns = clock.now_ns, clock.now_ns + SECOND
    due = Schedule(100.0, "constant", (1,), start_ns, start_ns, end_ns)
    recorder = Recorder(start_ns, end_ns, open_loop=True)
    sample = Sample(SimpleNamespace(tracks=lambda operation: False), {})
    server = Server(clock, service_ms * MILLISECOND)
    lane = trial.Lane(server, lambda: server, repeat(Ask()), sample, Stream(1, 1, 0, 1))

    def send(operations, lane, end_ns):
        return open_(operations, lane.session, lane.tape, end_ns, due.next_due_ns)

    trial._drive(lane, send, recorder, start_ns, end_ns, waiting=True)
    assert lane.crash is None
    assert recorder.sent == sent

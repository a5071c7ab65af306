"""From tapes to histograms: nothing lost, nothing counted twice, however the tapes are cut."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness import histogram
from harness.load.loops import Tape
from harness.load.merge import Merged
from harness.load.plan import ErrorCount, ScheduleOutcome, Series, TrialOutcome
from harness.load.recorder import CHUNKS, PARTS, SECOND_NS, Recorder

REQUESTS = st.lists(
    st.tuples(st.sampled_from(["read", "update"]), st.integers(0, 4 * SECOND_NS), st.integers(1, SECOND_NS)),
    min_size=1,
    max_size=80,
)
START_NS = SECOND_NS  # One second of warm-up.


def record(requests, cuts=1, failures=()):
    recorder = Recorder(START_NS, 10 * SECOND_NS, open_loop=False)
    for cut in range(cuts):
        tape, kinds = Tape(), []
        for number, (kind, started, took) in enumerate(requests):
            if number % cuts == cut:
                if number in failures:
                    tape.failures[len(kinds)] = "TimeoutError"
                kinds.append(kind)
                tape.started_ns.append(started)
                tape.ended_ns.append(started + took)
        recorder.take(kinds, tape)
    return recorder


def outcome(recorder, schedule=None):
    return TrialOutcome(
        series=[
            Series(*key, indices.tobytes(), counts.tobytes()) for key, (indices, counts) in recorder.finish().items()
        ],
        errors=[ErrorCount(*key, count) for key, count in recorder.errors.items()],
        client_cpu_ns={},
        graded={},
        problems=[],
        traits={},
        schedule=schedule,
        steps=b"",
        rows_added=0,
        rows_maybe_added=0,
        process_cpu_seconds=1.0,
        resident_bytes=1,
    )


@given(REQUESTS, st.integers(1, 5))
def test_processes_merged_equal_one_process_exactly(requests, processes):
    whole = Merged([outcome(record(requests))], 4.0)
    shares = [requests[process::processes] for process in range(processes)]
    parts = Merged([outcome(record(share, cuts=2)) for share in shares if share], 4.0)
    assert parts.operations() == whole.operations()
    assert parts.timeline() == whole.timeline()


@given(REQUESTS)
def test_a_request_is_measured_iff_it_ended_in_the_measured_part(requests):
    measured = Merged([outcome(record(requests))], 3.0).total()
    ends = [started + took for _, started, took in requests]
    assert measured.count == sum(START_NS <= end < START_NS + 3 * SECOND_NS for end in ends)


@given(REQUESTS)
def test_the_merged_histogram_is_that_of_all_latencies(requests):
    merged = Merged([outcome(record(requests, cuts=3))], 100.0).total()
    exact = [took for _, started, took in requests if started + took >= START_NS]
    if exact:
        assert histogram.decode(merged.response.histogram).tolist() == histogram.counts_of(np.array(exact)).tolist()
    else:
        assert merged.response is None


def test_failed_requests_are_counted_by_kind_and_type_and_are_in_no_latency():
    requests = [("read", START_NS, 1000)] * 5 + [("update", START_NS, 1000)] * 2
    merged = Merged([outcome(record(requests, failures={0, 1, 5}))], 1.0)
    read, update = merged.operations()
    assert (read.count, read.errors) == (3, {"TimeoutError": 2})
    assert (update.count, update.errors) == (1, {"TimeoutError": 1})
    assert merged.total().errors == {"TimeoutError": 3}


def test_seconds_before_the_measured_part_stand_in_the_timeline_below_zero():
    merged = Merged([outcome(record([("read", 0, 1000), ("read", START_NS, 1000)]))], 1.0)
    assert [(part.second, part.count) for part in merged.timeline()] == [(-1, 1), (0, 1)]


def test_an_open_loop_keeps_response_service_lag_and_timer_error_apart():
    recorder = Recorder(START_NS, 10 * SECOND_NS, open_loop=True)
    tape = Tape()
    # Idle: overslept by 200 ns, took 1,000. Busy: due 500 ns before it was sent, took 1,000.
    for due, reference, started in ((START_NS, START_NS + 200, START_NS + 200), (START_NS, START_NS, START_NS + 500)):
        tape.due_ns.append(due)
        tape.reference_ns.append(reference)
        tape.started_ns.append(started)
        tape.ended_ns.append(started + 1000)
    recorder.take(["read", "read"], tape)
    assert (recorder.sent, recorder.late, recorder.unfinished) == (2, 1, 0)
    merged = Merged([outcome(recorder, ScheduleOutcome(2, 2, 1, 0, 0))], 1.0)
    offered = merged.offered(2.0, "constant")
    assert offered.lag.count == 1
    assert offered.lag.max_ms == 0.0005
    assert offered.timer_error.max_ms == 0.0002
    assert merged.total().response.max_ms == 0.0015
    assert merged.total().service.max_ms == 0.001


def test_memory_of_a_recorder_does_not_grow_with_the_rate():
    recorder = Recorder(0, SECOND_NS, open_loop=False)
    rng = np.random.default_rng(1)
    for block in range(400):
        tape = Tape()
        for took in rng.integers(100_000, 200_000, 256).tolist():
            tape.started_ns.append(block * SECOND_NS // 100)
            tape.ended_ns.append(block * SECOND_NS // 100 + took)
        recorder.take(["read"] * 256, tape)
    fresh = sum(chunk.nbytes for chunks in recorder._fresh.values() for chunk in chunks)
    assert fresh <= 2 * 256 * CHUNKS  # Two bytes each.
    assert all(len(parts) < PARTS for parts in recorder._counted.values())
    assert sum(counts.sum() for _, counts in recorder.finish().values()) == 400 * 256

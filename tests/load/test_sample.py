"""Which answers are kept: evenly spread, bounded in memory, never of requests that the oracle cannot grade."""

from typing import NamedTuple

from harness.load.sample import CAPACITY_ROWS, Answered, Sample


class Op(NamedTuple):
    kind: str
    number: int


class Oracle:
    def tracks(self, operation):
        return operation.number % 2 == 0


def run(operations, answer):
    sample = Sample(Oracle(), {"update": 0})
    for operation in operations:
        tracked = sample.tracked([operation])
        for _ in sample.picks([operation], tracked):
            sample.keep(Answered(operation, answer(operation), 0, 0), cpu_ns=10)
    return sample


def test_only_tracked_operations_are_kept():
    sample = run((Op("read", number) for number in range(100)), lambda op: op.number)
    assert [kept.operation.number for kept in sample.answers["read"]] == list(range(0, 100, 2))


def test_rows_kept_stay_bounded_and_spread_over_the_whole_trial():
    sample = run((Op("scan", number) for number in range(100_000)), lambda op: [op.number] * 100)
    kept = [answered.operation.number for answered in sample.answers["scan"]]
    assert len(kept) * 100 <= CAPACITY_ROWS
    assert min(kept) < 20_000
    assert max(kept) > 80_000


def test_one_answer_larger_than_the_room_is_still_kept():
    sample = run([Op("scan", 0), Op("scan", 2)], lambda op: [0] * (CAPACITY_ROWS + 1))
    assert len(sample.answers["scan"]) == 1


def test_writes_give_cpu_times_but_no_answers():
    sample = run((Op("update", number) for number in range(10)), lambda op: None)
    assert "update" not in sample.answers
    assert sample.cpu_ns["update"] == [50, 5]


def test_kinds_do_not_crowd_each_other_out():
    operations = [Op("read", 2 * number) for number in range(50_000)] + [Op("rare", 0)]
    assert len(run(operations, lambda op: {}).answers["rare"]) == 1

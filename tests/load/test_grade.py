"""Grading after the trial: what is a wrong answer, and how it is worded."""

from harness.load.grade import grade
from harness.load.sample import Answered, Sample, Write
from tests.load.virtual import Ask


class Oracle:
    def __init__(self, grades):
        self.grades = iter(grades)
        self.written = []

    def wrote(self, operation, sent_ns, acknowledged_ns):
        self.written.append((sent_ns, acknowledged_ns))

    def grade(self, operation, answer, sent_ns, received_ns):
        assert self.written, "writes must be known before reads are graded"
        return next(self.grades)


def sample(oracle, answers):
    kept = Sample(oracle, {})
    kept.log.append(Write(Ask(), 1, 2))
    kept.answers["ask"] = [Answered(Ask(), answer, 3, 4) for answer in answers]
    return kept


def test_anything_below_one_is_wrong_where_answers_are_exact():
    oracle = Oracle([1.0, 0.5, 1.0])
    graded, problems = grade(oracle, [sample(oracle, "abc")], exact=True)
    assert (graded["ask"].answers, graded["ask"].wrong, graded["ask"].lowest) == (3, 1, 0.5)
    assert problems == ["ask: 1 of 3 graded answers are wrong, for example Ask() -> 'b'"]


def test_recall_below_one_is_a_quality_and_no_error_where_answers_are_approximate():
    oracle = Oracle([1.0, 0.5])
    graded, problems = grade(oracle, [sample(oracle, "ab")], exact=False)
    assert graded["ask"].mean == 0.75
    assert problems == []


def test_a_long_answer_is_shortened_in_the_message():
    oracle = Oracle([0.0])
    _, problems = grade(oracle, [sample(oracle, ["x" * 5000])], exact=True)
    assert len(problems[0]) < 400

"""How far the harness's figures are from the truth: each entry of the table in the README, and the table itself."""

from pathlib import Path

import pytest

from tests.simulated.figures import Figure, figures
from tests.simulated.table import table

README = (Path(__file__).parents[2] / "README.md").read_text()


@pytest.fixture(scope="module")
def measured():
    return figures()


def test_every_figure_is_within_its_error(measured):
    assert [figure for figure in measured if figure.error > figure.limit] == []


def test_a_figure_that_is_off_or_missing_is_noticed():
    assert Figure("", "", exact=2.0, measured=2.03, limit=0.01).error > 0.01
    assert Figure("", "", exact=2.0, measured=None, limit=0.01).error > 0.01
    assert Figure("", "", exact=0, measured=1, limit=0.0).error > 0.0


def test_the_readme_has_the_table_as_it_comes_out(measured):
    stands = README.partition("<!-- errors -->")[2].partition("<!-- /errors -->")[0].strip()
    assert stands == table(measured), "python -m tests.simulated.table"

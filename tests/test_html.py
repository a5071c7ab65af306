"""The HTML report: one file that opens anywhere, says what the Markdown says, and can be read by everybody."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.report import html, markdown
from harness.report.charts import Axis, Bars, Heat, Intervals, Line, Plot, Point, Stacks, Who, told
from harness.report.comparison import of_run
from harness.report.content.sections import sections
from harness.report.document import Figure
from harness.report.figures import figures, illustrated
from harness.report.html.svg import draw
from harness.report.html.svg.scale import scale
from harness.report.view import view
from harness.result import Result, Run
from tests import synthetic
from tests.browser import Browser, browser

RUNS: dict[str, Callable[[], tuple[Run, list[Result]]]] = {
    made.__name__: made
    for made in (
        synthetic.comparison,
        synthetic.troubles,
        synthetic.open_loop,
        synthetic.clear_winner,
        synthetic.client_bound,
        synthetic.objective,
        synthetic.vectors,
        synthetic.fault,
    )
}
VOID = {"meta", "link", "input", "br"}
FEW_BYTES = 400_000
STYLE = (Path(html.__file__).parent / "style.css").read_text()
ONE, OTHER = Who("one", "one", 0, doubtful=False), Who("other", "other†", 1, doubtful=True)


@cache
def page(name: str) -> str:
    return html.render(of_run(*RUNS[name]()))


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parents: Sequence[str]
    text: str = ""  # Of it and all inside.


@dataclass
class Reader(HTMLParser):
    """All elements of a page. Fails on one that is not closed, or closed out of order."""

    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"<{tag}> has an attribute twice"
        element = Element(tag, {name: value or "" for name, value in attrs}, [each.tag for each in self.open])
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop().tag == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def close(self) -> None:
        super().close()
        assert not self.open, f"<{self.open[-1].tag}> is never closed"


@cache
def read(name: str) -> list[Element]:
    reader = Reader()
    reader.feed(page(name))
    reader.close()
    return reader.elements


def drawn(name: str) -> list[Figure]:
    return [figure for figure, _ in figures(view(*RUNS[name]()))]


def figure(name: str, run: str) -> Figure:
    return next(each for each in drawn(run) if each.name == name)


@pytest.mark.parametrize("name", RUNS)
def test_the_file_is_small(name: str) -> None:
    assert len(page(name).encode()) < FEW_BYTES


@pytest.mark.parametrize("name", RUNS)
def test_nothing_is_loaded_from_anywhere(name: str) -> None:
    for element in read(name):
        for attribute in ("src", "href", "srcset", "action", "data", "poster", "xlink:href"):
            assert element.attributes.get(attribute, "#").startswith(("#", "data:")), element
    assert "url(" not in page(name)
    assert "@import" not in page(name)
    assert "default-src 'none'" in page(name)


@pytest.mark.parametrize("name", RUNS)
def test_the_html_is_well_formed(name: str) -> None:
    elements = read(name)
    ids = [element.attributes["id"] for element in elements if "id" in element.attributes]
    assert not [id_ for id_, times in Counter(ids).items() if times > 1]
    named = [e.attributes[a] for e in elements for a in ("aria-labelledby", "aria-describedby") if a in e.attributes]
    named += [e.attributes["href"][1:] for e in elements if e.tag == "a"]
    assert {*named} <= {*ids}


@pytest.mark.parametrize("name", RUNS)
def test_headings_leave_no_level_out(name: str) -> None:
    levels = [int(element.tag[1]) for element in read(name) if re.fullmatch(r"h\d", element.tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("name", RUNS)
def test_every_figure_has_a_text_that_names_its_numbers(name: str) -> None:
    elements = read(name)
    pictures = [element for element in elements if element.tag == "svg" and "aria-hidden" not in element.attributes]
    texts = {e.attributes["id"]: e.text for e in elements if e.tag in ("title", "desc") and "id" in e.attributes}
    assert pictures
    for picture in pictures:
        assert picture.attributes["role"] == "img"
        assert texts[picture.attributes["aria-labelledby"]]
        assert re.search(r"\d", texts[picture.attributes["aria-describedby"]])


@pytest.mark.parametrize("name", RUNS)
def test_every_table_has_a_caption_and_heads_and_a_box_of_its_own(name: str) -> None:
    elements = read(name)
    tables = [element for element in elements if element.tag == "table"]
    assert len(tables) == len([element for element in elements if element.tag == "caption" and element.text.strip()])
    assert len(tables) == len([element for element in elements if element.attributes.get("class") == "scroll"])
    assert all("scope" in element.attributes for element in elements if element.tag == "th")


def numbers(text: str) -> Counter[str]:
    return Counter(re.findall(r"\d[\d,.]*\d|\d", text))


@pytest.mark.parametrize("name", RUNS)
def test_html_and_markdown_say_the_same_numbers(name: str) -> None:
    content = {"p", "li", "dt", "dd", "th", "td", "code", "h1", "h2"}
    said = [
        element.text
        for element in read(name)
        if element.tag in content
        and element.attributes.get("class") not in ("when", "brand")
        and not {"nav", "figure"} & {*element.parents}
    ]
    assert numbers(" ".join(said)) == numbers(re.sub(r"</?\w+>", " ", markdown.render(of_run(*RUNS[name]()))))


def test_what_a_server_says_is_text() -> None:
    run, (first, *others) = synthetic.comparison()
    evil = '</script><script>alert(1)</script><img src="x" onerror=alert(1)>'
    told_so = replace(first, facts={evil: evil}, statements={evil: [evil]}, design=evil, title=evil)
    reader = Reader()
    reader.feed(html.render(of_run(run, [told_so, *others])))
    reader.close()
    assert [element.tag for element in reader.elements].count("script") == 1
    assert "img" not in {element.tag for element in reader.elements}
    assert any(evil in element.text for element in reader.elements if element.tag == "code")


def test_a_flagged_candidate_is_drawn_dashed_and_an_invalid_one_not_at_all() -> None:
    flagged = [e for e in read("comparison") if e.attributes.get("data-who") == "clickhouse"]
    assert flagged
    assert all("doubtful" in element.attributes["class"].split() for element in flagged)
    assert not [e for e in read("troubles") if e.attributes.get("data-who") == "clickhouse"]


EVERY_FIGURE = {
    "ratios",
    "capacity",
    "throughput-latency",
    "scalability",
    "timeline",
    "common-rates",
    "percentiles",
    "kinds",
    "shares",
    "costs",
}


def test_a_run_with_every_stage_has_every_figure() -> None:
    assert {each.name for each in drawn("objective")} == EVERY_FIGURE
    assert "recall" in {each.name for each in drawn("vectors")}


@pytest.mark.parametrize("name", RUNS)
def test_every_figure_stands_in_the_section_that_it_belongs_to(name: str) -> None:
    seen = view(*RUNS[name]())
    first, *others = illustrated(seen, sections(seen))
    assert {each.name for each in first.figures} <= {"ratios"}
    placed = [each.name for section in (first, *others) for each in section.figures]
    assert sorted(placed) == sorted(each.name for each in drawn(name))


def test_a_percentile_curve_ends_where_too_few_samples_lie_beyond() -> None:
    (plot,) = figure("percentiles", "clear_winner").charts
    assert isinstance(plot, Plot)
    counts = {c.name: c.response.count for c in view(*synthetic.clear_winner()).ok if c.response}
    for line in plot.lines:
        last = line.points[-1].x
        beyond = counts[line.who.name] * (1 - last)
        assert 10 <= round(beyond, 6) < 12
        assert [point.y for point in line.points] == sorted(point.y for point in line.points)


def test_a_heat_map_says_how_many_times_the_lowest_of_its_row() -> None:
    (heat,) = figure("kinds", "clear_winner").charts
    assert isinstance(heat, Heat)
    for _, cells in heat.rows:
        assert min(cell.times for cell in cells if cell) == 1
    insert = dict(heat.rows)["insert"]
    assert [cell.text for cell in insert if cell] == ["0.900", "0.350", "0.401"]
    assert insert[0] is not None
    assert insert[0].times == pytest.approx(0.9 / 0.35, rel=0.01)


def test_the_shares_of_a_latency_add_up() -> None:
    (stacks,) = figure("shares", "clear_winner").charts
    assert isinstance(stacks, Stacks)
    for _, shares, _ in stacks.stacks:
        assert sum(shares) == pytest.approx(1)
        assert min(shares) >= 0


def test_no_ratio_is_drawn_where_the_client_limited_both() -> None:
    (ratios,) = figure("ratios", "client_bound").charts
    assert isinstance(ratios, Intervals)
    assert [interval.label.split()[-1].rstrip("†") for interval in ratios.intervals] == ["middle"]
    assert ratios.intervals[0].high is None  # At least.


def test_a_capacity_that_the_client_ended_has_no_upper_end() -> None:
    (chart,) = figure("capacity", "objective").charts
    assert isinstance(chart, Intervals)
    ends = {interval.who.name: (interval.low, interval.high) for interval in chart.intervals}
    assert ends == {"middle": (880.0, 930.0), "fast": (2_410.0, None)}
    assert "slow" in figure("capacity", "objective").note


def test_without_a_ladder_throughput_is_drawn_from_the_common_rates() -> None:
    (plot,) = figure("throughput-latency", "clear_winner").charts
    assert isinstance(plot, Plot)
    assert Counter(len(line.points) for line in plot.lines) == {2: 3, 1: 3}


def test_a_timeline_has_whole_seconds_of_each_trial_after_the_warm_up() -> None:
    run, results = synthetic.comparison()
    warming = synthetic.trial(9, synthetic.FAST, load=synthetic.loaded(stage="warm-up"))
    warmed = [
        replace(result, probes=[replace(warming, seconds=2.7)]) if result.trials else result for result in results
    ]
    served, _ = next(each for each, _ in figures(view(run, warmed)) if each.name == "timeline").charts
    assert isinstance(served, Plot)
    shaded, *trials = served.spans
    assert (shaded.low, shaded.high, shaded.shaded) == (0, 2, True)
    assert [(span.low, span.high) for span in trials] == [(2, 7), (8, 13), (14, 19)]
    assert [len(line.points) for line in served.lines[:4]] == [2, 5, 5, 5]


def test_words_for_a_chart_name_every_number() -> None:
    chart = Bars("Rows", [(ONE, 3.0, "3.00"), (OTHER, 4.5, "4.50")])
    assert told(chart) == "Rows. one: 3.00; other†: 4.50."


def test_no_bar_is_longer_than_its_picture_and_all_begin_at_0() -> None:
    picture = draw(Bars("Rows", [(ONE, 30.0, "30"), (OTHER, 15.0, "15")]), 360, "rows")
    bars = [
        (float(x), float(wide)) for x, wide in re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', picture)
    ]
    (first, longer), (second, shorter) = bars
    assert first == second
    assert longer == pytest.approx(2 * shorter, abs=0.1)
    assert first + longer <= 360


def test_names_at_lines_that_end_together_do_not_overlap() -> None:
    crowd = [Who(f"candidate-{number}", f"candidate-{number}", number, doubtful=False) for number in range(5)]
    lines = [Line(who, [Point(0, 1, "a"), Point(1, 2 + who.place / 100, "b")]) for who in crowd]
    picture = draw(Plot("Crowd", Axis("x"), Axis("y"), lines), 720, "crowd")
    places = sorted(float(y) for y in re.findall(r'<text x="[\d.]+" y="([\d.]+)" class="name"', picture))
    assert len(places) == 5
    assert all(after - before >= 12 for before, after in pairwise(places))


@pytest.mark.parametrize(
    ("axis", "values", "labels"),
    [
        (Axis("", "log"), [1, 900], ["1", "10", "100", "1,000"]),
        (Axis("", "log"), [0.02, 0.5], ["0.02", "0.05", "0.1", "0.2", "0.5"]),
        (Axis("", low=0.0), [9_000, 38_000], ["0", "10k", "20k", "30k"]),
        (Axis("", "tail", 0.0, 0.999), [0.5], ["0 %", "50 %", "90 %", "99 %", "99.9 %"]),
        (Axis("", "log", ticks=[1, 2, 4, 8]), [1, 8], ["1", "2", "4", "8"]),
        (Axis(""), [5.0], ["4.8", "5", "5.2"]),
    ],
)
def test_axes_have_round_numbers(axis: Axis, values: list[float], labels: list[str]) -> None:
    assert [label for _, label in scale(axis, values, 0, 250).ticks(apart=45)] == labels


def colours(dark: bool) -> dict[str, str]:
    light, _, rest = STYLE.partition("@media screen and (prefers-color-scheme: dark)")
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", light + (rest.split("\n}\n")[0] if dark else "")))


def contrast(one: str, other: str) -> float:
    """By WCAG 2.2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_all_words_stand_out_from_their_ground(dark: bool) -> None:
    known = colours(dark)
    on = {f"heat{n}": known["on-light" if (n < 4) != dark else "on-dark"] for n in range(6)}
    pairs = [(known[name], known[ground]) for name in ("ink", "quiet", "accent") for ground in ("paper", "tint")]
    pairs += [(known[f"c{n}"], known[ground]) for n in range(8) for ground in ("paper", "tint")]
    pairs += [(ink, known[ground]) for ground, ink in on.items()]
    pairs += [(known["paper"], known["part0"]), (known["ink"], known["part1"]), (known["ink"], known["part2"])]
    assert min((contrast(*pair), pair) for pair in pairs)[0] >= 4.5


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium")) as driven:
        yield driven


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[str], Path]:
    def save(text: str) -> Path:
        file = tmp_path / "report.html"
        file.write_text(text)
        return file

    return save


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 390, 1280])
def test_a_browser_shows_it_without_network_complaint_or_sideways_scrolling(
    chromium: Browser, saved: Callable[[str], Path], name: str, scheme: str, width: int
) -> None:
    chromium.size(width, 844, phone=width < 500)
    chromium.colours(scheme)
    file = saved(page(name))
    chromium.open(file)
    assert chromium.complaints() == []
    assert chromium.requested() == [file.as_uri()]
    assert chromium.run("document.documentElement.scrollWidth") <= width
    assert chromium.run("document.querySelectorAll('figure').length") == len(drawn(name))


def test_the_browser_would_notice_a_request_an_error_and_a_wide_page(
    chromium: Browser, saved: Callable[[str], Path]
) -> None:
    chromium.size(390, 844, phone=True)
    faults = (
        '<img src="https://example.org/a.png"><script>throw new Error("planted")</script><p style="width:500px">wide'
    )
    chromium.open(saved(f'<!doctype html><meta name="viewport" content="width=device-width">{faults}'))
    assert any("planted" in complaint for complaint in chromium.complaints())
    assert "https://example.org/a.png" in chromium.requested()
    assert chromium.run("document.documentElement.scrollWidth") > 390


def test_a_candidate_can_be_hidden_in_all_figures(chromium: Browser, saved: Callable[[str], Path]) -> None:
    chromium.open(saved(page("clear_winner")))
    shown = (
        "[...document.querySelectorAll('figure [data-who=fast]')].filter(e => getComputedStyle(e).display != 'none')"
    )
    assert chromium.run(f"{shown}.length") > 0
    chromium.run("document.querySelector('.keys input[value=fast]').click()")
    assert chromium.run(f"{shown}.length") == 0


def test_a_curve_can_be_read_with_the_keyboard(chromium: Browser, saved: Callable[[str], Path]) -> None:
    chromium.size(1280, 844)
    chromium.open(saved(page("clear_winner")))
    press = "dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true}))"
    chromium.run(f"document.querySelector('#figure-percentiles .wide svg').{press}")
    assert chromium.run("document.querySelector('.read').textContent").startswith("noisy  50 %: 1.82 ms\nmiddle")


def test_all_is_there_without_the_script(chromium: Browser, saved: Callable[[str], Path]) -> None:
    chromium.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        chromium.open(saved(page("clear_winner")))
        assert len(chromium.pdf()) > 50_000
        assert chromium.complaints() == []
    finally:
        chromium.send("Emulation.setScriptExecutionDisabled", value=False)

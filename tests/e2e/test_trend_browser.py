"""The trend in a real browser, opened from disk, at two sizes: seen, not only written."""

from datetime import date
from pathlib import Path

import pytest

from cribtrace.trend import page as trend_page
from cribtrace.trend.measures import MEASURES
from cribtrace.wording import forbidden
from tests.support.browser import FIRST_VIEW_S
from tests.support.invented_nights import night, nights


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Path:
    rows = [*nights(60), *(night(k, sensor="BMI270", twitch=200 + k) for k in range(60, 100))]
    path = tmp_path_factory.mktemp("trend") / "trend.html"
    path.write_text(trend_page.render("attic", rows, date(2026, 5, 14)), encoding="utf-8")
    return path


def test_it_fits_and_is_drawn_in_its_place(page, opened):
    assert page.open(opened) < FIRST_VIEW_S
    assert page.no_wider_than_the_screen()
    place = page.run("document.querySelector('#headline').getBoundingClientRect().bottom")
    assert place < page.run("window.innerHeight")
    sizes = page.run("""[...document.querySelectorAll('figure')].map(f => {
        const plot = f.querySelector('.plot').getBoundingClientRect();
        const dots = [...f.querySelectorAll('circle')].map(c => c.getBoundingClientRect());
        const inside = dots.every(d => d.left > plot.left - 4 && d.right < plot.right + 4
            && d.top > plot.top - 4 && d.bottom < plot.bottom + 4);
        return [plot.width, plot.height, dots.length, inside];
    })""")
    assert len(sizes) == len(MEASURES)
    for width, height, dots, inside in sizes:
        assert width > 250 and height > 100 and dots == 100 and inside


def test_the_break_is_seen(page):
    lines = page.run("""[...document.querySelectorAll('.break line')].map(e => {
        const box = e.getBoundingClientRect();
        return [box.height, getComputedStyle(e).strokeDasharray];
    })""")
    assert len(lines) == len(MEASURES)
    assert all(height > 100 and dashes != "none" for height, dashes in lines)


def test_no_two_labels_cover_each_other(page):
    covered = page.run("""[...document.querySelectorAll('.dates')].flatMap(svg => {
        const boxes = [...svg.querySelectorAll('text')].map(t => t.getBoundingClientRect())
            .filter(b => b.width > 0);
        const right = document.documentElement.clientWidth;
        return boxes.filter((b, i) => i && b.left < boxes[i - 1].right || b.right > right);
    })""")
    assert covered == []


def test_every_number_of_the_comparison_is_on_the_screen(page):
    edges = page.run("""[...document.querySelectorAll('.compared tbody :is(th, td)')]
        .map(e => e.getBoundingClientRect()).map(b => [b.left, b.right, b.height])""")
    width = page.run("window.innerWidth")
    assert len(edges) == 6 * len(MEASURES)
    assert all(left >= 0 and right <= width and height > 10 for left, right, height in edges)


def test_tables_open_and_say_no_verdict(page):
    page.click("details summary")
    assert page.run("document.querySelector('details table').offsetHeight") > 1000
    assert page.no_wider_than_the_screen()
    assert forbidden(page.run("document.title + document.body.innerText")) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(page, scheme):
    """Contrast to the page, WCAG 2 level AA: 4.5 to 1."""
    page.media(scheme=scheme)
    ratios = page.contrasts(
        ("#headline", "color"), (".note", "color"), (".scale text", "fill"),
        (".dates text", "fill"), ("td", "color"),
    )  # fmt: skip
    assert min(ratios) >= 4.5


def test_it_prints_within_the_paper(page):
    page.media("print")
    page.settle()
    assert page.pdf().startswith(b"%PDF")

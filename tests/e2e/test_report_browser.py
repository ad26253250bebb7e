"""The report in a real browser, opened from disk: what is on the screen after its script ran."""

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from cribtrace.analysis import Snippet
from cribtrace.notes import TAGS, Note
from cribtrace.report import render
from cribtrace.report.content import Content, content
from cribtrace.report.shapes import SHAPES, named
from cribtrace.report.sheet import sheet
from cribtrace.wording import NOT_THIS, forbidden
from tests.support.browser import FIRST_VIEW_S, SIZES, Browser
from tests.support.example_night import HOSTILE, empty, example_night, hostile_night


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Path:
    """The example night."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render(example_night()), encoding="utf-8")
    return path


def count(page: Browser, selector: str) -> int:
    return page.run(f"document.querySelectorAll({json.dumps(selector)}).length")


def shown(page: Browser) -> int:
    return page.run(
        "[...document.querySelectorAll('.events > li')].filter(e => e.offsetHeight > 0).length"
    )


def said(page: Browser, selector: str) -> str:
    return page.run(f"document.querySelector({json.dumps(selector)}).textContent")


def test_the_first_view_is_there_in_two_seconds(page, opened):
    assert page.open(opened) < FIRST_VIEW_S
    place = page.run("document.querySelector('.facts').getBoundingClientRect().bottom")
    assert place < page.run("window.innerHeight")
    assert "248 movements in 9.99 covered hours" in said(page, "#headline")


def test_the_night_is_drawn(page):
    assert count(page, "#timeline svg .event") == 253
    assert count(page, "#timeline .hidden-time") == 4
    assert len(page.run("document.querySelector('#timeline .activity').getAttribute('d')")) > 1000
    assert len(page.run("document.querySelector('#timeline .reached').getAttribute('d')")) > 1000
    assert "253 events" in said(page, "#timeline svg > title")
    veil = page.run("getComputedStyle(document.querySelector('#timeline .hidden-time')).fill")
    assert "#hatch" in veil


def test_nothing_is_wider_than_the_screen(page):
    assert page.no_wider_than_the_screen()
    page.run("document.querySelectorAll('.events details').forEach(e => { e.open = true; })")
    page.settle()
    assert count(page, ".wave svg") == 253
    assert page.no_wider_than_the_screen()


def test_a_click_on_an_event_shows_its_reason_and_its_waveform(page):
    assert count(page, ".wave svg") == 0
    page.click("#event-3 summary")
    assert count(page, "#event-3 .wave svg .trace") == 3
    points = page.run("document.querySelector('#event-3 .trace.strong').getAttribute('d')")
    assert points.count("L") > 150
    assert page.run("document.querySelector('#event-3 .trace.strong').getBBox().height") > 10
    assert page.run("document.querySelector('#event-3 .why').offsetHeight") > 150
    assert "0.79 mg on one axis would have been enough" in said(page, "#event-3 .why")


def test_the_keyboard_reaches_an_event_and_opens_it(page):
    page.run("[...document.querySelectorAll('.head button')].at(-1).focus()")
    page.key("Tab", 9)
    assert page.run("document.activeElement.closest('li').id") == "event-0"
    assert page.run("document.activeElement.matches(':focus-visible')")
    page.key("Enter", 13, "\r")
    assert count(page, "#event-0 .wave svg .trace") == 3


def test_an_event_in_the_timeline_opens_in_the_list(page):
    page.click("#timeline .event[data-event='200']")
    opened = page.run("document.querySelector('.events details[open]').parentElement.id")
    assert count(page, f"#{opened} .trace") == 3
    assert page.run(f"document.querySelector('#{opened}').offsetHeight") > 100


def test_each_kind_is_drawn_in_its_own_lane_and_shape(page):
    drawn = page.run("""[...document.querySelectorAll('#timeline .event')].map(
        (e) => [e.getAttribute('class').split(' ')[1], e.getBBox().height])""")
    assert {name for name, _ in drawn} == {name for name, _ in SHAPES.values()}
    assert all(height > 1 for _, height in drawn)
    lanes = page.run("[...document.querySelectorAll('#timeline text')].map(e => e.textContent)")
    names = [named(kind) for kind in SHAPES]
    assert [name for name in lanes if name in names] == names


def box(page: Browser, selector: str) -> dict:
    """Top, bottom and height of something drawn, in the drawing's own coordinates."""
    measure = "(b => ({top: b.y, bottom: b.y + b.height, height: b.height}))"
    return page.run(f"{measure}(document.querySelector({json.dumps(selector)}).getBBox())")


def test_the_threshold_is_drawn_with_its_scale(page):
    labels = page.run("[...document.querySelectorAll('.scale')].map(e => e.textContent)")
    assert labels[:3] == ["noise level", "threshold", "16 × noise"]
    heights = page.run("[...document.querySelectorAll('.scale')].map(e => +e.getAttribute('y'))")
    assert heights == sorted(heights, reverse=True)
    assert box(page, "#timeline .threshold")["height"] < 1
    assert box(page, "#timeline .reached")["top"] < box(page, "#timeline .threshold")["top"] - 20


@pytest.mark.parametrize("size", SIZES)
def test_a_crib_that_only_makes_noise_is_drawn_low(browser, tmp_path, size):
    """Codes of the noise alone in the demo's night: 66 to 84, and none reaches the threshold."""
    epochs = [{"onset_s": 30.0 * i, "duration_s": 30.0, "threshold": 6.87,
               "levels": [66 + (7 * second + i) % 19 for second in range(30)]}
              for i in range(240)]  # fmt: skip
    path = tmp_path / "report.html"
    path.write_text(render(empty(epochs=epochs, summary={"hours": 2.0})), encoding="utf-8")
    browser.show(path, size)
    noise, threshold = box(browser, ".activity"), box(browser, ".threshold")
    assert 2 < noise["height"] < 0.2 * 124
    assert noise["top"] > threshold["top"]
    assert browser.run("document.querySelector('.reached').getAttribute('d')") == ""


def test_no_word_is_broken(page):
    """Words of up to 24 letters stay whole; longer ones (hashes, foreign text) may be broken."""
    page.run("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    page.settle()
    broken = page.run("""(() => {
        const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const node = texts.currentNode;
            const holder = node.parentElement;
            if (!holder.offsetHeight || holder.closest('script, .sr, .skip')) continue;
            for (const word of node.data.matchAll(/[^\\s_–—-]+[_-]?/g)) {
                const range = document.createRange();
                range.setStart(node, word.index);
                range.setEnd(node, word.index + word[0].length);
                const lines = new Set([...range.getClientRects()].filter(r => r.width > 0.5)
                    .map(r => Math.round(r.top)));
                if (lines.size > 1 && word[0].length <= 24) found.push(word[0]);
            }
        }
        return found;
    })()""")
    turned = page.run("""[...document.querySelectorAll('.hours thead .shape + span')]
        .filter(e => getComputedStyle(e).writingMode !== 'horizontal-tb'
            && e.getBoundingClientRect().width > 20).map(e => e.textContent)""")
    assert broken == turned == []


def test_the_counts_per_hour_name_their_columns(page):
    """A column of numbers without its name says nothing; on a phone the names stand upright."""
    sizes = page.run("""[...document.querySelectorAll('.hours thead .shape + span')]
        .map(e => e.getBoundingClientRect()).map(r => [r.width, r.height])""")
    assert len(sizes) == len(SHAPES)
    assert all(min(size) > 8 and max(size) > 24 for size in sizes)


def test_what_a_finger_presses_is_large_enough(request, page):
    small = page.run(
        "[...document.querySelectorAll('#zoom button, table button, .head button, #filter label')]"
        ".map(e => e.offsetHeight).filter(h => h > 0 && h < 44).length"
    )
    assert (small == 0) == ("[phone]" in request.node.name)


def test_a_phone_has_the_counts_on_its_first_screen(request, page):
    phone = "[phone]" in request.node.name
    assert bool(page.run("document.querySelector('.quick').offsetHeight")) == phone
    if phone:
        assert "twitch 190" in " ".join(said(page, ".quick").split())
        assert page.run("document.querySelector('.quick').getBoundingClientRect().bottom") < 844


def test_a_finger_drawn_across_the_night_chooses_a_part(page):
    page.run(
        "(e => { const b = e.getBoundingClientRect(), at = (type, share) => e.dispatchEvent("
        "new PointerEvent(type, {pointerType: 'touch', isPrimary: true, bubbles: true,"
        " clientX: b.left + share * b.width, clientY: b.top + 40}));"
        " at('pointerdown', .4); at('pointermove', .5); at('pointerup', .6); })"
        "(document.querySelector('#timeline'))"
    )
    assert page.run("view.to - view.from") < 0.4 * page.run("night.span")


def test_each_event_shows_its_clock_time(page):
    assert page.run("document.querySelector('#event-0 .clock').offsetWidth") > 40
    assert page.run("document.querySelector('.head .clock').offsetHeight") > 10


def test_a_pattern_takes_six_lines_at_most(page):
    rows = "[...document.querySelectorAll('.patterns tbody tr')]"
    heights = page.run(f"{rows}.map(e => e.offsetHeight)")
    assert heights and max(heights) <= 140
    wide = page.run(f"{rows}.every(row => [...row.children].every(e => e.offsetWidth > 24))")
    assert wide


def test_what_belongs_together_and_the_states_have_lanes(page):
    assert count(page, "#timeline .together") == len(example_night().patterns) > 3
    assert count(page, "#timeline .bout") > 3
    asleep = [line for line in example_night().likely if line["state"] == "asleep_likely"]
    assert count(page, "#timeline .s0") == len(asleep) > 2
    assert count(page, "#timeline .s2") == 3
    assert box(page, "#timeline .s0")["height"] == 10
    assert count(page, "#timeline .disturbed") == 5, "3 handlings and 2 from outside"
    assert box(page, "#timeline .disturbed")["height"] > 300


def test_gaps_are_grey(page):
    cut = "[...document.querySelectorAll('#timeline .hidden-time')][1]"
    found = page.run(f"(b => [b.width, b.height])({cut}.getBBox())")
    assert found[0] > 4 and found[1] > 300
    lines = page.run("getComputedStyle(document.querySelector('#hatch line')).stroke")
    red, green, blue = (int(part) for part in lines[4:-1].split(","))
    assert max(red, green, blue) - min(red, green, blue) < 16


def test_the_keyboard_zooms_the_drawing(page):
    page.run("document.querySelector('#timeline').focus()")
    page.key("+", 187, "+")
    assert said(page, "#in-view") == "2:33:30 to 7:40:30 since the start"
    page.key("ArrowRight", 39)
    assert said(page, "#in-view") == "5:07:00 to 10:14:00 since the start"
    page.key("0", 48, "0")
    assert said(page, "#in-view") == "0:00:00 to 10:14:00 since the start"


def test_a_mouse_drawn_across_the_night_zooms_into_it(page):
    """From the middle of the drawn night for a quarter of it to the right."""
    page.run("document.querySelector('#timeline').scrollIntoView({block: 'center'})")
    from_x, to_x, y = page.run("""(() => {
        const b = document.querySelector('#timeline .activity').getBoundingClientRect();
        const host = document.querySelector('#timeline').getBoundingClientRect();
        const left = host.x + drawn.gutter;
        return [left + drawn.width / 2, left + 0.75 * drawn.width, b.y + 10];
    })()""")
    for kind, x in (("mousePressed", from_x), ("mouseMoved", to_x), ("mouseReleased", to_x)):
        page.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    page.settle()
    begin, end = page.run("[view.from, view.to]")
    assert begin == pytest.approx(18420, abs=120)
    assert end == pytest.approx(27630, abs=120)


def test_the_first_screen_holds_every_fact(page):
    names = page.run("[...document.querySelectorAll('.facts dt')].map(e => e.textContent)")
    assert names == ["Recorded", "Covered", "Likely asleep", "Movements", "Longest bout",
                     "Longest without a bout", "Smallest movement"]  # fmt: skip
    bottom = page.run("document.querySelector('.facts').getBoundingClientRect().bottom")
    assert bottom < page.run("window.innerHeight")


def test_every_number_of_a_count_is_on_the_screen_beside_previous_nights(browser, tmp_path):
    before = [content(example_night(seed=seed)).summary for seed in (3, 4, 5)]
    path = tmp_path / "report.html"
    path.write_text(render(example_night(), before), encoding="utf-8")
    for size in SIZES:
        browser.show(path, size)
        assert browser.no_wider_than_the_screen()
        overlaps = browser.run("""[...document.querySelectorAll('.kinds td')]
            .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)""")
        assert overlaps == []
        assert count(browser, ".kinds td small span") == 2 * 12


def test_the_recorders_lines_are_folded(page):
    assert page.run("document.querySelector('#marks').offsetHeight") < 250
    page.click(".recorder summary")
    assert page.run("document.querySelector('.recorder table').offsetHeight") > 60


def test_zooming_narrows_the_timeline_and_the_list(page):
    page.click("#zoom [data-zoom=in]")
    assert 0 < count(page, "#timeline .event") < 253
    assert said(page, "#in-view") == "2:33:30 to 7:40:30 since the start"
    page.click("#zoom [data-zoom=on]")
    assert said(page, "#in-view") == "5:07:00 to 10:14:00 since the start"
    page.click("#zoom [data-zoom=whole]")
    assert count(page, "#timeline .event") == 253


def test_an_hour_shows_its_events(page):
    row = "document.querySelectorAll('.hours tbody tr')[4].querySelectorAll('td')"
    counts = page.run(f"[...{row}].slice(2, 10).map(cell => Number(cell.textContent))")
    page.click("[data-hour='4'] button")
    assert said(page, "#in-view") == "4:00:00 to 5:00:00 since the start"
    assert shown(page) == sum(counts) == 10


def test_filter_and_order(page):
    assert shown(page) == 40
    page.click("#more")
    assert shown(page) == 253
    page.click("#filter input[value='0']")
    assert shown(page) == 63
    page.click("[data-sort=peak] button")
    page.click("[data-sort=peak] button")
    peaks = page.run(
        "[...document.querySelectorAll('.events > li:not([hidden])')].map(e => +e.dataset.peak)"
    )
    assert len(peaks) == 63
    assert peaks == sorted(peaks, reverse=True)


def test_every_string_a_user_can_meet(page):
    page.run("document.querySelectorAll('.events details').forEach(e => { e.open = true; })")
    page.settle()
    met = page.run("""[document.title, document.body.innerText,
        ...[...document.querySelectorAll('svg text, svg title')].map(e => e.textContent),
        ...[...document.querySelectorAll('*')].flatMap(e => [...e.attributes])
            .filter(a => /^(aria-label|title|alt|placeholder)$/.test(a.name)).map(a => a.value),
        ].join('\\n')""")
    assert len(met) > 50_000
    assert " ".join(NOT_THIS) in met
    assert forbidden(met) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(page, scheme):
    """Contrast of ink, dim text and links to the page, WCAG 2 level AA: 4.5 to 1."""
    page.media(scheme=scheme)
    inks = ("#headline", ".note", ".remarks a", ".under", "h1")
    ratios = page.contrasts(*((selector, "color") for selector in inks))
    assert min(ratios) >= 4.5
    ground = page.run("getComputedStyle(document.documentElement).backgroundColor")
    assert ground == ("rgb(251, 251, 250)" if scheme == "light" else "rgb(20, 22, 27)")


def test_print_is_on_white_and_lists_everything(page):
    page.media("print", "dark")
    page.settle()
    assert shown(page) == 253
    assert count(page, ".controls") == 2
    heights = "[...document.querySelectorAll('.controls')].map(e => e.offsetHeight)"
    assert page.run(heights) == [0, 0]
    ground = page.run("getComputedStyle(document.documentElement).backgroundColor")
    assert ground == "rgb(255, 255, 255)"
    assert page.pdf().startswith(b"%PDF")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "night",
    [
        empty(),
        empty(summary={"hours": 10.0}, gaps=[{"onset_s": 0.0, "duration_s": 36000.0}]),
        empty(events=[{}], epochs=[{}], gaps=[{}], states=[{}], recorder=[{}], marks=[{}]),
        hostile_night(),
    ],
    ids=["empty", "all-gap", "missing-fields", "hostile"],
)
def test_odd_nights_open_without_an_error(browser, tmp_path, night, size):
    path = tmp_path / "report.html"
    path.write_text(render(night), encoding="utf-8")
    browser.errors.clear()
    browser.show(path, size)
    assert browser.errors == []
    assert count(browser, "#timeline svg") == 1
    assert count(browser, "img, iframe, script:not([type]) ~ script") == 0
    assert browser.no_wider_than_the_screen()
    if HOSTILE in str(night.marks):
        assert "alert(1)" in said(browser, "#timeline")


PAPERS_IN = {"A4": (8.27, 11.69), "Letter": (8.5, 11.0)}


def fullest() -> Content:
    """More of everything than a sheet holds, and the longest words that it may meet."""
    night = example_night()
    night.header |= {"recording_frames": 1, "device": "c84c8e6d94818238", "sensor": "MPU6050"}
    long = {"state": "asleep_likely", "asleep_min": 500.0, "since_disturbance_s": 35_000.0,
            "last_disturbance": "footsteps", "stopped_with_arousal": None}  # fmt: skip
    kinds = ("bout", "periodic_series", "slow_regular", "twitch_cluster")
    night.patterns = [
        {"kind": kinds[i % 4], "of": "rhythmic_large", "onset_s": 300.0 * i, "count": 12,
         "duration_s": 3599.0, "jerks": 4000, "rate_hz": 2.25, "regularity": 0.97,
         "interval_s": 88.8, "interval_cv": 0.25, "context": long}
        for i in range(120)
    ]  # fmt: skip
    night.gaps += [{**night.gaps[0], "onset_s": 100.0 * i} for i in range(40)]
    notes = [Note(tuple(TAGS), "word " * 100, 60.0 * i) for i in range(30)]
    before = [content(example_night(seed=seed)).summary for seed in (3, 4)]
    told = content(night, before, notes, date(2025, 9, 1))
    empty = tuple((6000.0 * i, 6000.0 * i + 400.0) for i in range(3))
    asleep = {"asleep_s": 5000.0, "empty_s": 1200.0}
    return replace(told, empty=empty, summary=replace(told.summary, **asleep))


@pytest.mark.parametrize("paper", PAPERS_IN)
@pytest.mark.parametrize("full", [True, False])
def test_the_sheet_for_a_clinician_is_two_printed_pages(browser, tmp_path, full, paper):
    path = tmp_path / "sheet.html"
    path.write_text(sheet(fullest() if full else content(example_night())), encoding="utf-8")
    browser.errors.clear()
    browser.media()
    browser.show(path, "desktop")
    width_in, height_in = PAPERS_IN[paper]
    printed = browser.pdf(paperWidth=width_in, paperHeight=height_in)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 2
    assert browser.errors == []


@pytest.mark.parametrize("size", SIZES)
def test_the_sheet_can_be_read_on_a_screen(browser, tmp_path, size):
    path = tmp_path / "sheet.html"
    path.write_text(sheet(fullest()), encoding="utf-8")
    browser.show(path, size)
    assert browser.no_wider_than_the_screen()
    assert count(browser, "script") == 0
    assert count(browser, ".page") == 2


def test_a_night_of_ten_hours_opens_in_two_seconds(browser, tmp_path):
    """400 events with waveforms of 8 s at 208 Hz: the largest page that is ever written."""
    night = example_night()
    noise = np.random.default_rng(3).normal(0.0, 9.0, (8 * 208, 3)).astype("f4")
    night.events = [dict(night.events[i % 253], onset_s=i * 80.0) for i in range(400)]
    night.snippets = {i: Snippet(i * 80.0 - 1, 208.0, noise) for i in range(400)}
    path = tmp_path / "report.html"
    path.write_text(render(night), encoding="utf-8")
    assert 3_000_000 < path.stat().st_size < 6_000_000
    for size in SIZES:
        took_s = browser.show(path, size)
        assert count(browser, "#timeline .event") == 400
        assert took_s < FIRST_VIEW_S


def test_all_that_can_be_pressed_or_read_aloud_has_a_name(page):
    nodes = page.send("Accessibility.getFullAXTree")["nodes"]
    met: dict[str, list[str]] = {}
    for node in nodes:
        if not node.get("ignored"):
            name = node.get("name", {}).get("value", "")
            met.setdefault(node["role"]["value"], []).append(name)
    for role in ("button", "checkbox", "table", "image", "heading", "link"):
        assert met[role] and all(met[role]), role
    assert (
        "The night. Left and right move, plus and minus zoom, 0 shows the whole." in met["group"]
    )
    assert any("253 events by kind" in name for name in met["image"])

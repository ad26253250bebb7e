"""Many nights beside each other: baselines and what ends them, weeks, words, and the page."""

import random
import re
from datetime import date, timedelta
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest

from cribtrace import cli, profile
from cribtrace.library import parquet
from cribtrace.library.store import Library
from cribtrace.library.tables import TABLES
from cribtrace.trend import draw, page, text, words
from cribtrace.trend.measures import MEASURES
from cribtrace.trend.periods import BASELINE_NIGHTS, compared, periods, spread
from cribtrace.wording import NOT_THIS, forbidden
from tests.support.invented_nights import BEGIN, night, nights

TWITCHES = next(m for m in MEASURES if m.title == "Twitches")
TWITCHES_ASLEEP = next(m for m in MEASURES if m.title == "Twitches while likely asleep")


def test_a_rate_is_of_its_own_hours():
    row = night(0, twitch=80, twitch_asleep=45)
    assert (TWITCHES.of(row), TWITCHES_ASLEEP.of(row)) == (8.0, 5.0)


def test_below_two_hours_there_is_no_rate():
    row = night(0, twitch=80, twitch_asleep=45, asleep_h=1.9)
    assert (TWITCHES.of(row), TWITCHES_ASLEEP.of(row)) == (8.0, None)
    assert TWITCHES.of(night(0, twitch=80, covered_h=1.9)) is None


def test_median_and_quartiles_are_numpys():
    rng = random.Random(2)
    for count in range(3, 40):
        rows = [night(k, twitch=rng.randint(0, 500)) for k in range(count)]
        found = spread(TWITCHES, rows)
        low, median, high = np.percentile([row["twitch"] / 10 for row in rows], [25, 50, 75])
        assert found[:3] == pytest.approx((median, low, high)) and found.nights == count


def test_a_night_that_was_hardly_covered_is_in_no_median():
    rows = [night(k, twitch=100) for k in range(3)]
    thin = night(3, twitch=900, covered_h=7.9)
    assert spread(TWITCHES, [*rows, thin]) == spread(TWITCHES, rows)
    assert spread(TWITCHES, [*rows, night(3, twitch=900, covered_h=8.0)]).nights == 4
    assert spread(TWITCHES, [*rows[:2], thin]) is None


def test_nights_alike_are_under_one_baseline():
    (only,) = periods(nights(40))
    assert len(only.nights) == 40 and only.because == []
    assert only.baseline(TWITCHES) == spread(TWITCHES, only.nights[:BASELINE_NIGHTS])


@pytest.mark.parametrize(("differs", "said"), [
    ({"device": "0" * 16}, "board: 9f00112233445566 → 0000000000000000"),
    ({"sensor": "BMI270"}, "sensor: LSM6DSO → BMI270"),
    ({"full_scale_g": 4}, "range, g: 2 → 4"),
    ({"rate_hz": 208.0}, "frames a second: 104 → 208"),
    ({"firmware": "0.2.0"}, "detector, with its firmware: 0.1.0 (838fa95f) → 0.2.0 (838fa95f)"),
    ({"build": "00000001"}, "detector, with its firmware: 0.1.0 (838fa95f) → 0.1.0 (00000001)"),
    ({"settings": "ring_ms=0 tilt_mg=6 when_full=1"}, "setting, tilt_mg: 5 → 6"),
    ({"settings": "ring_ms=90 tilt_mg=5 when_full=1"}, "tap test, ring_ms: 0 → 90"),
    ({"settings": None}, "settings: of one of the two nights the log does not hold them"),
    ({"simulated": False}, "no longer simulated"),
])  # fmt: skip
def test_each_change_begins_a_new_baseline_and_says_why(differs, said):
    rows = [*nights(10), *(night(k, **differs) for k in range(10, 20))]
    first, second = periods(rows)
    assert (len(first.nights), second.because) == (10, [said])
    for measure in MEASURES:
        assert second.recent(measure) is None


@pytest.mark.parametrize("differs", [
    {"rate_hz": 104.6}, {"settings": "ring_ms=0 tilt_mg=5 when_full=2"}, {"marks": 3},
    {"tags": "filmed,awake"}, {"about": True}, {"crib": "cellar"},
])  # fmt: skip
def test_what_changes_no_number_begins_none(differs):
    assert len(periods([*nights(10), *(night(k, **differs) for k in range(10, 20))])) == 1


def test_a_new_place_begins_with_the_night_that_its_note_is_of():
    rows = [*nights(5), night(5, tags="filmed,new-place"), night(6)]
    _, second = periods(rows)
    assert [row["night"].day for row in second.nights] == [6, 7]
    assert second.because == ["a new place, by a note"]


def test_a_night_with_a_change_in_it_stands_alone():
    found = periods([night(0), night(1), night(2, changed=True), night(3), night(4)])
    assert [len(period.nights) for period in found] == [2, 1, 2]
    assert all("during the night of 2026-06-03" in period.because[0] for period in found[1:])


@pytest.mark.parametrize("index", [1, 16, 25, 29])
def test_what_is_shown_changes_no_number(index):
    """`--from` leaves nights out of the drawing, and none out of a baseline or a week."""
    rows = nights(30)
    rows[:12] = [{**row, "settings": "ring_ms=0 tilt_mg=6 when_full=1"} for row in rows[:12]]
    since = BEGIN + timedelta(days=index)
    whole, part = periods(rows), periods(rows, since)
    assert [row["night"] for period in part for row in period.nights] == [
        row["night"] for row in rows if row["night"] >= since
    ]
    assert compared(part[-1]) == compared(whole[-1]) and part[-1].begins == whole[-1].begins
    assert part[-1].because == whole[-1].because
    weeks = dict(whole[-1].weeks())
    assert all(nights == weeks[monday] for monday, nights in part[-1].weeks())
    shown = text.render("attic", rows, None, since)
    assert f"Since {whole[-1].begins}" in shown and f"attic, {since}" in shown


def test_the_first_baseline_says_that_it_began_ahead_of_what_is_shown():
    since = BEGIN + timedelta(days=20)
    told = words.headline("attic", periods(nights(30), since))
    assert told.startswith("10 nights of attic, 2026-06-21 to") and "2026-06-01, 20 nights" in told
    drawn = page.render("attic", nights(30), None, since)
    assert "Since 2026-06-01" in drawn and '<tr><th scope="row">2026-06-20' not in drawn


def test_the_comparison_is_of_the_last_nights_with_the_first():
    rows = [night(k, twitch=100 + k % 3) for k in range(14)]
    rows += [night(k, twitch=500) for k in range(14, 20)]
    rows += [night(k, twitch=200 + k % 2) for k in range(20, 27)]
    one = compared(periods(rows)[0])[MEASURES.index(TWITCHES)]
    assert one.baseline.median == 10.1 and one.recent.median == 20.0
    assert one.difference == pytest.approx(9.9) and one.last == 20.0
    assert (one.baseline.nights, one.recent.nights) == (14, 7)


def test_nothing_is_compared_with_itself():
    assert compared(periods(nights(14))[0])[0].recent is None
    assert compared(periods(nights(16))[0])[0].difference is None
    assert compared(periods(nights(17))[0])[0].difference is not None
    assert compared(periods(nights(4))[0])[0].baseline is None


def test_weeks_begin_on_mondays_and_end_with_a_baseline():
    rows = [*nights(10), *(night(k, sensor="BMI270") for k in range(10, 15))]
    first, second = periods(rows)
    assert [(str(m), len(found)) for m, found in first.weeks()] == [
        ("2026-06-01", 7), ("2026-06-08", 3),
    ]  # fmt: skip
    assert [(str(m), len(found)) for m, found in second.weeks()] == [
        ("2026-06-08", 4), ("2026-06-15", 1),
    ]  # fmt: skip


@pytest.mark.parametrize("born", [None, date(2026, 5, 14)])
def test_growth_is_named_with_how_long_it_had(born):
    said = words.growth(periods(nights(50)), born)
    assert said.startswith("Growth lies in every difference") and "49 days" in said
    assert ("2 to 9 weeks of age" in said) is (born is not None)


@pytest.mark.parametrize("count, said", [
    (1, "1 night counts: 4 more nights make a baseline, 16 more nights make last nights"),
    (4, "4 nights count: 1 more night makes a baseline, 13 more nights make last nights beside"),
    (9, "9 nights count: 8 more nights make last nights beside it."),
    (17, ""),
])  # fmt: skip
def test_what_is_missing_for_a_comparison_is_said(count, said):
    rows = nights(count)
    (only,) = periods(rows)
    assert said in words.missing(only) and bool(said) == bool(words.missing(only))
    shown = " ".join(text.render("attic", rows).split())
    assert words.missing(only) in shown and words.missing(only) in page.render("attic", rows)
    thin = night(count, covered_h=1.0)
    assert words.missing(periods([*rows, thin])[0]) == words.missing(only)


def test_a_day_and_a_week_are_named_in_their_number():
    two = words.growth(periods(nights(2)), date(2026, 5, 25))
    assert "1 day (from 0 to" not in two and "1 day (from 1 to" not in two
    assert "1 day (at an age of 1 week) changes weight" in two
    assert "7 days (from 0 to 1 week of age) change" in words.growth(
        periods(nights(8)), date(2026, 6, 1)
    )
    assert words.growth(periods(nights(1)), date(2026, 5, 25)) == ""
    thin = [*nights(4), night(4, covered_h=5.0)]
    assert "1 with less than 80% covered is in no median" in words.headline("a", periods(thin))


MANY = [*nights(30), *(replace_ for replace_ in (night(k, sensor="BMI270", twitch=250 + k,
        tags="new-place,<script>hop(1)</script>") for k in range(30, 60)))]  # fmt: skip


@pytest.mark.parametrize("count", [1, 2, 3, 5, 20, 60])
@pytest.mark.parametrize("born", [None, date(2026, 5, 14), date(2027, 1, 1)])
@pytest.mark.parametrize("render", [text.render, page.render])
def test_nothing_that_is_said_is_a_verdict(render, count, born):
    shown = render("attic", MANY[:count], born)
    plain = re.sub(r"<style>.*?</style>|<[^>]*>", " ", shown, flags=re.DOTALL)
    plain = " ".join(plain.split())
    assert forbidden(plain) == []
    assert " ".join(NOT_THIS) in plain and ("Growth lies" in plain) is (count > 1)
    assert not re.search(r"\b1 (days|nights|weeks|marks|baselines)\b", plain)
    assert not re.search(r"\b([\d-]{10}|\d+ wk) to \1\b", plain)
    labels = re.findall(r'(?:aria-label|data-of|title)=["\']([^"\']*)', shown)
    assert forbidden("\n".join(labels)) == []
    assert "nan" not in plain.lower().split() and "None" not in plain


def test_the_text_has_weeks_ages_and_breaks():
    said = text.render("attic", MANY, date(2026, 5, 14))
    assert "60 nights of attic, 2026-06-01 to 2026-07-30" in said
    assert "New baseline 2026-07-01: sensor: LSM6DSO → BMI270; a new place, by a note" in said
    week = next(line for line in said.splitlines() if line.startswith("2026-06-08"))
    assert re.search(r"3 wk\s+7\s+\d+\.\d \(\d+\.\d to \d+\.\d\)", week)


def test_the_text_fits_a_terminal():
    many = [{**row, "twitch": 5000 + row["twitch"]} for row in nights(40)]
    for said in (text.render("attic", MANY, date(2026, 5, 14)), text.render("attic", many)):
        assert max(map(len, said.splitlines())) <= 80
        assert all(title in said for title in text._SHORT)
    assert re.search(r"^Twitches, per covered hour\n +\d+\.\d  +\d+\.\d \(", said, re.M)


def test_the_text_names_each_night_with_a_note_or_a_mark():
    rows = nights(20)
    rows[2].update(tags="filmed,awake", marks=3)
    rows[5].update(marks=1)
    rows[7].update(tags="a\x1b[2Jb")
    said = text.render("attic", rows)
    assert (
        "\n\n2026-06-03: filmed, awake; 3 marks\n2026-06-06: 1 mark\n2026-06-08: a [2Jb\n\n"
        in said
    )
    assert "mark" not in text.render("attic", nights(20))


class Page(HTMLParser):
    """Counts of tags, and all attributes that could fetch or run anything."""

    def __init__(self, shown):
        super().__init__()
        self.tags, self.open, self.reaching = [], [], []
        self.feed(shown)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        fetch = ("src", "href", "style", "srcset")
        self.reaching += [(k, v) for k, v in attrs if k in fetch or k.startswith("on")]


def test_the_page_reaches_nothing_and_runs_nothing():
    shown = page.render("<b>attic</b>", MANY, None)
    parsed = Page(shown)
    assert parsed.reaching == [("href", "#weeks")]
    assert not {"script", "img", "link", "iframe", "b"} & set(parsed.tags)
    assert "default-src 'none'" in shown and "http" not in shown.replace("http-equiv", "")
    assert "&lt;script&gt;hop(1)" in shown and len(shown) < 400_000


def test_every_night_is_drawn_once_in_every_measure_that_has_it():
    rows = [*nights(20), night(20, covered_h=5.0, asleep_h=1.0)]
    axis = draw.Axis(rows[0]["night"], rows[-1]["night"], None)
    drawn = draw.figure(TWITCHES, periods(rows), axis)
    assert drawn.count("<circle") == 21 and drawn.count("night thin") == 1
    assert draw.figure(TWITCHES_ASLEEP, periods(rows), axis).count("<circle") == 20


def test_what_is_drawn_lies_inside_and_where_it_belongs():
    rows = nights(60)
    axis = draw.Axis(rows[0]["night"], rows[-1]["night"], None)
    drawn = draw.figure(TWITCHES, periods(rows), axis)
    places = [(float(x), float(y)) for x, y in re.findall(r"cx='([\d.]+)%' cy='([\d.]+)%'", drawn)]
    assert all(0 < x < 100 and 0 <= y <= 100 for x, y in places)
    assert [x for x, _ in places] == sorted({x for x, _ in places})
    by_height = sorted(range(60), key=lambda k: -places[k][1])
    assert [TWITCHES.of(rows[k]) for k in by_height] == sorted(map(TWITCHES.of, rows))


@pytest.mark.parametrize("days", [0, 1, 6, 20, 55, 200, 1000, 4000])
def test_dates_under_a_drawing_are_few_and_even(days):
    ticks = draw.Axis(BEGIN, BEGIN + timedelta(days=days), None).ticks()
    assert ticks[0] == BEGIN and 1 <= len(ticks) <= 7
    steps = {b - a for a, b in pairwise(ticks)}
    assert len(steps) <= 1


def test_the_profile(tmp_path):
    file = tmp_path / "profile.toml"
    file.write_text("[infant]\nborn = 2026-05-14\n")
    assert profile.born(file) == date(2026, 5, 14)
    assert [profile.weeks(date(2026, 5, 14), date(2026, 5, d)) for d in (13, 14, 20, 21)] == [
        None, 0, 0, 1,
    ]  # fmt: skip


def test_without_a_profile_there_is_no_age(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert profile.born() is None
    (tmp_path / "cribtrace").mkdir()
    (tmp_path / "cribtrace" / "profile.toml").write_text("[infant]\nborn = 2026-05-14\n")
    assert profile.born() == date(2026, 5, 14)


def kept(folder, rows):
    """A library whose nights have these rows and nothing else."""
    library = Library(folder)
    with library.changing() as change:
        for row in rows:
            of = row["device"], row["night"]
            for table in TABLES:
                parquet.write(change.path(table, of), table, [row] if table == "nights" else [])
    return library


def run(capsys, *words):
    code = cli.run(["trend", *words])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cellar = [{**row, "crib": "cellar", "device": "0" * 16} for row in nights(3)]
    library = kept(tmp_path / "kept", [*nights(20), *cellar])
    at = ("--library", str(library.folder))
    code, _, err = run(capsys, *at)
    assert code == 1 and "name one of" in err and "attic" in err and "cellar" in err
    code, _, err = run(capsys, "loft", *at)
    assert code == 1 and "no crib loft" in err
    code, out, _ = run(capsys, "attic", *at)
    assert (code, out) == (0, "trend.html\n")
    assert "20 nights of attic" in (tmp_path / "trend.html").read_text("utf-8")
    code, out, _ = run(capsys, "attic", "--format", "text", "--from", "2026-06-05", "--to",
                       "2026-06-08", *at)  # fmt: skip
    assert code == 0 and out.startswith("4 nights of attic, 2026-06-05 to 2026-06-08")
    code, _, err = run(capsys, "attic", "--from", "2027-01-01", *at)
    assert code == 2 and "2026-06-01 to 2026-06-20" in err
    (tmp_path / "who.toml").write_text("[infant]\nborn = 2026-05-14\n")
    code, out, _ = run(capsys, "attic", "--format", "text", "--profile", "who.toml", *at)
    assert code == 0 and "2 wk" in out


def test_an_empty_library_says_what_to_do(tmp_path, capsys):
    code, out, err = run(capsys, "--library", str(tmp_path / "none"))
    assert (code, out) == (1, "") and "cribtrace library add FOLDER" in err
    assert not (tmp_path / "none").exists()

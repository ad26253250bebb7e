"""Text, Markdown, JSON and the sheet say what the page says, and nothing that must not be said."""

import json
import re
from datetime import date
from itertools import pairwise

import pytest

from cribtrace.notes import TAGS, Note
from cribtrace.pattern_wording import evenness
from cribtrace.report import content, patterns, plain, sheet
from cribtrace.report.intervals import EDGES_S, NAMES, between_onsets, counted
from cribtrace.report.page import page
from cribtrace.wording import NOT_THIS, forbidden
from tests.support.example_night import empty, example_night, hostile_night
from tests.unit.test_report import Page

MAKERS = {"page": page, "text": plain.text, "md": plain.markdown, "json": plain.as_json,
          "sheet": sheet.sheet}  # fmt: skip


@pytest.fixture(scope="module")
def told() -> content.Content:
    before = [content.content(example_night(seed=seed)).summary for seed in (3, 4)]
    notes = [Note((tag,), "", 100.0 * i) for i, tag in enumerate(TAGS)]
    return content.content(example_night(), before, notes, date(2025, 11, 1))


def words(name: str, told: content.Content) -> str:
    written = MAKERS[name](told)
    return Page(written).text if name in ("page", "sheet") else written


@pytest.mark.parametrize("name", MAKERS)
def test_every_format_says_the_same_figures(name, told):
    said = " ".join(words(name, told).split())
    assert (
        "248 movements in 9.99 covered hours of 10.23 recorded, 9.65 of them likely asleep" in said
    )
    if name == "json":
        twitch = json.loads(said)["summary"]["counts"]["twitch"]
        assert (twitch["count"], twitch["asleep"]) == (190, 177)
        assert twitch["per_sleep_hour"] == pytest.approx(18.3, abs=0.05)
        return
    for figure in ("9 h 39 min", "1 h 19 min of it without motion", "19.4 s", "2 h 52 min"):
        assert figure in said
    row = re.search(r"twitch (?:\| |up to 0.5 s )?190 (?:\| )?19.0\D.*?177 (?:\| )?18.3", said)
    assert row and len(row.group()) < 60


@pytest.mark.parametrize("name", MAKERS)
def test_no_format_says_what_must_never_be_said(name, told):
    said = " ".join(words(name, told).split())
    assert forbidden(said) == []
    disclaimer = '", "'.join(NOT_THIS) if name == "json" else " ".join(NOT_THIS)
    assert disclaimer in said


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize(
    "night",
    [empty(), hostile_night(), empty(events=[{}], epochs=[{}], gaps=[{}], states=[{}], marks=[{}]),
     empty(summary={"hours": 10.0}, gaps=[{"onset_s": 0.0, "duration_s": 36000.0}])],
    ids=["empty", "hostile", "missing-fields", "all-gap"],
)  # fmt: skip
def test_odd_nights_are_told_in_every_format(name, night):
    written = MAKERS[name](content.content(night))
    written.encode("utf-8")
    assert NOT_THIS[0] in written
    assert "nan" not in written.lower().split()


# In 24 hours: seconds since the start have no 0 before their hour, and are fewer than 20 h.
CLOCK = re.compile(r"(?<![\d:])(about |~)?((?:0\d|2[0-3]):[0-5]\d(?::[0-5]\d)?)")


def only_about_right(night):
    for event in night.events:
        event["utc_about"] = event.pop("utc")
    return night


@pytest.mark.parametrize("name", ["page", "text", "md", "sheet"])
def test_times_that_are_only_about_right_are_marked_and_the_mark_explained_once(name, told):
    notes, born = told.notes, date(2025, 11, 1)
    night = only_about_right(example_night())
    marked = words(name, content.content(night, told.previous, notes, born)).replace("\\", "")
    exact = words(name, told).replace("\\", "")
    rough, sharp = CLOCK.findall(marked), CLOCK.findall(exact)
    assert [time for _, time in rough] == [time for _, time in sharp]
    assert len(sharp) > 15 and {mark for mark, _ in sharp} == {""}
    assert {mark for mark, _ in rough} == {"about ", "~"}
    assert " ".join(marked.split()).count("A time with ~ before it is about right only.") == 1
    assert "~" not in exact


def test_of_two_boots_the_event_list_marks_the_times_of_the_one():
    night = example_night()
    night.events[7]["utc_about"] = night.events[7].pop("utc")
    written = page(content.content(night))
    marks = re.findall(r"<time[^>]*>(~?)[\d:]+</time>", written)
    assert [k for k, mark in enumerate(marks) if mark] == [7]
    assert "from about 21:40 UTC" in written


def test_json_has_plain_numbers_however_right_its_times_are(told):
    rough = json.loads(plain.as_json(content.content(only_about_right(example_night()))))
    sharp = json.loads(plain.as_json(content.content(example_night())))
    assert rough.pop("remarks") != sharp.pop("remarks")
    assert rough == sharp


def test_text_fits_a_terminal(told):
    lines = plain.text(told).splitlines()
    assert max(map(len, lines)) <= plain.WIDTH
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize("name", ["text", "md"])
def test_intervals_settings_and_versions_are_in_plain_formats_too(name, told):
    said = " ".join(words(name, told).replace("\\", "").split())
    whole = sum(counted(between_onsets(told)))
    under = counted(between_onsets(told))[0]
    for part in ("From one movement to the next", "over 10 min", "Settings and versions",
                 "config_crc", "1a2b3c4d"):  # fmt: skip
        assert part in said
    row = re.search(r"under 0.5 s (?:\| )?(\d+) (?:\| )?(\d+) %", said)
    assert row and [int(row[1]), int(row[2])] == [under, round(100 * under / whole)]


@pytest.mark.parametrize("name", ["page", "text", "sheet"])
def test_a_log_of_minutes_has_no_rate_and_says_why(name):
    events = [{"kind": "handling", "onset_s": 60.0 * k, "duration_s": 9.0} for k in range(3)]
    night = empty(events=events, summary={"hours": 5.7 / 60})
    said = " ".join(words(name, content.content(night)).split())
    assert "Rates per covered hour are not given: 5 min 42 s covered, less than the 2 h" in said
    assert "31.6" not in said


def test_one_stretch_is_one():
    gap = {"onset_s": 150.0, "duration_s": 10.0}
    events = [{"kind": "twitch", "onset_s": 900.0, "duration_s": 0.2}]
    written = plain.text(content.content(empty(events=events, gaps=[gap])))
    assert "Not covered: 10.0 s in 1 stretch." in written


def test_regularity_says_which_scale_it_is_on(told):
    cells = {row[2].split(":")[0]: row[4] for row in patterns.rows(told)}
    assert evenness({"kind": "bout", "regularity": 0.261}) == "likeness 0.26"
    series = next(cell for name, cell in cells.items() if "bout" not in name)
    assert re.fullmatch(r"intervals ± \d+ %", series)


def test_the_table_of_stretches_names_what_the_first_screen_counts(told):
    text = Page(page(told)).text
    assert (
        "“Likely asleep” on the first screen: likely sleep, and 1 h 19 min without motion that"
        " followed on it 9 h 39 min" in " ".join(text.split())
    )


def test_a_table_of_markdown_has_as_many_cells_in_every_row(told):
    lines = plain.markdown(told).splitlines()
    for first, second in pairwise(lines):
        if first.startswith("|") and second.startswith("|"):
            cells = [len(re.findall(r"(?<!\\)\|", line)) for line in (first, second)]
            assert cells[0] == cells[1]


def test_the_sheet_says_what_a_clinician_asks_for(told):
    text = Page(sheet.sheet(told)).text
    for part in (
        "Age 8 weeks", "Covered 9 h 59 min 97.6 %", "Rhythmic bouts Start Length",
        "Stopped with an arousal", "Last disturbance", "Regularity", "Marks and notes",
        "Time that was not covered", "What cannot be told apart", "the board had no power",
        "Lying awake without moving, and sleep.", "Settings changed, hash 1a2b3c4d",
    ):  # fmt: skip
        assert part in text
    assert not Page(sheet.sheet(told)).of("script")


def test_a_sheet_that_is_full_says_what_it_left_out(told):
    night = example_night()
    night.patterns = [{**p, "duration_s": float(i)} for i, p in enumerate(night.patterns * 9)]
    text = Page(sheet.sheet(content.content(night))).text
    bouts = sum(p["kind"] == "bout" for p in night.patterns)
    assert f"The 11 longest of {bouts}; cribtrace report lists all." in text


def test_intervals_are_counted_where_all_between_was_covered():
    events = [{"kind": kind, "onset_s": at, "duration_s": 0.2} for kind, at in
              (("twitch", 0.0), ("gross", 15.0), ("handling", 16.0), ("twitch", 100.0),
               ("twitch", 200.0), ("twitch", 200.4))]  # fmt: skip
    gap = {"onset_s": 150.0, "duration_s": 1.0}
    found = between_onsets(content.content(empty(events=events, gaps=[gap])))
    assert found == pytest.approx([15.0, 85.0, 0.4])
    by_name = dict(zip(NAMES, counted(found), strict=True))
    assert [name for name, count in by_name.items() if count] == [
        "under 0.5 s", "10 to 20 s", "45 to 90 s",
    ]  # fmt: skip
    assert counted([*EDGES_S, 10_000.0]) == [0, *[1] * (len(EDGES_S) - 1), 2]
    assert len(NAMES) == len(EDGES_S) + 1

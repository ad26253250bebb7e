"""One line a person reads: aligned, in 80 columns, and whole where it is to be pasted."""

import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from cribtrace import facts, tail_filter, tail_line
from cribtrace import since as moments
from cribtrace.device import records
from cribtrace.errors import Usage
from cribtrace.frame_clock import FrameClock
from cribtrace.heard import Decoded, Note
from cribtrace.tail_summary import Summary
from tests.support.peer import header

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "SCHEMA.md"
LINES = [json.loads(line) for line in re.findall(r"^\{.*\}$", SCHEMA.read_text(), re.M)]
TIMED = [line for line in LINES if line["type"] in
         ("event", "gap", "state", "mark", "recorder", "epoch")]  # fmt: skip


@pytest.fixture(autouse=True)
def berlin(in_zone):
    in_zone("Europe/Berlin")


@pytest.fixture
def clock():
    """Second 60 of the boot is 2026-11-21 12:00 UTC."""
    made = FrameClock()
    made.of(header())
    made.set(6240, datetime(2026, 11, 21, 12, tzinfo=timezone.utc).timestamp())
    return made


def event(**changes):
    return {**next(line for line in LINES if line["type"] == "event"), **changes}


def test_short_reasons_are_made_of_the_words_of_the_long_ones():
    for brief, rule in zip(tail_line._BRIEF, facts.RULES, strict=True):
        assert set(brief.replace(",", "").split()) <= set(rule.replace(",", "").split()), brief
        assert len(brief) <= 24


def test_a_short_line_is_told_in_local_time_with_its_numbers_and_its_reason(clock):
    line = tail_line.made(event(), clock, 3)
    assert line.text() == "11-21 13:00:00.0 limb_move        0.769s 7.59mg z 35.3x middle length"
    assert line.role == tail_line.MOVEMENT


def test_a_whole_line_needs_nothing_beside_it(clock):
    assert tail_line.made(event(), clock, 3, whole=True).text() == (
        "2026-11-21T13:00:00.000+01:00 boot 3 +60.0s limb_move       0.769s, 7.59mg z,"
        " 35.3x threshold: of middle length at 30 % of its peak; strength 227.4 of 6.44,"
        " floor 0.152mg, 5 jerks"
    )


def test_without_an_anchor_it_is_the_second_of_the_boot():
    line = tail_line.made(event(), FrameClock(), 3)
    assert line.stamp == "          +60.0s"
    assert tail_line.made(event(), FrameClock(), 3, whole=True).stamp == "boot 3 +60.0s"


@pytest.mark.parametrize("width", [1, 20, 40, 60])
@pytest.mark.parametrize("line", TIMED, ids=lambda line: f"{line['type']}-{line.get('what', '')}")
def test_a_window_cuts_what_does_not_fit_and_says_so(clock, line, width):
    whole = tail_line.made(line, clock, 3)
    cut = whole.cut(width).text()
    assert len(cut) <= width
    assert cut == whole.text() or len(whole.text()) > width


def test_what_has_few_figures_gives_their_room_to_its_reason(clock):
    state = {"type": "state", "state": "asleep_likely", "onset_s": 60.0, "duration_s": 681.0,
             "reason": "3 min with little movement"}  # fmt: skip
    line = tail_line.made(state, clock, 3)
    assert len(line.text()) > 80
    told = "11-21 13:00:00.0 asleep_likely   681s 3 min with little movement"
    assert line.cut(80).text() == told
    assert line.cut(60).text() == told[:59] + "…"


def odd(first_s, speed):
    """Of a simulated boot that runs at `speed` times this clock's, seen for 2 s of it."""
    made = FrameClock()
    made.of({**header(), "recording_frames": 9})
    for k in range(2):
        made.set(round(104 * (60 + 2 * k * speed)), first_s + 2 * k)
    return made


@pytest.mark.parametrize(("speed", "about"), [(1.0, False), (20.0, True)])
def test_a_time_that_is_only_about_right_is_marked_for_both_readers(clock, speed, about):
    fast = odd(clock.utc_s(60.0), speed)
    line, stamped = tail_line.made(event(), fast, 3), fast.stamped(event())
    assert fast.about is about
    assert ("utc_about" in stamped, "utc" in stamped) == (about, not about)
    assert line.stamp.startswith("11-21 ~12:59:22 " if about else "11-21 13:00:00.0")
    assert len(line.stamp) == 16
    assert tail_line.made(stamped, fast, 3) == line
    whole = tail_line.made(event(), fast, 3, whole=True).stamp
    told = "~2026-11-21T12:59:22+01:00" if about else "2026-11-21T13:00:00.000+01:00"
    assert whole == f"{told} boot 3 +60.0s"


def test_earlier_anchors_of_the_boot_tell_the_rate_of_its_sensor(clock):
    hour_s = 3600.0
    clock.set(6240 - round(104 * 1.01 * hour_s), clock.utc_s(60.0) - hour_s)
    clock.set(6240 - round(104 * 1.01 * 2 * hour_s), clock.utc_s(60.0) - 2 * hour_s)
    ago_s = clock.utc_s(60.0) - clock.utc_s(60.0 - 1.01 * hour_s)
    assert ago_s == pytest.approx(hour_s, abs=0.1)
    assert not clock.about


@pytest.mark.parametrize("kind", records.KINDS)
@pytest.mark.parametrize("rule", facts.RULES)
@pytest.mark.parametrize("rate_hz", [None, 2.0, 11.5])
def test_events_of_the_board_fit_80_columns_side_by_side(clock, kind, rule, rate_hz):
    why = {**event()["why"], "rule": rule, "margin": 1234.5}
    widest = event(kind=kind, duration_s=29.994, peak_mg=1999.1, why=why, rate_hz=rate_hz)
    lines = [tail_line.made(one, clock, 3) for one in (widest, event())]
    assert all(len(line.text()) <= 80 for line in lines)
    if len(kind) < 16:
        assert len({len(line.figures) for line in lines}) == 1


@pytest.mark.parametrize("line", TIMED, ids=lambda line: f"{line['type']}-{line.get('what', '')}")
@pytest.mark.parametrize("whole", [False, True])
def test_every_type_of_line_of_the_schema_has_one(clock, line, whole):
    text = tail_line.made(line, clock, 1, whole=whole).text()
    assert text.isprintable()
    assert "None" not in text and "{" not in text
    assert "\n" not in text


def test_what_a_board_sends_as_text_cannot_drive_the_terminal(clock):
    line = tail_line.made({"type": "mark", "t_s": 1.0, "text": "\x1b[2J\n\x9b"}, clock, 1)
    assert line.reason == r"\x1b[2J\n\x9b"
    assert tail_line.noted("\x07").reason == r"\x07"


def keeps(*filters, everything=False):
    test = tail_filter.wanted(filters, everything=everything)
    return {line.get("kind") or line.get("state") or line.get("what") or line["type"]
            for line in TIMED if test(line)}  # fmt: skip


def test_without_a_filter_a_person_sees_events_and_faults_and_a_program_all():
    hidden = {"epoch", "anchor", "config", "recorder"}
    assert keeps(everything=True) - keeps() == hidden
    assert {"limb_move", "gap", "mark", "unusable", "text", "boot", "stop"} <= keeps()


def test_filters_name_exclude_and_compare():
    assert keeps("limb_move") == {"limb_move"}
    assert keeps("gap,mark") == {"gap", "mark"}
    assert keeps("fault") == {"gap", "unusable", "text"}
    assert keeps("health") == {"recorder"}
    assert keeps("event", "!host") == {"limb_move"}
    assert keeps("event,!limb_move") == keeps("event") - {"limb_move"}
    assert keeps("peak_mg>5") == {"limb_move", "epoch"}
    assert keeps("peak_mg>5,event") == {"limb_move"}
    assert keeps("margin>=35.31") == {"limb_move"}
    assert keeps("margin>35.31") == set()
    assert keeps("all") == keeps(everything=True)
    assert keeps("!limb_move", "!gap") == keeps() - {"limb_move", "gap"}
    assert keeps("!gap", everything=True) == keeps("all") - {"gap"}


@pytest.mark.parametrize("wrong", ["twich", "", "!!gap"])
def test_a_filter_that_nothing_can_meet_is_refused_with_what_there_is(wrong):
    with pytest.raises(Usage, match=r"twitch.*peak_mg>=5"):
        tail_filter.wanted([wrong], everything=False)


def test_fields_are_the_numbers_of_the_lines_that_tail_shows():
    numbers = set()
    for section in re.split(r"^## ", SCHEMA.read_text(), flags=re.M)[1:]:
        examples = [json.loads(line) for line in re.findall(r"^\{.*\}$", section, re.M)]
        if examples and examples[0] in TIMED:
            told = [cell for one in examples for cell in {**one.get("why", {}), **one}.items()]
            numbers |= {key for key, value in told if type(value) in (int, float)}
    assert numbers == tail_filter.FIELDS


@pytest.mark.parametrize("wrong", ["peakmg>=5", "event,peak>=5", "kind=3", "context.asleep_min>1"])
def test_a_comparison_of_what_no_line_has_is_refused_with_the_fields_there_are(wrong):
    name = re.sub(r".*,|[>=].*", "", wrong)
    told = rf"--filter: no line has a number {name};.*duration_s.*peak_mg"
    with pytest.raises(Usage, match=told):
        tail_filter.wanted([wrong], everything=False)


@pytest.mark.parametrize("wrong", ["peak_mg>", "snr>1.2.3", "peak_mg>=.", "snr=abc", "axis=z"])
def test_a_comparison_with_what_is_no_number_is_refused(wrong):
    with pytest.raises(Usage, match=r"--filter: .* is no number"):
        tail_filter.wanted([wrong], everything=False)


NOW = datetime(2026, 11, 21, 1, 30, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("10m", "2026-11-21T00:20"), ("90 s", "2026-11-21T00:28:30"), ("1.5h", "2026-11-20T23:00"),
        ("1:10", "2026-11-21T00:10"), ("21:30", "2026-11-20T20:30"),
        ("2026-07-01 02:00", "2026-07-01T00:00"),
    ],
)  # fmt: skip
def test_since_is_a_while_ago_or_a_time_that_has_been(text, utc):
    assert moments.utc_s(text, NOW) == datetime.fromisoformat(utc + "+00:00").timestamp()


@pytest.mark.parametrize("wrong", ["yesterday", "25:00", "10", "2026-13-01 10:00"])
def test_another_since_is_refused(wrong):
    with pytest.raises(Usage, match="21:30"):
        moments.utc_s(wrong, NOW)


def test_the_summary_counts_what_went_by():
    summary = Summary()
    for item in (Decoded(event()), Decoded(event()), Decoded({"type": "gap"}), Note("away")):
        summary.add(item)
    assert re.fullmatch(
        r"followed for 0:00:0\d: 2 events \(limb_move 2\), 1 gaps, 0 marks,"
        r" 1 notes about the line",
        summary.text(),
    )

"""`cribtrace why`: every second of a log has an answer, event or none, in its own numbers."""

import dataclasses
import json
import os
import re

import numpy as np
import pytest

from cribtrace import analysis, cli, criteria, log_records, moments, scenario, why
from cribtrace.device import records, segment_header, settings
from cribtrace.errors import Usage
from cribtrace.facts import RULES
from cribtrace.recording import Recording
from cribtrace.wording import forbidden
from tests.support.logged import log
from tests.unit.test_rerun import LSB_PER_G, RATE_HZ, bumps

EVENTS_S = (75, 100)


def weak(length_s=120) -> Recording:
    """Two movements, and one at 50 s that is just too weak."""
    strong = bumps(*EVENTS_S, length_s=length_s)
    one = bumps(50, amplitude_mg=0.7, length_s=length_s)
    empty = bumps(length_s=length_s)
    return Recording(strong.accel + one.accel - empty.accel, RATE_HZ, LSB_PER_G)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return log(weak(), tmp_path_factory.mktemp("log"), gap_at=110 * 104)


@pytest.fixture(scope="module")
def night(folder):
    return dataclasses.replace(analysis.read_night(folder), zone=None)


@pytest.fixture
def zone(in_zone):
    """The local time is three hours ahead of UTC."""
    in_zone("XXX-3")


def said(night, at_s) -> str:
    return " ".join(why.sentences(why.answer(night, at_s)))


def test_every_second_has_an_answer_and_names_nothing_forbidden(night):
    for at in range(int(night.summary["hours"] * 3600)):
        found = why.answer(night, at + 0.5)
        assert found["events"] or found["second"] or found["not_seen"], at
        text = " ".join(why.sentences(found))
        assert forbidden(text) == []
        assert "None" not in text
        json.dumps(found, allow_nan=False)


def test_a_second_with_an_event_tells_all_of_it(night):
    event = night.events[0]
    found = why.answer(night, event["onset_s"] + 0.05)
    (told,) = found["events"]
    assert told["onset_s"] == event["onset_s"]
    assert told["why"] == event["why"]
    assert told["passed_over"] == list(RULES[: RULES.index(event["why"]["rule"])])
    text = said(night, event["onset_s"] + 0.05)
    reasons = event["why"]
    for part in (
        f"strength {reasons['strength']:.2f}, {reasons['margin']:.2f} times the"
        f" {reasons['threshold']:.2f} at which a movement counts",
        f"its peak was {event['peak_mg']:.2f} mg on axis {event['axis']}",
        f"the noise floor was {reasons['floor_mg']:.2f} mg",
        f"Rule: {reasons['rule']}.",
        f"Held against before, and not met: {RULES[0]}",
        "more strength than an infant has: no (its peak was ",
        f" mg; it takes {settings.DEFAULTS['handling_mg']} mg or more);",
        "While: ",
    ):
        assert part in text, part


def test_a_second_without_an_event_tells_what_was_closest_and_what_was_missing(night):
    found = why.answer(night, 50.5)
    assert not found["events"]
    assert found["second"]["onset_s"] == 50.0
    assert not found["second"]["reached"]
    closest = found["closest"]
    assert closest["t_s"] == pytest.approx(50.15, abs=0.3)
    assert 0.25 < closest["margin"] < 1
    assert closest["margin"] == round(closest["strength"] / closest["threshold"], 2)
    text = said(night, 50.5)
    assert "No event." in text
    assert re.search(
        r"In this second it came to strength .*, 0\.\d\d times the .*: it stayed below\.", text
    )
    assert f"Closest miss of these 30 s, at 0:00:{closest['t_s']:.1f}: " in text
    enough = closest["threshold"] / closest["strength"]
    assert f"{enough:.2f} times as much would have been enough" in text
    assert "The noise floor was 0." in text
    assert "The nearest twitch begins" in text


def test_a_second_is_as_many_frames_as_the_board_counts(tmp_path):
    """At 104.45 Hz these are 104, so that the last ones of an epoch end 0.1 s early."""
    still = bumps(length_s=60)
    night = analysis.read_night(log(Recording(still.accel, 104.45, LSB_PER_G), tmp_path))
    epoch = night.epochs[1]
    epoch["levels"] = list(range(1, 31))
    told = why.answer(night, epoch["onset_s"] + 28.95)["second"]
    assert told["onset_s"] == pytest.approx(epoch["onset_s"] + 29 * 104 / 104.45, abs=0.001)
    assert told["until_s"] == pytest.approx(epoch["onset_s"] + 30 * 104 / 104.45, abs=0.002)
    assert told["strength"] == round(criteria.second_strength(30), 2)


def judged(night, *rules) -> tuple[dict, str]:
    """What is said of the second of two events of which the first was cut into it."""
    first, second = (dict(event, why={**event["why"], "rule": rule})
                     for event, rule in zip(night.events, rules, strict=True))  # fmt: skip
    first["why"]["cut"] = second["why"]["joined"] = True
    changed = dataclasses.replace(night, events=[first, second])
    found = why.answer(changed, second["onset_s"] + 0.05)
    return found["events"][0], " ".join(why.sentences(found))


def test_a_kind_that_was_inherited_was_held_against_nothing(night):
    event, text = judged(night, RULES[9], RULES[9])
    assert event["inherited"] is True
    assert event["passed_over"] == []
    assert "Its kind is that of the movement it is the rest of." in text
    assert "Held against" not in text


def test_the_rest_of_a_cut_movement_may_have_a_rule_of_its_own(night):
    event, text = judged(night, RULES[9], RULES[6])
    assert event["inherited"] is False
    assert event["passed_over"] == list(RULES[:6])
    assert "Its kind is that" not in text


def test_a_large_swing_is_not_said_to_have_been_held_against_hands(night):
    swung = records.SWUNG
    event, text = judged(night, RULES[11], RULES[swung])
    assert RULES[records.HANDLED] not in event["passed_over"]
    assert RULES[records.LEANED] not in event["passed_over"]
    assert event["passed_over"] == list(RULES[: records.HANDLED])
    assert f"Held against before, and not met: {RULES[0]};" in text


def test_seconds_far_from_the_miss_are_weaker(night):
    strengths = [why.answer(night, at + 0.5)["second"]["strength"] for at in (40, 50, 58)]
    assert strengths[1] > 2 * max(strengths[0], strengths[2])


def test_a_second_that_was_not_seen_says_why(night):
    (gap,) = night.gaps
    text = said(night, gap["onset_s"] + 1)
    assert "Not covered: fifo overrun, the sensor’s buffer filled up" in text
    told = said(night, 3.0)
    assert "Not covered: warm-up" in told
    assert "In this second nothing could be an event." in told
    assert "In this second it" not in told
    settling = said(night, gap["onset_s"] + gap["duration_s"] + 0.3)
    assert "In this second nothing could be an event." in settling


def test_records_that_are_missing_are_named(folder, tmp_path):
    content = (folder / "00000001.crib").read_bytes()
    (tmp_path / "00000001.crib").write_bytes(content[: int(len(content) * 0.4)])
    night = analysis.read_night(tmp_path)
    night.summary["hours"] = 1.0
    found = why.answer(night, 3000.0)
    assert [one["reason"] for one in found["not_seen"]] == ["records_missing"]
    assert "the log of this time is not here" in said(night, 3000.0)


def test_one_segment_of_a_log_names_the_folder_to_pass(folder, tmp_path, capsys):
    content = bytearray(next(folder.glob("*.crib")).read_bytes())
    late = content.index(0, len(content) // 2) + 1
    second = tmp_path / "00000005.crib"
    second.write_bytes(content[: segment_header.BYTES] + content[late:])
    cli.run(["why", "15.5", str(second)])
    said = capsys.readouterr()
    assert f"name the folder {tmp_path}" in said.err
    assert "pull again" not in said.err
    assert "records_missing" not in said.out
    assert "records missing, the log of this time is not here" in said.out


@pytest.mark.parametrize(
    ("when", "moment"),
    [
        ("01:13:35.25", 14.999),
        ("01:13:21", 0.749),
        ("01:13:20", 0.0),
        ("1:14", 39.749),
        ("42.5", 42.5),
    ],
)
def test_a_clock_time_is_local(night, zone, when, moment):
    # The anchor is 22:13:20.25 UTC at the first frame, a day before it is 1:13 here.
    assert moments.moment_s(night, when) == pytest.approx(moment, abs=0.002)


@pytest.mark.parametrize("tenths", [0, 4, 9])
def test_a_time_to_the_second_means_that_whole_second(night, zone, tenths):
    """As the report prints it: an event's clock time, without its fraction."""
    onset_s = 19.75 + tenths / 10  # it was 01:13:20.25 at the first frame
    event = dict(night.events[0], onset_s=onset_s, duration_s=0.2)
    changed = dataclasses.replace(night, events=[event])
    at_s = moments.moment_s(changed, "01:13:40")
    assert at_s == pytest.approx(onset_s, abs=0.002)
    assert [one["onset_s"] for one in why.answer(changed, at_s)["events"]] == [onset_s]
    assert moments.moment_s(changed, "01:13:40.05") == pytest.approx(19.8, abs=0.002)


def test_an_event_that_covers_a_moment_comes_before_one_that_begins_within_its_second(night):
    first, second = (dict(night.events[0], onset_s=at, duration_s=0.5) for at in (19.8, 20.6))
    both = dataclasses.replace(night, events=[first, second])
    alone = dataclasses.replace(night, events=[second])
    assert [moments.moment_s(both, when) for when in ("20", "20.5", "21")] == [20.0, 20.5, 21.0]
    assert [moments.moment_s(alone, when) for when in ("20", "20.5", "19")] == [20.6, 20.5, 19.0]


@pytest.mark.parametrize("when", ["25:00", "24:00:00"])
def test_no_clock_shows_more_than_24_hours(night, zone, when):
    with pytest.raises(Usage, match=f"{when} is no clock time, .* seconds"):
        moments.moment_s(night, when)


def test_a_clock_time_before_midnight_and_after_it(zone, night):
    with pytest.raises(Usage, match="from 01:13:20 to 01:15:2"):
        moments.moment_s(night, "03:12")


@pytest.mark.parametrize(
    "when", ["soon", "-3", "nan", "3:1", "99999", "", "03:72", "03:12:60", "0:60"]
)
def test_what_is_no_moment_of_the_night_is_refused(night, when):
    with pytest.raises(Usage):
        moments.moment_s(night, when)


@pytest.mark.parametrize("when", ["03:72", "03:12:60", "0:0:75"])
def test_what_no_clock_shows_is_named_as_no_moment(night, when):
    with pytest.raises(Usage, match="is no moment: write 03:12"):
        moments.moment_s(night, when)


def test_without_an_anchor_a_clock_counts_from_the_start(tmp_path):
    night = analysis.read_night(log(bumps(15), tmp_path, anchored=False))
    assert moments.moment_s(night, "0:00:15.5") == 15.5
    assert why.answer(night, 15.5)["utc"] is None


def test_the_command_takes_the_newest_log(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.run(["why", "15"]) == 2
    assert "cribtrace pull" in capsys.readouterr().err
    old, new = tmp_path / "cribtrace-00", tmp_path / "cribtrace-01"
    log(bumps(20), old)
    log(bumps(15), new)
    for path in old.iterdir():
        os.utime(path, (1, 1))
    assert cli.run(["why", "15.2", "--json"]) == 0
    line = json.loads(capsys.readouterr().out)
    assert line["type"] == "why"
    assert len(line["events"]) == 1
    assert cli.run(["why", "15.2", str(old)]) == 0
    assert "No event." in capsys.readouterr().out


def test_a_busy_hour_has_an_answer_everywhere(tmp_path):
    night = analysis.read_night(log(scenario.generate("ten_minutes", 3), tmp_path))
    ends_s = night.summary["hours"] * 3600
    told = [why.answer(night, float(at)) for at in np.arange(0.0, ends_s, 0.7)]
    kinds = {event["kind"] for one in told for event in one["events"]}
    assert len(kinds) >= 3
    alone = [one for one in told if not (one["events"] or one["not_seen"])]
    beyond = [one for one in alone if (one["second"]["margin"] or 0) > 1.05]
    assert alone
    assert [one["t_s"] for one in beyond if not near(one)] == []


def near(one) -> bool:
    return any(side and side["s"] <= why.NEAR_S for side in (one["before"], one["after"]))


def test_a_loud_second_tells_the_deviation_and_no_strength(night):
    event = night.events[0]
    second = why.answer(night, event["onset_s"] + 0.05)["second"]
    assert second["strength"] is second["margin"] is None
    assert second["reached"]
    times = event["peak_mg"] / event["why"]["floor_mg"]
    assert second["deviation"] == pytest.approx(times, rel=0.15)


def test_the_board_names_each_miss():
    assert len(log_records.MISSES) == 2
    assert forbidden(" ".join((*log_records.MISSES, *RULES))) == []

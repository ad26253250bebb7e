"""The figures of a night: rates, likely sleep, and other nights beside it."""

import json
from datetime import datetime, timezone

import pytest

from cribtrace import analysis, previous
from cribtrace.errors import CribtraceError
from cribtrace.instrument import Instrument, together
from cribtrace.night_summary import Count, NightSummary, likely_sleep, spread
from cribtrace.report import content, plain
from cribtrace.trend.periods import periods
from tests.support.example_night import empty, example_night
from tests.support.invented_nights import night
from tests.support.night_log import write_nights

HOUR_S = 3600.0


def state(name, onset_s, duration_s):
    return {"type": "state", "state": name, "onset_s": onset_s, "duration_s": duration_s}


def slept(hours: float, *, moves: int = 8, **given):
    """`moves` twitches, all but two while likely asleep."""
    events = [{"kind": "twitch", "onset_s": 60.0 * i, "duration_s": 0.5} for i in range(moves)]
    likely = [state("asleep_likely", 100.0, hours * HOUR_S)]
    return empty(events=events, likely=likely, summary={"hours": 10.0, "coverage": 0.9}, **given)


def test_times_are_told_to_the_millisecond():
    gaps = [{"onset_s": 0.1 + k / 3, "duration_s": 0.1} for k in range(9)]
    told = content.content(empty(summary={"hours": 10 / 3}, gaps=gaps)).summary.plain()
    assert all(v == round(v, 3) for v in told.values() if isinstance(v, float))
    assert told["covered_s"] == 11999.1


def test_rates_are_per_covered_hour_and_per_hour_of_likely_sleep():
    found = content.content(slept(4.0)).summary
    assert found.counts["twitch"] == Count(8, 6, 4.0)
    assert found.per_covered_hour("twitch") == pytest.approx(8 / 9)
    assert found.per_sleep_hour("twitch") == pytest.approx(6 / 4)
    assert found.per_sleep_hour("bout") == 0.0


@pytest.mark.parametrize(("hours", "given"), [(1.99, False), (2.0, True)])
def test_below_two_hours_of_likely_sleep_there_is_no_rate_of_it_and_it_says_why(hours, given):
    told = content.content(slept(hours))
    assert (told.summary.per_sleep_hour("twitch") is not None) is given
    assert told.summary.per_covered_hour("twitch") is not None
    said = " ".join(content.remarks(told))
    assert ("Rates per hour of likely sleep are not given: 1 h 59 min" in said) is not given
    assert ("less than the 2 h that such a rate takes" in said) is not given


def test_time_without_motion_is_sleep_where_it_follows_on_it():
    lines = [state("no_motion_seen", 0.0, 1500.0), state("asleep_likely", 1500.0, 1000.0),
             state("no_motion_seen", 2500.0, 2000.0), state("asleep_likely", 4500.0, 500.0),
             state("awake_likely", 5000.0, 100.0),
             state("no_motion_seen", 5100.0, 1300.0)]  # fmt: skip
    asleep, still = likely_sleep(lines)
    assert asleep == ((1500.0, 5000.0),)
    assert still == ((2500.0, 4500.0),)


def test_an_empty_crib_is_in_no_rate(monkeypatch):
    monkeypatch.setattr("cribtrace.night_summary.empty_spans", lambda *_: ((100.0, 3700.0),))
    found = content.content(slept(4.0)).summary
    assert (found.empty_s, found.asleep_s) == (HOUR_S, 3 * HOUR_S)
    assert found.per_covered_hour("twitch") == pytest.approx(8 / 8)


def test_an_empty_crib_is_shown(monkeypatch):
    for name in ("night_summary", "report.content"):
        monkeypatch.setattr(f"cribtrace.{name}.empty_spans", lambda *_: ((100.0, 3700.0),))
    told = content.content(slept(4.0))
    facts = {one.name: (one.value, one.beside) for one in content.facts(told)}
    assert facts["Empty by tilt"] == ("1 h 00 min", "left out of every rate")
    said = "Tilt says that the crib was empty (0:01:40 to 1:01:40); this time is left out of every"
    assert said in " ".join(content.remarks(told))
    assert json.loads(plain.as_json(told))["empty"] == [[100.0, 3700.0]]


def test_the_longest_bout_and_the_longest_time_without_one():
    bouts = [{"kind": "bout", "onset_s": at, "duration_s": long, "count": 1, "context": {}}
             for at, long in ((1000.0, 5.0), (9000.0, 21.0))]  # fmt: skip
    gap = {"onset_s": 20_000.0, "duration_s": 10.0}
    night = empty(patterns=bouts, gaps=[gap], summary={"hours": 10.0})
    found = content.content(night).summary
    assert (found.longest_bout_s, found.longest_bout_onset_s) == (21.0, 9000.0)
    assert (found.longest_without_s, found.longest_without_onset_s) == (15_990.0, 20_010.0)
    assert content.content(empty()).summary.longest_bout_s is None


def floors(sensor, *floors_mg):
    epochs = [{"onset_s": 30.0 * i, "duration_s": 30.0, "floor_mg": mg, "threshold": 4.0,
               "levels": [70]} for i, mg in enumerate(floors_mg)]  # fmt: skip
    return content.content(empty(header={"sensor": sensor}, epochs=epochs))


def test_the_smallest_movement_that_the_sensor_could_have_shown():
    told = floors("LSM6DSO", 0.3, 0.2, 0.6)
    assert told.summary.smallest_mg == pytest.approx((0.6, 0.4, 1.2))
    (said,) = content.smallest(told)
    assert "0.60 mg at the mattress (0.40 to 1.20 in the course of the night)" in said
    assert said.endswith("Movements of face and fingers lie below that.")
    (said,) = content.smallest(floors("MPU6050", 1.3))
    assert said.endswith("lie below that, and with an MPU6050 most twitches too.")
    assert content.smallest(floors("LSM6DSO")) == []


def test_previous_nights_are_a_median_and_a_range():
    before = [content.content(slept(4.0, moves=moves)).summary for moves in (2, 20, 5)]
    told = content.content(slept(4.0), before)
    twitch = content.kind_rows(told, disturbances=False)[0]
    assert twitch.before_covered == pytest.approx((5 / 9, 2 / 9, 20 / 9))
    assert content.range_told(twitch.before_covered) == "0.6 (0.2–2.2)"
    assert "3 previous nights: the median" in " ".join(content.remarks(told))


def test_a_previous_night_of_too_little_sleep_has_no_rate_of_it():
    before = [content.content(slept(hours, moves=9)).summary for hours in (1.0, 4.0)]
    (twitch, *_) = content.kind_rows(content.content(slept(4.0), before), disturbances=False)
    assert twitch.before_sleep == pytest.approx((7 / 4, 7 / 4, 7 / 4))
    assert spread([None]) is None


def test_a_summary_comes_back_out_of_json(tmp_path):
    told = content.content(example_night())
    path = tmp_path / "night.json"
    path.write_text(plain.as_json(told), encoding="utf-8")
    assert previous.read(path, None) == [told.summary]
    assert NightSummary.of_plain(told.summary.plain()) == told.summary


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"summary": {"counts": {"twitch": 1}}}'])
def test_a_file_that_is_no_report_says_so(tmp_path, text):
    path = tmp_path / "night.json"
    path.write_text(text)
    with pytest.raises(CribtraceError, match="is no report of a night"):
        previous.read(path, None)


def of(row):
    """The summary of a night that a library's row tells of, as far as the rule goes."""
    known = {name: row[name] for name in Instrument._fields[1:] if name in row}
    return NightSummary(str(row["night"]), f"{row['night']}T20:00", 1, 1, 1, 0, 0, 0, **known)


CHANGES = [
    {}, {"sensor": "BMI270"}, {"full_scale_g": 4}, {"rate_hz": 208.0}, {"firmware": "0.2.0"},
    {"build": "00000001"}, {"settings": "ring_ms=90 tilt_mg=5 when_full=1"}, {"changed": True},
    {"settings": "ring_ms=0 tilt_mg=5 when_full=2"}, {"settings": None}, {"tags": "new-place"},
    {"simulated": False},
]  # fmt: skip


@pytest.mark.parametrize("differs", CHANGES, ids=str)
@pytest.mark.parametrize("back", [False, True])
def test_a_report_goes_back_as_far_as_a_trends_baseline(differs, back):
    rows = [night(k, **(differs if k == 3 or (k > 3 and not back) else {})) for k in range(7)]
    last = periods(rows)[-1].nights
    found = previous.comparable(of(rows[-1]), map(of, rows[::-1]))
    assert [one.of for one in found] == [str(row["night"]) for row in last[:-1]]


def test_later_nights_the_same_one_and_other_boards_are_not_put_beside_one():
    rows = [night(k) for k in range(5)]
    other = of(night(2, device="0" * 16))
    found = previous.comparable(of(rows[3]), [other, of(rows[4]), of(rows[3]), of(rows[2])])
    assert found == [of(rows[2])]


def test_a_setting_changed_between_two_nights_of_a_log_parts_them(tmp_path):
    evenings = [datetime(2026, 6, day, 20) for day in (1, 2, 3, 4)]
    changed = {"settings": {"hold_ms": 900}}
    log = write_nights(tmp_path / "log", *((at, 3.0, [200.0]) for at in evenings[:2]),
                       *((at, 3.0, [200.0], changed) for at in evenings[2:]))  # fmt: skip
    read = analysis.read_night(log)
    *before, last = previous.in_log(read, timezone.utc)
    assert [one.of for one in previous.comparable(last, before)] == ["2026-06-03"]
    assert "hold_ms=900" in last.settings and "hold_ms=900" not in before[0].settings
    assert not any(one.changed for one in (*before, last))


def test_a_report_of_before_tells_less_and_is_put_beside_one_all_the_same():
    """What it does not tell, build, range and rate, nobody can say is another."""
    rows = [night(k, config_crc="1c5e9a07") for k in range(4)]
    untold = {"build": None, "settings": None, "rate_hz": None, "full_scale_g": None}
    old = of({**rows[1], **untold})
    assert previous.comparable(of(rows[3]), [of(rows[0]), old, of(rows[2])]) == [
        of(rows[0]), old, of(rows[2])
    ]  # fmt: skip
    other = of({**rows[1], **untold, "config_crc": "00000000"})
    assert previous.comparable(of(rows[3]), [of(rows[0]), other, of(rows[2])]) == [of(rows[2])]


def test_a_start_whose_settings_are_not_in_the_log_changes_nothing():
    known = Instrument(device="a", settings="hold_ms=300")
    found = together([known._replace(settings=None), known, known])
    assert found == known
    assert together([known._replace(settings=None), known, Instrument("b")]).changed
    assert together([known, known._replace(settings="hold_ms=900")]).changed

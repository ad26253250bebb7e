"""Likely states: every limit from both sides, holes, and an empty crib."""

import math

import pytest

from cribtrace import facts, log_records
from cribtrace.criteria import DEFAULT_STRENGTH, needed
from cribtrace.device import config, records, seconds
from cribtrace.sleep import (
    ASLEEP,
    AWAKE,
    NO_MOTION,
    UNKNOWN,
    Sleep,
)
from cribtrace.told_seconds import active_seconds, too_loud
from tests.support.pattern_truth import LOUD, SOFT, epoch


def event(onset_s, duration_s, kind="gross") -> dict:
    return {"type": "event", "kind": kind, "onset_s": onset_s, "duration_s": duration_s}


def slept(levels, events=(), holes=()) -> Sleep:
    """A sleep of whole epochs with these levels, one a second; None is a second not told of."""
    sleep = Sleep()
    for one in events:
        sleep.event(one)
    for hole in holes:
        sleep.hole(*hole)
    for at in range(0, len(levels), 30):
        part = levels[at : at + 30]
        if None not in part:
            sleep.epoch(epoch(at, part))
    sleep.finish()
    return sleep


def shown(sleep) -> list[tuple]:
    return [(line["onset_s"], line["onset_s"] + line["duration_s"], line["state"])
            for line in sleep.lines()]  # fmt: skip


def active(*seconds, length=600) -> list[int]:
    chosen = {int(second) for second in seconds}
    return [LOUD if at in chosen else SOFT for at in range(length)]


def test_asleep_after_three_minutes_with_little_movement():
    sleep = slept(active(length=600))
    assert shown(sleep) == [(0, 179, UNKNOWN), (179, 600, ASLEEP)]
    assert sleep.at(300.0).since_s == 180.0


@pytest.mark.parametrize(("count", "state"), [(18, ASLEEP), (19, UNKNOWN)])
def test_a_tenth_of_the_seconds_may_be_active(count, state):
    levels = active(*(10 * i for i in range(18)), *(5 for _ in range(count - 18)), length=180)
    assert sum(level == LOUD for level in levels) == count
    assert slept(levels).at(179.5).state == state


def test_a_gross_movement_or_hands_put_sleep_off():
    for kind in ("gross", "handling"):
        sleep = slept(active(length=360), [event(100, 4, kind)])
        assert sleep.at(282.0).state == UNKNOWN
        assert sleep.at(284.5).state == ASLEEP
    assert slept(active(length=360), [event(100, 4, "limb_move")]).at(200).state == ASLEEP


@pytest.mark.parametrize(("count", "awake"), [(59, False), (60, True)])
def test_awake_when_half_of_two_minutes_is_active(count, awake):
    levels = active(*(300 + 2 * i for i in range(count)))
    sleep = slept(levels)
    assert (sleep.at(418.5).state == AWAKE) == awake
    if awake:
        assert sleep.at(300.0).state == AWAKE, "since the first of them"
        assert sleep.at(299.9).state == ASLEEP
        assert sleep.at(310.0).since_s == 300.0


@pytest.mark.parametrize(("length_s", "awake"), [(15.0, False), (15.1, True)])
def test_awake_when_more_than_30_s_of_two_minutes_are_gross(length_s, awake):
    sleep = slept(active(), [event(300, 15.0), event(390, length_s)])
    assert (sleep.at(405).state == AWAKE) == awake
    assert (sleep.at(301).state == AWAKE) == awake
    far = slept(active(), [event(300, 15.0), event(430, length_s)])
    assert far.at(440).state == ASLEEP


def test_awake_lasts_until_three_minutes_with_little_movement():
    sleep = slept(active(length=900), [event(300, 31)])
    assert shown(sleep)[1:] == [(179, 300, ASLEEP), (300, 510, AWAKE), (510, 900, ASLEEP)]


def test_rhythmic_movement_says_nothing_about_waking():
    busy = range(300, 400)
    assert slept(active(*busy)).at(380).state == AWAKE
    for kind in ("rhythmic_bout", "rhythmic_large", "environment"):
        spans = [event(300, 100, kind)]
        assert slept(active(*busy), spans).at(380).state == ASLEEP, kind


def test_surroundings_veil_and_after_half_of_three_minutes_nobody_can_tell():
    for length_s, state in ((86, ASLEEP), (88, UNKNOWN)):  # and 2 s on either side
        assert slept(active(), [event(300, length_s, "environment")]).at(392.5).state == state


def test_hands_end_sleep_but_not_waking():
    sleep = slept(active(length=900), [event(300, 5, "handling")])
    assert [sleep.at(at).state for at in (299, 300, 400, 490)] == [
        ASLEEP,
        UNKNOWN,
        UNKNOWN,
        ASLEEP,
    ]
    awake = slept(active(length=900), [event(300, 31), event(350, 5, "handling")])
    assert awake.at(360).state == AWAKE


def test_a_short_hole_is_not_seen_and_what_was_known_goes_on():
    sleep = slept(active(), holes=[(300.0, 330.0)])
    assert shown(sleep)[1:] == [(179, 300, ASLEEP), (330, 600, ASLEEP)]
    assert sleep.at(310.0) is None
    assert sleep.at(331.0).since_s == 180.0


@pytest.mark.parametrize("hole", [(300.0, 331.0), (300.0, math.inf)])
def test_after_a_long_hole_or_one_of_unknown_length_nothing_is_known(hole):
    sleep = slept(active(length=660), holes=[hole])
    later = max(min(hole[1], 331), 300) if math.isfinite(hole[1]) else 300
    assert sleep.at(later + 1).state == UNKNOWN
    assert sleep.at(later + 178).state == UNKNOWN
    assert sleep.at(later + 180.5).state == ASLEEP


def test_missing_epochs_are_a_hole_too():
    levels = [*active(length=300), *[None] * 60, *active(length=240)]
    sleep = slept(levels)
    assert sleep.at(330) is None
    assert sleep.at(361).state == UNKNOWN


def test_no_motion_for_twenty_minutes_is_called_that_from_its_start():
    assert shown(slept(active(100, 1301, length=1500))) == [
        (0, 101, UNKNOWN), (101, 1301, NO_MOTION), (1301, 1480, UNKNOWN), (1480, 1500, ASLEEP),
    ]  # fmt: skip
    shorter = shown(slept(active(100, 1300, length=1500)))
    assert shorter == [(0, 179, UNKNOWN), (179, 1500, ASLEEP)]
    moved = slept(active(100, 1301, length=1500), [event(700, 0.3, "twitch")])
    assert shown(moved) == shorter


def test_a_hole_ends_a_stretch_without_motion():
    assert NO_MOTION not in {state for *_, state in shown(slept(active(length=2400),
                                                               holes=[(1199, 1201)]))}  # fmt: skip
    long = slept(active(2390, length=2400), holes=[(1250, 1251)])
    assert shown(long)[0] == (0, 1250, NO_MOTION)
    assert long.at(2390.5).state == UNKNOWN, "an empty crib, for all one knows"


def test_behind_it_sleep_goes_on_only_if_it_was_sleep_before():
    asleep = slept(active(300, 1600, length=1800))
    assert asleep.at(1600.5).state == ASLEEP
    lifted = slept(active(length=1800), [event(300, 5, "gross"), event(1600, 1, "twitch")])
    assert lifted.at(1600.5).state == UNKNOWN
    unsure = slept(active(100, 1400, length=1800))
    assert unsure.at(1400.5).state == UNKNOWN


def test_surroundings_are_no_motion_of_somebody_who_lies_there():
    levels = active(*range(800, 810), length=1500)
    assert shown(slept(levels, [event(800, 10, "environment")])) == [(0, 1500, NO_MOTION)]
    assert NO_MOTION not in {state for *_, state in shown(slept(levels))}


def test_lines_come_once_and_only_when_they_are_certain():
    sleep, told = Sleep(), []
    levels = active(*range(400, 470), length=1200)
    for at in range(0, 1200, 30):
        sleep.epoch(epoch(at, levels[at : at + 30]))
        sleep.advance(at + 30)
        told += sleep.lines()
    # Since 470 s nothing has moved: whether that will be 20 minutes is not known yet.
    assert [line["state"] for line in told] == [UNKNOWN, ASLEEP]
    sleep.finish()
    told += sleep.lines()
    assert [(line["onset_s"], line["state"]) for line in told] == [
        (line[0], line[2]) for line in shown(slept(levels))
    ]
    assert not list(sleep.lines())


def test_a_second_is_active_from_the_threshold_on():
    enough = config.threshold(103)
    codes = [seconds.code(v, 0) for v in (0, enough // 2, enough, 4 * enough)]
    line = {"threshold": needed(103), "levels": [*codes, seconds.code(0, 128)]}
    assert active_seconds(line) == [False, False, True, True, True]
    assert active_seconds({**line, "threshold": needed(412)}) == [False] * 4 + [True]
    assert active_seconds({**line, "threshold": None}) == active_seconds(
        {**line, "threshold": DEFAULT_STRENGTH}
    )
    assert active_seconds({"levels": [], "threshold": 6.4}) == []


def test_too_loud():
    assert [too_loud({"floor_mg": mg}) for mg in (10.0, 10.1)] == [False, True]


@pytest.mark.parametrize(("second", "awake"), [(390, True), (391, False)])
def test_the_two_minutes_end_with_the_second_that_is_judged(second, awake):
    sleep = slept(active(*range(300, 330), *range(second, second + 30)))
    assert (sleep.at(second + 29.5).state == AWAKE) == awake


def test_three_minutes_with_a_hole_in_them_are_not_three_minutes():
    sleep = slept(active(), holes=[(100.0, 120.0)])
    assert sleep.at(298.0).state == UNKNOWN
    assert sleep.at(300.5).state == ASLEEP


def test_what_came_after_no_motion_is_forgotten_once():
    sleep = slept(active(*range(1300, 2000, 60), length=2100))
    assert sleep.at(1300.5).state == sleep.at(1470.0).state == UNKNOWN
    assert sleep.at(1490.0).state == ASLEEP


def of_board(rate_hz, count) -> list[dict]:
    """Epochs of an empty crib as a board with this rate tells of them."""
    rate_mhz = round(rate_hz * 1000)
    frames = config.EPOCH_SECONDS * config.frames(1000, rate_mhz)
    header = {"rate_mhz": rate_mhz, "mlsb_per_g": 16_393_443}
    blank = dict.fromkeys(log_records.NAMES[records.EPOCH], 0)
    levels = bytes([SOFT] * config.EPOCH_SECONDS)
    kept = {**blank, "type": records.EPOCH, "frames": frames, "seen": frames, "rest": levels}
    told = (facts.json_line({**kept, "first": i * frames}, header) for i in range(count))
    return [line for line in told if line]


@pytest.mark.parametrize("rate_hz", [40.49, 101.0, 104.45, 104.527, 107.0, 299.7])
def test_an_empty_crib_is_no_sleep_whatever_the_boards_rate(rate_hz):
    """A second of the track is whole frames: at 104.527 Hz these are 1.0045 s."""
    sleep, lines = Sleep(), of_board(rate_hz, 50)
    for line in lines:
        sleep.epoch(line)
    sleep.finish()
    over_s = lines[-1]["onset_s"] + lines[-1]["duration_s"]
    assert shown(sleep) == [(0.0, pytest.approx(over_s, abs=0.002), NO_MOTION)]


@pytest.mark.parametrize("rate_hz", [40.49, 104.527, 299.7])
def test_three_minutes_are_asleep_whatever_the_boards_rate(rate_hz):
    sleep = Sleep()
    for line in of_board(rate_hz, 10):
        sleep.epoch(line)
    sleep.finish()
    second_s = config.frames(1000, round(rate_hz * 1000)) / rate_hz
    (_, until_s, unknown), (onset_s, _, asleep) = shown(sleep)
    assert (unknown, asleep) == (UNKNOWN, ASLEEP)
    assert until_s == onset_s == pytest.approx(179 * second_s, abs=0.002)


def test_a_missing_frame_parts_two_epochs():
    sleep, (first, second) = Sleep(), of_board(104.527, 2)
    second["onset_s"] = round(second["onset_s"] + 1 / 104.527, 3)
    sleep.epoch(first)
    sleep.epoch(second)
    sleep.finish()
    assert [line[0] for line in shown(sleep)] == [0.0, second["onset_s"]]


def test_likely_asleep_counts_from_the_motion_after_a_stretch_without_any():
    sleep = slept(active(300, 1600, 1700, length=1800))
    assert (sleep.at(1600.5).state, sleep.at(1600.5).since_s) == (ASLEEP, 1600.0)
    assert (sleep.at(1700.5).state, sleep.at(1700.5).since_s) == (ASLEEP, 1600.0)
    assert shown(sleep)[-1] == (1600.0, 1800.0, ASLEEP)
    assert sleep.at(300.5).since_s == 180.0
    parted = slept(active(length=1800), [event(300, 1, "twitch")], [(1600, 1605)])
    assert shown(parted)[-2:] == [(301.0, 1600.0, NO_MOTION), (1605.0, 1800.0, ASLEEP)]
    assert parted.at(1700.5).since_s == 1605.0


def test_an_epoch_without_seconds_is_passed_over():
    sleep = Sleep()
    sleep.epoch({**epoch(0, [SOFT] * 30), "levels": []})
    sleep.finish()

"""Hours are left out of the rates only where tilt says that the crib was empty."""

import numpy as np
import pytest

from cribtrace import analysis, nights, scenario
from cribtrace.analysis import Snippet
from cribtrace.occupancy import APART_MG, SHORTEST_S, empty_spans, takes_waveforms
from cribtrace.tally import for_everyone
from tests.support import logged
from tests.support.example_night import empty

AWAY, LAIN = (10.0, -20.0, 999.0), (22.0, -20.0, 999.0)
RATE_HZ = 104.0
SPAN_S = 36000.0


def night(*events, gaps=(), waves=True):
    """Events as (kind, onset_s, level before, level after); 4 s each."""
    lines = [{"type": "event", "kind": kind, "onset_s": at, "duration_s": 4.0}
             for kind, at, _, _ in events]  # fmt: skip
    rng = np.random.default_rng(1)
    found = empty(events=lines, gaps=list(gaps), summary={"hours": SPAN_S / 3600})
    for i, (_, at, before, after) in enumerate(events):
        found.leans[i] = tuple(np.subtract(after, before))
        if waves:
            mg = np.array(before) + rng.normal(0.0, 0.4, (200, 3))
            mg[110:] += rng.normal(0.0, 80.0, (90, 3))
            found.snippets[i] = Snippet(at - 1.0, RATE_HZ, mg.astype("f4"))
    return found


PUT_IN, TAKEN_OUT = ("handling", 1200.0, AWAY, LAIN), ("handling", 33000.0, LAIN, AWAY)
MOVES = [("twitch", 2000.0 + 3000 * i, LAIN, LAIN) for i in range(10)]
WHOLE = [PUT_IN, *MOVES, TAKEN_OUT]


def test_before_and_after_the_night_nobody_lay_there():
    assert empty_spans(night(*WHOLE), SPAN_S) == ((0.0, 1200.0), (33004.0, SPAN_S))


def test_being_taken_up_in_the_night_too():
    up = [("handling", 9000.0, LAIN, AWAY), ("handling", 10_500.0, AWAY, LAIN)]
    found = night(PUT_IN, *MOVES[:2], *up, *MOVES[3:], TAKEN_OUT)
    assert empty_spans(found, SPAN_S)[1] == (9004.0, 10_500.0)


def test_a_stretch_like_no_other_is_not_left_out():
    """One who lies without moving, turned by hands, is lying there."""
    turned = (16.0, -29.0, 999.0)
    hands = [("handling", 9000.0, LAIN, turned), ("handling", 10_500.0, turned, LAIN)]
    assert empty_spans(night(*MOVES[:2], *hands, *MOVES[3:]), SPAN_S) == ()


def test_lying_without_moving_at_the_way_one_lay_is_not_left_out():
    hands = [("handling", at, LAIN, LAIN) for at in (6000.0, 7500.0, 9000.0)]
    assert empty_spans(night(MOVES[0], *hands, MOVES[8]), SPAN_S) == ()


def test_less_than_a_lean_tells_nothing():
    near = tuple(np.add(AWAY, (12.0 - 0.8 * APART_MG, 0.0, 0.0)))
    events = [("handling", 1200.0, near, LAIN), *MOVES, ("handling", 33000.0, LAIN, near)]
    assert empty_spans(night(*events), SPAN_S) == ()


def test_minutes_alone_tell_nothing():
    first = ("handling", SHORTEST_S - 10, AWAY, LAIN)
    assert empty_spans(night(first, *MOVES, TAKEN_OUT), SPAN_S) == ()


def test_a_movement_says_that_somebody_lay_there():
    assert empty_spans(night(("twitch", 600.0, AWAY, AWAY), *WHOLE), SPAN_S) == ()


def test_a_movement_beside_hands_may_be_theirs():
    beside = [("gross", 1192.0, AWAY, AWAY), ("limb_move", 33_008.0, AWAY, AWAY)]
    found = night(beside[0], *WHOLE, beside[1])
    assert empty_spans(found, SPAN_S) == ((0.0, 1192.0), (33_012.0, SPAN_S))


def test_without_waveforms_nobody_can_tell():
    assert empty_spans(night(*WHOLE, waves=False), SPAN_S) == ()
    assert empty_spans(empty(), 0.0) == ()


def test_whether_waveforms_could_tell_is_known_without_them():
    assert takes_waveforms(night(*WHOLE, waves=False), SPAN_S)
    assert not takes_waveforms(night(*MOVES, waves=False), SPAN_S)
    assert not takes_waveforms(night(PUT_IN, *MOVES, waves=False), SPAN_S), "two are needed"


def test_what_was_not_covered_is_not_empty():
    gap = {"onset_s": 34000.0, "duration_s": 500.0}
    assert empty_spans(night(*WHOLE, gaps=[gap]), SPAN_S) == ((0.0, 1200.0), (33004.0, 34000.0))


def test_leaning_is_kept_with_its_event_where_others_are_left_out():
    found = for_everyone(night(("fast_oscillation", 100.0, LAIN, LAIN), *WHOLE))
    assert found.leans[0] == pytest.approx((12.0, 0.0, 0.0))


@pytest.mark.parametrize("wave", [np.zeros((0, 3)), np.zeros((9, 2)), np.full((200, 3), np.nan)])
def test_a_foreign_waveform_tells_nothing(wave):
    found = night(*WHOLE)
    found.snippets[0] = Snippet(1199.0, RATE_HZ, wave)
    assert empty_spans(found, SPAN_S) == ()


def test_a_log_tells_each_events_lean(tmp_path):
    recording = scenario.generate("ten_minutes", 3)
    (tmp_path / "log").mkdir()
    read = analysis.read_night(logged.log(recording, tmp_path / "log"))
    assert len(read.leans) == len(read.events) > 5
    for i, event in enumerate(read.events):
        assert np.linalg.norm(read.leans[i]) == pytest.approx(event["why"]["tilt_mg"], abs=0.01)


def test_a_part_of_a_log_keeps_its_own_leans():
    found = night(*WHOLE)
    part = nights._between(found, 10_000.0, 20_000.0)
    assert part.from_s == 10_000.0
    kept = [i for i, event in enumerate(found.events) if 10_000 <= event["onset_s"] < 20_000]
    assert [part.leans[k] for k in range(len(kept))] == [found.leans[i] for i in kept]

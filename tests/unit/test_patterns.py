"""Bouts, trains, clusters and series: every limit from both sides, and WASM a second time."""

from itertools import pairwise
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cribtrace.patterns import Bouts, Moved, Runs, Series

CONTEXT = {"state": "asleep_likely", "asleep_min": 4.0, "since_disturbance_s": None,
           "last_disturbance": None, "stopped_with_arousal": False}  # fmt: skip


def move(onset_s, duration_s=0.3, kind="twitch", *, peak_mg=3.0, awake_s=None, **more) -> Moved:
    line = {"type": "event", "kind": kind, "onset_s": onset_s, "duration_s": duration_s,
            "peak_mg": peak_mg, "jerks": 1, "rate_hz": None, **more}  # fmt: skip
    return Moved(line, CONTEXT, awake_s)


def found(reader, moves) -> list[dict]:
    """What a reader makes of movements; None among them stands for a break."""
    lines = []
    for one in moves:
        lines += reader.broken() if one is None else reader.moved(one)
    return lines + list(reader.broken())


def in_order(moves) -> list[Moved]:
    return sorted(moves, key=lambda one: one.onset_s)


def brief(lines) -> list[tuple]:
    return [(line["kind"], *line["members"]) for line in lines]


def limbs(*onsets, **more) -> list[Moved]:
    return [move(at, 1.0, "limb_move", **more) for at in onsets]


def bout(onset_s, duration_s=4.0, kind="rhythmic_bout", **more) -> Moved:
    return move(onset_s, duration_s, kind, **{"jerks": 9, "rate_hz": 2.0, **more})


# --- bouts


def test_a_bout_is_joined_across_three_seconds_and_no_more():
    assert brief(found(Bouts(), [bout(10), bout(17)])) == [("bout", 10, 17)]
    assert brief(found(Bouts(), [bout(10), bout(17.001)])) == [("bout", 10), ("bout", 17.001)]


def test_a_joined_bout_weighs_its_pieces_by_their_length():
    pieces = [bout(10, 6.0, rate_hz=2.0, regularity=0.9), bout(18, 2.0, rate_hz=4.0, jerks=8)]
    (line,) = found(Bouts(), pieces)
    assert (line["duration_s"], line["jerks"], line["count"]) == (10.0, 17, 2)
    assert line["rate_hz"] == pytest.approx((6 * 2.0 + 2 * 4.0) / 8)
    assert line["regularity"] == 0.9  # the second piece says nothing
    assert line["of"] == "rhythmic_bout"


@pytest.mark.parametrize(
    "between", [None, move(15, 1, "gross"), bout(15, 1, "rhythmic_large")], ids=str
)
def test_gross_movement_hands_holes_and_another_rhythm_end_a_bout(between):
    lines = found(Bouts(), [bout(10), between, bout(16.5)])
    assert [line["members"] for line in lines if line["of"] == "rhythmic_bout"] == [[10], [16.5]]


def test_a_bout_is_told_when_nothing_can_join_it_any_more():
    reader = Bouts()
    assert not list(reader.moved(bout(10)))
    assert not list(reader.settled(17.0))
    assert brief(reader.settled(17.1)) == [("bout", 10)]
    assert not list(reader.settled(99)) and not list(reader.broken())


# --- clusters and trains


def test_three_twitches_make_a_cluster_and_two_do_not():
    assert brief(found(Runs(), [move(1), move(4), move(9)])) == [("twitch_cluster", 1, 4, 9)]
    assert not found(Runs(), [move(1), move(4)])


def test_a_cluster_has_gaps_of_at_most_ten_seconds_from_end_to_onset():
    assert len(found(Runs(), [move(1), move(11.3), move(21.6)])) == 1
    assert not found(Runs(), [move(1), move(11.3), move(21.601)])


def test_what_is_rhythmic_is_no_cluster():
    assert not found(Runs(), [move(t, 0.1) for t in (1, 1.5, 2, 2.5)])
    assert found(Runs(), [move(t, 0.1) for t in (1, 1.5, 2)])  # too few for a rhythm
    assert found(Runs(), [move(t, 0.1) for t in (1, 1.2, 1.4, 2.4)])  # too uneven


def test_a_limb_move_neither_counts_for_a_cluster_nor_breaks_it():
    moves = [move(1), move(6, 1.0, "limb_move"), move(9), move(15)]
    assert brief(found(Runs(), moves)) == [("twitch_cluster", 1, 9, 15)]


@pytest.mark.parametrize("between", [None, move(5, 4, "gross"), bout(5, 2)], ids=str)
def test_a_break_ends_a_cluster(between):
    moves = [move(1), move(3), between, move(8), move(9)]
    assert not found(Runs(), moves)
    assert found(Runs(), [one for one in moves if one is not between])


def train(count, apart=4.0, start=100.0) -> list[Moved]:
    return [move(round(start + apart * i, 3)) for i in range(count)]


def test_ten_evenly_spaced_movements_are_a_train_and_nine_a_cluster():
    assert [line["kind"] for line in found(Runs(), train(10))] == ["slow_regular"]
    assert [line["kind"] for line in found(Runs(), train(9))] == ["twitch_cluster"]


@pytest.mark.parametrize(
    ("apart", "kinds"),
    [(2.0, ["slow_regular"]), (1.99, ["twitch_cluster"]), (10.0, ["slow_regular"]),
     (10.01, ["twitch_cluster"]), (10.31, [])],
)  # fmt: skip
def test_a_train_has_two_to_ten_seconds_between_onsets(apart, kinds):
    assert [line["kind"] for line in found(Runs(), train(12, apart))] == kinds


def test_a_train_is_even():
    for spread, kind in ((0.25, "slow_regular"), (0.26, "twitch_cluster")):
        at, onsets = 50.0, [50.0]
        for i in range(10):
            at += 4.0 * (1 + (spread if i % 2 else -spread))
            onsets.append(round(at, 6))
        (line,) = found(Runs(), [move(onset) for onset in onsets])
        assert line["kind"] == kind


def test_a_train_is_cut_out_and_what_is_beside_it_is_a_cluster_of_its_own():
    before = [move(100.0 - t) for t in (1.5, 1.2, 0.9)]
    lines = found(Runs(), in_order([*before, *train(12)]))
    assert [(line["kind"], line["count"]) for line in lines] == [
        ("twitch_cluster", 3), ("slow_regular", 12),
    ]  # fmt: skip


# --- series


def test_four_movements_make_a_series_and_three_do_not():
    assert brief(found(Series(), limbs(0, 20, 40, 60))) == [("periodic_series", 0, 20, 40, 60)]
    assert not found(Series(), limbs(0, 20, 40))


def test_a_series_says_its_interval_and_how_even_it_is():
    (line,) = found(Series(), limbs(0, 20, 50, 70))
    assert (line["count"], line["interval_s"], line["duration_s"]) == (4, 20, 71.0)
    assert line["interval_cv"] == pytest.approx(0.202, abs=0.001)


@pytest.mark.parametrize(
    ("apart", "holds"), [(9.999, False), (10.0, True), (90.0, True), (90.001, False)]
)
def test_ten_to_ninety_seconds_from_onset_to_onset(apart, holds):
    onsets = [round(100.3 + apart * i, 3) for i in range(4)]
    assert bool(found(Series(), limbs(*onsets))) == holds


def test_a_movement_that_comes_too_soon_ends_a_series_and_begins_the_next():
    lines = found(Series(), limbs(0, 20, 40, 60, 65, 85, 105, 125))
    assert brief(lines) == [
        ("periodic_series", 0, 20, 40, 60), ("periodic_series", 65, 85, 105, 125),
    ]  # fmt: skip
    assert not found(Series(), limbs(0, 20, 40, 45, 65, 85))


def test_twitches_are_dropped_after_joining():
    short = [move(30, 0.499)]
    assert brief(found(Series(), in_order(limbs(0, 20, 40, 60) + short))) == [
        ("periodic_series", 0, 20, 40, 60)
    ]
    two = [move(25, 0.3), move(25.799, 0.3)]  # 0.499 s apart: one movement, of 1.099 s
    assert not [m for _, *m in brief(found(Series(), in_order(limbs(0, 20, 40, 60) + two)))]
    apart = [move(25, 0.3), move(25.8, 0.3)]
    assert found(Series(), in_order(limbs(0, 20, 40, 60) + apart))


def test_a_joined_movement_of_more_than_ten_seconds_ends_a_series():
    for second, count in ((4.0, 1), (4.801, 2)):
        parts = [move(40, 5.0, "gross"), move(45.3, second, "gross")]
        onsets = (0, 20, 60, 80) if count == 2 else (0, 20, 60)
        moves = in_order([*limbs(*onsets), *parts])
        assert bool(found(Series(), moves)) == (second == 4.0)


@pytest.mark.parametrize("between", [None, bout(30, 2), bout(30, 2, "rhythmic_large")], ids=str)
def test_hands_holes_and_rhythm_end_a_series(between):
    moves = limbs(0, 20, 40, 60)
    assert not found(Series(), [*moves[:2], between, *moves[2:]])


def test_gross_movement_ends_a_series_when_it_is_three_times_the_own_limb_movements():
    for peak_mg, holds in ((11.9, True), (12.0, False)):  # 3 * 4 mg, stated
        moves = [*limbs(0, 20, 40), move(60, 5.0, "gross", peak_mg=peak_mg)]
        assert bool(found(Series(), moves)) == holds
    for peak_mg, holds in ((29.9, True), (30.0, False)):  # 3 * 10 mg, the own median
        own = limbs(0, 100, 200, 300, 400, peak_mg=10.0)
        moves = [*own, *limbs(600, 620, 640), move(660, 5.0, "gross", peak_mg=peak_mg)]
        assert bool(found(Series(), moves)) == holds


def test_waking_for_more_than_ninety_seconds_ends_a_series():
    for awake_s, holds in ((90.0, True), (90.1, False)):
        moves = [*limbs(0, 20, 40), *limbs(60, awake_s=awake_s)]
        assert bool(found(Series(), moves)) == holds
    assert found(Series(), limbs(0, 20, 40, 60, awake_s=300.0))  # awake from its first on


def test_a_series_is_told_when_nothing_can_join_it_any_more():
    reader = Series()
    for one in limbs(0, 20, 40, 60):
        assert not list(reader.moved(one))
    assert not list(reader.settled(150.0))
    assert brief(reader.settled(150.1)) == [("periodic_series", 0, 20, 40, 60)]


# --- WASM 2016 again, slowly: every run of movements is tried, and the largest are kept


def slow_joined(moves: list[Moved | None]) -> list[dict]:
    """Movements that are less than 0.5 s apart made one, until there are none; times in ms."""
    part, joined = 0, []
    for one in moves:
        if one is None:
            part += 1
            continue
        kind, peak = one.line["kind"], one.line["peak_mg"]
        at, end = round(1000 * one.onset_s), round(1000 * one.end_s)
        joined.append({"at": at, "end": end, "part": part,
                       "limb": [peak] if kind == "limb_move" else [],
                       "gross": [peak] if kind == "gross" else []})  # fmt: skip
    near = True
    while near:
        near = [(one, two) for one, two in pairwise(joined)
                if two["at"] - one["end"] < 500 and one["part"] == two["part"]]  # fmt: skip
        for one, two in near[:1]:
            joined.remove(two)
            one["end"] = max(one["end"], two["end"])
            one["limb"] = one["limb"] + two["limb"]
            one["gross"] = one["gross"] + two["gross"]
    return joined


def slow_series(moves: list[Moved | None]) -> list[tuple]:
    """Onsets of all series, in ms."""
    known, marked = [], []
    for one in slow_joined(moves):
        own_mg = median(known) if len(known) >= 5 else 4.0
        known += one["limb"]
        length_ms = one["end"] - one["at"]
        small = all(peak < 3 * own_mg for peak in one["gross"])
        if length_ms >= 500:
            marked.append((one["at"], length_ms <= 10_000 and small, one["part"]))
    runs = []
    for i in range(len(marked)):
        for j in range(i + 4, len(marked) + 1):
            run = marked[i:j]
            whole = all(candidate for _, candidate, _ in run) and run[0][2] == run[-1][2]
            if whole and all(10_000 <= two[0] - one[0] <= 90_000 for one, two in pairwise(run)):
                runs.append((i, j))
    largest = [r for r in runs if not any(s != r and s[0] <= r[0] and r[1] <= s[1] for s in runs)]
    return [tuple(marked[k][0] for k in range(i, j)) for i, j in largest]


STEPS_MS = st.one_of(
    st.sampled_from([0, 1, 499, 500, 501, 9_000, 9_500, 10_000, 30_000, 89_000, 90_001]),
    st.integers(8_000, 95_000),
    st.integers(0, 3_000),
)
LENGTHS_MS = st.sampled_from([100, 499, 500, 501, 1_000, 3_000, 5_000, 9_500, 10_000, 10_001])


@st.composite
def nights(draw) -> list[Moved | None]:
    """Movements one behind the other, the step counted from the last onset or from its end."""
    at_ms, end_ms, moves = 5_000, 5_000, []
    for _ in range(draw(st.integers(0, 40))):
        step_ms = draw(STEPS_MS)
        at_ms = max((end_ms if draw(st.booleans()) else at_ms) + step_ms, at_ms + 1)
        length_ms = draw(LENGTHS_MS)
        kind = "twitch" if length_ms <= 500 else "limb_move" if length_ms <= 3_000 else "gross"
        peak_mg = draw(st.sampled_from([1.0, 4.0, 9.0, 13.0, 40.0]))
        moves.append(move(at_ms / 1000, length_ms / 1000, kind, peak_mg=peak_mg))
        end_ms = max(end_ms, at_ms + length_ms)
        if draw(st.integers(0, 15)) == 0:
            moves.append(None)
    return moves


@settings(max_examples=400, deadline=None)
@given(nights())
def test_series_are_those_of_the_slow_arithmetic(moves):
    own = [tuple(round(1000 * at) for at in line["members"]) for line in found(Series(), moves)]
    assert own == slow_series(moves)


def test_the_slow_arithmetic_finds_series_at_all():
    assert slow_series(limbs(0, 20, 40, 60)) == [(0, 20_000, 40_000, 60_000)]
    assert slow_series(limbs(0, 20, 40, 45, 65, 85)) == []

"""The reading as a whole: live and afterwards the same, and what is said about each movement."""

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cribtrace import analysis, interpretation
from cribtrace.in_order import LATEST_S, InOrder, end_s
from cribtrace.interpretation import Interpreter, disturbance
from cribtrace.patterns import HOST_KINDS
from cribtrace.wording import VETOES
from tests.support import pattern_truth as truth
from tests.unit.test_schema import recorded

DOCS = Path(__file__).resolve().parents[2] / "docs"


def event(onset_s, duration_s, kind, *vetoes, peak_mg=3.0) -> dict:
    return {"type": "event", "kind": kind, "onset_s": onset_s, "duration_s": duration_s,
            "peak_mg": peak_mg, "jerks": 1, "rate_hz": None, "regularity": None, "snr": 9.0,
            "axis": "z", "why": {"vetoes": list(vetoes)}}  # fmt: skip


def gap(onset_s, duration_s) -> dict:
    return {"type": "gap", "onset_s": onset_s, "duration_s": duration_s, "frames": None,
            "reason": "power_cut"}  # fmt: skip


def read(lines) -> tuple[list[dict], list[tuple[dict, dict]]]:
    """All lines and contexts that come of these."""
    reader, out, contexts = Interpreter(), [], []
    for found in itertools.chain(map(reader.feed, lines), (reader.finish() for _ in (0,))):
        out += found.lines
        contexts += [(context.event, context.facts) for context in found.contexts]
    return out, contexts


def by_onset(lines) -> list[dict]:
    return sorted(lines, key=lambda line: line["onset_s"])


def in_any_order(found) -> tuple[list, list]:
    lines, contexts = found
    return sorted(map(repr, lines)), sorted(map(repr, contexts))


def context_of(moment_s, *events, length=900, more=()) -> dict:
    lines = [*truth.told(list(events), length), *more]
    lines.sort(key=lambda line: line["onset_s"] + (line["duration_s"] or 0))
    return next(facts for line, facts in read(lines)[1] if line["onset_s"] == moment_s)


# --- live and afterwards


KINDS = ("twitch", "limb_move", "gross", "rhythmic_bout", "rhythmic_large", "startle_like",
         "handling", "environment", "fast_oscillation")  # fmt: skip


@st.composite
def nights(draw) -> list[dict]:
    """Events, epochs, gaps and unusable stretches, in the order in which a board tells of them."""
    at_ms, events, holes = 0, [], []
    for _ in range(draw(st.integers(0, 40))):
        at_ms += draw(st.one_of(st.integers(1, 4_000), st.integers(5_000, 120_000)))
        long_ms = draw(st.sampled_from([80, 400, 700, 2_500, 5_000, 12_000, 30_000]))
        weights = KINDS[:3] * 3 + KINDS
        events.append(event(at_ms / 1000, long_ms / 1000, draw(st.sampled_from(weights)),
                            peak_mg=draw(st.sampled_from([2.0, 14.0]))))  # fmt: skip
    length = at_ms // 1000 + draw(st.integers(40, 1500))
    for _ in range(draw(st.integers(0, 3))):
        onset_s = draw(st.integers(0, length))
        hole = gap(float(onset_s), draw(st.sampled_from([0.5, 20.0, 200.0, None])))
        unusable = {**hole, "type": "state", "state": "unusable", "duration_s": 12.0}
        holes.append(draw(st.sampled_from([hole, unusable])))
    lines = truth.told(events, length)
    dropped = draw(st.sets(st.integers(0, length // 30), max_size=3))
    lines = [line for line in lines
             if line["type"] != "epoch" or line["onset_s"] // 30 not in dropped]  # fmt: skip
    when = [(end_s(line), line) for line in lines] + [(hole["onset_s"], hole) for hole in holes]
    return [line for _, line in sorted(when, key=lambda pair: pair[0])]


@settings(max_examples=150, deadline=None)
@given(nights())
def test_the_order_in_which_a_board_tells_and_the_order_of_time_give_the_same(lines):
    live = in_any_order(read(lines))
    assert live == in_any_order(read(by_onset(lines)))
    assert len(live[1]) == sum(
        line["type"] == "event" and line["kind"] not in ("handling", "environment")
        for line in lines
    ), "each movement has its context"


@settings(max_examples=150, deadline=None)
@given(nights(), st.sampled_from([1.0, 1.009615, 1.0045]))
def test_a_night_read_at_once_says_what_one_read_line_by_line_says(lines, second_s):
    """To the digit and in the same order, states apart from patterns."""
    for line in lines:
        if line["type"] == "epoch":
            line.update(second_s=second_s, duration_s=round(line["duration_s"] * second_s, 3))
            line["onset_s"] = round(line["onset_s"] * second_s, 3)
    told, contexts = read(by_onset(lines))
    at_once = interpretation.read(lines)
    for states in (True, False):
        row, others = (
            [line for line in found if (line["type"] == "state") == states]
            for found in (at_once.lines, told)
        )
        assert row == others
    assert [(one.event, one.facts) for one in at_once.contexts] == contexts


def test_patterns_come_in_the_order_in_which_they_become_certain():
    twitches = [event(float(at), 0.3, "twitch") for at in (450, 455, 460, 800)]
    lines = truth.told([event(400.0, 10.0, "rhythmic_bout"), *twitches], 1200)
    kinds = [line.get("kind") for line in interpretation.read(lines).lines]
    assert [kind for kind in kinds if kind] == ["bout", "twitch_cluster"]


def test_an_epoch_longer_than_any_is_read_line_by_line():
    lines = [truth.epoch(float(at), [20] * 30) for at in range(0, 600, 30)]
    lines[3]["duration_s"] = LATEST_S + 0.1
    assert Interpreter().whole(lines) is None
    assert interpretation.read(lines).lines == read(lines)[0] != []


@settings(max_examples=60, deadline=None)
@given(nights(), nights(), st.data())
def test_what_has_been_told_is_not_changed_by_what_follows(lines, others, data):
    """Two nights that begin alike: what came out by then stands in the result of both."""
    cut = data.draw(st.integers(0, len(lines)))
    reader, out = Interpreter(), []
    for line in lines[:cut]:
        out += reader.feed(line).lines
    from_s = max((end_s(line) for line in lines[:cut]), default=0.0)
    later = [{**line, "onset_s": round(line["onset_s"] + from_s, 3)} for line in others]
    whole = {repr(line) for line in read(lines[:cut] + later)[0]}
    assert {repr(line) for line in out} <= whole
    assert {repr(line) for line in out} <= {repr(line) for line in read(lines)[0]}


def test_lines_come_out_in_order_and_none_is_lost():
    order = InOrder()
    late = event(1.0, 0.3, "twitch")
    assert order.feed({"type": "header"}) == []
    assert order.feed(truth.epoch(0.0, [20] * 30)) == []
    told = order.feed(truth.epoch(30.0, [20] * 30))
    assert [line["onset_s"] for line in told] == [0.0]
    assert order.settled_s == 60 - LATEST_S
    assert order.feed(late) == [late]
    assert [line["onset_s"] for line in order.finish()] == [30.0]


def test_what_began_at_the_same_moment_has_one_order_too():
    alike = [event(5.0, 1.0, kind) for kind in ("twitch", "environment")]
    outs = []
    for lines in (alike, alike[::-1]):
        order = InOrder()
        for line in lines:
            order.feed(line)
        outs.append(order.finish())
    assert outs[0] == outs[1]


def test_a_movement_that_is_not_over_yet_keeps_a_pattern_open():
    for phase in range(0, 30, 5):
        at = 400.0 + phase
        pieces = [event(at, 10.0, "rhythmic_bout"), event(at + 12, 30.0, "rhythmic_bout")]
        bouts = [line for line in read(truth.told(pieces, 900))[0] if line.get("kind") == "bout"]
        assert [bout["members"] for bout in bouts] == [[at, at + 12]]


def test_whether_it_stopped_with_an_arousal_waits_for_what_is_certain():
    for phase in range(30):
        at = 400.0 + phase
        moves = [event(round(at + 14.2 + 2 * i, 1), 0.5, "limb_move") for i in range(60)]
        found = context_of(at, event(at, 10.0, "rhythmic_bout"), *moves)
        assert found["stopped_with_arousal"] is True, at


def test_after_a_hole_of_unknown_length_nothing_is_known():
    lines = truth.told([event(420.0, 0.3, "twitch")], 900)
    ((_, facts),) = read(by_onset([*lines, gap(400.0, None)]))[1]
    assert facts["state"] == "unknown"


# --- what is said about a movement


def test_state_and_minutes_since_likely_sleep_onset():
    twitch = event(480.0, 0.3, "twitch")
    assert context_of(480.0, twitch) == {
        "state": "asleep_likely", "asleep_min": 5.0, "since_disturbance_s": None,
        "last_disturbance": None, "stopped_with_arousal": False,
    }  # fmt: skip
    early = context_of(100.0, event(100.0, 0.3, "twitch"))
    assert (early["state"], early["asleep_min"]) == ("unknown", None)
    kicks = [event(500.0 + 40 * i, 20.0, "gross") for i in range(3)]
    awake = context_of(570.0, event(570.0, 0.3, "twitch"), *kicks)
    assert (awake["state"], awake["asleep_min"]) == ("awake_likely", None)


def test_a_movement_in_a_hole_is_listed_and_its_state_unknown():
    hole = gap(400.0, 20.0)
    assert context_of(405.0, event(405.0, 0.3, "twitch"), more=[hole])["state"] == "unknown"


def test_seconds_since_the_last_disturbance():
    knock = event(300.0, 2.0, "environment")
    bout = event(332.0, 8.0, "rhythmic_bout")
    found = context_of(332.0, bout, knock)
    assert (found["since_disturbance_s"], found["last_disturbance"]) == (30.0, "knock")
    long = event(310.0, 25.0, "handling", "rocking")
    found = context_of(332.0, bout, knock, long)
    assert (found["since_disturbance_s"], found["last_disturbance"]) == (0.0, "rocking")
    overlapped = event(312.0, 1.0, "environment", "steps")  # ends before the rocking does
    assert context_of(332.0, bout, knock, long, overlapped)["last_disturbance"] == "rocking"
    after = event(341.0, 1.0, "handling")
    assert context_of(332.0, bout, after)["last_disturbance"] is None


def test_what_counts_as_a_disturbance():
    assert disturbance(event(0, 1, "handling")) == "handling"
    assert disturbance(event(0, 1, "handling", "rocking")) == "rocking"
    assert disturbance(event(0, 1, "environment")) == "knock"
    assert disturbance(event(0, 1, "environment", "steps")) == "footsteps"
    assert disturbance(event(0, 1, "environment", "tone")) is None
    assert disturbance(event(0, 1, "twitch", "steps")) == "footsteps"
    assert disturbance(event(0, 1, "twitch", "tone", "clipping")) is None
    assert disturbance({"kind": "twitch"}) is None, "a log without vetoes"


BOUT = event(400.0, 10.0, "rhythmic_bout")


@pytest.mark.parametrize(
    ("others", "stopped"),
    [([], False), ([event(414.9, 4.0, "gross")], True), ([event(415.1, 4.0, "gross")], False),
     ([event(408.0, 4.0, "gross")], True), ([event(401.0, 4.0, "gross")], False),
     ([event(414.0, 0.4, "twitch")], False),
     ([event(413.0 + 1.2 * i, 0.9, "limb_move") for i in range(60)], True),
     ([event(416.2 + 1.2 * i, 0.9, "limb_move") for i in range(60)], False)],
)  # fmt: skip
def test_stopped_with_an_arousal(others, stopped):
    assert context_of(400.0, BOUT, *others)["stopped_with_arousal"] is stopped


def test_where_nobody_can_tell_how_it_stopped():
    assert context_of(400.0, BOUT, more=[gap(412.0, 5.0)])["stopped_with_arousal"] is None
    assert context_of(400.0, BOUT, length=414)["stopped_with_arousal"] is None
    kicks = [event(350.0 + 17 * i, 16.0, "gross") for i in range(3)]
    assert context_of(402.0, event(402.0, 9.0, "rhythmic_bout"), *kicks, length=900)[
        "stopped_with_arousal"
    ] is None, "likely awake before"  # fmt: skip
    assert context_of(400.0, event(400.0, 5.0, "gross"))["stopped_with_arousal"] is None


def test_a_gross_movement_in_a_hole_is_an_arousal_all_the_same():
    found = context_of(400.0, BOUT, event(411.0, 4.0, "gross"), more=[gap(412.0, 0.3)])
    assert found["stopped_with_arousal"] is True


def test_a_pattern_has_the_first_movement_s_context_and_the_last_one_s_end():
    pieces = [BOUT, event(412.0, 10.0, "rhythmic_bout"), event(424.0, 4.0, "gross")]
    lines, _ = read(truth.told(pieces, 900))
    (bout,) = [line for line in lines if line.get("kind") == "bout"]
    assert bout["members"] == [400.0, 412.0]
    assert bout["context"]["asleep_min"] == 3.7
    assert bout["context"]["stopped_with_arousal"] is True
    assert bout["by"] == "host"


@pytest.mark.parametrize(
    "hole",
    [gap(45.0, 0.5), gap(45.0, None), event(45.0, 3.0, "handling"),
     {**gap(45.0, 1.0), "type": "state", "state": "unusable"}],
    ids=["gap", "unknown", "hands", "unusable"],
)  # fmt: skip
def test_holes_and_hands_break_a_series(hole):
    moves = [event(10.0 + 20 * i, 1.0, "limb_move") for i in range(4)]
    lines = truth.told(moves, 600)
    assert "periodic_series" in {line.get("kind") for line in read(lines)[0]}
    broken = by_onset([*lines, hole])
    assert "periodic_series" not in {line.get("kind") for line in read(broken)[0]}


def test_a_floor_that_rose_too_far_is_a_hole():
    lines = truth.told([], 600)
    loud = [{**line, "floor_mg": 11.0} if line["onset_s"] == 300 else line for line in lines]
    states = [line for line in read(loud)[0] if line["type"] == "state"]
    assert [(line["onset_s"], line["state"]) for line in states] == [
        (0.0, "unknown"), (179.0, "asleep_likely"), (330.0, "asleep_likely"),
    ]  # fmt: skip


def test_the_lines_fed_are_left_as_they_were():
    lines = truth.told([BOUT], 900)
    before = repr(lines)
    assert read(lines)[1][0][0] is BOUT
    assert repr(lines) == before


def test_a_night_holds_what_was_read_and_its_events_as_they_came(tmp_path):
    recorded(tmp_path, anchored=True)
    night = analysis.read_night(tmp_path)
    lines = list(analysis.lines(night))
    assert [set(facts) for facts in night.contexts.values()] == [
        {"state", "asleep_min", "since_disturbance_s", "last_disturbance", "stopped_with_arousal"}
    ]
    assert list(night.contexts) == [0] and len(night.events) == 1
    assert not any("by" in line or "context" in line for line in night.events)
    (told,) = night.likely
    assert told["onset_s"] == 10.0, "behind the warm-up"
    assert told["utc"] == "2023-11-14T22:13:30.250Z"
    assert told in lines and night.summary["coverage"] > 0.9, "a likely state hides nothing"


# --- simulated truth


def table(first_cell: str) -> list[list[str]]:
    text = (DOCS / "PATTERNS.md").read_text(encoding="utf-8")
    rows = re.search(rf"^\| {first_cell} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.M)
    assert rows, first_cell
    return [[c.strip(" `") for c in row.split("|")[1:-1]] for row in rows[1].splitlines()]


def test_the_document_s_figures_on_simulated_groups():
    shown = {kind: [int(n) for n in numbers] for kind, *numbers in table("Group")}
    assert shown == {kind: list(truth.groups_found(kind).values()) for kind in truth.GROUPS}


def test_the_document_s_figures_on_simulated_states():
    states = ("asleep_likely", "awake_likely", "unknown", "no_motion_seen")
    shown = {(name, true): [int(n) for n in numbers]
             for name, true, *numbers in table("Scenario")}  # fmt: skip
    assert shown == {
        (name, true): [round(row.get(state, 0.0)) for state in states]
        for name in truth.SCENARIOS
        for true, row in truth.minutes(name).items()
    }


def test_the_kinds_of_the_host_are_documented():
    text = (DOCS / "PATTERNS.md").read_text(encoding="utf-8")
    assert all(f"`{kind}`" in text for kind in HOST_KINDS)


def test_every_veto_that_names_a_disturbance_is_one_of_the_boards():
    named = {veto for veto in VETOES if disturbance(event(0, 1, "twitch", veto))}
    assert named == {"steps", "rocking"}

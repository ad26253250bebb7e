"""Strengths, margins and vetoes on the host are those that the board compared."""

import importlib
import random

import pytest

from cribtrace import criteria, log_records, scenario
from cribtrace.device import config, detector, kernels, measures, records, seconds, settings
from tests.support.logged import log
from tests.unit.test_rerun import bumps


@pytest.mark.parametrize("statistic", [0, 7, 16, 17, 13425, 50_000, 10**6, 2**27])
def test_a_code_of_a_second_comes_back_to_one_code(statistic):
    code = seconds.code(statistic, 100)
    low, high = criteria.second_strength(code), criteria.second_strength(code + 1)
    assert low <= criteria.strength(statistic) < high
    assert high <= low * (9 / 8) ** 0.5 + 0.06


@pytest.mark.parametrize("z", [128, 200, 1000, 4096])
def test_a_loud_second_is_told_by_its_largest_deviation(z):
    found = criteria.second_strength(seconds.code(10**6, z))
    assert (z / 8) ** 2 * (8 / 9) ** 2 <= found <= (z / 8) ** 2


def test_codes_grow_with_strength():
    found = [criteria.second_strength(code) for code in range(256)]
    quiet, loud = found[: seconds.CODE_LOUD], found[seconds.CODE_LOUD :]
    assert quiet == sorted(quiet)
    assert loud == sorted(loud)
    most = next(row for row in settings.SCHEMA if row[0] == "high_16")[3]
    assert loud[0] > criteria.needed(most), "a loud second is above every threshold"


def test_the_threshold_is_the_kernels():
    for high_16 in (32, 103, 4000):
        det = detector.Detector({**settings.DEFAULTS, "high_16": high_16}, 104_000, 16_393_443)
        assert criteria.strength(det.cfg[kernels.HIGH]) == criteria.needed(high_16)
        assert criteria.needed(high_16) == pytest.approx(high_16 / 16, rel=0.01)


def test_a_second_reaches_the_threshold_where_its_statistic_does():
    enough = config.threshold(103)
    for statistic, active in ((enough, True), (2 * enough, True), (int(enough / 1.2), False)):
        assert criteria.reached(seconds.code(statistic, 0), criteria.needed(103)) is active


def test_a_margin_is_of_the_strengths_that_are_told():
    assert criteria.margin(4.044, 6.875) == 0.59
    assert criteria.margin(4.044, 6.875) == round(4.04 / 6.88, 2)
    assert criteria.margin(6.4, 0.0) == 0.0


def lines(tmp_path, **how):
    from cribtrace import analysis

    return analysis.read_night(log(bumps(15), tmp_path, **how))


def test_an_event_says_what_it_was_held_against(tmp_path):
    (event,) = lines(tmp_path).events
    why = event["why"]
    needed = settings.DEFAULTS["high_16"] / 16
    assert why["threshold"] == pytest.approx(needed, rel=0.01)
    assert why["margin"] == round(why["strength"] / why["threshold"], 2)
    assert why["threshold_mg"] == pytest.approx(why["floor_mg"] * needed**0.5, rel=0.01)
    assert why["margin"] > 1


def test_every_veto_says_what_it_was_held_against(tmp_path):
    (event,) = lines(tmp_path).events
    considered = {one["veto"]: one for one in event["why"]["considered"]}
    assert set(considered) == set(log_records.VETOES) - {"cut", "joined"}
    assert considered["strength"]["limit"] == settings.DEFAULTS["handling_mg"]
    assert considered["tilt"]["limit"] == settings.DEFAULTS["tilt_mg"]
    assert considered["strength"]["value"] == pytest.approx(event["peak_mg"], abs=0.01)
    assert considered["rocking"]["value"] == event["why"]["slow_share"]
    assert considered["tone"]["value"] is None, "too short"
    assert considered["steps"]["value"] is None, "not shaken"


@pytest.mark.parametrize(("name", "seed"), [("ten_minutes", 3), ("footsteps", 1)])
def test_a_veto_applies_where_its_number_says_so(tmp_path, name, seed):
    from cribtrace import analysis

    night = analysis.read_night(log(scenario.generate(name, seed), tmp_path))
    seen = set()
    for event in night.events:
        told = event["why"]["considered"]
        applies = [one["veto"] for one in told if one["applies"]]
        assert sorted(applies) == sorted(event["why"]["vetoes"])
        for one in told:
            if one["value"] is not None and event["why"]["strength"]:
                below = one["when"] == "below"
                beyond = one["value"] < one["limit"] if below else one["value"] >= one["limit"]
                near = abs(one["value"] - one["limit"]) < 0.006 * max(1, one["limit"])
                assert one["applies"] == beyond or near, (event["onset_s"], one)
                seen.add((one["veto"], one["applies"]))
    assert len(seen) >= 8


def test_the_threshold_is_that_of_the_settings_in_the_log(tmp_path):
    in_force = settings.check({"high_16": 206}, settings.DEFAULTS)
    night = lines(tmp_path, in_force=in_force)
    assert night.events[0]["why"]["threshold"] == pytest.approx(206 / 16, rel=0.01)
    assert {epoch["threshold"] for epoch in night.epochs} == {round(criteria.needed(206), 2)}


def test_without_the_settings_nothing_is_said_of_a_threshold(tmp_path):
    in_force = settings.check({"high_16": 206}, settings.DEFAULTS)

    def harm(kind, body, end):
        if kind == records.CONFIG:
            body[records.HEAD_BYTES] = ord("?")

    why = lines(tmp_path, in_force=in_force, harm=harm).events[0]["why"]
    assert [why[key] for key in ("threshold", "threshold_mg", "margin", "considered")] == [
        None
    ] * 4


def test_an_epoch_says_how_near_its_closest_miss_came(tmp_path):
    for epoch in lines(tmp_path).epochs:
        closest = epoch["closest"]
        assert closest["margin"] == round(closest["strength"] / epoch["threshold"], 2)


def test_what_was_not_looked_at_is_not_passed_over(monkeypatch):
    """Against the board's own order, over whatever a movement may measure."""
    kinds = importlib.import_module("cribtrace.firmware.crib.kinds")
    looked = []

    def spied(name):
        real = getattr(kinds.Kinds, name)
        monkeypatch.setattr(
            kinds.Kinds, name, lambda self, *args: looked.append(name) or real(self, *args)
        )

    for name in ("_vibration", "_hands", "_regular", "_single"):
        spied(name)
    board = kinds.Kinds(settings.DEFAULTS, 104_000, 16_393_443, 2)
    met, rng = set(), random.Random(1)
    for _ in range(20_000):
        found = any_movement(rng)
        looked.clear()
        board.name(found, 0)
        rule = found[measures.RULE]
        told = [bit for i, bit in enumerate(log_records.VETOES) if found[measures.VETOES] >> i & 1]
        over = criteria.passed_over(rule, told)
        assert all(other < rule for other in over)
        assert (records.HANDLED in over) == (rule > records.HANDLED and "_hands" in looked)
        assert (records.LEANED in over) == (rule > records.LEANED and "_hands" in looked)
        assert (records.BEAT in over) == ("_single" in looked)
        if rule == records.SHAKEN:
            assert (records.STEPPED in over) == ("_vibration" not in looked)
        met.add((rule, "_vibration" in looked, "_hands" in looked))
    assert {rule for rule, _, _ in met} == set(range(len(records.KIND_OF_RULE)))
    assert {(records.SHAKEN, True, False), (records.SWUNG, False, False)} < met


def any_movement(rng) -> list[int]:
    found = [0] * measures.WORDS
    found[measures.VETOES] = 0
    for word, most in (
        (measures.SPAN, 4000), (measures.DURATION, 800), (measures.PEAK, 12_000),
        (measures.BEST, 5_000_000), (measures.SHARE, 1024), (measures.FLATNESS, 1024),
        (measures.JERKS, 30), (measures.LIKENESS, 256), (measures.PERIOD, 15_000),
        (measures.TONE, 30), (measures.LEAN, 150),
    ):  # fmt: skip
        found[word] = rng.randrange(rng.choice((1, most // 8 + 1, most)) or 1)
    found[measures.BEST] += 1
    return found

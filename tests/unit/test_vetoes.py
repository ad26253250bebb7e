"""What speaks against an infant's movement, from words that a movement may have measured."""

import pytest

from cribtrace.device import config, kinds, measures, records, settings, vetoes

RATE_MHZ, MLSB_PER_G = 104_000, 16_384_000
TICK = config.tick_shift(RATE_MHZ)
LSB_PER_MG = MLSB_PER_G // 1_000_000
LIMITS = vetoes.Vetoes(settings.DEFAULTS, RATE_MHZ, MLSB_PER_G, TICK)
KINDS = kinds.Kinds(settings.DEFAULTS, RATE_MHZ, MLSB_PER_G, TICK)


def moved(seconds=0.5, peak_mg=4, lean_mg=0, **words):
    """Words of a movement of the infant's, but for what is said."""
    found = [0] * measures.WORDS
    found[measures.SPAN] = found[measures.DURATION] = round(seconds * RATE_MHZ / 1000)
    found[measures.PEAK] = vetoes.half_lsb(peak_mg, MLSB_PER_G)
    found[measures.BEST] = 10**8
    found[measures.LEAN] = round(lean_mg * LSB_PER_MG)
    found[measures.SHARE] = 500
    for name, value in words.items():
        found[getattr(measures, name)] = value
    return found


def named(**words):
    found = moved(**words)
    KINDS.name(found, 0)
    return found[measures.RULE]


@pytest.mark.parametrize(("peak_mg", "share"), [(1, 240), (2, 272), (16, 368), (64, 432)])
def test_the_stronger_a_knock_the_slower_it_has_to_be_to_be_an_infants(peak_mg, share):
    assert LIMITS.shaken_share(moved(peak_mg=peak_mg), 0) == share
    assert named(peak_mg=peak_mg, SHARE=share - 1) == records.SHAKEN
    assert named(peak_mg=peak_mg, SHARE=share) not in (records.SHAKEN, records.STEPPED)


def test_a_knocks_limit_ends_below_the_share_of_a_startle_and_is_the_same_under_any_scale():
    shares = {LIMITS.shaken_share(moved(peak_mg=mg), 0) for mg in (90, 500, 4000)}
    assert shares == {440}
    coarse = vetoes.Vetoes(settings.DEFAULTS, RATE_MHZ, MLSB_PER_G // 2, TICK)
    assert coarse.shaken_share(moved(peak_mg=8), 0) == LIMITS.shaken_share(moved(peak_mg=16), 0)


def test_what_lasts_longer_than_steps_and_lorries_do_needs_a_clearer_sign():
    rumble = {"JERKS": 20, "SHARE": 360}
    assert named(seconds=8.9, **rumble) == records.SHAKEN
    assert named(seconds=9.1, **rumble) != records.SHAKEN
    walk = {"JERKS": 20, "LIKENESS": 150, "PERIOD": 3328, "SHARE": 400}  # 2 Hz
    assert named(seconds=6.0, **walk) == records.STEPPED
    assert named(seconds=20.0, **walk) == records.BEAT


@pytest.mark.parametrize(
    ("peak_mg", "lean_mg", "rule"),
    [
        (299, 0, records.LONG),
        (301, 0, records.HANDLED),
        (145, 5.2, records.LONG),
        (160, 5.2, records.LEANED),
        (70, 10, records.LONG),
        (80, 10, records.LEANED),
        (290, 4, records.LONG),
    ],
)
def test_hands_are_known_by_their_strength_times_the_lean_they_leave(peak_mg, lean_mg, rule):
    assert named(seconds=5, peak_mg=peak_mg, lean_mg=lean_mg, JERKS=3) == rule


@pytest.mark.parametrize(
    ("flatness", "share", "rule"),
    [
        (600, 330, records.SHAKEN),
        (700, 330, records.OSCILLATED),
        (800, 330, records.HUMMED),
        (800, 420, records.OSCILLATED),
        (600, 420, records.OSCILLATED),
    ],
)
def test_a_shaken_vibration_is_an_oscillation_only_if_it_is_even_but_no_machine(
    flatness, share, rule
):
    assert named(seconds=4, TONE=11, FLATNESS=flatness, SHARE=share, JERKS=20) == rule


def test_a_quick_beat_may_be_less_even_than_a_slow_one():
    regular = {"seconds": 6, "JERKS": 8, "LIKENESS": 60, "SHARE": 460}
    assert named(PERIOD=6656, **regular) != records.BEAT  # 1 Hz
    assert named(PERIOD=6656 // 4, **regular) == records.BEAT
    assert named(PERIOD=6656 * 5 // 4, **{**regular, "LIKENESS": 256}) != records.BEAT  # 0.8 Hz

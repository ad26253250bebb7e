"""settings: what is refused, by what name, and that nothing else changes."""

import binascii
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cribtrace.device import settings

ROWS = {row[0]: row[1:] for row in settings.SCHEMA}


def refusal(changes, in_force=settings.DEFAULTS):
    before = dict(in_force)
    with pytest.raises(settings.BadSetting) as raised:
        settings.check(changes, in_force)
    assert in_force == before
    return str(raised.value)


_ENDINGS = {"sixteenths": "_16", "mHz": "_mhz", "1/h": "_per_hour", "switch": ("_events", "_full")}


def test_the_defaults_are_what_they_allow():
    assert settings.check({}, settings.DEFAULTS) == settings.DEFAULTS
    assert settings.check(settings.DEFAULTS, {}) == settings.DEFAULTS
    assert list(ROWS) == list(settings.DEFAULTS)
    for name, (default, least, most, unit) in ROWS.items():
        assert least <= default <= most
        assert re.fullmatch("[a-z][a-z0-9_]*", name)
        assert name not in ("all", "schema", "crc")
        assert name.endswith(_ENDINGS.get(unit, "_" + unit))
        # One setting at least fits into a request, whatever its value.
        assert len(f":254 config {name}={most}*ffff") <= 120


@pytest.mark.parametrize("name", ROWS)
def test_one_step_out_of_range_is_refused_by_name(name):
    _, least, most, _ = ROWS[name]
    says = f"{name}=%d must be {least} to {most}"
    assert refusal({name: least - 1}) == says % (least - 1)
    assert refusal({name: str(most + 1)}) == says % (most + 1)
    assert refusal({name: 10**30}) == says % 10**30


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("end", [1, 2])
def test_each_end_of_a_range_can_be_reached_with_the_others_out_of_its_way(name, end):
    value = ROWS[name][end]
    others = {low: ROWS[low][1] for low, high in settings.BELOW if high == name}
    others.update({high: ROWS[high][2] for low, high in settings.BELOW if low == name})
    assert settings.check({**others, name: str(value)}, settings.DEFAULTS)[name] == value


NO_NUMBERS = ["", "x", "1e3", "36.0", "1_000", " 36", "3-6", "-", "\u0663\u0666", "\u00b2", None]


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_what_is_no_whole_number_is_refused(value):
    assert refusal({"high_16": value}) == f"high_16={value} must be a whole number"


def test_a_float_is_refused():
    assert refusal({"hold_ms": 500.0}) == "hold_ms=500.0 must be a whole number"


def test_an_unknown_name_is_refused_whatever_comes_with_it():
    assert refusal({"hold_ms": 400, "high": 36}) == "high=36 is no setting"


@pytest.mark.parametrize("low, high", settings.BELOW)
def test_settings_that_do_not_go_together_are_refused_by_both_names(low, high):
    equal = min(ROWS[low][2], ROWS[high][2])
    both = {low: equal, high: equal}
    assert refusal(both) == f"{low}={equal} must be below {high}={equal}"
    # ... against what is in force, too; and each alone would do.
    in_force = settings.check({high: ROWS[high][2], low: equal - 1}, settings.DEFAULTS)
    assert f"must be below {high}" in refusal({high: equal - 1}, in_force)


def test_a_change_leaves_the_other_settings_as_they_were():
    in_force = settings.check({"hold_ms": 400}, settings.DEFAULTS)
    new = settings.check({"limb_ms": "2500"}, in_force)
    assert new == {**settings.DEFAULTS, "hold_ms": 400, "limb_ms": 2500}
    assert settings.check({"hold_ms": "default"}, new)["hold_ms"] == 500


def test_the_hash_tells_settings_apart_and_not_their_order():
    changed = {**settings.DEFAULTS, "hold_ms": 501}
    assert settings.crc(changed) != settings.crc(settings.DEFAULTS)
    assert settings.crc(dict(reversed(changed.items()))) == settings.crc(changed)


def test_the_hash_tells_schemas_apart(monkeypatch):
    before = settings.crc(settings.DEFAULTS)
    monkeypatch.setattr(settings, "SCHEMA_VERSION", settings.SCHEMA_VERSION + 1)
    assert settings.crc(settings.DEFAULTS) != before


def test_the_hash_is_the_one_of_the_text():
    text = settings.text({"b": 2, "a": 1})
    assert text == f"schema={settings.SCHEMA_VERSION} a=1 b=2"
    assert settings.crc({"b": 2, "a": 1}) == binascii.crc32(b"schema=2;a=1;b=2")


@given(st.dictionaries(st.sampled_from(sorted(ROWS)), st.integers(-10, 40_000)))
def test_whatever_is_asked_what_is_in_force_is_allowed(changes):
    try:
        new = settings.check(changes, settings.DEFAULTS)
    except settings.BadSetting as refused:
        assert str(refused).partition("=")[0] in ROWS
        return
    assert new == {**settings.DEFAULTS, **changes}
    for name, (_, least, most, _) in ROWS.items():
        assert least <= new[name] <= most
    assert all(new[low] < new[high] for low, high in settings.BELOW)

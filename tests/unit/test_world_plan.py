"""Scenario files: what they may say, and one clear line for what they may not."""

import itertools
import json
import re

import numpy as np
import pytest

from cribtrace import scenario
from cribtrace.device import settings
from cribtrace.errors import CribtraceError, Usage
from cribtrace.world import diary, plan, simulate
from cribtrace.world.chance import Chance, table
from cribtrace.world.figures import BY_AGE, TABLE, Figure
from cribtrace.world.ingredients import ALL
from cribtrace.world.plan import FOLDER, find, names, read
from tests.support import figures_table

GOOD = """
about = "A test."
duration_s = 300
[[ingredient]]
what = "twitch"
count = [3, 5]
"""


def written(folder, text):
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_ones_own_is_used_by_its_path(tmp_path):
    path = written(tmp_path, GOOD)
    recording = scenario.generate(str(path), 4)
    found = [line for line in recording.truth if line["type"] == "event"]
    assert 3 <= len(found) <= 5
    assert recording.duration_s == pytest.approx(300, abs=0.02)
    assert "mine" in recording.source


def test_shipped_files_use_every_ingredient_and_can_be_read():
    used = {one.what for name in names() for one in find(name).ingredients}
    assert used == set(ALL)
    everything = find("everything")
    assert {one.what for one in everything.ingredients} == set(ALL)


NEVER = r"(?i)myoclon|bnsm|seizure|epilep|clonic|spasm|plm|apnoea|apnea|jitter|tremor|reflex|moro"


def test_names_kinds_and_descriptions_hold_no_diagnosis():
    said = [*names(), *ALL, *plan.MATTRESSES, *(about for _, about in scenario.described())]
    recording = scenario.generate("everything", 1)
    said += [json.dumps(line) for line in recording.truth] + [recording.source]
    for text in said:
        assert not re.search(NEVER, text), text
    for path in FOLDER.iterdir():
        assert not re.search(NEVER, path.read_text() + path.name), path.name
    assert re.search(NEVER, "clonic")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("duration_s = \nempty", "mine.toml:1 is no TOML: Invalid value"),
        ("", "there is no duration_s: add it"),
        ("duration_s = 1", "duration_s is 1: write a number from 60"),
        ("duration_s = nan", "duration_s is nan"),
        ("duration_s = true", "duration_s is True"),
        ('duration_s = "long"', "duration_s is 'long'"),
        ("duration_s = 60\nlenght = 3", "no field 'lenght': choose from .*duration_s"),
        ("duration_s = 60\nabout = 3", "about is no text"),
        ('duration_s = 60\nmattress = "straw"', "no mattress 'straw': choose one of usual"),
        ('duration_s = 60\nsensor = "ADXL"', "no sensor 'ADXL': choose one of LSM6DSO"),
        ('duration_s = 60\nsleep = "deep"', "no sleep 'deep'"),
        ('duration_s = 60\nlayout = "odd"', "no layout 'odd'"),
        ("duration_s = 60\nempty = 1", "empty is neither true nor false"),
        ("duration_s = 60\nage_months = -1", "age_months is -1"),
        ("duration_s = 60\nfigures = 3", "figures is no table"),
        (
            "duration_s = 60\n[figures]\nfoam_sag = 3",
            "no figure 'foam_sag': did you mean foam_sag_mm",
        ),
        ("duration_s = 60\n[figures]\nfoam_sag_mm = 0", "foam_sag_mm is 0: stay within"),
        ("duration_s = 60\n[figures]\nfoam_sag_mm = [9, 3]", r"foam_sag_mm is \[9, 3\]: write"),
        ('duration_s = 60\n[figures]\nfoam_sag_mm = ["a", 3]', "write a number or"),
        ("duration_s = 60\n[figures]\ntwitch_force_n = 0", "twitch_force_n is 0: stay within"),
        ("duration_s = 60\n[figures]\nbout_rate_hz = 0", "bout_rate_hz is 0: stay within"),
        ("duration_s = 60\n[figures]\napart_s = [2, 3]", "write one number: this figure is no"),
        ("duration_s = 60\n[figures]\nstep_count = 1", "step_count is 1: stay within 2"),
        ("duration_s = 60\n[figures]\nbout_spread = 0.6", "bout_spread is 0.6: stay within"),
        ("duration_s = 60\n[figures]\nrate_error = 0.5", "rate_error is 0.5: stay within"),
        ("duration_s = 60\ningredient = 3", "`ingredient` is no list"),
        ("duration_s = 60\ningredient = [3]", "ingredient 1 is no table"),
        ("duration_s = 60\n[[ingredient]]\ncount = 1", "ingredient 1: no what ''"),
        ('duration_s = 60\n[[ingredient]]\nwhat = "twich"\ncount = 1', "no what 'twich'"),
        ('duration_s = 60\n[[ingredient]]\nwhat = "twitch"', "0 of at_s, count, .*exactly one"),
        (GOOD + "per_h = 3", "2 of at_s, count, .*exactly one"),
        (GOOD + 'often = "yes"', "ingredient 1: there is no field 'often'"),
        (GOOD + 'state = "deep"', "no state 'deep'"),
        (GOOD + 'state = "active"', "never active: set sleep"),
        (GOOD + "figures = { twitch_width = 1 }", "ingredient 1, figures: no figure"),
        (GOOD.replace("count = [3, 5]", "per_h = -1"), "per_h is -1"),
        (GOOD.replace("count = [3, 5]", "throughout = true"), "twitch has no length of its own"),
        (GOOD.replace("count = [3, 5]", "at_s = 400"), "at_s is after the end"),
        ("empty = true\n" + GOOD, "twitch: nobody lies there"),
        (GOOD.replace("twitch", "put_down"), "put_down: it happens once: give at_s"),
        (GOOD.replace('"twitch"\ncount = [3, 5]', '"bump"\nper_h = "usual"'), "no usual rate of"),
        ("[" * 5000, "is no TOML"),
    ],
)
def test_a_bad_file_gives_one_line_with_its_name_cause_and_remedy(tmp_path, text, cause):
    path = written(tmp_path, text)
    with pytest.raises(CribtraceError, match=cause) as caught:
        read(path)
    said = str(caught.value)
    assert said.startswith(str(path))
    assert "\n" not in said
    assert len(said) < 1200
    assert caught.value.exit_code == 1


def test_a_file_that_is_not_there_or_no_text(tmp_path):
    with pytest.raises(CribtraceError, match=r"no such file: .*check the name"):
        find(str(tmp_path / "gone.toml"))
    with pytest.raises(CribtraceError, match="cannot read"):
        find(f"{tmp_path}/")
    path = tmp_path / "latin.toml"
    path.write_bytes(b'about = "\xe9"')
    with pytest.raises(CribtraceError, match="is no text"):
        read(path)


def test_a_wrong_name_is_a_usage_error_that_names_the_near_one():
    with pytest.raises(Usage, match="did you mean washer"):
        find("wascher")
    with pytest.raises(Usage, match="choose one of"):
        find("benchmark")


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("[3, 5]", "4000"),
        GOOD.replace('"twitch"\ncount = [3, 5]', '"hiccups"\ncount = 1'),
        GOOD.replace('"twitch"\ncount = [3, 5]', '"gross"\nat_s = 298'),
        'layout = "even"' + GOOD.replace("[3, 5]", "200"),
    ],
)
def test_too_much_for_its_length_says_so(tmp_path, text):
    with pytest.raises(CribtraceError, match=r"no room for .*make"):
        simulate.recorded(read(written(tmp_path, text)), 1)


def test_what_is_entered_never_overlaps(tmp_path):
    for name in ("mixture", "series", "waking", "everything"):
        own = find(name)
        chance = diary.Chance(diary.np.random.RandomState([3, 1]), own.table())
        taken = diary.drawn(own, 3, chance).taken
        for (_, end), (start, _) in itertools.pairwise(taken):
            assert start - end >= own.rest_s - 1e-9


def test_the_limits_of_every_figure_hold_its_own_range_and_both_ends_can_be_simulated():
    """At the limits of what a file may say, nothing falls over: it works, or says why not."""
    rows = {**TABLE, **{name: (*ages[0][1:], "") for name, (_, ages) in BY_AGE.items()}}
    for name, (low, high, _) in rows.items():
        lowest, highest = plan.limits(name)
        assert lowest <= low <= high <= highest, name


@pytest.mark.parametrize("which", [0, 1])
def test_what_a_file_may_say_can_be_drawn(which):
    for what in ALL:
        for name in TABLE:
            if name.startswith(what.split("_")[0]) and not name.endswith("length_s"):
                value = float(np.clip(plan.limits(name)[which], 1e-3, 20))
                figures = table(1, "usual", "LSM6DSO", {name: Figure(value, value, "test")})
                group = ALL[what](Chance(np.random.RandomState(1), figures))
                assert group, (what, name)


def test_nothing_is_laid_into_a_warm_up():
    """Not into the board's own, nor into the longest that can be set."""
    low, _, source = TABLE["settling_s"]
    most_ms = {name: most for name, _, _, most, _ in settings.SCHEMA}["warm_up_ms"]
    default_s = settings.DEFAULTS["warm_up_ms"] // 1000
    assert low > most_ms / 1000
    assert f"warm-up ({default_s} s; {most_ms // 1000} s at most)" in source


def test_the_table_in_the_documents_is_the_one_in_use():
    page = figures_table.PAGE.read_text(encoding="utf-8")
    assert f"{figures_table.BEGIN}\n{figures_table.text()}\n{figures_table.END}" in page
    for name in [*ALL, *plan.MATTRESSES, *plan.SENSORS]:
        assert name in page, name


def test_the_file_shown_in_the_documents_can_be_read(tmp_path):
    page = figures_table.PAGE.read_text(encoding="utf-8")
    shown = page.split("## A file")[1].split("`empty = true`")[0]
    own = read(written(tmp_path, "\n".join(line[4:] for line in shown.splitlines())))
    assert [one.what for one in own.ingredients] == ["fan", "twitch"]
    assert own.table()["twitch_force_n"][:2] == (0.1, 2.0)

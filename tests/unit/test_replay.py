"""The settings that a replay is given are the ones in force, whichever interpreter runs it."""

import re
import subprocess
import sys

import pytest

from cribtrace import recording, replay, rig
from cribtrace.device import settings
from cribtrace.errors import Usage
from tests.support import golden


@pytest.fixture(scope="module")
def rec():
    return recording.load(golden.RECORDING)


def test_without_settings_the_defaults_are_in_force(rec):
    given = replay.replay(rec, "cpython", dict(settings.DEFAULTS))
    assert golden.as_text(given) == golden.EVENTS.read_text()


def test_a_setting_changes_what_is_found(rec):
    deaf = replay.replay(rec, "cpython", {"high_16": 1600})
    assert 0 < len(deaf) < len(replay.replay(rec, "cpython"))
    assert all(e["why"]["strength"] >= 99.9 for e in deaf)


def test_micropython_takes_the_same_settings(rec, micropython):
    changed = {"high_16": 150, "hold_ms": 300, "twitch_ms": 400}
    found = replay.replay(rec, "micropython", changed)
    assert found == replay.replay(rec, "cpython", changed)
    assert found != replay.replay(rec, "micropython")


def test_an_event_is_told_when_it_closed(rec):
    hold_s = settings.DEFAULTS["hold_ms"] / 1000
    join_s = settings.DEFAULTS["join_ms"] / 1000
    for at_s, event in replay.told(rec, "cpython"):
        end_s = event["onset_s"] + event["duration_s"]
        over_s = event["onset_s"] + event["why"]["span_s"]
        assert end_s + hold_s - 0.3 <= at_s <= over_s + hold_s + join_s + 0.3
    assert [event for _, event in replay.told(rec)] == replay.replay(rec)


def test_a_csv_in_a_test_says_how_it_becomes_an_npz(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("x,y,z\n" + "0,0,1000\n" * 300)
    with pytest.raises(Usage, match=r"does not say its rate and unit") as told:
        rig.motion(path)
    (line,) = re.findall("`(.*)`", str(told.value))
    subprocess.run([sys.executable, "-c", line], cwd=tmp_path, check=True)
    assert len(rig.motion(tmp_path / "x.npz").accel) == 300


def test_an_unknown_setting_is_refused_by_name(rec):
    with pytest.raises(Usage, match="high=36 is no setting: did you mean high_16"):
        replay.replay(rec, "cpython", {"high": 36})


def test_settings_that_a_board_would_refuse_are_refused(rec):
    with pytest.raises(Usage, match="high_16=4001 must be 32 to 4000"):
        replay.replay(rec, "cpython", {"high_16": 4001})

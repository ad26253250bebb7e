"""Every stored waveform gives its event again, bit for bit; one that was changed is named."""

import importlib
import json
import struct
from collections import Counter

import numpy as np
import pytest

from cribtrace import analysis, cli, log_records, rerun, scenario
from cribtrace.device import records, settings
from cribtrace.recording import Recording
from cribtrace.rerun import CUT, DIFFERS, NONE, NOT_DERIVABLE, SAME, verdicts
from tests.support.logged import log

RATE_HZ, LSB_PER_G = 104.0, 16393.443
FIELDS = records.LAYOUTS[records.SNIPPET], log_records.NAMES[records.SNIPPET]


def bumps(*onsets_s, amplitude_mg=6.0, length_s=40, seed=5, swell=0.2) -> Recording:
    """Noise with short movements at these times."""
    mg = np.random.default_rng(seed).normal((0, 0, 1000), 0.3, (int(length_s * RATE_HZ), 3))
    n = np.arange(60)
    for onset_s in onsets_s:
        at = int(onset_s * RATE_HZ)
        mg[at + n, 2] += (
            amplitude_mg * np.sin(2 * np.pi * 6 * n / RATE_HZ) * np.exp(-n / (104 * swell))
        )
    lsb = np.rint(mg * LSB_PER_G / 1000).astype(np.int16)
    return Recording(lsb, RATE_HZ, LSB_PER_G)


def found(recording, folder, **how):
    return list(rerun.verdicts(log(recording, folder, **how)))


@pytest.mark.parametrize(
    ("name", "seed"), [("ten_minutes", 3), ("faint", 1), ("faint", 3), ("mixture", 2)]
)
def test_every_event_has_its_verdict_and_what_fits_its_waveform_comes_back(tmp_path, name, seed):
    verdicts = found(scenario.generate(name, seed), tmp_path)
    assert [one.verdict for one in verdicts if one.verdict == DIFFERS] == []
    assert {one.why for one in verdicts if one.verdict == SAME} == {""}
    assert all(one.why for one in verdicts if one.verdict == NOT_DERIVABLE)
    events = analysis.read_night(tmp_path).events
    told = Counter((one.onset_s, one.kind) for one in verdicts)
    assert told == Counter((event["onset_s"], event["kind"]) for event in events)
    # Whatever 256 frames can hold of them: from 0.5 s before it to 0.5 s after.
    held = [event for event in events if event["why"]["span_s"] < 0.8 and not joined(event)]
    assert len(held) >= 3
    same = {one.onset_s for one in verdicts if one.verdict == SAME or one.why == rerun.NONE}
    alone = [event for event in held if apart_s(event, events) > 4]
    assert alone
    assert {event["onset_s"] for event in alone} <= same


def joined(event) -> bool:
    return event["why"]["joined"] or not event["why"]["strength"]


def apart_s(event, events) -> float:
    """From this event to the nearest other one."""
    return min(abs(event["onset_s"] - one["onset_s"]) for one in events if one is not event)


def record_of(kind, body) -> dict:
    """The fields of the record that is being written."""
    layout, names = records.LAYOUTS[kind], log_records.NAMES[kind]
    return dict(zip(names, struct.unpack_from(layout, body, records.HEAD_BYTES), strict=True))


def test_an_event_whose_waveform_the_budget_withheld_is_counted(tmp_path):
    in_force = settings.check({"waveforms_per_hour": 1}, settings.DEFAULTS)
    verdicts = found(bumps(15, 20, 25), tmp_path, in_force=in_force)
    assert [one.verdict for one in verdicts] == [SAME, NOT_DERIVABLE, NOT_DERIVABLE]
    assert [one.why for one in verdicts] == ["", rerun.NONE, rerun.NONE]


def rocked() -> Recording:
    """A movement, and behind it the crib as a whole, too slow for the statistic."""
    still = bumps(15, length_s=60)
    n = np.arange(int(25 * RATE_HZ))
    swell = np.clip(np.sin(np.pi * n / len(n)) * 3, 0, 1)
    swing_mg = 3.5 * swell * np.sin(2 * np.pi * 0.4 * n / RATE_HZ)
    still.accel[int(30 * RATE_HZ) + n, 0] += np.rint(swing_mg * LSB_PER_G / 1000).astype(np.int16)
    return still


def test_slow_motion_has_no_run_to_be_run_again(tmp_path):
    in_force = settings.check({"low_16": 100}, settings.DEFAULTS)
    verdicts = found(rocked(), tmp_path, in_force=in_force)
    assert [one[1:] for one in verdicts] == [
        ("twitch", SAME, ""),
        ("handling", NOT_DERIVABLE, rerun.SLOW),
    ]


def test_with_other_settings_too(tmp_path):
    in_force = settings.check({"high_16": 150, "hold_ms": 300, "low_16": 80}, settings.DEFAULTS)
    verdicts = found(bumps(15, 25), tmp_path, in_force=in_force)
    assert [one.verdict for one in verdicts] == [SAME, SAME]


# Whatever lasts 0.1 s is gross then, so that less than a second between two makes them one.
ALL_GROSS = settings.check(
    {"twitch_ms": 50, "limb_ms": 100, "hold_ms": 200, "pre_ms": 300}, settings.DEFAULTS
)


@pytest.mark.parametrize("onsets_s", [(15, 15.9), (15, 16.3)], ids=["one", "two"])
def test_whether_segments_are_one_movement_comes_back_too(tmp_path, monkeypatch, onsets_s):
    run = bumps(*onsets_s, amplitude_mg=8.0, swell=0.05)
    told = found(run, tmp_path / "right", in_force=ALL_GROSS)
    assert [one[2:] for one in told] == [(SAME, "")] * (1 if onsets_s[1] < 16 else 2)
    with monkeypatch.context() as patch:
        kinds = importlib.import_module("cribtrace.firmware.crib.kinds")
        patch.setattr(
            kinds.Kinds, "is_one", lambda self, found, at, apart, rest_of: len(told) == 2
        )
        folder = log(run, tmp_path / "wrong", in_force=ALL_GROSS)
    assert DIFFERS in [one.verdict for one in rerun.verdicts(folder)]


def test_what_was_told_apart_stays_so_where_the_waveform_shows_not_why(tmp_path):
    run = bumps(15, 15.9, 17.4, amplitude_mg=8.0, swell=0.05)
    told = found(run, tmp_path, in_force=ALL_GROSS)
    assert [one[2:] for one in told] == [(SAME, ""), (SAME, ""), (NOT_DERIVABLE, CUT)]


def test_the_settings_must_be_in_the_log(tmp_path):
    in_force = settings.check({"high_16": 150}, settings.DEFAULTS)

    def harm(kind, body, end):
        if kind == records.CONFIG:
            body[records.HEAD_BYTES] = ord("?")

    (one,) = found(bumps(15), tmp_path, in_force=in_force, harm=harm)
    assert one[2:] == (NOT_DERIVABLE, rerun.NO_SETTINGS)


def test_a_movement_longer_than_its_waveform_is_counted_as_cut(tmp_path):
    long = bumps(*(15 + 0.4 * k for k in range(12)))
    assert {one[2:] for one in found(long, tmp_path)} == {(NOT_DERIVABLE, CUT)}


def test_a_movement_right_after_a_gap_begins_too_late(tmp_path):
    verdicts = found(bumps(15, 29), tmp_path / "later", gap_at=24 * 104)
    assert verdicts[-1][2:] == (SAME, "")
    soon = settings.check({"settle_ms": 100}, settings.DEFAULTS)
    verdicts = found(bumps(15, 26.2), tmp_path / "soon", gap_at=24 * 104, in_force=soon)
    assert verdicts[-1][2:] == (NOT_DERIVABLE, rerun.TOO_LATE)


def test_an_event_has_the_waveform_of_its_run_where_that_reaches_it(tmp_path):
    # Uneven, and less than join_ms apart from end to beginning: one run, told as several.
    run = bumps(15, 16.6, 18.5, 20.1, amplitude_mg=20.0)
    night = analysis.read_night(log(run, tmp_path))
    shown = [i in night.snippets for i in range(len(night.events))]
    assert shown[0]
    assert not shown[-1], "it began after the waveform's end"
    for i, wave in night.snippets.items():
        onset_s = night.events[i]["onset_s"]
        assert wave.onset_s <= onset_s < wave.onset_s + len(wave.mg) / wave.rate_hz


def changed(field, amount):
    """Adds to a field of every snippet before it gets its checksum."""

    def harm(kind, body, end):
        if kind == records.SNIPPET:
            at = records.HEAD_BYTES
            values = list(struct.unpack_from(FIELDS[0], body, at))
            values[FIELDS[1].index(field)] += amount
            struct.pack_into(FIELDS[0], body, at, *values)

    return harm


@pytest.mark.parametrize("field", ["gain_z", "base_z", "sharp_z", "band_z"])
def test_a_changed_filter_word_is_noticed(tmp_path, field):
    amount = 1 << 18 if field == "base_z" else 2000
    (one,) = found(bumps(15), tmp_path, harm=changed(field, amount))
    assert one.verdict == DIFFERS
    assert one.kind == records.KINDS[0]
    assert one.onset_s == pytest.approx(15.1, abs=0.2)
    assert one.why


def test_a_changed_frame_is_noticed(tmp_path):
    def harm(kind, body, end):
        if kind == records.SNIPPET:
            body[end - 500] ^= 0x10

    (one,) = found(bumps(15), tmp_path, harm=harm)
    assert one.verdict == DIFFERS


def test_the_command_names_what_differs(tmp_path, capsys):
    good, bad = tmp_path / "good", tmp_path / "bad"
    log(bumps(15, 25), good)
    log(bumps(15, 25), bad, harm=changed("gain_z", 2000))
    assert cli.run(["replay", str(good)]) == 0
    assert "same=2 differs=0 not_derivable=0" in capsys.readouterr().out
    assert cli.run(["replay", str(bad), "--json"]) == 3
    said = capsys.readouterr()
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert [line["type"] for line in lines] == ["replayed", "replayed", "replay"]
    assert lines[0]["verdict"] == DIFFERS
    assert "gain" in lines[0]["why"]
    assert lines[-1]["differs"] == 2
    assert "2 of 2 events" in said.err
    assert said.err.count("\n") == 1


def test_the_command_counts_each_reason(tmp_path, capsys):
    log(bumps(15, 25, 35), tmp_path, in_force=settings.check({"waveforms_per_hour": 1},
                                                             settings.DEFAULTS))  # fmt: skip
    told = [one.why for one in verdicts(tmp_path) if one.verdict == NOT_DERIVABLE]
    assert cli.run(["replay", str(tmp_path), "--json"]) == 0
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line["reasons"] == [{"why": NONE, "count": 2}]
    assert len(told) == line["not_derivable"] == 2
    assert cli.run(["replay", str(tmp_path)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == "replay same=1 differs=0 not_derivable=2"
    assert second == f"  2 not derivable: {NONE}"


@pytest.mark.parametrize("differing", [False, True])
def test_damage_is_named_as_decode_names_it(tmp_path, capsys, differing):
    harm = changed("gain_z", 2000) if differing else lambda kind, body, end: None
    log(bumps(15, 25, 35), tmp_path, harm=harm)
    segment = tmp_path / "00000001.crib"
    content = bytearray(segment.read_bytes())
    content[-40] ^= 0x10
    segment.write_bytes(content)
    assert cli.run(["decode", str(tmp_path)]) == 3
    decoded = capsys.readouterr().err.splitlines()
    assert cli.run(["replay", str(tmp_path)]) == 3
    said = capsys.readouterr()
    assert "fails its CRC" in decoded[0]
    replayed = said.err.splitlines()
    assert [line for line in replayed if "did not come" not in line] == decoded
    assert len(replayed) == len(decoded) + differing
    assert "same=0 differs=3" in said.out if differing else "same=3 differs=0" in said.out


def test_settings_of_ones_own_are_refused_for_a_log(tmp_path, capsys):
    log(bumps(15), tmp_path)
    assert cli.run(["replay", str(tmp_path), "--set", "hold_ms=400"]) == 2
    assert "recorded with" in capsys.readouterr().err

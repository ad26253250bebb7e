"""What `live` shows, without a terminal: made of what the board says, and of nothing else."""

import math
import time
from datetime import datetime

import numpy as np
import pytest

from cribtrace import criteria, dots, facts, recording
from cribtrace.conversation import LinkStats
from cribtrace.device import detector, kernels, records, settings
from cribtrace.envelope import Envelope, seconds
from cribtrace.frame_clock import FrameClock
from cribtrace.heard import Began, Decoded, Frames, Health, Note, Text
from cribtrace.live_layout import heights
from cribtrace.live_view import FROM_EPOCHS, FROM_FRAMES, WAITING, View
from tests.support import golden

HEADER = {
    "boot": 3, "rate_mhz": 104_000, "mlsb_per_g": 16_393_443, "config_crc": 1, "board": b"virtual",
    "sensor": b"LSM6DSO", "settings": settings.DEFAULTS,
}  # fmt: skip
FULL, EMPTY = "⣿", " "


def watched(best):
    """The kernel, writing down the statistic of each frame it is given."""
    real = kernels.scan

    def scan(v, n, burst, cfg, st, *more):
        before = st[kernels.BEST], st[kernels.BEST_AT]
        st[kernels.BEST] = 0
        took = real(v, n, burst, cfg, st, *more)
        best.append(st[kernels.BEST])
        if before[0] >= best[-1]:
            st[kernels.BEST], st[kernels.BEST_AT] = before
        return took

    return scan


@pytest.fixture(scope="module")
def lived():
    """The golden recording's first minutes: frames, the detector's state and its statistic."""
    raw = recording.load(golden.RECORDING).accel[: 75 * 104]
    det = detector.Detector(settings.DEFAULTS, 104_000, 16_393_443)
    states, best = {}, []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "scan", watched(best))
        for k in range(len(raw)):
            if not (det.warm or det.active or det.count):
                states[k] = tuple(det.state[: kernels.FILTERS])
            det.step(raw[k].astype("<i2").tobytes(), 1)
    return raw, states, best


def test_the_envelope_is_what_the_board_compares_with_its_threshold(lived):
    raw, states, best = lived
    first = 20 * 104
    assert first in states
    envelope = Envelope(HEADER)
    told = envelope.feed(Frames(first - 50, raw[first - 50 : first], 0, (first, states[first])))
    assert np.isnan(told).all()  # the state is of the frame behind them
    pieces = [Frames(k, raw[k : k + 97]) for k in range(first, len(raw), 97)]
    found = np.concatenate([envelope.feed(piece) for piece in pieces])
    expected = np.array([criteria.strength(b) ** 0.5 for b in best[first:]])
    settled = slice(18, None)  # the window is filled anew
    assert found[settled] == pytest.approx(expected[settled], rel=1e-5)
    assert found.max() > 2 * envelope.threshold
    assert envelope.threshold == pytest.approx(
        criteria.needed(settings.DEFAULTS["high_16"]) ** 0.5
    )


def test_after_a_hole_the_envelope_waits_for_another_state(lived):
    raw, states, _ = lived
    envelope, first = Envelope(HEADER), 20 * 104
    assert envelope.floor_mg is None
    envelope.feed(Frames(first - 1, raw[first - 1 : first], 0, (first, states[first])))
    assert not np.isnan(envelope.feed(Frames(first, raw[first : first + 40]))).any()
    assert 0.05 < (envelope.floor_mg or 0) < 1
    assert np.isnan(envelope.feed(Frames(first + 60, raw[first + 60 : first + 90], 20))).all()


def test_without_settings_there_is_no_envelope():
    with pytest.raises(ValueError, match="not known"):
        Envelope({**HEADER, "settings": None})


def view(span_s=20.0):
    made = View(FrameClock(), span_s)
    made.take(Began("/dev/ttyUSB0", HEADER))
    return made


def still(first, n, mg=(0, 0, 1000)):
    return Frames(first, np.rint(np.tile(np.array(mg) * 16.393, (n, 1))).astype(np.int16))


def test_the_waveform_is_drawn_around_its_own_middle_and_a_hole_stays_empty():
    shown = view()
    assert shown.strength(40, 4).source == WAITING
    shown.take(still(10_400, 1040))
    shown.take(still(11_960, 520, (0, 0, 1007)))  # 5 s are missing between them
    waves = shown.waves(40, 3)
    assert waves.reach_mg == 10.0  # 7 mg
    x, _, z = waves.rows
    for row in x[0] + x[2] + z[2]:
        assert row == EMPTY
    (hole,) = {len(run) for run in x[1].strip().split() if False} or {x[1].count(EMPTY)}
    assert hole == pytest.approx(10, abs=1)  # 5 of 20 s, of 40 characters
    assert z[0].rstrip()[-1] != EMPTY and z[1].strip()[0] != EMPTY
    assert shown.strength(40, 4).source == FROM_FRAMES


def test_a_hole_shows_nothing_of_what_was_there_a_while_before():
    shown = view()
    shown.take(still(0, 20_000))  # more than is kept
    shown.take(still(20_520, 520))
    row = shown.waves(40, 3).rows[0][1]
    assert row[20:30].count(EMPTY) >= 8 and EMPTY not in row[:19] + row[-8:].rstrip()


def test_columns_lie_at_fixed_frames_so_that_old_ones_only_move():
    rng = np.random.default_rng(2)
    raw = rng.integers(-90, 90, (4160, 3)).astype(np.int16)
    shown = view()
    shown.take(Frames(0, raw[:3000]))
    before = shown.waves(52, 4).rows[0]
    shown.take(Frames(3000, raw[3000:3080]))  # two characters of 40 frames
    after = shown.waves(52, 4).rows[0]
    assert shown.waves(52, 4).reach_mg == 10.0
    assert [row[2:-1] for row in before] == [row[:-3] for row in after]


def test_a_spike_of_one_frame_is_never_drawn_away():
    raw = np.zeros((2080, 3), np.int16)
    raw[1000, 1] = 160  # 9.8 mg
    shown = view()
    shown.take(Frames(0, raw))
    rows = shown.waves(20, 3).rows[1]
    assert sum(c != EMPTY for c in rows[0]) == 1


def epoch(onset_s, code):
    return Decoded({
        "type": "epoch", "onset_s": onset_s, "duration_s": 30.0, "seen": 3120, "floor_mg": 0.2,
        "peak_mg": 1.0, "threshold": 6.44, "second_s": 1.0, "levels": [20] * 29 + [code],
        "closest": {"t_s": onset_s, "strength": 1.0, "margin": 0.1, "missing": ""},
    })  # fmt: skip


def test_without_frames_the_envelope_is_of_the_seconds_and_says_so():
    shown = view(30.0)
    shown.take(epoch(30.0, 220))
    drawn = shown.strength(30, 7)
    assert drawn.source == FROM_EPOCHS
    assert drawn.threshold_row == 4
    line = drawn.rows[drawn.threshold_row]
    assert line.rstrip().rindex(line.strip()[0]) >= 28  # the last second alone reached it
    assert set(line[:28]) == {EMPTY}
    assert seconds(epoch(0, 220).line)[-1] == pytest.approx(criteria.deviation(220))
    shown.take(still(7000, 200))  # frames are better, and epochs do not draw over them
    shown.take(epoch(60.0, 220))
    assert shown.strength(30, 7).source == FROM_FRAMES


def test_lines_are_events_and_faults_and_a_restart_clears_the_picture():
    shown = view()
    shown.take(still(0, 500))
    shown.take(Decoded({"type": "mark", "t_s": 4.0, "text": "door"}))
    shown.take(epoch(0.0, 20))
    shown.take(Text("Traceback"))
    shown.take(Note("it was restarted", restarted=True))
    assert [line.name for line in shown.lines] == ["mark", "text", "line", "unknown"]
    assert any(c != EMPTY for c in shown.waves(20, 3).rows[0][1])
    shown.take(Began("/dev/ttyUSB1", {**HEADER, "boot": 4}))
    assert set("".join(shown.waves(20, 3).rows[0])) == {EMPTY}
    assert shown.who() == "/dev/ttyUSB1  virtual, LSM6DSO at 104.0 Hz, boot 4, 20 s across"


def test_an_event_brings_its_reason(lived):
    raw, _, _ = lived
    det = detector.Detector(settings.DEFAULTS, 104_000, 16_393_443)
    shown = view()
    frames = raw.astype("<i2").tobytes()
    names = facts.log_records.NAMES[records.EVENT]
    for at in range(0, len(frames), 6 * 64):
        for k in range(det.step(frames[at : at + 384], len(frames[at : at + 384]) // 6)):
            fields = dict(zip(names, det.movements.fields(k), strict=True))
            line = facts.json_line({"type": records.EVENT, **fields}, HEADER)
            shown.take(Decoded(line or {}))
    line = next(line for line in shown.lines if line.role == "movement")
    assert (line.name, line.reason) == ("twitch", "short"), list(shown.lines)
    assert math.isclose(float(line.figures.split()[1].strip("mg")), 3.1, rel_tol=0.1)


def test_the_line_and_the_loop_are_told_and_silence_is_too():
    shown = view()
    assert "no answer yet" in shown.link_told()
    now = time.monotonic()
    info = {"state": "sampling", "fault": "bus_error", "in_gaps": 12, "fifo_high": 77,
            "records_lost": 1, "nights_left": 14}  # fmt: skip
    shown.take(Health(info, 20.4, LinkStats(bytes_in=1000), now - 5))
    shown.take(Health(info, 21.4, LinkStats(bytes_in=6000, retries=2, bad_packets=3), now))
    shown.take(Frames(5, np.zeros((3, 3), np.int16), lost=7))
    assert shown.link_told(now) == (
        "line: 1.0 kB/s, answer in 21 ms, 2 repeated, 3 damaged, 7 frames missed here"
    )
    assert shown.link_told(now + 16).endswith("last heard 16 s ago")
    assert shown.loop_told() == (
        "board: sampling, fault bus_error, 12 frames in gaps, FIFO 77, 1 records lost,"
        " room 14 nights"
    )


def test_a_board_that_went_away_is_told_with_since_when_and_its_figures_as_old_ones():
    shown = view()
    shown.take(still(0, 500))
    shown.take(Health({"state": "sampling", "fault": "none"}, 20.4, LinkStats(), 0.0))
    gone = datetime(2026, 11, 21, 2, 3, 4).astimezone().timestamp()
    shown.take(Note("/dev/x went away; waiting for board 00", away_s=gone))
    shown.take(Note("/dev/y is another board, 01; still waiting"))
    assert shown.link_told() == "no board since 02:03:04, looking for it"
    assert shown.loop_told().startswith("before that: sampling, ")
    assert shown.strength(40, 4).source == "until 02:03:04"
    shown.take(Note("board 00 is back at /dev/z"))
    shown.take(Began("/dev/z", HEADER))
    assert shown.link_told() == "line: no answer yet"
    assert shown.strength(40, 4).source == FROM_FRAMES


def test_a_hostile_board_drives_no_terminal():
    shown = view()
    shown.take(Began("/dev/x", {**HEADER, "boot": 9, "board": b"\x1b[31m", "sensor": b"\x9b2J"}))
    shown.take(Health({"state": "\x1b]0;x\x07"}, 1.0, LinkStats(), 0.0))
    shown.take(Decoded({"type": "mark", "t_s": 1.0, "text": "\x1b[2J"}))
    assert all(t.isprintable() for t in (shown.who(), shown.loop_told(), shown.lines[-1].text()))


@pytest.mark.parametrize(("most", "reach"), [(0.2, 1), (1.5, 2), (2, 2), (7, 10), (130, 200)])
def test_scales_are_round_numbers(most, reach):
    assert dots.reach(most) == reach


def test_dots_fill_from_the_lowest_to_the_highest_value_and_stay_inside():
    assert dots.curve([(0, 1)] * 2, 2, 0, 1) == [FULL, FULL]
    assert dots.curve([(-9, -5), None], 2, 0, 1) == [EMPTY, "⡀"]
    assert dots.curve([(5, 9), (1, 1)], 1, 0, 1) == ["⠉"]


def test_in_small_windows_the_waveform_gives_way_first_and_events_last():
    found = {rows: heights(rows) for rows in range(60, 0, -1)}
    for rows, shown in found.items():
        assert sum(shown.values()) == rows or rows < 3
        assert shown["waves"] % 3 == 0 and bool(shown["heading"]) == bool(shown["strength"])
    for rows in range(59, 0, -1):
        less = {name for name in found[rows] if found[rows][name] < found[rows + 1][name]}
        if found[rows]["waves"] > 3:
            assert "events" not in less or "waves" in less or found[rows]["events"] >= 5
        assert "link" not in less
    gone = [name for rows in range(59, 0, -1) for name in found[rows]
            if found[rows + 1][name] and not found[rows][name]]  # fmt: skip
    assert gone == ["waves", "heading", "strength", "loop", "who", "keys", "events"]
    assert all(found[12].values()) and found[5]["events"] == 2
    assert found[20] == {"who": 1, "waves": 6, "heading": 1, "strength": 4, "events": 5,
                         "link": 1, "loop": 1, "keys": 1}  # fmt: skip

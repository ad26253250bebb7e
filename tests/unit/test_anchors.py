"""Lines from frames to UTC: fitted, bracketed, and what is told of them."""

import random

import pytest

from cribtrace import anchors
from cribtrace.boots import Boot
from cribtrace.device import records
from cribtrace.frame_clock import FrameClock
from cribtrace.log_records import SOURCES

RATE_HZ = 104.0
T0 = 1_800_000_000.0
HOST, CHIP, PERSON = 0, 1, 2


def anchor(frame, utc_s, boot=1, within_ms=3, source=HOST):
    utc_ms = round(utc_s * 1000)
    return {
        "type": records.ANCHOR, "seq": 0, "frame": frame, "utc_s": utc_ms // 1000,
        "utc_ms": utc_ms % 1000, "uptime_ms": 0, "boot": boot, "within_ms": within_ms,
        "source": source,
    }  # fmt: skip


def boot(number, frames, *found, away_s=None, start_s=0.0, simulated=0, rate_hz=RATE_HZ,
         sensor=b"LSM6DSO"):  # fmt: skip
    header = {
        "boot": number, "rate_mhz": round(rate_hz * 1000), "recording_frames": simulated,
        "mlsb_per_g": 16_393_443, "sensor": sensor.ljust(14, b"\0"),
    }  # fmt: skip
    end = {"type": records.STOP, "seq": 9, "frame": frames}
    return Boot(header, [*found, end], start_s, away_s)


def hours(count):
    return round(count * 3600 * RATE_HZ)


def lived(ppm, jitter_ms=3.0, count=61, seed=5, source=HOST, within_ms=3):
    """Anchors a minute apart of a sensor that is `ppm` faster than its header says."""
    rng = random.Random(seed)
    true_hz = RATE_HZ * (1 + ppm / 1e6)
    return [
        anchor(
            int(60 * k * true_hz), T0 + 60 * k + rng.uniform(-1, 1) * jitter_ms / 1000,
            source=source, within_ms=within_ms,
        )
        for k in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("ppm", [-40_000, -1_500, -7, 0, 25, 30_000])
def test_an_hour_of_anchors_tells_the_drift_and_its_residual(ppm):
    found = lived(ppm)
    (clock,) = anchors.clocks([boot(1, found[-1]["frame"], *found)]).values()
    line = clock.fitted
    assert line.drift_ppm == pytest.approx(ppm, abs=2)
    assert line.drift_within_ppm < 10
    # The jitter is 1.7 ms rms; where frames do not fall on minutes 2.8 ms more of whole ones.
    assert 1.5 < line.residual_ms < 4.5
    assert clock.fault() is None
    last_s = found[-1]["frame"] / RATE_HZ  # as the header's rate has it
    assert clock.utc_s(last_s) == pytest.approx(T0 + 3600, abs=0.01)


@pytest.mark.parametrize(("ppm", "named"), [(-60_000, True), (-49_000, False), (51_000, True)])
def test_a_rate_more_than_5_percent_off_is_a_named_fault(ppm, named):
    found = lived(ppm)
    (clock,) = anchors.clocks(
        [boot(3, found[-1]["frame"], *[{**a, "boot": 3} for a in found])]
    ).values()
    told = clock.fault()
    assert (told is not None) == named
    if told:
        assert told.startswith("sensor_rate: in boot 3")
        assert f"{ppm / 1e4:+.1f} %" in told


def test_a_rate_that_few_seconds_tell_is_neither_used_nor_a_fault():
    # 6 % off, it seems: 40 ms in 0.7 s, where each anchor may be 20 ms off.
    found = [anchor(0, T0, within_ms=20), anchor(73, T0 + 0.75, within_ms=20)]
    (clock,) = anchors.clocks([boot(1, hours(10), *found)]).values()
    assert abs(clock.fitted.drift_ppm) > 50_000
    assert clock.fault() is None
    assert clock.utc_s(36_000) == pytest.approx(T0 + 36_000, abs=0.05)


@pytest.mark.parametrize(
    ("sensor", "own"), [(b"LSM6DSO", False), (b"LSM6DSOX", False), (b"ICM-42688-P", True),
                        (b"BMI270", True), (b"never heard of", False)]
)  # fmt: skip
def test_a_chip_without_a_trim_has_its_rate_from_the_anchors_soon(sensor, own):
    true_hz = RATE_HZ * 1.03
    found = [anchor(int(10 * k * true_hz), T0 + 10 * k) for k in (0, 1)]
    (clock,) = anchors.clocks([boot(1, hours(1), *found, sensor=sensor)]).values()
    line = clock.fitted
    assert 1_500 < line.drift_within_ppm < 10_000
    assert line.rate_hz == pytest.approx(true_hz if own else RATE_HZ, rel=1e-3)
    assert followed(clock, found).utc_s(3600.0) == pytest.approx(clock.utc_s(3600.0), abs=1e-3)


def test_an_oscillator_without_a_trim_may_be_8_percent_off_by_its_data_sheet():
    for ppm, named in ((75_000, False), (-75_000, False), (90_000, True)):
        found = lived(ppm)
        told = boot(1, found[-1]["frame"], *found, sensor=b"ICM-42688-P")
        (clock,) = anchors.clocks([told]).values()
        assert (clock.fault() is not None) == named, ppm
        assert clock.fitted.rate_hz == pytest.approx(RATE_HZ * (1 + ppm / 1e6), rel=1e-4)


def test_one_anchor_is_an_offset_only():
    (clock,) = anchors.clocks([boot(1, hours(1), anchor(104, T0))]).values()
    assert clock.utc_s(0.0) == pytest.approx(T0 - 1, abs=0.02)
    told = clock.line()
    assert told["drift_ppm"] is None and told["residual_ms"] is None
    assert told["anchors"] == 1 and told["source"] == "host"
    assert told["utc"] == "2027-01-15T07:59:59.000Z"


def followed(clock, found):
    """The clock of that boot as one has it who follows it: from its anchors as they are told."""
    made = FrameClock()
    made.of(clock.boot.header)
    for one in found:
        told = {"within_s": one["within_ms"] / 1e3, "source": SOURCES[one["source"]]}
        made.set(one["frame"], one["utc_s"] + one["utc_ms"] / 1e3, **told)
    return made


@pytest.mark.parametrize("source", [HOST, CHIP, PERSON])
@pytest.mark.parametrize("count", [1, 2, 61])
def test_of_the_anchors_at_one_frame_the_last_told_counts(count, source):
    # An hour without a sensor, whose frames stand still meanwhile.
    found = [
        anchor(6240, T0 + 60 * k, within_ms=1 + k % 7, source=source) for k in range(count)
    ]  # fmt: skip
    (clock,) = anchors.clocks([boot(1, hours(1), *found)]).values()
    assert (clock.anchors, clock.fitted.drift_ppm, clock.fault()) == (1, None, None)
    assert clock.utc_s(60.0) == pytest.approx(T0 + 60 * (count - 1), abs=0.02)
    assert followed(clock, found).utc_s(60.0) == pytest.approx(clock.utc_s(60.0), abs=1e-3)


def test_what_one_frame_was_told_at_first_bends_no_line():
    found = lived(-7, count=5)
    wrong = [{**found[2], "utc_s": found[2]["utc_s"] - 60 * k} for k in (3, 2, 1)]
    (alone,) = anchors.clocks([boot(1, hours(1), *found)]).values()
    mixed = [*found[:2], *wrong, *found[2:]]
    (clock,) = anchors.clocks([boot(1, hours(1), *mixed)]).values()
    assert clock.line() == alone.line() and clock.fault() is None
    assert followed(clock, mixed).utc_s(240.0) == pytest.approx(clock.utc_s(240.0), abs=1e-3)


def test_a_simulated_boards_speed_is_no_drift():
    found = [anchor(0, T0), anchor(hours(1), T0 + 180)]
    (clock,) = anchors.clocks([boot(1, hours(1), *found, simulated=hours(1))]).values()
    assert clock.fault() is None
    assert clock.utc_s(3600.0) == pytest.approx(T0 + 180, abs=0.02)
    assert clock.utc_s(0.0) == pytest.approx(T0 + 180 - 3600, abs=0.02)
    # An hour in three minutes: nobody can say when anything was, and the time says so.
    assert clock.within_s == pytest.approx(3600 - 180, abs=0.1)
    told = clock.line()
    assert "utc_about" in told
    assert (told["drift_ppm"], told["drift_within_ppm"]) == (None, None)


@pytest.mark.parametrize("within_ms, drift, within", [(1, 201, 21), (400, 200, 820)])
def test_a_drift_has_the_digits_that_are_known(within_ms, drift, within):
    found = [
        anchor(104_000 * k, T0 + 1000 * k * (1 - 200.6e-6), within_ms=within_ms) for k in (0, 1)
    ]
    (clock,) = anchors.clocks([boot(1, hours(1), *found)]).values()
    told = clock.line()
    assert (told["drift_ppm"], told["drift_within_ppm"]) == (drift, within)


def test_the_best_source_counts_and_a_persons_last_word():
    wrong = [anchor(0, T0 + 900, source=PERSON), anchor(0, T0 - 77, within_ms=7200, source=CHIP)]
    (clock,) = anchors.clocks([boot(1, 1040, *wrong, anchor(0, T0))]).values()
    assert (clock.source, clock.anchors) == ("host", 1)
    assert clock.utc_s(0.0) == pytest.approx(T0, abs=0.02)
    (clock,) = anchors.clocks([boot(1, 1040, *wrong)]).values()
    assert clock.source == "clock_chip"
    assert clock.about is False or clock.source == "clock_chip"
    again = [anchor(0, T0 + 60 * k, source=PERSON, within_ms=30_000) for k in (5, 9)]
    (clock,) = anchors.clocks([boot(1, 1040, *again)]).values()
    assert (clock.source, clock.anchors) == ("person", 1)
    assert clock.utc_s(0.0) == pytest.approx(T0 + 540, abs=0.02)


def test_an_anchor_counts_by_the_square_of_its_doubt():
    # 10 ms and 100 ms of doubt, less the frame's own: weights of 100 to 1 put it a hundredth off.
    doubt_ms = [round(1000 * (off - 1 / RATE_HZ)) for off in (0.1, 1.0)]
    found = [
        anchor(0, T0, within_ms=doubt_ms[0]), anchor(1, T0 + 10, within_ms=doubt_ms[1])
    ]  # fmt: skip
    (clock,) = anchors.clocks([boot(1, hours(1), *found)]).values()
    assert clock.utc_s(0.0) - T0 == pytest.approx(10 / 101, abs=0.01)


def test_an_anchor_may_be_of_an_earlier_boot():
    one = boot(1, hours(9))
    two = boot(2, hours(0.1), anchor(0, T0, boot=1, source=PERSON), anchor(0, T0 + 40_000, boot=2))
    found = anchors.clocks([one, two])
    assert (found[1].source, found[2].source) == ("person", "host")
    assert found[1].utc_s(0.0) == pytest.approx(T0, abs=0.02)


def test_a_night_on_a_charger_lies_between_its_neighbours_anchors():
    """Read in the evening, recorded on a charger for 9 h, read in the morning."""
    evening = boot(1, hours(0.5), anchor(0, T0, boot=1))
    night = boot(2, hours(9))
    morning = boot(3, hours(0.1), anchor(hours(0.05), T0 + 12 * 3600, boot=3))
    clock = anchors.clocks([evening, night, morning])[2]
    assert clock.source == "bracket" and clock.about
    assert clock.earliest_s == pytest.approx(T0 + 1800, abs=0.02)
    assert clock.latest_s == pytest.approx(T0 + 12 * 3600 - 180 - 9 * 3600, abs=0.02)
    assert clock.utc_s(0.0) == pytest.approx((clock.earliest_s + clock.latest_s) / 2, abs=0.02)
    assert clock.within_s == pytest.approx((clock.latest_s - clock.earliest_s) / 2, abs=0.02)
    line = {}
    clock.stamp(line, 60.0)
    assert set(line) == {"utc_about"}
    told = clock.line()
    assert told["earliest"] < told["utc_about"] < told["latest"]


def test_several_boots_between_two_anchors_share_what_is_left():
    between = [boot(k, hours(2)) for k in (2, 3, 4)]
    first = boot(1, hours(1), anchor(0, T0, boot=1))
    last = boot(5, hours(1), anchor(0, T0 + 10 * 3600, boot=5))
    found = anchors.clocks([first, *between, last])
    for k in (2, 3, 4):
        assert found[k].earliest_s == pytest.approx(T0 + 3600 + (k - 2) * 7200, abs=0.02)
        assert found[k].latest_s == pytest.approx(T0 + 36_000 - (5 - k) * 7200, abs=0.02)


def test_a_bracket_may_be_open_at_one_end():
    night = boot(1, hours(9))
    morning = boot(2, hours(0.1), anchor(0, T0, boot=2))
    clock = anchors.clocks([night, morning])[1]
    assert clock.earliest_s is None
    assert clock.latest_s == pytest.approx(T0 - 9 * 3600, abs=0.02)
    assert clock.within_s is None and clock.about
    assert clock.line()["earliest"] is None
    clock = anchors.clocks([boot(1, hours(1), anchor(0, T0)), boot(2, hours(9))])[2]
    assert clock.latest_s is None and clock.about
    assert clock.earliest_s == pytest.approx(T0 + 3600, abs=0.02)


def test_a_known_interruption_is_as_good_as_an_anchor():
    """The board restarted at night and counted how long that took: nothing is left open."""
    one = boot(1, hours(5))
    two = boot(2, hours(4), anchor(0, T0, boot=2), away_s=2.5)
    clock = anchors.clocks([one, two])[1]
    assert clock.source == "bracket" and not clock.about
    assert clock.utc_s(0.0) == pytest.approx(T0 - 2.5 - 5 * 3600, abs=0.02)
    line = {}
    clock.stamp(line, 0.0)
    assert set(line) == {"utc"}
    # A boot in between whose segments are gone: then it is a bound only.
    three = boot(3, hours(4), anchor(0, T0, boot=3), away_s=2.5)
    assert anchors.clocks([one, three])[1].about


def injected(number, frames, *found, away_s=None):
    return boot(number, frames, *found, away_s=away_s, simulated=frames, sensor=b"injected")


def test_a_file_that_was_played_in_between_lasted_nobody_knows_how_long():
    """A file of 8 h, played in half an hour after a night of 9 h, before somebody read the log."""
    night, file = boot(1, hours(9)), injected(2, hours(8), away_s=0.0)
    morning = boot(3, hours(0.1), anchor(0, T0, boot=3), away_s=1.0)
    found = anchors.clocks([night, file, morning])
    assert found[1].latest_s == pytest.approx(T0 - 1 - 9 * 3600, abs=0.02)
    assert found[1].earliest_s is None and found[1].about
    assert found[2].latest_s == pytest.approx(T0 - 1, abs=0.02) and found[2].about
    evening = boot(1, hours(1), anchor(0, T0, boot=1))
    night = boot(3, hours(9), away_s=1.0)
    found = anchors.clocks([evening, injected(2, hours(8), away_s=0.0), night])
    assert found[2].earliest_s == found[2].latest_s == pytest.approx(T0 + 3600, abs=0.02)
    assert found[3].earliest_s == pytest.approx(T0 + 3601, abs=0.02)
    assert found[3].latest_s is None and found[3].about


def test_a_file_with_anchors_bounds_its_neighbours_by_these_alone():
    file = injected(2, hours(8), anchor(hours(1), T0, boot=2), anchor(hours(5), T0 + 600, boot=2),
                    away_s=0.0)  # fmt: skip
    found = anchors.clocks([boot(1, hours(9)), file, boot(3, hours(2), away_s=1.0)])
    assert found[1].latest_s == pytest.approx(T0 - 9 * 3600, abs=0.02) and found[1].about
    assert found[3].earliest_s == pytest.approx(T0 + 601, abs=0.02) and found[3].about


def test_without_any_anchor_nobody_knows():
    (clock,) = anchors.clocks([boot(1, hours(1))]).values()
    line = {}
    clock.stamp(line, 0.0)
    assert line == {}
    told = clock.line()
    assert told["source"] is None and "utc" not in told
    (clock,) = anchors.clocks([boot(1, 0, anchor(0, T0), rate_hz=0)]).values()
    assert clock.utc_s(0.0) is None


def test_an_unknown_source_and_a_foreign_boot_are_passed_over():
    (clock,) = anchors.clocks(
        [boot(1, 104, anchor(0, T0, source=9), anchor(0, T0, boot=8))]
    ).values()
    assert clock.source is None


def test_a_host_whose_clock_was_set_meanwhile_shows_in_the_residual():
    found = lived(0)
    found = found[:30] + [{**a, "utc_s": a["utc_s"] + 30} for a in found[30:]]
    (clock,) = anchors.clocks([boot(1, found[-1]["frame"], *found)]).values()
    assert clock.fitted.residual_ms > 5_000


@pytest.mark.parametrize("jump_s", [30, -30, -7200, 86400 * 365])
def test_a_clock_that_jumps_is_named_and_not_the_sensor(jump_s):
    found = lived(-7, count=5)
    for one in found[3:]:
        one["utc_s"] += jump_s
    (clock,) = anchors.clocks([boot(1, found[-1]["frame"], *found)]).values()
    told = clock.fault()
    assert told.startswith(f"clock_step: in boot 1 the host clock jumped by {jump_s:+d} s")


def test_a_jump_that_may_be_the_sensors_is_none():
    found = lived(-7, count=5)
    found[4]["utc_s"] += 2  # 3 % of a minute
    (clock,) = anchors.clocks([boot(1, found[-1]["frame"], *found)]).values()
    assert clock.fault() is None and clock.fitted.residual_ms > 300


@pytest.mark.parametrize("ppm", [-90_000, 90_000])
def test_a_sensor_that_is_off_all_the_time_is_no_clock_that_jumped(ppm):
    found = lived(ppm, count=4)
    (clock,) = anchors.clocks([boot(1, found[-1]["frame"], *found)]).values()
    assert clock.fault().startswith("sensor_rate")


def test_two_anchors_of_which_the_second_is_earlier_tell_a_clock_that_jumped():
    found = [anchor(0, T0), anchor(hours(1), T0 - 60)]
    (clock,) = anchors.clocks([boot(1, hours(1), *found)]).values()
    assert clock.fault().startswith("clock_step: in boot 1 the host clock jumped by -3660 s")
    found = [anchor(0, T0), anchor(hours(1), T0 - 60)]
    (clock,) = anchors.clocks([boot(1, hours(1), *found, simulated=9)]).values()
    assert clock.fault() is None

"""docs/DETECTOR.md: its tables are what the code does."""

import re

import pytest

from cribtrace import facts, log_records
from cribtrace.device import kernels, records, settings
from tests.support import detector_numbers as numbers
from tests.unit.test_docs import DOCS, rows, text

PAGE = text(DOCS / "DETECTOR.md")
RATES = pytest.mark.parametrize("rate_hz", numbers.RATES_HZ)


def row_of(head: str, *first: str) -> list[str]:
    return next(r for r in rows("DETECTOR.md", head) if r[: len(first)] == list(first))


def tables_by_rate(rate_hz: int) -> list[list[str]]:
    """Every row that begins with a rate, in their order."""
    found = re.findall(rf"^\| {rate_hz} \|(.*)\|$", PAGE, flags=re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in found]


@RATES
def test_shifts_table(rate_hz):
    high, low1, low2, slow, window, _, _, step = numbers.shifts(rate_hz)
    stated = tables_by_rate(rate_hz)[0]
    assert stated == [str(high), f"{low1}, {low2}", f"{slow}, {slow + 1}", str(window), str(step)]


@RATES
@pytest.mark.parametrize("band", numbers.BANDS)
def test_filter_table(band, rate_hz):
    low_hz, high_hz, gain = numbers.corners(band, rate_hz)
    noise = numbers.noise_gain(band, rate_hz)
    stated = row_of("Band", band, str(rate_hz))[2:]
    assert stated == [f"{low_hz:.2f}", f"{high_hz:.1f}", f"{gain:.3f}", f"{noise:.3f}"]


@RATES
def test_sensor_table(rate_hz):
    rms_mg = numbers.sensor_rms_mg(rate_hz)
    high = settings.DEFAULTS["high_16"] / 16
    expected = [
        f"{rms_mg:.3f}", f"{rms_mg * high**0.5:.2f}", f"{numbers.floor_time_s(rate_hz, 2):.0f}",
        f"{numbers.floor_time_s(rate_hz, 2, within=True):.0f}",
    ]  # fmt: skip
    assert tables_by_rate(rate_hz)[1] == expected


@RATES
def test_noise_table_is_what_the_kernel_does(rate_hz):
    stated = [float(cell) for cell in tables_by_rate(rate_hz)[2]]
    measured = numbers.noise_facts(rate_hz, 40_000)
    assert stated == pytest.approx(measured, rel=0.02)


def test_the_settings_are_as_stated():
    s = settings.DEFAULTS
    for words in (
        f"at {s['low_16'] / 16:g} or more", f"reached {s['high_16'] / 16:g}",
        f"ends after\n{s['hold_ms'] / 1000} s below", f"less than {s['join_ms'] / 1000} s apart",
        f"cut {s['longest_ms'] // 1000} s after it began",
        f"stands for less than {s['floor_min_ug']} ug",
        f"For {s['warm_up_ms'] // 1000} s after a start",
        f"allows {s['settle_ms'] // 1000} s to settle", f"at least {s['pre_ms'] / 1000} s before",
        f"| {s['handling_mg']} mg or more |", f"lean of {s['tilt_mg']} mg",
        f"| {s['large_mg']} mg or more,", f"and {s['startle_mg']} mg or more",
        f"duration up to {s['twitch_ms'] / 1000} s |", f"| up to {s['limb_ms'] // 1000} s |",
    ):  # fmt: skip
        assert words in PAGE, words


def test_every_kind_and_veto_is_in_the_tables():
    for kind in records.KINDS:
        assert f"`{kind}`" in PAGE, kind
    named = {row[0].strip("`") for row in rows("DETECTOR.md", "Veto")}
    assert named == set(log_records.VETOES) - {"cut", "joined"}


def test_the_window_is_at_most_what_its_words_hold():
    for rate_hz in numbers.RATES_HZ:
        window, shift = numbers.shifts(rate_hz)[4:6]
        assert window <= kernels.WINDOW_MOST
        assert 64 * window >> shift == kernels.UNIT


def test_the_host_scales_the_floor_to_the_band_that_signal_to_noise_is_stated_in():
    from scipy import signal

    band = signal.butter(2, (1, 20), "bandpass", fs=104, output="sos")
    _, gain = signal.sosfreqz(band, 4096, fs=104)
    left = float((abs(gain) ** 2).mean() ** 0.5)
    stated = facts.BAND_PER_SHARP
    assert left / numbers.noise_gain("sharp", 104) == pytest.approx(stated, rel=0.01)

"""The floor in mg, and what is said of it."""

import numpy as np
import pytest

from cribtrace import floors
from cribtrace.device import kernels, settings
from cribtrace.floors import Floor
from tests.unit.test_ringing import LSB_PER_G, gains_after

HEADER = {"rate_mhz": 104_000, "mlsb_per_g": round(LSB_PER_G * 1000)}


def test_the_data_sheets_noise_is_what_the_detector_makes_of_it():
    """White noise of the LSM6DSO's density through the kernel itself."""
    rms_mg = 70e-3 * np.sqrt(104 / 2)
    gains, _, det = gains_after(300, rms_mg=rms_mg)
    assert det.cfg[kernels.GAIN_MOST] > max(gains)
    found = floors.told(dict(zip(("gx", "gy", "gz"), gains, strict=True)), "g", HEADER)
    sheet = floors.of_data_sheet("LSM6DSOX", 104.0)
    assert found and sheet
    assert found == pytest.approx(sheet, rel=0.06)
    # The three axes of one moment: a floor wanders by 1 or 2 %.
    assert sum(found) / sum(sheet) == pytest.approx(1, abs=0.02)


def test_a_sensor_without_figures_has_no_data_sheet_here():
    assert floors.of_data_sheet("ADXL345", 104.0) is None


def test_each_sensor_of_the_figures_has_its_own():
    quiet, loud = (floors.of_data_sheet(name, 104.0) for name in ("ICM-42688-P", "MPU-6050"))
    assert quiet and loud
    assert loud.x / quiet.x == pytest.approx(400 / 65)
    assert quiet.z > quiet.x


def test_a_board_that_keeps_no_empty_cribs_floor_tells_none():
    assert floors.told({"gx": 1, "gy": 1, "gz": 1}, "e", HEADER) is None


def test_the_weakest_movement_is_as_many_times_the_noisiest_axis_as_the_threshold_says():
    high_16 = settings.DEFAULTS["high_16"]
    assert floors.least_mg(Floor(0.1, 0.2, 0.3), high_16) == pytest.approx(
        0.3 * (high_16 / 16) ** 0.5
    )


@pytest.mark.parametrize(("present", "axes"), [(0.29, ""), (0.31, "z"), (0.14, ""), (0.13, "z")])
def test_a_floor_that_moved_by_half_is_named(present, axes):
    said = floors.drifted(Floor(0.2, 0.2, present), Floor(0.2, 0.2, 0.2))
    assert [line[0] for line in said] == list(axes)
    assert all("`cribtrace calibrate`" in line for line in said)

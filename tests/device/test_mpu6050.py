"""The MPU family on the board's word size: model against its facts, driver against the model."""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CHIPS = ("mpu6050", "mpu6500", "mpu6886")
# These differ from the MPU-6500 in WHO_AM_I alone.
ALIKE = ("mpu9250", "mpu9255")


def names_in(script: str) -> list[str]:
    return re.findall(r"^def test_(\w+)\(", (HERE / f"{script}.py").read_text(), re.MULTILINE)


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize("name", names_in("virtual_mpu"))
def test_model(run_device, micropython32, name, chip):
    assert f"passed {name}" in run_device("virtual_mpu.py", name, chip, heap="400k")


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize("name", names_in("driver_mpu6050"))
def test_driver(run_device, micropython32, name, chip):
    assert f"passed {name}" in run_device("driver_mpu6050.py", name, chip, heap="400k")


@pytest.mark.parametrize("chip", ALIKE)
def test_those_that_are_like_the_mpu6500(run_device, micropython32, chip):
    for script, name in (
        ("virtual_mpu.py", "who_am_i"),
        ("driver_mpu6050.py", "another_chip_of_the_family_is_named"),
        ("driver_mpu6050.py", "every_frame_bit_for_bit"),
        ("driver_mpu6050.py", "a_worst_erase_costs_nothing"),
    ):
        assert f"passed {name}" in run_device(script, name, chip, heap="400k")

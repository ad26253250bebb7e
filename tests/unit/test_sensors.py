"""sensors: each has a driver and a register model of its name, and rates that it can run at."""

import ast
import re

import pytest

from cribtrace import tree
from cribtrace.errors import CribtraceError, Usage
from cribtrace.sensors import DEFAULT, SENSORS, fifo_frames, named

INTERFACE = {"level", "read_into", "lost", "true_rate_mhz", "self_test", "stop"}
CONSTANTS = {"STRIDE", "LOW_BYTE", "HIGH_BYTE", "FULL_SCALE_G"}


def driver_class(name: str) -> ast.ClassDef:
    module = SENSORS[name].module or name
    path = tree.FIRMWARE / "crib" / "imu" / f"{module}.py"
    classes = [n for n in ast.parse(path.read_text()).body if isinstance(n, ast.ClassDef)]
    return next(node for node in classes if node.name == module.upper())


@pytest.mark.parametrize("name", SENSORS)
def test_a_driver_has_the_interface(name):
    body = driver_class(name).body
    methods = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    assert methods >= INTERFACE
    names = {
        t.id
        for n in body
        if isinstance(n, ast.Assign)
        for t in n.targets
        if isinstance(t, ast.Name)
    }
    assert names >= CONSTANTS


@pytest.mark.parametrize("name", SENSORS)
def test_a_model_can_be_built(name):
    source = (
        tree.BOARDS / "virtual" / "hardware" / f"{SENSORS[name].module or name}.py"
    ).read_text()
    (build,) = [n for n in ast.parse(source).body if getattr(n, "name", "") == "build"]
    assert isinstance(build, ast.FunctionDef) and len(build.args.args) == 5


@pytest.mark.parametrize("name", SENSORS)
def test_the_name_fits_into_a_segments_header(name):
    assert len(SENSORS[name].name.encode()) <= 14


@pytest.mark.parametrize("name", sorted(set(SENSORS) - {DEFAULT}))
def test_a_chip_without_a_trim_may_be_8_percent_off(name):
    chip = named(name)
    for nominal in chip.nominal_hz:
        for share in (-0.08, -0.03, 0, 0.03, 0.08):
            assert chip.rate_for(nominal * (1 + share)) == (nominal, 0)
    with pytest.raises(CribtraceError, match=r"only at .*92\.0-108\.0.*resample.* 100 Hz"):
        chip.rate_for(110.0)


@pytest.mark.parametrize(
    ("name", "frames"), [("LSM6DSO", 512), ("LSM6DSOX", 512), ("ICM-42688-P", 255),
                         ("BMI270", 292), ("MPU-6050", 170), ("MPU-6500", 85), ("MPU-9250", 85),
                         ("MPU-6886", 128), ("nobody's", 512)],
)  # fmt: skip
def test_a_fifo_holds_what_its_data_sheet_says(name, frames):
    assert fifo_frames(name) == frames


def test_the_models_fifos_hold_as_many_bytes():
    models = {path.stem: path.read_text() for path in (tree.BOARDS / "virtual/hardware").glob("*")
              if path.suffix == ".py"}  # fmt: skip
    assert f"WORDS = const({fifo_frames('LSM6DSO')})" in models["fifo"]
    assert f"_DEPTH = const({fifo_frames('ICM-42688-P')})" in models["icm42688p"]
    for name in ("mpu6050", "mpu6500", "mpu9250", "mpu6886"):
        size = int(re.findall(rf'"{name}": \(0x\w\w, (\d+),', models["mpu6050"])[0])
        assert named(name).fifo_frames == size // (8 if name == "mpu6886" else 6)


def test_another_sensor_is_refused_with_those_there_are():
    with pytest.raises(Usage, match=r"no sensor 'adxl355'.*lsm6dso"):
        named("adxl355")

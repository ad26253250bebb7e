"""The sensors that the firmware has a driver for, by the name of driver and register model."""

from dataclasses import dataclass

from cribtrace.errors import CribtraceError, Usage

DEFAULT = "lsm6dso"
_RC_SHARE = 0.08  # ICM-42688-P data sheet (DS-000347), 4.10; what each model is allowed to be off


@dataclass(frozen=True)
class Sensor:
    """A chip: `name` as the log has it, nominal rates (Hz), and the trim's step, where it has one.

    `fifo_frames`: how many of acceleration its FIFO holds. `trim` is (least, most, share of the
    rate in one step): how far, and how exactly told. `rate_ppm` is how far the true rate may be
    from the one that the driver states. `module` is the name of driver and register model, where
    several chips share them.
    """

    name: str
    nominal_hz: dict[int, float]
    fifo_frames: int
    trim: tuple[int, int, float] | None = None
    rate_ppm: float = 80_000
    module: str = ""

    def rate_for(self, rate_hz: float) -> tuple[int, int]:
        """(nominal rate, trim) at which the chip can run at `rate_hz`; the trim is 0 without one.

        Raises CribtraceError where it cannot.
        """
        ranges = []
        for odr, nominal_hz in self.nominal_hz.items():
            off = rate_hz / nominal_hz - 1
            if self.trim:
                least, most, step = self.trim
                if least <= round(off / step) <= most:
                    return odr, round(off / step)
                ranges.append((nominal_hz * (1 + least * step), nominal_hz * (1 + most * step)))
            else:
                if abs(off) <= _RC_SHARE + 1e-9:
                    return odr, 0
                ranges.append((nominal_hz * (1 - _RC_SHARE), nominal_hz * (1 + _RC_SHARE)))
        told = ", ".join(f"{least:.1f}-{most:.1f}" for least, most in ranges)
        raise CribtraceError(
            f"the virtual sensor cannot run at {rate_hz:g} Hz, only at {told} Hz: "
            f"resample the recording to {100 if 100 in self.nominal_hz else 104} Hz"
        )


def _even(*rates: int) -> dict[int, float]:
    return {rate: float(rate) for rate in rates}


def _mpu(name: str, fifo_frames: int, *rates: int) -> Sensor:
    """One of a family, with a FIFO of bytes (PS-MPU-6000A: 1024; PS-MPU-6500A: 512).

    The driver measures the rate at the start, to 0.15 %. Later a sensor that has warmed by some
    degrees is off by as much again (PS-MPU-6000A: 1 % over 125 K). A FIFO of 512 bytes outlasts
    the erasing of flash at 100 Hz, and not at 200.
    """
    return Sensor(name, _even(*rates), fifo_frames, rate_ppm=2_500, module="mpu6050")


SENSORS = {
    # LSM6DSO data sheet (DS12140), INTERNAL_FREQ_FINE: the rate is 6667 Hz, trimmed in steps
    # of 0.15 %, over a power of two.
    "lsm6dso": Sensor(
        "LSM6DSO",
        {52: 20000 / 3 / 128, 104: 20000 / 3 / 64, 208: 20000 / 3 / 32},
        512,
        (-128, 127, 0.0015),
        rate_ppm=1_500,  # one step
    ),
    # DS-000347: 2048 bytes, packets of 8, of which one is reserved.
    "icm42688p": Sensor("ICM-42688-P", _even(100, 50, 200), 255),
    # DS000: 2048 bytes, a frame of 7 with its header; the rate is typical.
    "bmi270": Sensor("BMI270", _even(100, 50, 200), 2048 // 7, rate_ppm=10_000),
    "mpu6050": _mpu("MPU-6050", 1024 // 6, 100, 50, 200),
    "mpu6500": _mpu("MPU-6500", 512 // 6, 100, 50),
    "mpu9250": _mpu("MPU-9250", 512 // 6, 100, 50),
    "mpu6886": _mpu("MPU-6886", 1024 // 8, 100, 50, 200),
}


def rate_ppm(name: str) -> float:
    """How far off a sensor's stated rate may be; `name` as the log has it, LSM6DSOX too."""
    return _logged_as(name).rate_ppm


def fifo_frames(name: str) -> int:
    """How many frames a sensor's FIFO holds; `name` likewise."""
    return _logged_as(name).fifo_frames


def _logged_as(name: str) -> Sensor:
    """The sensor that the log calls so; the usual one where none is known."""
    known = (sensor for sensor in SENSORS.values() if name.startswith(sensor.name))
    return next(known, SENSORS[DEFAULT])


def named(name: str) -> Sensor:
    """The sensor of this name; Usage for another one."""
    if name not in SENSORS:
        raise Usage(f"no sensor {name!r}: use one of {', '.join(SENSORS)}")
    return SENSORS[name]

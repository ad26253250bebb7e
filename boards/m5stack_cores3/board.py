"""M5Stack CoreS3 and its own BMI270, under stock MicroPython. Unverified: README.md."""

from esp32_chip import (  # noqa: F401 - what the firmware asks of a board
    collect,
    console,
    host_ms,
    i2c,
    idle,
    reset,
    reset_cause,
    retained_read,
    retained_write,
    ticks_diff,
    ticks_ms,
    ticks_us,
    watchdog,
)
from micropython import const

NAME = "m5stack_cores3"
SENSOR = "BMI270"
RATE_MHZ = MLSB_PER_G = None  # as the chip and its data sheet say
RECORDING_FRAMES = 0

_SDA = const(12)
_SCL = const(11)
_ADDRESS = const(0x69)
_I2C_HZ = const(100_000)


def make_imu():
    """The driver of the sensor; OSError if it does not answer."""
    from crib.imu.bmi270 import BMI270

    return BMI270(i2c(_SDA, _SCL, _I2C_HZ), _ADDRESS)


def make_clock_chip():
    """The driver of the clock chip."""
    from crib.rtc.bm8563 import BM8563

    return BM8563(i2c(_SDA, _SCL, _I2C_HZ))

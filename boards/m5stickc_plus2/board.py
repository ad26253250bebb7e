"""M5StickC Plus2 and its own MPU-6886, under stock MicroPython. Unverified: README.md."""

import machine
from esp32_chip import (  # noqa: F401 - what the firmware asks of a board
    collect,
    console,
    host_ms,
    i2c,
    idle,
    presses,
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

NAME = "m5stickc_plus2"
SENSOR = "MPU-6886"
RATE_MHZ = MLSB_PER_G = None  # as the chip and its data sheet say
RECORDING_FRAMES = 0

_SDA = const(21)
_SCL = const(22)
_ADDRESS = const(0x68)
_HOLD = const(4)
_BUTTON = const(37)
_I2C_HZ = const(100_000)

machine.Pin(_HOLD, machine.Pin.OUT, value=1)  # else the power goes when the cable does

button = presses(_BUTTON)


def make_imu():
    """The driver of the sensor; OSError if it does not answer."""
    from crib.imu.mpu6050 import MPU6050

    return MPU6050(i2c(_SDA, _SCL, _I2C_HZ), _ADDRESS, ticks_us=ticks_us, chip=SENSOR)


def make_clock_chip():
    """The driver of the clock chip."""
    from crib.rtc.bm8563 import BM8563

    return BM8563(i2c(_SDA, _SCL, _I2C_HZ))

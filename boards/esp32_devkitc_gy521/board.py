"""ESP32-DevKitC with a GY-521 (MPU-6050), under stock MicroPython. Unverified: README.md."""

from doze import dozing
from esp32_chip import (  # noqa: F401 - what the firmware asks of a board
    awake,
    collect,
    console,
    host_ms,
    i2c,
    light_sleep,
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

NAME = "esp32_devkitc_gy521"
SENSOR = "MPU-6050"
RATE_MHZ = MLSB_PER_G = None  # as the chip and its data sheet say
RECORDING_FRAMES = 0

_SDA = const(21)
_SCL = const(22)
_ADDRESS = const(0x68)
_BUTTON = const(0)
_I2C_HZ = const(100_000)

button = presses(_BUTTON)
idle = dozing(awake, light_sleep, ticks_ms, ticks_diff)


def make_imu():
    """The driver of the sensor; OSError if it does not answer."""
    from crib.imu.mpu6050 import MPU6050

    return MPU6050(i2c(_SDA, _SCL, _I2C_HZ), _ADDRESS, ticks_us=ticks_us, chip=SENSOR)

"""The virtual board: the simulated hardware under the names that every board has.

`power.py` has powered the hardware on before this file is imported from the flash.
"""

import gc

from hardware import clock, costs, parts

NAME = "virtual"
SENSOR = parts.facts["sensor_name"]
RATE_MHZ = parts.facts["rate_mhz"]
MLSB_PER_G = parts.facts["mlsb_per_g"]
RECORDING_FRAMES = parts.facts["frames"]

_I2C_HZ = 400_000

console = parts.console
ticks_us = parts.clock.ticks_us
ticks_ms = parts.clock.ticks_ms
ticks_diff = clock.ticks_diff
host_ms = clock.host_ms
idle = parts.clock.idle
retained_read = parts.retained.read
retained_write = parts.retained.write
reset = parts.reset.reset


def make_imu():
    """The driver of the sensor, at the recording's own rate; OSError if it does not answer."""
    parts.i2c.init(_I2C_HZ)
    if parts.facts["module"] == "mpu6050":  # a family's, whose chips have no clock
        from crib.imu.mpu6050 import MPU6050

        return MPU6050(
            parts.i2c,
            parts.imu.address,
            accel_odr=parts.facts["odr"],
            rate_mhz=RATE_MHZ,
            mlsb_per_g=MLSB_PER_G,
            chip=SENSOR,
            ticks_us=ticks_us,
        )
    # The class is called as the chip is, less its hyphens.
    module = __import__("crib.imu." + parts.facts["module"], None, None, ("*",))
    return getattr(module, SENSOR.replace("-", ""))(
        parts.i2c,
        parts.imu.address,
        accel_odr=parts.facts["odr"],
        rate_mhz=RATE_MHZ,
        mlsb_per_g=MLSB_PER_G,
    )


if parts.clock_chip:

    def make_clock_chip():
        """The driver of the clock chip."""
        from crib.rtc.ds3231 import DS3231

        return DS3231(parts.i2c, parts.clock_chip.address)


def watchdog():
    """What resets the board unless feed() is called every 30 s; park() stops it."""
    return parts.watchdog


def reset_cause():
    """Why the board started: power_on, soft, watchdog or hard."""
    return parts.reset_cause


def collect():
    """Collect garbage, in the time that an ESP32 takes for it."""
    gc.collect()
    parts.clock.charge(costs.GC_US)

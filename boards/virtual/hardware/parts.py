"""The parts of the virtual board, connected by `power_on` before the flash boots.

They outlive a soft reset, as silicon does: only modules that came from the flash are dropped.
"""

from .bus import I2C
from .clock import Clock
from .console import Console
from .feed import Feed
from .fifo import Fifo
from .lsm6dso import LSM6DSO
from .nor import Nor
from .reset import EXIT_POWER_CUT, Reset, Retained, Watchdog, leave
from .status import recording_end, sensor_off

clock = imu = i2c = flash = console = retained = watchdog = reset = clock_chip = None
reset_cause = ""
facts = {}


def _sensor_off(feed, fifo):
    sensor_off(feed, fifo, flash.erases)


def power_on(given):
    """Build and connect what the facts describe."""
    global clock, imu, i2c, flash, console, retained, watchdog, reset  # noqa: PLW0603
    global reset_cause, facts, clock_chip  # noqa: PLW0603
    facts = given
    reset_cause = given["cause"]
    powered = reset_cause == "power_on"
    retained = Retained(open(given["retained"], "r+b"), powered)
    fifo = Fifo()
    feed = Feed(
        fifo,
        open(given["recording"], "rb"),
        given["frames"],
        given["rate_uhz"],
        given["ts_step"],
        given["first_frame"] if powered else retained.position,
        recording_end,
    )
    if not powered:
        feed.resume()
    imu = LSM6DSO(
        feed, fifo, given["base_odr"], given["freq_fine"], given["mlsb_per_g"], _sensor_off
    )
    console = Console(given["baud"], lambda: leave(EXIT_POWER_CUT))
    clock = Clock(given["permille"], console, imu)
    console.attach(clock)
    imu.attach(clock)
    if given.get("clock_chip"):
        from .ds3231 import DS3231  # most boards have none, and it takes heap

        clock_chip = DS3231(clock, open(given["clock_chip"], "r+"))
    i2c = I2C(clock, imu, others=[clock_chip] if clock_chip else ())
    flash = Nor(open(given["flash"], "r+b"), clock, given["worst_every"])
    reset = Reset(retained, clock, imu, feed)
    watchdog = Watchdog(clock, reset)
    clock.attach(watchdog)

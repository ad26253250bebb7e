"""The parts of the virtual board, connected by `power_on` before the flash boots.

They outlive a soft reset, as silicon does: only modules that came from the flash are dropped.
"""

from .bus import I2C
from .clock import Clock
from .console import Console
from .nor import Nor
from .reset import EXIT_POWER_CUT, Reset, Retained, Watchdog, leave
from .status import recording_end, sensor_off

clock = imu = i2c = flash = console = retained = watchdog = reset = clock_chip = None
reset_cause = ""
facts = {}


def _sensor_off(feed, fifo):
    sensor_off(feed, fifo, flash.erases)


def _sensor(given, first_frame):
    """The register model that the facts name, of the module of that name.

    A model has `address` and what `bus.I2C` and `Clock` call, `feed`, `fifo` (levels and what was
    overwritten), attach(clock) and power_cycle().
    """
    model = __import__("hardware." + given["module"], None, None, ("build",))
    return model.build(
        given, open(given["recording"], "rb"), first_frame, recording_end, _sensor_off
    )


def power_on(given):
    """Build and connect what the facts describe."""
    global clock, imu, i2c, flash, console, retained, watchdog, reset  # noqa: PLW0603
    global reset_cause, facts, clock_chip  # noqa: PLW0603
    facts = given
    reset_cause = given["cause"]
    powered = reset_cause == "power_on"
    retained = Retained(open(given["retained"], "r+b"), powered)
    if reset_cause == "brown_out":
        reset_cause = "power_on"  # MicroPython on an ESP32 tells no other (modmachine.c)
        retained.write(b"")
    imu = _sensor(given, given["first_frame"] if powered else retained.position)
    if not powered:
        imu.feed.resume()
    console = Console(given["baud"], lambda: leave(EXIT_POWER_CUT))
    clock = Clock(given["permille"], console, imu)
    console.attach(clock)
    imu.attach(clock)
    if given.get("clock_chip"):
        from .ds3231 import DS3231  # most boards have none, and it takes heap

        clock_chip = DS3231(clock, open(given["clock_chip"], "r+"))
    i2c = I2C(clock, imu, others=[clock_chip] if clock_chip else ())
    flash = Nor(open(given["flash"], "r+b"), clock, given["worst_every"])
    reset = Reset(retained, clock, imu, imu.feed)
    if given.get("faults") and powered:
        _disturb(given)
    watchdog = Watchdog(clock, reset)
    clock.attach(watchdog)


def _disturb(given):
    """Have the faults happen that a test orders."""
    global i2c, flash  # noqa: PLW0603
    from .faults import KINDS, FaultyBus  # a board without faults has the heap for itself
    from .flash_faults import FLASH_KINDS, FaultyFlash

    orders = given["faults"]
    for fault in orders:
        if fault["kind"] not in KINDS + FLASH_KINDS:
            raise ValueError(
                "no fault %r: use %s" % (fault["kind"], ", ".join(KINDS + FLASH_KINDS))
            )
    on_bus = [fault for fault in orders if fault["kind"] in KINDS]
    of_flash = [fault for fault in orders if fault["kind"] in FLASH_KINDS]
    i2c = FaultyBus(i2c, clock, imu, given["rate_uhz"], on_bus, reset.brown_out)
    if of_flash:
        flash = FaultyFlash(flash, clock, of_flash, reset.power_cut)

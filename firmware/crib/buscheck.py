"""How many of so many reads over the sensor's lead fail, while it records; and how it lies."""

import errno

from micropython import const

from . import kernels, status
from .imu import strangers
from .protocol import Refused

_READS_MOST = const(200)  # a turn of 0.1 s at 100 kHz: the smallest FIFO holds 0.85 s


def answer(app, reads):
    """`reads` reads of the chip's identity, in one turn; where 0, a RECORDER record instead.

    The reply's text: `reads`, `failed` on the bus, `wrong` in what they brought, and the place of
    gravity on each axis in mg.
    """
    sensing = app.sensing
    if sensing.fault != "none" or not hasattr(sensing.imu, "bus"):
        raise Refused("no_sensor there is none to read: its state is " + sensing.fault)
    wanted = min(int(reads), _READS_MOST)
    if wanted <= 0:
        status.record(app)
    fields = counted(sensing.imu, app.board.SENSOR, wanted) + lying(sensing)
    return "reads=%d failed=%d wrong=%d x_mg=%d y_mg=%d z_mg=%d" % fields


def counted(imu, chip, wanted):
    """(reads, those that failed, those with another value than the identity of `chip`).

    A time-out is the last read: 150 in one turn would outlast the watchdog.
    """
    register, identity = next(known[:2] for known in strangers.KNOWN if known[2] == chip)
    byte = bytearray(1)
    reads = failed = wrong = 0
    while reads < wanted:
        reads += 1
        byte[0] = ~identity & 0xFF
        try:
            imu.bus.readfrom_mem_into(imu.address, register, byte)
            wrong += byte[0] != identity
        except OSError as error:
            failed += 1
            if error.args[0] == errno.ETIMEDOUT:
                break
    return reads, failed, wrong


def lying(sensing):
    """(x, y, z) in mg: what does not move."""
    state = sensing.detector.state
    at = kernels.BASE
    return tuple([_mg(state[at + axis], sensing.imu.mlsb_per_g) for axis in range(3)])


def _mg(base, mlsb_per_g):
    return ((base - 0x8000000) >> 12) * 1000000 // mlsb_per_g

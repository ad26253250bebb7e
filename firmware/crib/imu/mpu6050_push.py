"""The MPU family's self-test: an electrostatic push, held against what the factory noted of it.

MPU-6050: PS-MPU-6000A, 6.2, and its register map (registers 13 to 16): at +-8 g, within 14 %. Its
successors: InvenSense's own kernel driver (inv_mpu, self-test): at +-2 g, 50 to 150 %, and where
the factory noted nothing 225 to 675 mg, which is as much of 450 mg.
"""

import errno

from micropython import const

_TRIM = const(0x0D)
_ACCEL_CONFIG = const(0x1C)
_PUSH = const(0xE0)  # all three axes
_8_G = const(0x10)
_INT_STATUS = const(0x3A)
_DATA_RDY = const(0x01)
_ACCEL_OUT = const(0x3B)
_SETTLED = const(6)  # samples passed over: 60 ms at 100 Hz, of which inv_mpu waits 20 (chosen)
_AVERAGED = const(8)
_PATIENCE_US = const(200_000)  # for one sample


def _promised(chip, trim):
    """What an axis should move by, in LSB: three of them, 0 where nobody knows."""
    if chip != "MPU-6050":
        return [2620 * 1.01 ** (code - 1) if code else 7373 for code in trim[:3]]
    codes = [trim[k] >> 3 & 0x1C | trim[3] >> (4 - 2 * k) & 3 for k in range(3)]
    return [4096 * 0.34 * (0.92 / 0.34) ** ((code - 1) / 30) if code else 0 for code in codes]


def _judged(chip, promised, moved):
    """(least, most, x, y, z) in mg, of three axes brought to the mean of what was promised."""
    due = [lsb for lsb in promised if lsb] or [2300]  # of none, as of a middling code
    per_g, least, most = (4096, 0.86, 1.14) if chip == "MPU-6050" else (16384, 0.5, 1.5)
    mean_mg = sum(due) / len(due) * 1000 / per_g
    told = [int(b / a * mean_mg) if a else 0 for a, b in zip(promised, moved)]
    return (int(mean_mg * least), int(mean_mg * most)) + tuple(told)


def _wait(bus, address, one, ticks_us):
    """For a new sample."""
    began = ticks_us()
    one[0] = 0
    while not one[0] & _DATA_RDY:
        bus.readfrom_mem_into(address, _INT_STATUS, one)
        if (ticks_us() - began) & 0x3FFFFFFF > _PATIENCE_US:
            raise OSError(errno.ETIMEDOUT)


def measured(bus, address, chip, ticks_us):
    """(least, most, x, y, z) in mg: how far an axis should move, then how far each did.

    The factory noted another figure for each axis: all are told as shares of their own, times the
    mean of the three. An axis without a figure is 0. Takes some 0.4 s; the frames of that time are
    in the FIFO, and are none of the mattress's. Raises OSError where the bus fails or no samples
    come.
    """
    buffer = bytearray(6)
    one = bytearray(1)
    trim = bytearray(4)
    bus.readfrom_mem_into(address, _TRIM, trim)
    scale = _8_G if chip == "MPU-6050" else 0

    def sums_of(samples, configuration):
        one[0] = configuration
        bus.writeto_mem(address, _ACCEL_CONFIG, one)
        sums = [0, 0, 0]
        for k in range(_SETTLED + samples):
            _wait(bus, address, one, ticks_us)
            bus.readfrom_mem_into(address, _ACCEL_OUT, buffer)
            if k >= _SETTLED:
                for axis in range(3):
                    raw = buffer[2 * axis] << 8 | buffer[2 * axis + 1]
                    sums[axis] += (raw ^ 0x8000) - 0x8000
        return sums

    try:
        still = sums_of(_AVERAGED, scale)
        pushed = sums_of(_AVERAGED, scale | _PUSH)
    finally:
        one[0] = 0
        bus.writeto_mem(address, _ACCEL_CONFIG, one)
    sums_of(0, 0)  # what comes next is to be the mattress again
    moved = [(b - a) / _AVERAGED for a, b in zip(still, pushed)]
    return _judged(chip, _promised(chip, trim), moved)

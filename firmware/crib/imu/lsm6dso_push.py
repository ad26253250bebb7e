"""The LSM6DSO's self-test: an electrostatic push on its mass, seen in the output.

DS12140, table 3; ST AN5192 for the order of steps.
"""

import errno

from micropython import const

_CTRL5_C = const(0x14)
_PUSH = const(0x01)  # ST_XL: positive sign
_STATUS_REG = const(0x1E)
_NEW_SAMPLE = const(0x01)
_OUTX_L_A = const(0x28)
_AVERAGED = const(5)  # samples (AN5192)
_SETTLE_MS = const(100)  # AN5192
_LEAST_MG = const(50)  # DS12140, table 3: self-test output change
_MOST_MG = const(1700)
_POLLS = const(2000)  # for one sample: 140 ms at 1 MHz of I2C, seven periods of the slowest rate


def measured(i2c, address, rate_mhz, mlsb_per_g):
    """(least, most, x, y, z) in mg: how far an axis should move, then how far each did.

    Takes some 0.4 s; the frames of that time are in the FIFO, and are none of the mattress's. An
    axis that the push drives beyond the full scale shows only what fits. Raises OSError where the
    bus fails or no samples come.
    """
    settle = rate_mhz * _SETTLE_MS // 1000000 + 1
    buffer = bytearray(6)
    one = bytearray(1)

    def averages():
        sums = [0, 0, 0]
        for k in range(settle + _AVERAGED):
            for _ in range(_POLLS):
                i2c.readfrom_mem_into(address, _STATUS_REG, one)
                if one[0] & _NEW_SAMPLE:
                    break
            else:
                raise OSError(errno.ETIMEDOUT)
            i2c.readfrom_mem_into(address, _OUTX_L_A, buffer)
            if k >= settle:
                for axis in range(3):
                    raw = buffer[2 * axis] | buffer[2 * axis + 1] << 8
                    sums[axis] += (raw ^ 0x8000) - 0x8000
        return sums

    still = averages()
    try:
        one[0] = _PUSH
        i2c.writeto_mem(address, _CTRL5_C, one)
        pushed = averages()
    finally:
        one[0] = 0
        i2c.writeto_mem(address, _CTRL5_C, one)
    averages()  # what comes next is to be the mattress again
    moved = [abs(a - b) * 1000 // _AVERAGED * 1000 // mlsb_per_g for a, b in zip(pushed, still)]
    return (_LEAST_MG, _MOST_MG) + tuple(moved)

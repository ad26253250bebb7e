"""Self-tests: a chip pushes its own mass with an electrostatic force, and the output shows it."""

import errno

from micropython import const

_AVERAGED = const(5)  # samples (ST AN5192)
_SETTLE_MS = const(100)  # AN5192; for other chips chosen
# What tells of a new sample (register, bit), x's first register; the register of the full scale,
# and what there makes +-4 g of +-2 g; the register that pushes, with what; least and most mg.
_CHIPS = {
    # DS12140: STATUS_REG, OUTX_L_A, CTRL1_XL, CTRL5_C; table 3, output change
    "LSM6DSO": (0x1E, 0x01, 0x28, 0x10, 0x08, 0x14, 0x01, 50, 1700),
    # DS-000347: INT_STATUS, ACCEL_DATA_X1, ACCEL_CONFIG0, SELF_TEST_CONFIG; no limits: chosen
    "ICM-42688-P": (0x2D, 0x08, 0x1F, 0x50, 0x20, 0x70, 0x78, 50, 1200),
}
_POLLS = const(2000)  # for one sample: 140 ms at 1 MHz of I2C, seven periods of the slowest rate


def output(bus, address, rate_mhz, status, new, outputs):
    """[x, y, z]: what `of_mg` takes: LSB of samples that come after a while.

    `new` in the register `status` says that one is new; x, y and z, little-endian, are in
    `outputs` and on. Raises OSError where the bus fails or no samples come.
    """
    settle = rate_mhz * _SETTLE_MS // 1000000 + 1
    buffer = bytearray(6)
    one = bytearray(1)
    sums = [0, 0, 0]
    for k in range(settle + _AVERAGED):
        for _ in range(_POLLS):
            bus.readfrom_mem_into(address, status, one)
            if one[0] & new:
                break
        else:
            raise OSError(errno.ETIMEDOUT)
        bus.readfrom_mem_into(address, outputs, buffer)
        if k >= settle:
            for axis in range(3):
                raw = buffer[2 * axis] | buffer[2 * axis + 1] << 8
                sums[axis] += (raw ^ 0x8000) - 0x8000
    return sums


def of_mg(pushed, still, mlsb_per_g):
    """(x, y, z) in mg: how far each axis moved between two of `output`."""
    return tuple(
        [abs(a - b) * 1000 // _AVERAGED * 1000 // mlsb_per_g for a, b in zip(pushed, still)]
    )


def measured(bus, address, rate_mhz, mlsb_per_g, chip):
    """(least, most, x, y, z) in mg: how far an axis should move, then how far each did.

    Takes some 0.5 s; the frames of that time are in the FIFO, and are none of the mattress's. At
    +-4 g, as ST's lsm6dso_self_test.c has it: at +-2 g an axis with 1 g on it cannot move too far.
    """
    status, new, outputs, scale, wider, test, code, least_mg, most_mg = _CHIPS[chip]
    one = bytearray(1)
    usual = bytearray(1)
    bus.readfrom_mem_into(address, scale, usual)
    try:
        one[0] = usual[0] ^ wider
        bus.writeto_mem(address, scale, one)
        still = output(bus, address, rate_mhz, status, new, outputs)
        one[0] = code
        bus.writeto_mem(address, test, one)
        pushed = output(bus, address, rate_mhz, status, new, outputs)
    finally:
        one[0] = 0
        bus.writeto_mem(address, test, one)
        bus.writeto_mem(address, scale, usual)
    output(bus, address, rate_mhz, status, new, outputs)  # from now on the mattress again
    return (least_mg, most_mg) + of_mg(pushed, still, mlsb_per_g // 2)

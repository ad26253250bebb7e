"""The BMI270's self-test: its mass is pushed both ways, which the output shows.

BST-BMI270-DS000, ACC_SELF_TEST. It ends with a soft reset, after which the chip is dead again.
"""

from micropython import const

from .push import of_mg, output

_STATUS = const(0x03)
_DRDY_ACC = const(0x80)
_DATA_8 = const(0x0C)
_ACC_CONF = const(0x40)
_HZ_1600 = const(0xAC)  # normal filter, performance
_ACC_RANGE = const(0x41)
_G_16 = const(0x03)
_MLSB_PER_G = const(2048000)
_ACC_SELF_TEST = const(0x6D)
_UP = const(0x0D)  # amplitude, sign, on
_DOWN = const(0x09)
_LEAST_MG = (16000, 15000, 10000)  # x, y, z; y the other way
_MOST_MG = const(32000)  # what fits


def measured(bus, address):
    """(least, most, x, y, z) in mg: how far an axis should move, then how far each did.

    `least` is that of the axis that is furthest from its own, where one is too weak; else the
    lowest. Takes some 0.5 s. Raises OSError where the bus fails or no samples come.
    """
    for register, value in ((_ACC_CONF, _HZ_1600), (_ACC_RANGE, _G_16)):
        bus.writeto_mem(address, register, bytes((value,)))
    outputs = []
    for push in (_UP, _DOWN):
        bus.writeto_mem(address, _ACC_SELF_TEST, bytes((push,)))
        outputs.append(output(bus, address, 1600000, _STATUS, _DRDY_ACC, _DATA_8))
    bus.writeto_mem(address, _ACC_SELF_TEST, b"\x00")
    up, down = outputs
    moved = list(of_mg(up, down, _MLSB_PER_G))
    for axis in range(3):
        if (up[axis] < down[axis]) != (axis == 1):
            moved[axis] = 0
    short = [least for least, mg in zip(_LEAST_MG, moved) if mg < least]
    return (max(short) if short else min(_LEAST_MG), _MOST_MG) + tuple(moved)

"""Loads a BMI270's configuration from the board's flash into the chip, which is dead without it.

The file is Bosch's (`bmi270_config_file` in BMI270_SensorAPI, BSD-3-Clause) and no part of this
firmware: `cribtrace deploy --bmi270-config FILE` puts it there.
"""

import errno
import select

from micropython import const

PATH = "/bmi270.cfg"
_NEXT = "`cribtrace deploy --bmi270-config FILE` puts Bosch's there"
_BYTES = const(8192)
_PIECE = const(256)  # 23 ms on a 100 kHz bus
_PWR_CONF = const(0x7C)
_INIT_CTRL = const(0x59)
_INIT_ADDR_0 = const(0x5B)
_INIT_DATA = const(0x5E)
_INTERNAL_STATUS = const(0x21)
_INITIALISED = const(1)
_POLLS = const(2000)  # 20 ms are said; at least 75 us each


def load(bus, address):
    """Load it and wait until the chip says that it runs. The chip has just been reset.

    Raises OSError that says what is missing, or what the chip did not do.
    """
    try:
        f = open(PATH, "rb")
    except OSError:
        f = None
    if not f:
        raise OSError(errno.ENOENT, PATH + " is missing: " + _NEXT)
    with f:
        if f.seek(0, 2) != _BYTES:
            raise OSError(errno.EINVAL, PATH + " is not 8192 bytes long: " + _NEXT)
        f.seek(0)
        _load(bus, address, f)


def _load(bus, address, f):
    one = bytearray(1)
    _wake(bus, address, one)
    bus.writeto_mem(address, _INIT_CTRL, b"\x00")
    piece = bytearray(_PIECE)
    for at in range(0, _BYTES, _PIECE):
        f.readinto(piece)
        bus.writeto_mem(address, _INIT_ADDR_0, bytes((at >> 1 & 0x0F, at >> 5)))
        bus.writeto_mem(address, _INIT_DATA, piece)
    bus.writeto_mem(address, _INIT_CTRL, b"\x01")
    for _ in range(_POLLS):
        bus.readfrom_mem_into(address, _INTERNAL_STATUS, one)
        if one[0] & 0x0F == _INITIALISED:
            return
    raise OSError(errno.EIO, "BMI270 does not take %s: is it Bosch's own file?" % PATH)


def _wake(bus, address, one):
    """Out of power save, in which the chip wants 450 us to itself around each access."""
    wait_ms = select.poll().poll
    wait_ms(3)
    for _ in range(_POLLS):
        try:
            bus.readfrom_mem_into(address, 0, one)  # over SPI the first read chooses the bus
            break
        except OSError as error:  # it does not answer for 2 ms
            if error.args[0] == errno.ETIMEDOUT:  # but a bus that is held is no reset
                raise
    wait_ms(1)
    one[0] = 0
    bus.writeto_mem(address, _PWR_CONF, one)
    wait_ms(1)

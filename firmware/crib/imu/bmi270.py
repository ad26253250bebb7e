"""BMI270 through the FIFO: accelerometer only, +-2 g, frames with a header, streaming.

    imu = BMI270(bus)
    imu.read_into(views[imu.level()])     # frames of 7 bytes: header, x, y, z little-endian

Registers: Bosch BST-BMI270-DS000. The chip is dead until its configuration is loaded, a file of
Bosch's that is on the board's flash (see `bmi270_load`). A frame in front of the first one behind
a loss says how many are missing, up to 254.
"""

import errno

import micropython
from micropython import const

_CHIP_ID = const(0x00)
_TEMPERATURE_0 = const(0x22)
_FIFO_LENGTH_0 = const(0x24)
_FIFO_DATA = const(0x26)
_ACC_CONF = const(0x40)
_NORMAL_FILTER = const(0xA0)
_ACC_RANGE = const(0x41)
_FIFO_WTM_0 = const(0x46)
_FIFO_WTM_1 = const(0x47)
_FIFO_CONFIG_0 = const(0x48)
_FIFO_CONFIG_1 = const(0x49)
_HEADERS_AND_ACC = const(0x50)
_PWR_CONF = const(0x7C)
_PWR_CTRL = const(0x7D)
_ACC_ON = const(0x04)
_CMD = const(0x7E)
_SOFT_RESET = const(0xB6)
_FIFO_FLUSH = const(0xB0)
_SKIP_FRAME = const(0x40)
_ACC_FRAME = const(0x84)
_SATURATED = const(255)

_ODR_CODES = {50: 7, 100: 8, 200: 9}


@micropython.viper
def _first_break(buf: ptr8, n: int) -> int:
    """The first of `n` frames that is not the accelerometer's alone, or n."""
    for i in range(n):
        if buf[7 * i] != _ACC_FRAME:
            return i
    return n


@micropython.viper
def _close_up(buf: ptr8, n: int, frame: ptr8):
    """Move the frames of `n` bytes over the two in front of them, and put `frame` behind them."""
    for i in range(n - 7):
        buf[i] = buf[i + 2]
    for i in range(7):
        buf[n - 7 + i] = frame[i]


class BMI270:
    """The driver. `rate_mhz` and `mlsb_per_g` replace the data sheet's where measured."""

    STRIDE = 7
    LOW_BYTE = 1
    HIGH_BYTE = 2
    FULL_SCALE_G = 2

    def __init__(
        self, bus, address=0x68, accel_odr=100, watermark=64, rate_mhz=None, mlsb_per_g=None
    ):
        self._bus = self.bus = bus
        self._address = self.address = address
        self._byte, self._pair, self._frame = bytearray(1), bytearray(2), bytearray(7)
        self._code, self._watermark = _ODR_CODES[accel_odr], 7 * watermark
        self._rate_mhz = rate_mhz or accel_odr * 1000
        self.mlsb_per_g = mlsb_per_g or 16384000
        self._lost = 0
        self._start()

    def _start(self):
        from .bmi270_load import load
        from .strangers import check

        self._read(_CHIP_ID)  # over SPI the first read chooses the bus, and reads nothing
        check(self._bus, self._address, "BMI270")
        self._write(_CMD, _SOFT_RESET)
        load(self._bus, self._address)
        for register, value in (
            (_ACC_CONF, _NORMAL_FILTER | self._code),
            (_ACC_RANGE, 0),
            (_FIFO_WTM_0, self._watermark & 0xFF),
            (_FIFO_WTM_1, self._watermark >> 8),
            (_FIFO_CONFIG_0, 0),  # the oldest give way; no time behind the last one
            (_FIFO_CONFIG_1, _HEADERS_AND_ACC),
            (_PWR_CTRL, _ACC_ON),
            (_CMD, _FIFO_FLUSH),  # a change of the configuration leaves a frame of its own
        ):
            self._write(register, value)

    def _read(self, register):
        self._bus.readfrom_mem_into(self._address, register, self._byte)
        return self._byte[0]

    def _write(self, register, value):
        self._byte[0] = value
        self._bus.writeto_mem(self._address, register, self._byte)

    def level(self):
        """Frames that wait in the FIFO."""
        self._bus.readfrom_mem_into(self._address, _FIFO_LENGTH_0, self._pair)
        length = self._pair[0] | (self._pair[1] & 0x3F) << 8
        return length * 9363 >> 16  # / 7, exact up to 6 KiB

    def read_into(self, view):
        """Fill `view`, 7 bytes a frame, with the oldest frames; `level` must have seen them.

        Raises OSError where the bus fails or the FIFO gives anything but frames.
        """
        self._bus.readfrom_mem_into(self._address, _FIFO_DATA, view)
        self._lost = 0
        if view[0] == _SKIP_FRAME:
            self._lost = view[1] if view[1] < _SATURATED else -1
            # The last frame came in part, and comes again as a whole.
            self._bus.readfrom_mem_into(self._address, _FIFO_DATA, self._frame)
            _close_up(view, len(view), self._frame)
        n = len(view) * 9363 >> 16
        if _first_break(view, n) != n:
            raise OSError(errno.EIO, "BMI270 FIFO frames out of order")

    def lost(self):
        """Frames that are missing just before those last read; -1: it cannot be told."""
        return self._lost

    def true_rate_mhz(self):
        """The rate in mHz as the data sheet states it."""
        return self._rate_mhz

    def temperature(self):
        """Of the chip, hundredths of a degree Celsius (DS000: 512 a degree, 0 at 23)."""
        self._bus.readfrom_mem_into(self._address, _TEMPERATURE_0, self._pair)
        raw = self._pair[0] | self._pair[1] << 8
        return 2300 + (((raw ^ 0x8000) - 0x8000) * 100 >> 9)

    def self_test(self):
        """See `bmi270_push.measured`. The chip starts anew: its frames till then are lost."""
        from .bmi270_push import measured

        try:
            return measured(self._bus, self._address)
        finally:
            self._start()
            self._lost = -1

    def stop(self):
        """Switch the accelerometer off; what is in the FIFO stays there."""
        self._write(_PWR_CTRL, 0)

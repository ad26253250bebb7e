"""LSM6DSO and LSM6DSOX through the FIFO: accelerometer only, +-2 g, continuous mode.

    imu = LSM6DSO(i2c)
    imu.read_into(views[imu.level()])     # words of 7 bytes: tag, x, y, z little-endian

Registers: ST DS12140 rev 2. Loss is found in the 2-bit slot counter that every word carries, and
counted with the sensor's own 25 us clock, of which one sample period is a whole number.
"""

import errno

import micropython
from micropython import const

_FIFO_CTRL1 = const(0x07)
_FIFO_CTRL2 = const(0x08)
_FIFO_CTRL3 = const(0x09)
_FIFO_CTRL4 = const(0x0A)
_FIFO_CONTINUOUS = const(0x06)
_CTRL1_XL = const(0x10)
_CTRL3_C = const(0x12)
_SW_RESET = const(0x01)
_BDU_IF_INC = const(0x44)
_CTRL9_XL = const(0x18)
_I3C_DISABLE = const(0xE2)
_CTRL10_C = const(0x19)
_TIMESTAMP_EN = const(0x20)
_OUT_TEMP_L = const(0x20)
_FIFO_STATUS1 = const(0x3A)
_OVR_LATCHED = const(0x08)  # of FIFO_STATUS2, cleared by reading it
_TIMESTAMP0 = const(0x40)
_INTERNAL_FREQ_FINE = const(0x63)
_FIFO_DATA_OUT_TAG = const(0x78)
_TAG_ACCEL = const(2)

# Nominal ODR: (code, how often 6666.67 Hz is halved, 25 us ticks in one sample period).
_RATES = {52: (3, 7, 768), 104: (4, 6, 384), 208: (5, 5, 192)}


@micropython.viper
def _first_break(buf: ptr8, n: int, count: int) -> int:
    """The first of `n` words that is not accelerometer data numbered on from `count`, or n."""
    i = 0
    at = 0
    while i < n:
        tag = buf[at]
        if (tag >> 3) != _TAG_ACCEL or ((tag >> 1) & 3) != (count & 3):
            return i
        count += 1
        at += 7
        i += 1
    return n


class LSM6DSO:
    """The driver. `rate_mhz` and `mlsb_per_g` replace the chip's own figures where measured."""

    STRIDE = 7
    LOW_BYTE = 1
    HIGH_BYTE = 2
    FULL_SCALE_G = 2

    def __init__(
        self, i2c, address=0x6A, accel_odr=104, watermark=64, rate_mhz=None, mlsb_per_g=None
    ):
        self._i2c = self.bus = i2c
        self._address = self.address = address
        self._byte, self._status, self._ticks = bytearray(1), bytearray(2), bytearray(3)
        self._word = bytearray(7)
        self._code, self._halvings, self._period = _RATES[accel_odr]
        self._rate_mhz = rate_mhz
        self.mlsb_per_g = mlsb_per_g or 16393443  # 0.061 mg/LSB at +-2 g
        self._fresh = True  # the first words after power-on may be invalid
        self._pushed = self._overrun = False  # self._word holds a frame taken too early
        self._count = 0  # slot counter expected in the next word
        self._waiting = self._left = self._last_ticks = self._lost = 0  # left by the last read
        self._start(watermark)

    def _start(self, watermark):
        from .strangers import check

        check(self._i2c, self._address, "LSM6DSO")
        self._reset()
        for register, value in (
            (_CTRL9_XL, _I3C_DISABLE),
            (_CTRL3_C, _BDU_IF_INC),
            (_CTRL10_C, _TIMESTAMP_EN),
            (_FIFO_CTRL1, watermark & 0xFF),
            (_FIFO_CTRL2, watermark >> 8),
            (_FIFO_CTRL3, self._code),
            (_FIFO_CTRL4, _FIFO_CONTINUOUS),
            (_CTRL1_XL, self._code << 4),  # last: the FIFO must not miss the first sample
        ):
            self._write(register, value)

    def _read(self, register):
        self._i2c.readfrom_mem_into(self._address, register, self._byte)
        return self._byte[0]

    def _write(self, register, value):
        self._byte[0] = value
        self._i2c.writeto_mem(self._address, register, self._byte)

    def _reset(self):
        self._write(_CTRL3_C, _SW_RESET)
        for _ in range(500):  # 10 ms at most, and 40 us a read over SPI at least
            if not self._read(_CTRL3_C) & _SW_RESET:
                return
        raise OSError(errno.EIO, "LSM6DSO does not come out of reset")

    def level(self):
        """Frames that wait in the FIFO."""
        # Both status bytes in one burst: read apart, the 10-bit count tears.
        self._i2c.readfrom_mem_into(self._address, _FIFO_STATUS1, self._status)
        self._waiting = self._status[0] | (self._status[1] & 3) << 8
        if self._status[1] & _OVR_LATCHED:
            self._overrun = True
            if self._fresh or self._pushed:
                raise OSError(errno.EIO, "LSM6DSO FIFO ran over before it was first read")
        if self._fresh and self._waiting:
            self._discard_invalid()
        return self._waiting + self._pushed

    def _discard_invalid(self):
        word = self._word
        while self._waiting:
            self._i2c.readfrom_mem_into(self._address, _FIFO_DATA_OUT_TAG, word)
            self._waiting -= 1
            # Linux st_lsm6dsx: an axis at 0x7FFD or above marks a sample taken while settling.
            for low in (1, 3, 5):
                if word[low + 1] == 0x7F and word[low] >= 0xFD:
                    break
            else:
                self._fresh = False
                self._pushed = True
                self._count = word[0] >> 1 & 3
                return

    def read_into(self, view):
        """Fill `view`, 7 bytes a frame, with the oldest frames; `level` must have seen them.

        Raises OSError where the bus fails or the FIFO gives anything but numbered frames.
        """
        n = len(view) * 9363 >> 16  # / 7, exact for every whole number of words up to 512
        self._i2c.readfrom_mem_into(self._address, _TIMESTAMP0, self._ticks)
        if self._pushed:  # once after a start, and the one place here that allocates: two views
            view[:7] = self._word
            self._i2c.readfrom_mem_into(self._address, _FIFO_DATA_OUT_TAG, view[7:])
            self._pushed = False
            self._waiting += 1
        else:
            self._i2c.readfrom_mem_into(self._address, _FIFO_DATA_OUT_TAG, view)
        ticks = self._ticks[0] | self._ticks[1] << 8 | self._ticks[2] << 16
        self._lost = 0
        good = _first_break(view, n, self._count)
        if good == 0 or self._overrun:
            self._overrun = False
            jump = ((view[0] >> 1) - self._count) & 3
            self._lost = self._missing(ticks, jump)
            self._count += jump
            good = _first_break(view, n, self._count)
        if good != n:
            raise OSError(errno.EIO, "LSM6DSO FIFO words out of order")
        self._count = (self._count + n) & 3
        self._left = self._waiting - n
        self._last_ticks = ticks

    def _missing(self, ticks, jump):
        """Frames overwritten since the last read; of the counts that fit `jump`, the nearest."""
        elapsed = (ticks - self._last_ticks) & 0xFFFFFF
        estimate = self._left + elapsed // self._period - self._waiting
        lost = estimate + ((jump - estimate + 2) & 3) - 2
        return lost if lost > 0 else jump

    def lost(self):
        """Frames that the FIFO overwrote just before those last read."""
        return self._lost

    def true_rate_mhz(self):
        """The rate in mHz, from the chip's own trim: 6666.67 Hz (1 + 0.0015 v) / 2**k."""
        if self._rate_mhz:
            return self._rate_mhz
        trim = (self._read(_INTERNAL_FREQ_FINE) ^ 0x80) - 0x80
        return 6666667 * (10000 + 15 * trim) // (10000 << self._halvings)

    def temperature(self):
        """Of the chip, hundredths of a degree Celsius (DS12140: 256 a degree, 0 at 25)."""
        self._i2c.readfrom_mem_into(self._address, _OUT_TEMP_L, self._status)
        return 2500 + (((self._status[0] | self._status[1] << 8) ^ 0x8000) - 0x8000) * 100 // 256

    def self_test(self):
        """See `push.measured`; what the FIFO holds then is to be passed over."""
        from .push import measured

        rate_mhz = self.true_rate_mhz()
        return measured(self._i2c, self._address, rate_mhz, self.mlsb_per_g, "LSM6DSO")

    def stop(self):
        """Switch the accelerometer off; what is in the FIFO stays there."""
        self._write(_CTRL1_XL, 0)

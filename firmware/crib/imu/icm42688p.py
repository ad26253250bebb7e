"""ICM-42688-P through the FIFO: accelerometer only, +-2 g, packets of 8 bytes, stream mode.

    imu = ICM42688P(bus)
    imu.read_into(views[imu.level()])     # header, x, y, z little-endian, temperature

Registers: TDK DS-000347. Its packets carry neither number nor time, but it counts those it had to
overwrite. Accelerometer alone, its oscillator is off by up to 8 % and has no trim to read.
"""

import errno

import micropython
from micropython import const

_DEVICE_CONFIG = const(0x11)
_SOFT_RESET = const(0x01)
_DRIVE_CONFIG = const(0x13)
_FIFO_CONFIG = const(0x16)
_STREAM = const(0x40)
_TEMP_DATA1 = const(0x1D)
_INT_STATUS = const(0x2D)
_RESET_DONE = const(0x10)
_FIFO_COUNTH = const(0x2E)
_FIFO_DATA = const(0x30)
_INTF_CONFIG0 = const(0x4C)
_COUNT_PACKETS = const(0x40)  # little-endian all
_NO_SPI = const(0x02)
_NO_I2C = const(0x03)
_PWR_MGMT0 = const(0x4E)
_ACCEL_LOW_NOISE = const(0x03)
_ACCEL_CONFIG0 = const(0x50)
_FULL_SCALE_2_G = const(0x60)
_GYRO_ACCEL_CONFIG0 = const(0x52)
_HALF_THE_RATE = const(0x01)  # bandwidth: code 1 would let in 100 Hz at any lower rate
_FIFO_CONFIG1 = const(0x5F)
_ACCEL_ONLY = const(0x41)  # and what is read in part is not to be read again
_FIFO_CONFIG2 = const(0x60)
_FIFO_LOST_PKT0 = const(0x6C)
_REG_BANK_SEL = const(0x76)
_INTF_CONFIG6 = const(0x7C)  # of bank 1
_NO_I3C = const(0xFC)

_ODR_CODES = {50: 9, 100: 8, 200: 7}


@micropython.viper
def _first_break(buf: ptr8, n: int) -> int:
    """The first of `n` packets that is not the accelerometer's alone, or n."""
    for i in range(n):
        if (buf[8 * i] & 0xFD) != 0x40:  # 0x02: the rate has just changed
            return i
    return n


class ICM42688P:
    """The driver. `rate_mhz` and `mlsb_per_g` replace the data sheet's where measured."""

    STRIDE = 8
    LOW_BYTE = 1
    HIGH_BYTE = 2
    FULL_SCALE_G = 2

    def __init__(
        self, bus, address=0x68, accel_odr=100, watermark=64, rate_mhz=None, mlsb_per_g=None
    ):
        self._bus = self.bus = bus
        self._address = self.address = address
        self._byte, self._pair, self._packet = bytearray(1), bytearray(2), bytearray(8)
        self._rate_mhz, self.mlsb_per_g = rate_mhz or accel_odr * 1000, mlsb_per_g or 16384000
        self._fresh = True  # the first packets after power-on may be invalid
        self._pushed = False  # self._packet was taken from the FIFO too early
        self._waiting = self._lost = 0
        self._counter = bytearray(2)  # FIFO_LOST_PKT as last read
        self._low = -1  # which of its bytes is the lower one: the data sheet says both
        self._start(_ODR_CODES[accel_odr], watermark)

    def _start(self, code, watermark):
        if self._read(_REG_BANK_SEL) == 1:  # a start was cut short
            self._write(_REG_BANK_SEL, 0)
        from .strangers import check

        check(self._bus, self._address, "ICM-42688-P")
        self._reset()
        spi = hasattr(self._bus, "SPI")
        self._write(_REG_BANK_SEL, 1)
        self._write(_INTF_CONFIG6, self._read(_INTF_CONFIG6) & _NO_I3C)
        for register, value in (
            (_REG_BANK_SEL, 0),
            (_DRIVE_CONFIG, 0x05 if spi else 0x09),
            (_INTF_CONFIG0, _COUNT_PACKETS | (_NO_I2C if spi else _NO_SPI)),
            (_ACCEL_CONFIG0, _FULL_SCALE_2_G | code),
            (_GYRO_ACCEL_CONFIG0, _HALF_THE_RATE),
            (_FIFO_CONFIG2, watermark),
            (_FIFO_CONFIG1, _ACCEL_ONLY),
            (_FIFO_CONFIG, _STREAM),
            (_PWR_MGMT0, _ACCEL_LOW_NOISE),  # last: nothing else may be written while it runs
        ):
            self._write(register, value)
        self._bus.readfrom_mem_into(self._address, _FIFO_LOST_PKT0, self._counter)
        self._count()  # Linux inv_icm42600: the first one after a reset is always 0

    def _read(self, register):
        self._bus.readfrom_mem_into(self._address, register, self._byte)
        return self._byte[0]

    def _write(self, register, value):
        self._byte[0] = value
        self._bus.writeto_mem(self._address, register, self._byte)

    def _reset(self):
        self._write(_DEVICE_CONFIG, _SOFT_RESET)
        for _ in range(200):
            try:
                if self._read(_INT_STATUS) & _RESET_DONE:
                    return
            except OSError as error:  # it does not answer for a millisecond
                if error.args[0] == errno.ETIMEDOUT:  # but a bus that is held is no reset
                    raise
        raise OSError(errno.EIO, "ICM-42688-P does not come out of reset")

    def _count(self):
        # Both bytes in one burst: reading the second latches the two.
        self._bus.readfrom_mem_into(self._address, _FIFO_COUNTH, self._pair)
        return self._pair[0] | self._pair[1] << 8

    def level(self):
        """Frames that wait in the FIFO."""
        self._waiting = self._count()
        if self._fresh and self._waiting:
            self._discard_invalid()
        return self._waiting + self._pushed

    def _discard_invalid(self):
        packet = self._packet
        while self._waiting and self._fresh:
            self._bus.readfrom_mem_into(self._address, _FIFO_DATA, packet)
            self._waiting -= 1
            if packet[2] != 0x80 or packet[1]:  # -32768: taken while settling
                self._fresh = False
                self._pushed = True

    def read_into(self, view):
        """Fill `view`, 8 bytes a frame, with the oldest frames; `level` must have seen them.

        Raises OSError where the bus fails or the FIFO gives anything but frames.
        """
        n = len(view) >> 3
        pushed = self._pushed
        if pushed:  # once after a start, and the one place here that allocates: two views
            view[:8] = self._packet
            self._bus.readfrom_mem_into(self._address, _FIFO_DATA, view[8:])
            self._pushed = False
        else:
            self._bus.readfrom_mem_into(self._address, _FIFO_DATA, view)
        if _first_break(view, n) != n:
            raise OSError(errno.EIO, "no ICM-42688-P packet in the FIFO: a re-marked chip?")
        self._count_lost()
        if pushed and self._lost:
            raise OSError(errno.EIO, "ICM-42688-P FIFO ran over before it was first read")

    def _count_lost(self):
        """Just behind a burst: since its first packet left there is room, so none was lost."""
        self._lost = 0
        now, last = self._pair, self._counter
        self._bus.readfrom_mem_into(self._address, _FIFO_LOST_PKT0, now)
        if now == last:
            return
        # One byte in use: the first loss was of less than 256 frames. Both: who knows.
        if self._low < 0 and not (now[0] and now[1]):
            self._low = 1 if now[1] else 0
        if self._low < 0:
            self._lost = -1
        else:
            k = self._low
            self._lost = (now[k] - last[k] + (now[1 - k] - last[1 - k] << 8)) & 0xFFFF
        last[0], last[1] = now[0], now[1]

    def lost(self):
        """Frames that the FIFO overwrote just before those last read; -1: it cannot be told."""
        return self._lost

    def true_rate_mhz(self):
        """The rate in mHz as the data sheet states it."""
        return self._rate_mhz

    def temperature(self):
        """Of the chip, hundredths of a degree Celsius (DS-000347: 132.48 a degree, 0 at 25)."""
        self._bus.readfrom_mem_into(self._address, _TEMP_DATA1, self._pair)
        raw = self._pair[0] | self._pair[1] << 8
        return 2500 + ((raw ^ 0x8000) - 0x8000) * 10000 // 13248

    def self_test(self):
        """See `push.measured`; what the FIFO holds then is to be passed over."""
        from .push import measured

        return measured(self._bus, self._address, self._rate_mhz, self.mlsb_per_g, "ICM-42688-P")

    def stop(self):
        """Switch the accelerometer off; what is in the FIFO stays there."""
        self._write(_PWR_MGMT0, 0)

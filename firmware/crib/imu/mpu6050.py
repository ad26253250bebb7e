"""MPU-6050, -6500, -9250, -9255 and -6886 through the FIFO: accelerometer only, +-2 g.

    imu = MPU6050(bus, ticks_us=time.ticks_us, chip="MPU-6500")
    imu.read_into(views[imu.level()])  # packets: x, y, z big-endian; of the MPU-6886 2 bytes more

Registers: InvenSense PS-MPU-6000A r3.4, RM-MPU-9250A r1.4; for the MPU-6886 what
jonnor/micropython-mpu6886 does.
These chips number nothing and have no clock to be read. A full FIFO shifts every later packet, so
it is emptied, and `arrivals` reckons what was lost.
"""

import errno

from micropython import const

from .arrivals import Arrivals

_INT_STATUS = const(0x3A)
_FIFO_OFLOW = const(0x10)
_TEMP_OUT = const(0x41)
_USER_CTRL = const(0x6A)
_FIFO_ON = const(0x40)
_FIFO_RESET = const(0x04)  # only while it is off
_PWR_MGMT_2 = const(0x6C)
_STANDBY = const(0x3F)
_FIFO_COUNTH = const(0x72)
_FIFO_R_W = const(0x74)

_GUARD_US = const(1_000)  # a write of one register at 100 kHz takes a third of that


class MPU6050:
    """The driver. `rate_mhz` and `mlsb_per_g` replace what is measured and nominal.

    A FIFO of 512 bytes holds 0.85 s at 100 Hz; at more it would not outlast the erasing of flash.
    """

    STRIDE = 6  # of the MPU-6886 two more
    LOW_BYTE = 1
    HIGH_BYTE = 0
    FULL_SCALE_G = 2
    WATERMARK = 16  # frames: with a rest of 10, and 59 more that come while flash is erased, 85
    REST_MS = 100

    def __init__(
        self, bus, address=0x68, accel_odr=100, rate_mhz=None, mlsb_per_g=None, *,
        ticks_us, chip="MPU-6050",
    ):  # fmt: skip
        from .mpu6050_start import start

        self._bus = self.bus = bus
        self._address = self.address = address
        self._ticks = ticks_us
        self._chip = chip
        self._byte, self._count = bytearray(1), bytearray(2)
        self._rate_mhz = rate_mhz
        self.mlsb_per_g = mlsb_per_g or 16384000
        self._period_us = 1_000_000 // accel_odr
        self.arrivals = Arrivals(ticks_us, accel_odr)
        self._waiting = 0
        self._lost = self._missing = 0  # before the frames last read; before the next ones
        self._size, self.STRIDE, self._spi, self._degrees = start(
            bus, address, chip, accel_odr, ticks_us
        )
        self._control(_FIFO_RESET)
        began = ticks_us()
        self._control(_FIFO_ON)
        self.arrivals.begin(began)

    def _control(self, value):
        """Write USER_CTRL."""
        self._byte[0] = value | self._spi
        self._bus.writeto_mem(self._address, _USER_CTRL, self._byte)

    def _read(self, register):
        self._bus.readfrom_mem_into(self._address, register, self._byte)
        return self._byte[0]

    def level(self):
        """Frames that wait in the FIFO; 0 after it ran over, and was emptied."""
        began = self._ticks()
        self._bus.readfrom_mem_into(self._address, _FIFO_COUNTH, self._count)
        held = self._count[0] << 8 | self._count[1]
        n = held // self.STRIDE
        if n * self.STRIDE != held or held + self.STRIDE > self._size:
            self.empty()
            return 0
        if n < self._waiting:
            raise OSError(errno.EIO)  # something else has emptied it: a reset
        self.arrivals.seen(began, n - self._waiting)
        self._waiting = n
        return n

    def read_into(self, view):
        """Fill `view`, STRIDE bytes a frame, with the oldest frames; `level` must have seen them.

        Raises OSError where the bus fails or the FIFO ran over meanwhile.
        """
        self._bus.readfrom_mem_into(self._address, _FIFO_R_W, view)
        if self._read(_INT_STATUS) & _FIFO_OFLOW:
            raise OSError(errno.EIO)
        self._waiting -= len(view) // self.STRIDE
        self._lost = self._missing
        self._missing = 0

    def empty(self):
        """Begin anew with an empty FIFO, at a moment that leaves no doubt about what came."""
        self._control(0)
        self._control(_FIFO_RESET)
        self._read(_INT_STATUS)  # the flag goes with it
        arrivals = self.arrivals
        began = now = self._ticks()
        while arrivals.came(now, _GUARD_US) < 0 and arrivals.since(began) < self._period_us:
            now = self._ticks()
        now = self._ticks()
        self._control(_FIFO_ON)
        came = arrivals.came(now, arrivals.since(now))
        if came < 0 or self._missing < 0:
            self._missing = -1
            arrivals.begin(now)
        else:
            self._missing += self._waiting + came
            arrivals.seen(now, came)
        self._waiting = 0

    def lost(self):
        """Frames that the FIFO lost just before those last read; -1: at least one."""
        return self._lost

    def true_rate_mhz(self):
        """The rate in mHz, by the board's ticks, which takes as long as filling the FIFO.

        Empties it. Raises OSError where no frames come.
        """
        if self._rate_mhz:
            return self._rate_mhz
        from .mpu6050_start import rate_mhz

        measured = rate_mhz(self, self._size // self.STRIDE - 6, self._ticks)
        self._missing = 0  # nobody has seen any yet
        return measured

    def temperature(self):
        """Of the chip, hundredths of a degree Celsius."""
        self._bus.readfrom_mem_into(self._address, _TEMP_OUT, self._count)
        raw = ((self._count[0] << 8 | self._count[1]) ^ 0x8000) - 0x8000
        zero, by, of = self._degrees
        return zero + raw * by // of

    def self_test(self):
        """See `mpu6050_push.measured`; what the FIFO holds then is to be passed over."""
        from .mpu6050_push import measured

        return measured(self._bus, self._address, self._chip, self._ticks)

    def stop(self):
        """Switch the accelerometer off; what is in the FIFO stays there."""
        self._byte[0] = _STANDBY
        self._bus.writeto_mem(self._address, _PWR_MGMT_2, self._byte)

"""MPU-6050, -6500, -9250 and -6886: the registers, with an accelerometer fed by a recording.

InvenSense PS-MPU-6000A and PS/RM-MPU-9250A. Not modelled: the gyroscope (it reads 0), the
magnetometer and its bus, the motion processor, the interrupt pin, cycle mode, and what the choice
of a clock does to the rate.
"""

from errno import ENODEV

import micropython
from micropython import const

from .byte_fifo import ByteFifo
from .feed import NEVER_US, SAMPLE, Feed

_SELF_TEST = const(0x0D)
_SMPLRT_DIV = const(0x19)
_CONFIG = const(0x1A)
_ACCEL_CONFIG = const(0x1C)
_FIFO_EN = const(0x23)
_INT_PIN_CFG = const(0x37)
_INT_ENABLE = const(0x38)
_INT_STATUS = const(0x3A)
_ACCEL_OUT = const(0x3B)
_TEMP_OUT = const(0x41)
_LAST_OUTPUT = const(0x60)
_SIGNAL_PATH_RESET = const(0x68)
_USER_CTRL = const(0x6A)
_PWR_MGMT_1 = const(0x6B)
_PWR_MGMT_2 = const(0x6C)
_FIFO_COUNTH = const(0x72)
_FIFO_COUNTL = const(0x73)
_FIFO_R_W = const(0x74)
_WHO_AM_I = const(0x75)
_REGISTERS = const(0x80)

_DATA_RDY = const(0x01)
_FIFO_OFLOW = const(0x10)
_ACCEL_PACKET = const(0x08)  # of FIFO_EN
_TEMP_PACKET = const(0x80)
_RESET_US = const(50_000)  # chosen between the PS's 11 ms typical and 100 ms at most
_MS_US = const(1_000)

# WHO_AM_I, bytes of FIFO, PWR_MGMT_1 after a reset, start-up of the accelerometer in ms (Linux
# inv_mpu6050), temperature word at 25 degrees, LSB a degree. 0x41 of the MPU-6886 is the kindred
# ICM-20602's.
_CHIPS = {
    "mpu6050": (0x68, 1024, 0x40, 20, -3920, 340),
    "mpu6500": (0x70, 512, 0x01, 30, 1335, 333.87),
    "mpu9250": (0x71, 512, 0x01, 30, 1335, 333.87),
    "mpu9255": (0x73, 512, 0x01, 30, 1335, 333.87),
    "mpu6886": (0x19, 1024, 0x41, 30, 0, 326.8),
}
_SPI_ALONE = ("mpu6500", "mpu9250", "mpu9255")
# Self-test registers as the factory left them, and the push in LSB at +-2 g that they foretell:
# code 18 of the MPU-6050's, 96 of the others' (see the driver for the formulas).
_TRIM_6050 = b"\x80\x80\x80\x2a"
_PUSH_6050 = const(9792)  # 4 * 4096 * 0.34 * (0.92 / 0.34) ** (17 / 30)
_TRIM_6500 = b"\x60\x60\x60\x00"
_PUSH_6500 = const(6743)  # 2620 * 1.01 ** 95


def build(facts, source, first_frame, on_end, on_sensor_off):
    """The sensor that `facts` describe, with its feed and its FIFO; see `parts`."""
    chip = facts["sensor"]
    fifo = ByteFifo(_CHIPS[chip][1])
    feed = Feed(fifo, source, facts["frames"], facts["rate_uhz"], first_frame, on_end)
    return MPU6050(feed, fifo, facts["odr"], chip, facts["rate_uhz"], on_sensor_off)


@micropython.viper
def _copy(regs: ptr8, reg: int, buf: ptr8, n: int):
    for i in range(n):
        if reg == _FIFO_R_W:
            return
        buf[i] = regs[reg]
        reg = (reg + 1) & 0x7F


class MPU6050:
    """The sensor. `odr` is the nominal rate, in Hz, that stands for the recording's own.

    `on_sensor_off(feed, fifo)` is called when the accelerometer is switched off. Recording time
    begins when the FIFO is first filled, so that frame 0 is the first in it.
    """

    address = 0x68
    spi_dummy = 0

    def __init__(self, feed, fifo, odr, chip, rate_uhz, on_sensor_off):
        self._clock = None
        self.feed = self._feed = feed
        self.fifo = self._fifo = fifo
        self._odr = odr
        self._chip = chip
        self._period_us = 1_000_000_000_000 // rate_uhz
        self._on_sensor_off = on_sensor_off
        self.push_percent = 100  # a fault: how much of the promised push the self-test gives
        self._temperature = _CHIPS[chip][4]
        self._regs = bytearray(_REGISTERS)
        self._began = False  # recording time runs
        self._sampling = 0  # what the rate follows from, or 0
        self._awake_us = 0
        self._resetting_us = 0
        self._overflowed = 0
        self._low_latch = 0
        self._reset()

    def attach(self, clock):
        """Give the sensor the clock that says how much time went by."""
        self._clock = clock

    def _reset(self):
        regs = self._regs
        for i in range(_REGISTERS):
            regs[i] = 0
        regs[_WHO_AM_I], _, regs[_PWR_MGMT_1] = _CHIPS[self._chip][:3]
        trim = _TRIM_6050 if self._chip == "mpu6050" else _TRIM_6500
        for i in range(4):
            regs[_SELF_TEST + i] = trim[i]
        self._overflowed = 0
        self._feed.fresh(read=True)
        self._feed.out[:] = bytes(len(self._feed.out))
        self._fifo.clear()
        self._configure()

    def power_cycle(self):
        """Lose what the registers held, as when the supply fails for an instant."""
        self._resetting_us = 0
        self._reset()

    def warm(self, degrees):
        """Show so many degrees Celsius more than 25, in the packets too."""
        self._temperature = _CHIPS[self._chip][4] + int(degrees * _CHIPS[self._chip][5])
        self._configure()

    def run(self, us):
        """Let microseconds pass."""
        if self._resetting_us:
            self._resetting_us = max(self._resetting_us - us, 0)
            if not self._resetting_us:
                self._reset()
        if self._awake_us < 1_000_000 and self._awake():
            self._awake_us += us
        self._feed.run(us)

    def _awake(self):
        regs = self._regs
        # Sleep; or all three axes in standby.
        return not regs[_PWR_MGMT_1] & 0xC0 and regs[_PWR_MGMT_2] & 0x38 != 0x38

    def plays(self):
        """Whether the recording is being sampled."""
        return self._sampling != 0 and not self._feed.ended

    def over(self):
        """Whether the recording has ended, and its last second repeats."""
        return self._feed.ended

    def until_watermark_us(self):
        """Nothing of the kind: this FIFO has no watermark."""
        return NEVER_US

    def _selected(self, spi):
        """Whether it listens on this bus: USER_CTRL b4 of the 6500 and 9250 ends its I2C."""
        if not spi and self._regs[_USER_CTRL] & 0x10 and self._chip in _SPI_ALONE:
            raise OSError(ENODEV)

    def read_into(self, reg, buf, spi=False):
        """Fill buf with what is read from a register on. True if that came from the FIFO."""
        self.run(self._clock.take_due())
        self._selected(spi)
        self._show()
        n = len(buf)
        _copy(self._regs, reg, buf, n)
        if reg <= _INT_STATUS < reg + n or self._regs[_INT_PIN_CFG] & 0x10:
            self._overflowed = 0
            self._feed.fresh(read=True)
        if reg <= _FIFO_COUNTH < reg + n:
            # Reading the upper byte latches the lower one, for this read and for later ones.
            self._low_latch = self._fifo.level() & 0xFF
            if reg + n > _FIFO_COUNTL:
                buf[_FIFO_COUNTL - reg] = self._low_latch
        if reg <= _FIFO_R_W < reg + n:
            # From here on the address stands still.
            self._fifo.take(buf, _FIFO_R_W - reg, self._regs[_USER_CTRL] & 0x40)
            return True
        return False

    def _show(self):
        """Bring the registers that are not stored anywhere up to date."""
        regs = self._regs
        feed = self._feed
        if self._fifo.overrun():
            self._fifo.clear_overrun()
            if regs[_INT_ENABLE] & _FIFO_OFLOW:
                self._overflowed = _FIFO_OFLOW
        regs[_INT_STATUS] = self._overflowed | (_DATA_RDY if feed.fresh() else 0)
        for i in range(6):
            regs[_ACCEL_OUT + i] = feed.out[SAMPLE + (i ^ 1)]
        temperature = self._temperature if self._awake() else 0
        regs[_TEMP_OUT] = temperature >> 8 & 0xFF
        regs[_TEMP_OUT + 1] = temperature & 0xFF
        regs[_FIFO_COUNTH] = self._fifo.level() >> 8
        regs[_FIFO_COUNTL] = self._low_latch

    def write(self, reg, buf, spi=False):
        """Write buf to the registers from reg on."""
        self.run(self._clock.take_due())
        self._selected(spi)
        for i in range(len(buf)):
            self._write_one(reg & 0x7F, buf[i])
            reg += 1

    def _write_one(self, reg, value):
        regs = self._regs
        if self._resetting_us or reg == _WHO_AM_I or _INT_STATUS <= reg <= _LAST_OUTPUT:
            return
        if reg == _SIGNAL_PATH_RESET or _FIFO_COUNTH <= reg <= _FIFO_R_W:
            return  # nothing of them is kept
        if reg == _USER_CTRL:
            if value & 0x04 and not value & 0x40:
                self._fifo.clear()
            value &= 0xF8  # the resets clear themselves
        elif reg == _PWR_MGMT_1 and value & 0x80:
            self._resetting_us = _RESET_US
        slept = not self._awake()
        regs[reg] = value
        if slept:
            self._awake_us = 0
        self._configure()

    def _configure(self):
        regs = self._regs
        chip = self._chip
        parts = 0
        if regs[_USER_CTRL] & 0x40 and self._awake():
            parts = regs[_FIFO_EN] & 0xF8
            self._began = self._began or parts != 0
        if chip == "mpu6886":
            gyro = 0x70 if parts & 0x10 else 0
            accel = _ACCEL_PACKET | _TEMP_PACKET if parts & _ACCEL_PACKET else 0
            parts = accel | gyro
        stops = chip != "mpu6050" and regs[_CONFIG] & 0x40
        self._fifo.shape(parts, self._temperature, stops)
        self._feed.batch(1 if parts else 0)
        shift = regs[_ACCEL_CONFIG] >> 3 & 3
        pushed = 0
        if regs[_ACCEL_CONFIG] & 0xE0:
            pushed = _PUSH_6050 if chip == "mpu6050" else _PUSH_6500
        self._feed.deflect(shift, (pushed * self.push_percent // 100) >> shift)
        self._sample()

    def _sample(self):
        """Sample at the rate that the registers ask for, or not at all."""
        regs = self._regs
        khz = 8 if regs[_CONFIG] & 7 in (0, 7) else 1
        rate = 0
        if self._began and self._awake():
            rate = khz << 8 | regs[_SMPLRT_DIV] + 1 & 0x1FF
        if rate == self._sampling:
            return
        was = self._sampling
        self._sampling = rate
        if not rate:
            self._feed.sample_at(0, 1)
            if was:
                self._on_sensor_off(self._feed, self._fifo)
            return
        repeat = khz * 1000
        skip = self._odr * (regs[_SMPLRT_DIV] + 1)
        for divisor in (2, 2, 2, 2, 2, 2, 5, 5, 5):
            if repeat % divisor == 0 and skip % divisor == 0:
                repeat //= divisor
                skip //= divisor
        left_us = _CHIPS[self._chip][3] * _MS_US - self._awake_us
        # Chosen: what is sampled before the accelerometer has started reads 0.
        self._feed.starts(-(-left_us // self._period_us) if left_us > 0 else 0, 0, 0)
        self._feed.sample_at(skip, repeat)

"""ICM-42688-P: the registers (TDK DS-000347), with an accelerometer fed by a recording.

Not modelled: the gyroscope, packets of 16 and 20 bytes, FSYNC, interrupt pins, APEX, the filters.
"""

from errno import ENODEV

import micropython
from micropython import const

from .feed import NEVER_US, SAMPLE, Feed
from .packets import Packets

_DEVICE_CONFIG = const(0x11)
_DRIVE_CONFIG = const(0x13)
_FIFO_CONFIG = const(0x16)
_TEMP_DATA1 = const(0x1D)
_ACCEL_DATA_X1 = const(0x1F)
_INT_STATUS = const(0x2D)
_FIFO_COUNTH = const(0x2E)
_FIFO_COUNTL = const(0x2F)
_FIFO_DATA = const(0x30)
_SIGNAL_PATH_RESET = const(0x4B)
_INTF_CONFIG0 = const(0x4C)
_PWR_MGMT0 = const(0x4E)
_ACCEL_CONFIG0 = const(0x50)
_TMST_CONFIG = const(0x54)
_FIFO_CONFIG1 = const(0x5F)
_RESUMES = const(0x40)
_FIFO_CONFIG2 = const(0x60)
_FIFO_CONFIG3 = const(0x61)
_FIFO_LOST_PKT0 = const(0x6C)
_SELF_TEST_CONFIG = const(0x70)
_WHO_AM_I = const(0x75)
_REG_BANK_SEL = const(0x76)
_TMSTVAL0 = const(0x62)  # of bank 1
_REGISTERS = const(0x80)

_RESETS = (
    (_INT_STATUS, 0x10), (_FIFO_DATA, 0xFF), (_INTF_CONFIG0, 0x30), (0x4F, 0x06),
    (_ACCEL_CONFIG0, 0x06), (0x52, 0x11), (0x53, 0x0D), (_TMST_CONFIG, 0x23), (0x64, 0x10),
    (0x65, 0x10), (_WHO_AM_I, 0x47),
)  # fmt: skip
# Outputs, which a write does not change.
_READ_ONLY = bytes(range(_TEMP_DATA1, _FIFO_DATA + 1)) + bytes((0x6C, 0x6D, _WHO_AM_I))
# What may be changed while the accelerometer runs: rate, full scale, mode; and what acts at once.
_WHILE_ON = bytes(
    (_DEVICE_CONFIG, _SIGNAL_PATH_RESET, 0x4F, _PWR_MGMT0, _ACCEL_CONFIG0, _SELF_TEST_CONFIG,
     _REG_BANK_SEL)
)  # fmt: skip

# ODR code: tenths of a hertz.
_RATES = {
    3: 80000, 4: 40000, 5: 20000, 6: 10000, 7: 2000, 8: 1000, 9: 500, 10: 250, 11: 125, 15: 5000,
}  # fmt: skip
_DEPTH = const(255)  # packets of 8 bytes: one of the 256 is reserved
_P1_BYTES = const(8)
_P1_HEADER = const(0x40)
_ODR_CHANGED = const(0x02)
_SILENT_US = const(1000)  # after a reset nothing answers
_NO_WRITES_US = const(200)  # after the accelerometer is switched on
_SELF_TEST_MG = const(500)  # chosen: no limits are published


@micropython.viper
def _copy(regs: ptr8, reg: int, buf: ptr8, n: int):
    for i in range(n):
        buf[i] = regs[reg & 0x7F]
        if reg != _FIFO_DATA:
            reg += 1


def build(facts, source, first_frame, on_end, on_sensor_off):
    """The sensor that `facts` describe, with its feed and its FIFO; see `parts`."""
    fifo = Packets()
    feed = Feed(fifo, source, facts["frames"], facts["rate_uhz"], first_frame, on_end)
    return ICM42688P(feed, fifo, facts["odr"], facts["mlsb_per_g"], on_sensor_off)


class ICM42688P:
    """The sensor. `odr` is the nominal rate that stands for the recording's own: 50, 100 or 200.

    `lost_low_first` is the order of the FIFO_LOST_PKT bytes, of which the data sheet says both.
    `rereads`: RESUME_PARTIAL_RD is taken at its word; without it a FIFO must be read as a whole.
    `breaches` counts what it forbids: writes while the accelerometer runs, or too early.
    """

    address = 0x69
    spi_dummy = 0

    def __init__(self, feed, fifo, odr, mlsb_per_g, on_sensor_off):
        self._clock = None
        self.feed = self._feed = feed
        self.fifo = self._fifo = fifo
        self._rate = odr * 10
        self._push_lsb = mlsb_per_g // 1000 * _SELF_TEST_MG // 1000
        self._on_sensor_off = on_sensor_off
        self.lost_low_first = self.rereads = False
        self._warmth = 0
        self.breaches = 0
        self._regs = bytearray(_REGISTERS)
        self._banks = {}
        self._silent_us = self._early_us = 0
        # A period in microseconds, which the timestamp counts as 30/32 of themselves.
        feed.starts(2, 0x8000, (1_000_000 // odr * 30 + 16) // 32)
        self._reset()

    def attach(self, clock):
        """Give the sensor the clock that says how much time went by."""
        self._clock = clock

    def _reset(self):
        regs = self._regs
        for i in range(_REGISTERS):
            regs[i] = 0
        for register, value in _RESETS:
            regs[register] = value
        self._banks.clear()
        self._above = False
        self._counted = False  # the first FIFO_COUNT after a reset is 0
        self._feed.sample_at(0, 1)
        for axis in range(3):
            self._feed.out[2 * axis] = 0
            self._feed.out[2 * axis + 1] = 0x80
        self._feed.count_time(True)
        self._shape()
        self._configure()

    def power_cycle(self):
        """Its supply was away for an instant: the registers start over."""
        self._reset()

    def warm(self, degrees):
        """Show so many degrees Celsius more than 25 (DS: 132.48 LSB a degree)."""
        self._warmth = int(degrees * 132.48)

    def run(self, us):
        """Let us microseconds pass."""
        self._silent_us = max(0, self._silent_us - us)
        self._early_us = max(0, self._early_us - us)
        self._feed.run(us)

    def _on(self):
        return self._regs[_PWR_MGMT0] & 2

    def plays(self):
        """Whether the recording is being sampled."""
        return self._on() and not self._feed.ended

    def over(self):
        """Whether the recording has ended, and its last second repeats."""
        return self._feed.ended

    def until_watermark_us(self):
        """Microseconds until the FIFO reaches its watermark."""
        packets = self._watermark()
        return self._feed.until_level_us(packets) if packets else NEVER_US

    def _watermark(self):
        regs = self._regs
        mark = regs[_FIFO_CONFIG2] | (regs[_FIFO_CONFIG3] & 0x0F) << 8
        return mark if regs[_INTF_CONFIG0] & 0x40 else mark // _P1_BYTES

    def _answers(self, spi):
        """Catch up with the time; OSError where the chip does not answer on this bus."""
        self.run(self._clock.take_due())
        # UI_SIFS_CFG: 2 switches SPI off, 3 I2C.
        if self._silent_us or self._regs[_INTF_CONFIG0] & 3 == (2 if spi else 3):
            raise OSError(ENODEV)

    def read_into(self, reg, buf, spi=False):
        """Fill buf with what is read from a register on. True if that came from the FIFO."""
        self._answers(spi)
        n = len(buf)
        if reg == _FIFO_DATA and not self._bank():
            self._fifo.rereads = self.rereads and not self._regs[_FIFO_CONFIG1] & _RESUMES
            self._fifo.take(buf)
            return True
        if self._bank():
            self._read_bank(reg, buf)
            return False
        regs = self._regs
        last = reg + n - 1
        self._show(reg <= _FIFO_COUNTL <= last)
        _copy(regs, reg, buf, n)
        if reg <= _INT_STATUS <= last:
            regs[_INT_STATUS] = 0
        return False

    def _read_bank(self, reg, buf):
        bank = self._bank() << 8
        for i in range(len(buf)):
            at = reg + i & 0x7F
            buf[i] = self._regs[at] if at == _REG_BANK_SEL else self._banks.get(bank | at, 0)

    def _bank(self):
        return self._regs[_REG_BANK_SEL] & 7

    def _show(self, count_is_read):
        """Bring the registers that are not stored anywhere up to date."""
        regs = self._regs
        fifo = self._fifo
        level = fifo.level()
        if fifo.full():
            regs[_INT_STATUS] |= 0x02
        watermark = self._watermark()
        above = watermark and level >= watermark
        # WM_GT_TH: as long as there are so many, else once each time they come to be.
        if above and (not self._above or regs[_FIFO_CONFIG1] & 0x20):
            regs[_INT_STATUS] |= 0x04
        self._above = above
        if self._feed.fresh(read=True):
            regs[_INT_STATUS] |= 0x08
        if count_is_read:  # reading the lower byte latches both
            count = level if regs[_INTF_CONFIG0] & 0x40 else level * _P1_BYTES
            self._pair(_FIFO_COUNTH, count if self._counted else 0, regs[_INTF_CONFIG0] & 0x20)
            self._counted = True
        for axis in range(3):
            low = self._feed.out[SAMPLE + 2 * axis]
            high = self._feed.out[SAMPLE + 2 * axis + 1]
            word = low | high << 8
            self._pair(_ACCEL_DATA_X1 + 2 * axis, word, regs[_INTF_CONFIG0] & 0x10)
        self._pair(_TEMP_DATA1, self._warmth & 0xFFFF, regs[_INTF_CONFIG0] & 0x10)
        self._pair(_FIFO_LOST_PKT0, fifo.lost() & 0xFFFF, not self.lost_low_first)

    def _pair(self, reg, word, high_first):
        self._regs[reg] = word >> 8 if high_first else word & 0xFF
        self._regs[reg + 1] = word & 0xFF if high_first else word >> 8

    def write(self, reg, buf, spi=False):
        """Write buf to the registers from reg on."""
        self._answers(spi)
        for i in range(len(buf)):
            self._write_one(reg + i & 0x7F, buf[i])

    def _write_one(self, reg, value):
        regs = self._regs
        if self._bank() and reg != _REG_BANK_SEL:
            self._banks[self._bank() << 8 | reg] = value
            return
        if reg in _READ_ONLY:
            return
        if self._early_us or (self._on() and reg not in _WHILE_ON):
            self.breaches += 1
        old = regs[reg]
        regs[reg] = value
        if reg == _DEVICE_CONFIG and value & 1:
            self._reset()
            self._silent_us = _SILENT_US
        elif reg == _PWR_MGMT0:
            self._switch(old & 2, value & 2)
        elif reg == _ACCEL_CONFIG0 and self._on() and (old ^ value) & 0x0F:
            self._switch(0, 2)
            self._fifo.mark_next(_P1_HEADER | _ODR_CHANGED)
        elif reg == _SIGNAL_PATH_RESET:
            self._signal_path(value)
        elif reg in (_FIFO_CONFIG, _FIFO_CONFIG1, _FIFO_CONFIG2, _FIFO_CONFIG3, _INTF_CONFIG0):
            self._shape()
        self._configure()

    def _signal_path(self, value):
        self._regs[_SIGNAL_PATH_RESET] = 0
        if value & 2:
            self._fifo.clear()
        if value & 4:
            low = self._feed.time_low()
            units = low | self._feed.time_high() + (low >> 16) << 16
            for i in range(3):
                self._banks[1 << 8 | _TMSTVAL0 + i] = units >> 8 * i & (0x0F if i == 2 else 0xFF)

    def _switch(self, old, now):
        if now == old:
            return
        if not now:
            self._feed.sample_at(0, 1)
            self._on_sensor_off(self._feed, self._fifo)
            return
        rate = _RATES.get(self._regs[_ACCEL_CONFIG0] & 0x0F, self._rate)
        self._feed.sample_at(max(self._rate // rate, 1), max(rate // self._rate, 1))
        self._early_us = _NO_WRITES_US

    def _shape(self):
        """A register of the FIFO was written: it is empty, and perhaps of another form."""
        mode = self._regs[_FIFO_CONFIG] >> 6
        swap = self._regs[_INTF_CONFIG0] >> 4 & 1
        self._fifo.shape(_P1_BYTES, _DEPTH, _P1_HEADER, 0, swap, mode > 1, 0xFFFF)

    def _configure(self):
        regs = self._regs
        shift = 3 - min(regs[_ACCEL_CONFIG0] >> 5, 3)
        test = regs[_SELF_TEST_CONFIG]
        pushed = test & 0x78 == 0x78
        self._feed.deflect(shift, self._push_lsb >> shift if pushed else 0)
        batched = regs[_FIFO_CONFIG] >> 6 and regs[_FIFO_CONFIG1] & 1
        self._feed.batch(1 if batched else 0)

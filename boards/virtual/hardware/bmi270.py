"""BMI270: the registers (Bosch BST-BMI270-DS000), with an accelerometer fed by a recording.

Not modelled: the gyroscope, the auxiliary interface, the features, interrupt pins, the filters,
FIFO frames that tell of a changed configuration, what the configuration file says, and the 450 us
that an access needs in power save (the firmware's waiting costs no virtual time).
"""

from errno import ENODEV

import micropython
from micropython import const

from .feed import NEVER_US, SAMPLE, Feed
from .packets import RING_BYTES, Packets

_CHIP_ID = const(0x00)
_STATUS = const(0x03)
_DATA_8 = const(0x0C)
_DATA_13 = const(0x11)
_SENSORTIME_0 = const(0x18)
_INT_STATUS_1 = const(0x1D)
_INTERNAL_STATUS = const(0x21)
_TEMPERATURE_0 = const(0x22)
_FIFO_LENGTH_0 = const(0x24)
_FIFO_DATA = const(0x26)
_FIRST_SETTING = const(0x40)
_ACC_CONF = const(0x40)
_ACC_RANGE = const(0x41)
_FIFO_WTM_0 = const(0x46)
_FIFO_CONFIG_0 = const(0x48)
_FIFO_CONFIG_1 = const(0x49)
_INIT_CTRL = const(0x59)
_INIT_ADDR_0 = const(0x5B)
_INIT_ADDR_1 = const(0x5C)
_INIT_DATA = const(0x5E)
_ACC_SELF_TEST = const(0x6D)
_PWR_CONF = const(0x7C)
_PWR_CTRL = const(0x7D)
_CMD = const(0x7E)
_REGISTERS = const(0x80)

_RESETS = (
    (_CHIP_ID, 0x24), (_ACC_CONF, 0xA8), (_ACC_RANGE, 0x02), (0x42, 0xA9), (0x45, 0x88),
    (_FIFO_WTM_0 + 1, 0x02), (_FIFO_CONFIG_0, 0x02), (_FIFO_CONFIG_1, 0x10), (_PWR_CONF, 0x03),
)  # fmt: skip
_SOFT_RESET = const(0xB6)
_FIFO_FLUSH = const(0xB0)
_CONFIGURATION_BYTES = const(8192)
_LOADED = const(1)  # of INTERNAL_STATUS
_LOAD_FAILED = const(2)

# ODR code: tenths of a hertz.
_RATES = {5: 125, 6: 250, 7: 500, 8: 1000, 9: 2000, 10: 4000, 11: 8000, 12: 16000}
_FRAME_BYTES = const(6)
_HEADER = const(0x84)
_SENSORTIME_HEADER = const(0x44)
_NO_MORE = const(0x8080)  # behind the last frame, with headers
_NO_MORE_BARE = const(0x8000)  # without
_SILENT_US = const(2000)  # after a reset nothing answers
_START_US = const(20_000)  # the features take after INIT_CTRL
_SELF_TEST_G = const(9)  # each way, chosen: 18 g from one to the other; at least 16, 15, 10


@micropython.viper
def _copy(regs: ptr8, reg: int, buf: ptr8, n: int):
    for i in range(n):
        buf[i] = regs[reg & 0x7F]
        reg += 1


def build(facts, source, first_frame, on_end, on_sensor_off):
    """The sensor that `facts` describe, with its feed and its FIFO; see `parts`."""
    fifo = Packets()
    feed = Feed(fifo, source, facts["frames"], facts["rate_uhz"], first_frame, on_end)
    return BMI270(feed, fifo, facts["odr"], facts["mlsb_per_g"], on_sensor_off)


class BMI270:
    """The sensor. `odr`, nominal, stands for the recording's own rate: 50, 100 or 200."""

    address = 0x69
    spi_dummy = 1

    def __init__(self, feed, fifo, odr, mlsb_per_g, on_sensor_off):
        self._clock = None
        self.feed = self._feed = feed
        self.fifo = self._fifo = fifo
        self._rate = odr * 10
        self._push_lsb = mlsb_per_g // 1000 * _SELF_TEST_G
        self._on_sensor_off = on_sensor_off
        self._regs = bytearray(_REGISTERS)
        self._silent_us = 0
        feed.starts(0, 0, 25600 // odr)  # 39.0625 us: 256 of them at 100 Hz
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
        self._loaded = 0  # bytes of the configuration, in a row
        self._starting_us = 0
        self._on_spi = False  # the first rise of the select pin chooses SPI
        self._feed.sample_at(0, 1)
        self._feed.out[:] = bytes(len(self._feed.out))
        self._feed.count_time(True)
        self._shape()
        self._configure()

    def power_cycle(self):
        """Its supply was away for an instant: the registers start over, the configuration too."""
        self._reset()

    def warm(self, degrees):
        """Show so many degrees Celsius more than 23 (DS: 512 LSB a degree)."""
        self._regs[_TEMPERATURE_0] = int(degrees * 512) & 0xFF
        self._regs[_TEMPERATURE_0 + 1] = int(degrees * 512) >> 8 & 0xFF

    def run(self, us):
        """Let us microseconds pass."""
        self._silent_us = max(0, self._silent_us - us)
        if self._starting_us:
            self._starting_us = max(0, self._starting_us - us)
            if not self._starting_us:
                whole = self._loaded == _CONFIGURATION_BYTES
                self._regs[_INTERNAL_STATUS] = _LOADED if whole else _LOAD_FAILED
                self._configure()
        self._feed.run(us)

    def _alive(self):
        return self._regs[_INTERNAL_STATUS] & 0x0F == _LOADED

    def plays(self):
        """Whether the recording is being sampled."""
        return self._regs[_PWR_CTRL] & 4 and not self._feed.ended

    def over(self):
        """Whether the recording has ended, and its last second repeats."""
        return self._feed.ended

    def until_watermark_us(self):
        """Microseconds until the FIFO reaches its watermark."""
        mark = self._watermark()
        size = self._frame_bytes()
        return self._feed.until_level_us((mark + size - 1) // size) if mark else NEVER_US

    def _watermark(self):
        return self._regs[_FIFO_WTM_0] | (self._regs[_FIFO_WTM_0 + 1] & 0x1F) << 8

    def _headers(self):
        return self._regs[_FIFO_CONFIG_1] & 0x10

    def _frame_bytes(self):
        return _FRAME_BYTES + 1 if self._headers() else _FRAME_BYTES

    def _asleep(self):
        return self._regs[_PWR_CONF] & 1

    def _answers(self):
        self.run(self._clock.take_due())
        if self._silent_us:
            raise OSError(ENODEV)

    def read_into(self, reg, buf, spi=False):
        """Fill buf with what is read from a register on. True if that came from the FIFO."""
        self._answers()
        if spi and not self._on_spi:
            self._on_spi = True
            buf[:] = bytes(len(buf))
            return False
        if reg == _FIFO_DATA:
            if self._asleep() and not self._regs[_PWR_CONF] & 2:
                buf[:] = bytes(len(buf))
            else:
                self._put_time(self._fifo.tail, 1)
                self._fifo.take(buf)
            return True
        self._show()
        _copy(self._regs, reg, buf, len(buf))
        last = reg + len(buf) - 1
        if reg <= _INT_STATUS_1 <= last:
            self._regs[_INT_STATUS_1] = 0
        if reg <= _DATA_13 and last >= _DATA_8:
            self._feed.fresh(read=True)
        return False

    def _put_time(self, into, at):
        low = self._feed.time_low()
        into[at] = low & 0xFF
        into[at + 1] = low >> 8 & 0xFF
        into[at + 2] = self._feed.time_high() + (low >> 16) & 0xFF

    def _show(self):
        """Bring the registers that are not stored anywhere up to date."""
        regs = self._regs
        level = self._fifo.level() * self._frame_bytes()
        regs[_STATUS] = 0x80 if self._feed.fresh() and self._alive() else 0
        self._put_time(regs, _SENSORTIME_0)
        regs[_FIFO_LENGTH_0] = level & 0xFF
        regs[_FIFO_LENGTH_0 + 1] = level >> 8
        if self._fifo.full():
            regs[_INT_STATUS_1] |= 0x01
        if self._watermark() and level >= self._watermark():
            regs[_INT_STATUS_1] |= 0x02
        self._show_output()

    def _show_output(self):
        """x, y, z; in the self-test y goes the other way."""
        test = self._regs[_ACC_SELF_TEST]
        pushed = 0
        if test & 0x09 == 0x09 and self._alive() and not self._feed.frozen:
            pushed = (self._push_lsb >> self._shift()) * (1 if test & 4 else -1)
        for axis in range(3):
            at = SAMPLE + 2 * axis
            lsb = ((self._feed.out[at] | self._feed.out[at + 1] << 8) ^ 0x8000) - 0x8000
            lsb = max(-32768, min(32767, lsb - pushed if axis == 1 else lsb + pushed))
            self._regs[_DATA_8 + 2 * axis] = lsb & 0xFF
            self._regs[_DATA_8 + 2 * axis + 1] = lsb >> 8 & 0xFF

    def write(self, reg, buf, spi=False):
        """Write buf to the registers from reg on."""
        self._answers()
        if spi and not self._on_spi:
            self._on_spi = True
            return
        if reg == _INIT_DATA:
            self._load(len(buf))
            return
        for i in range(len(buf)):
            self._write_one(reg + i & 0x7F, buf[i])

    def _load(self, count):
        """`count` bytes of the configuration came for INIT_ADDR, in words of two."""
        regs = self._regs
        at = 2 * (regs[_INIT_ADDR_1] << 4 | regs[_INIT_ADDR_0] & 0x0F)
        if at == self._loaded and not self._asleep() and not regs[_INIT_CTRL] & 1:
            self._loaded += count

    def _write_one(self, reg, value):
        regs = self._regs
        if reg == _CMD:
            self._command(value)
            return
        if reg < _FIRST_SETTING:
            return
        old = regs[reg]
        regs[reg] = value
        if reg == _INIT_CTRL:
            if value & 1:
                self._starting_us = _START_US
            else:
                self._loaded = 0
                regs[_INTERNAL_STATUS] = 0
        elif reg == _PWR_CTRL or (reg == _ACC_CONF and regs[_PWR_CTRL] & 4):
            self._switch(old, value)
        if 0x45 <= reg <= _FIFO_CONFIG_1:
            self._shape()
        self._configure()

    def _command(self, value):
        if value == _SOFT_RESET:
            self._reset()
            self._silent_us = _SILENT_US
        elif value == _FIFO_FLUSH:
            self._fifo.clear()

    def _switch(self, old, value):
        if self._regs[_PWR_CTRL] & 4:
            if old != value:
                rate = _RATES.get(self._regs[_ACC_CONF] & 0x0F, self._rate)
                self._feed.sample_at(max(self._rate // rate, 1), max(rate // self._rate, 1))
        elif old & 4:
            self._feed.sample_at(0, 1)
            self._on_sensor_off(self._feed, self._fifo)

    def _shift(self):
        return self._regs[_ACC_RANGE] & 3

    def _shape(self):
        """A register of the FIFO was written: it is empty, and perhaps of another form."""
        stops = bool(self._regs[_FIFO_CONFIG_0] & 1)
        size = self._frame_bytes()
        header, fill = (_HEADER, _NO_MORE) if self._headers() else (-1, _NO_MORE_BARE)
        self._fifo.shape(size, RING_BYTES // size, header, stops=stops, fill=fill)
        with_time = self._headers() and self._regs[_FIFO_CONFIG_0] & 2
        self._fifo.tail[0] = _SENSORTIME_HEADER
        self._fifo.tell_more(1 if self._headers() else 0, 4 if with_time else 0)

    def _configure(self):
        """Without its configuration the chip gives nothing but zeros."""
        self._feed.deflect(self._shift(), 0)
        batched = self._alive() and self._regs[_FIFO_CONFIG_1] & 0x40
        self._feed.batch(1 if batched else 0)

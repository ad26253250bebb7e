"""LSM6DSO and LSM6DSOX: the registers (DS12140), with an accelerometer fed by a recording.

Not modelled: the gyroscope, the sensor hub, the embedded functions, interrupt pins, FIFO
compression, the batch counter, and the triggers of FIFO modes 3, 4 and 7.
"""

import micropython
from micropython import const

from .feed import NEVER_US, SAMPLE, Feed
from .fifo import WORDS, Fifo

_FUNC_CFG_ACCESS = const(0x01)
_PIN_CTRL = const(0x02)
_FIFO_CTRL1 = const(0x07)
_FIFO_CTRL2 = const(0x08)
_FIFO_CTRL3 = const(0x09)
_FIFO_CTRL4 = const(0x0A)
_WHO_AM_I = const(0x0F)
_CTRL1_XL = const(0x10)
_CTRL3_C = const(0x12)
_CTRL5_C = const(0x14)
_CTRL9_XL = const(0x18)
_CTRL10_C = const(0x19)
_STATUS_REG = const(0x1E)
_OUT_TEMP = const(0x20)
_OUTX_H_A = const(0x29)
_OUTZ_H_A = const(0x2D)
_FIFO_STATUS1 = const(0x3A)
_FIFO_STATUS2 = const(0x3B)
_TIMESTAMP0 = const(0x40)
_TIMESTAMP2 = const(0x42)
_INTERNAL_FREQ_FINE = const(0x63)
_FIFO_DATA_OUT = const(0x78)
_IF_INC = const(0x04)
_REGISTERS = const(0x80)

_RESET_US = const(10_000)  # DS, ST's examples: 50 us to 10 ms; writes are then in vain (chosen)
_SELF_TEST_MG = const(300)  # DS: 50 .. 1700 mg
_SHIFTS = b"\x00\x03\x01\x02"  # of FS_XL: 2, 16, 4, 8 g
_TS_EVERY = b"\x00\x01\x08\x20"  # of DEC_TS_BATCH
_CONTINUOUS = b"\x00\x00\x00\x01\x00\x00\x01\x00"  # of FIFO_MODE
_FILLING = b"\x00\x01\x00\x01\x00\x00\x01\x00"
# Outputs, which a write does not change (nor anything from INTERNAL_FREQ_FINE on).
_OUTX_L_A = const(0x28)
_FIRST_OUTPUT = const(0x1A)
_LAST_OUTPUT = const(0x55)

# Nominal ODR: (its code in CTRL1_XL, 25 us units in a period).
_RATES = {52: (3, 768), 104: (4, 384), 208: (5, 192)}


@micropython.viper
def _copy(regs: ptr8, reg: int, buf: ptr8, n: int, step: int):
    for i in range(n):
        buf[i] = regs[reg & 0x7F]
        reg += step


def build(facts, source, first_frame, on_end, on_sensor_off):
    """The sensor that `facts` describe, with its feed and its FIFO; see `parts`."""
    fifo = Fifo()
    feed = Feed(fifo, source, facts["frames"], facts["rate_uhz"], first_frame, on_end)
    return LSM6DSO(
        feed, fifo, facts["odr"], facts["freq_fine"], facts["mlsb_per_g"], on_sensor_off
    )


class LSM6DSO:
    """The sensor. `odr` is the nominal rate that stands for the recording's own: 52, 104 or 208.

    `freq_fine` is INTERNAL_FREQ_FINE, -128..127; `mlsb_per_g` the sensitivity at +-2 g, in
    thousandths of an LSB. `on_sensor_off(feed, fifo)` is called when the accelerometer is switched
    off.
    """

    address = 0x6A
    spi_dummy = 0

    def __init__(self, feed, fifo, odr, freq_fine, mlsb_per_g, on_sensor_off):
        self._clock = None
        self.feed = self._feed = feed
        self.fifo = self._fifo = fifo
        self._base_odr, ts_step = _RATES[odr]
        feed.starts(2, 0x7FFF, ts_step)
        self._freq_fine = freq_fine & 0xFF
        self._push_lsb = mlsb_per_g // 1000 * _SELF_TEST_MG // 1000
        self._on_sensor_off = on_sensor_off
        self._regs = bytearray(_REGISTERS)
        self._resetting_us = 0
        self._reset()

    def attach(self, clock):
        """Give the sensor the clock that says how much time went by."""
        self._clock = clock

    def _reset(self):
        regs = self._regs
        for i in range(_REGISTERS):
            regs[i] = 0
        regs[_PIN_CTRL] = 0x3F
        regs[_WHO_AM_I] = 0x6C
        regs[_CTRL3_C] = _IF_INC
        regs[_CTRL9_XL] = 0xE0
        regs[_OUT_TEMP] = regs[_OUT_TEMP + 1] = 0  # 25 degrees
        regs[_INTERNAL_FREQ_FINE] = self._freq_fine
        self._configure()
        self._feed.count_time(False)
        self._feed.reset_time()
        self._feed.sample_at(0, 1)
        self._feed.out[:] = bytes(len(self._feed.out))

    def power_cycle(self):
        """Its supply was away for an instant: the registers start over."""
        self._resetting_us = 0
        self._reset()

    def warm(self, degrees):
        """Show so many degrees Celsius more than 25 (DS: 256 LSB a degree)."""
        lsb = int(degrees * 256)
        self._regs[_OUT_TEMP] = lsb & 0xFF
        self._regs[_OUT_TEMP + 1] = lsb >> 8 & 0xFF

    def run(self, us):
        """Let us microseconds pass."""
        if self._resetting_us:
            self._resetting_us = max(self._resetting_us - us, 0)
            if not self._resetting_us:
                self._regs[_CTRL3_C] = _IF_INC
        self._feed.run(us)

    def plays(self):
        """Whether the recording is being sampled."""
        return self._regs[_CTRL1_XL] >> 4 != 0 and not self._feed.ended

    def over(self):
        """Whether the recording has ended, and its last second repeats."""
        return self._feed.ended

    def until_watermark_us(self):
        """Microseconds until the FIFO reaches its watermark."""
        words = self._watermark()
        return self._feed.until_level_us(words) if words else NEVER_US

    def _watermark(self):
        return self._regs[_FIFO_CTRL1] | (self._regs[_FIFO_CTRL2] & 1) << 8

    def read_into(self, reg, buf, spi=False):
        """Fill buf with what is read from a register on. True if that came from the FIFO."""
        self.run(self._clock.take_due())
        regs = self._regs
        n = len(buf)
        if regs[_FUNC_CFG_ACCESS] & 0xC0:
            for i in range(n):
                buf[i] = regs[_FUNC_CFG_ACCESS] if reg + i == _FUNC_CFG_ACCESS else 0
            return False
        rolls = regs[_CTRL3_C] & _IF_INC
        if _FIFO_DATA_OUT <= reg < _FIFO_DATA_OUT + 7 and rolls:
            self._fifo.take(buf, reg - _FIFO_DATA_OUT)
            return True
        self._show()
        _copy(regs, reg, buf, n, 1 if rolls else 0)
        last = reg + n - 1 if rolls else reg
        if reg <= _FIFO_STATUS2 <= last:
            self._fifo.clear_overrun()
        if reg <= _OUTZ_H_A and last >= _OUTX_H_A:
            self._feed.fresh(read=True)
        return False

    def _show(self):
        """Bring the registers that are not stored anywhere up to date."""
        regs = self._regs
        feed = self._feed
        fifo = self._fifo
        level = fifo.level()
        full = fifo.depth()
        regs[_FIFO_STATUS1] = level & 0xFF
        flags = level >> 8 | fifo.overrun() << 3
        if level and level >= full:
            flags |= 0x40
        if level and level >= full - 1:
            flags |= 0x20
        watermark = self._watermark()
        if watermark and level >= watermark:
            flags |= 0x80
        regs[_FIFO_STATUS2] = flags
        for i in range(6):
            regs[_OUTX_L_A + i] = feed.out[SAMPLE + i]
        regs[_STATUS_REG] = feed.fresh() | (4 if regs[_CTRL1_XL] >> 4 else 0)
        low = feed.time_low()
        high = feed.time_high() + (low >> 16)
        regs[_TIMESTAMP0] = low & 0xFF
        regs[_TIMESTAMP0 + 1] = low >> 8 & 0xFF
        regs[_TIMESTAMP0 + 2] = high & 0xFF
        regs[_TIMESTAMP0 + 3] = high >> 8 & 0xFF

    def write(self, reg, buf, spi=False):
        """Write buf to the registers from reg on."""
        self.run(self._clock.take_due())
        step = 1 if self._regs[_CTRL3_C] & _IF_INC else 0
        for i in range(len(buf)):
            self._write_one(reg & 0x7F, buf[i])
            reg += step

    def _write_one(self, reg, value):
        regs = self._regs
        if self._resetting_us or (regs[_FUNC_CFG_ACCESS] & 0xC0 and reg != _FUNC_CFG_ACCESS):
            return
        if reg == _TIMESTAMP2 and value == 0xAA:
            self._feed.reset_time()
        if reg == _WHO_AM_I or _FIRST_OUTPUT <= reg <= _LAST_OUTPUT or reg >= _INTERNAL_FREQ_FINE:
            return
        old = regs[reg]
        regs[reg] = value
        if reg == _CTRL1_XL:
            self._switch(old >> 4, value >> 4)
        elif reg == _CTRL3_C and value & 1:
            self._switch(regs[_CTRL1_XL] >> 4, 0)
            self._reset()
            regs[_CTRL3_C] |= 1
            self._resetting_us = _RESET_US
        elif reg == _CTRL10_C:
            self._feed.count_time(value & 0x20)
        self._configure()

    def _switch(self, old, odr):
        if odr == old:
            return
        if odr == 0:
            self._feed.sample_at(0, 1)
            self._on_sensor_off(self._feed, self._fifo)
            return
        up = _octave(odr) - _octave(self._base_odr)
        self._feed.sample_at(1 << max(-up, 0), 1 << max(up, 0))

    def _configure(self):
        regs = self._regs
        shift = _SHIFTS[regs[_CTRL1_XL] >> 2 & 3]
        push = regs[_CTRL5_C] & 3
        lsb = self._push_lsb >> shift
        self._feed.deflect(shift, lsb if push == 1 else -lsb if push == 2 else 0)
        ctrl4 = regs[_FIFO_CTRL4]
        rate = regs[_FIFO_CTRL3] & 0x0F
        depth = self._watermark() if regs[_FIFO_CTRL2] & 0x80 else 0
        samples = 0
        if not _FILLING[ctrl4 & 7]:
            self._fifo.clear()
        elif rate:
            samples = 1 << max(_octave(regs[_CTRL1_XL] >> 4) - _octave(rate), 0)
        self._fifo.shape(depth or WORDS, not _CONTINUOUS[ctrl4 & 7])
        self._feed.batch(samples, _TS_EVERY[ctrl4 >> 6], not _FILLING[ctrl4 & 7])


def _octave(odr):
    """The ODR code as a power of two; 11 is 1.6 Hz, three octaves below code 1."""
    return -2 if odr == 11 else odr

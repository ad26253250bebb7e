"""What is the LSM6DSO driver's alone, against the register model. Run by name; see driver_any.

Frame k of the recording has k in its x, so that every frame that arrives tells its own number.
"""

import sys

from crib.imu.lsm6dso import LSM6DSO
from virtual_rig import Rig, run

ODR = {52: 3, 104: 4, 208: 5}
FIFO_WORDS = 512
BURST = 64


class Tap:
    """The bus, listened to: the registers written, and one byte of a burst changed at will."""

    def __init__(self, i2c):
        self._i2c = i2c
        self.writes = []
        self.read = None  # a list: (register, bytes) of each read
        self.answers = {}
        self.corrupt = None  # (index of the byte in a FIFO burst, bits to flip)

    def writeto_mem(self, address, register, buf):
        self.writes.append((register, buf[0]))
        self._i2c.writeto_mem(address, register, buf)

    def readfrom_mem_into(self, address, register, buf):
        self._i2c.readfrom_mem_into(address, register, buf)
        if self.read is not None:
            self.read.append((register, len(buf)))
        if register in self.answers:
            buf[0] = self.answers[register]
        if register == 0x78 and self.corrupt and len(buf) > 7:
            buf[self.corrupt[0]] ^= self.corrupt[1]


class Reader:
    """Reads bursts and checks that each frame is the next of the recording, less the lost."""

    def __init__(self, frames=3000, odr=104, trim=0, **settings):
        rate_uhz = 6666666667 * (10000 + 15 * trim) // (10000 << (9 - ODR[odr] + 1))
        self.rig = Rig(frames, freq_fine=trim, rate_uhz=rate_uhz, odr=odr)
        self.period_us = 1_000_000_000_000 // rate_uhz
        self.bus = Tap(self.rig.i2c)
        self.imu = LSM6DSO(self.bus, accel_odr=odr, **settings)
        self.next = 0
        self.seen = 0
        self.lost = 0
        buffer = memoryview(bytearray(7 * FIFO_WORDS))
        self.views = {k: buffer[: 7 * k] for k in list(range(BURST + 1)) + [FIFO_WORDS]}

    def wait(self, frames):
        """Let the time of so many frames pass, and a little more."""
        self.rig.clock.charge(frames * self.period_us + self.period_us // 8)

    def burst(self, most=BURST):
        """Read one burst; returns its frames."""
        n = min(self.imu.level(), most)
        if not n:
            return 0
        view = self.views[n]
        self.imu.read_into(view)
        lost = self.imu.lost()
        self.lost += lost
        if self.next is None:
            self.next = view[1] | view[2] << 8
        self.next += lost
        for k in range(0, 7 * n, 7):
            for axis, value in enumerate((self.next, -self.next, 100 - self.next)):
                low = k + 1 + 2 * axis
                got = view[low] | view[low + 1] << 8
                assert got == value & 0xFFFF, (self.next, axis, got, lost)
            self.next += 1
        self.seen += n
        return n

    def drain(self):
        """Read until nothing waits; returns the frames that were lost."""
        before = self.lost
        while self.burst():
            pass
        return self.lost - before

    def lost_by(self, stall):
        """Stall for so many frames; returns the frames lost as (driver, model) count them."""
        before = self.rig.fifo.overwritten()
        self.wait(stall)
        lost = self.drain()
        return lost, self.rig.fifo.overwritten() - before


def counted(reader, stall):
    """As reader.lost_by, or None where the driver refuses to say."""
    try:
        return reader.lost_by(stall)
    except OSError:
        return None


def raises(act):
    try:
        act()
    except OSError as error:
        return error.args[0]
    raise AssertionError("no OSError")


def test_somebody_else_at_the_address():
    rig = Rig()
    tap = Tap(rig.i2c)
    tap.answers[0x0F] = 0x6B  # an LSM6DSR
    assert raises(lambda: LSM6DSO(tap)) == 19
    assert tap.writes == [], "a foreign chip is not written to"


def test_a_reset_that_does_not_end():
    tap = Tap(Rig().i2c)
    tap.answers[0x12] = 0x05
    assert raises(lambda: LSM6DSO(tap)) == 5


def test_start_up_writes():
    for odr, code in ODR.items():
        writes = Reader(odr=odr, watermark=300).bus.writes
        assert writes[0] == (0x12, 0x01), "the reset comes first"
        assert writes[-1] == (0x10, code << 4), "the first sample last, when all is set: +-2 g"
        between = dict(writes[1:-1])
        assert len(between) == len(writes) - 2
        assert between == {
            0x18: 0xE2,  # no I3C
            0x12: 0x44,  # BDU, IF_INC
            0x19: 0x20,  # timestamps count
            0x07: 300 & 0xFF,
            0x08: 300 >> 8,
            0x09: code,
            0x0A: 0x06,  # continuous
        }
        assert writes.index((0x09, code)) < writes.index((0x0A, 0x06)), "the rate before the mode"


def test_status_is_read_in_one_burst():
    reader = Reader()
    reader.wait(70)
    reader.bus.read = []
    reader.imu.level()
    assert reader.bus.read[0] == (0x3A, 2)
    assert all(register != 0x3B for register, _ in reader.bus.read)


def test_the_first_frame_alone():
    reader = Reader()
    while not reader.imu.level():
        reader.wait(1)
    assert reader.rig.feed.produced() == 1
    view = reader.views[1]
    reader.imu.read_into(view)
    assert bytes(view[1:]) == b"\x00\x00\x00\x00\x64\x00" and reader.imu.lost() == 0
    reader.next = 1
    reader.wait(200)
    assert reader.drain() == 0 and reader.next > 190


def test_starting_again_empties_the_fifo():
    reader = Reader()
    reader.wait(300)
    reader.burst()
    reader.imu = LSM6DSO(reader.bus)
    reader.next = None
    reader.wait(50)
    assert reader.drain() == 0
    assert reader.next == reader.rig.feed.position()
    assert 40 <= reader.seen - BURST <= 50


def test_every_frame_bit_for_bit():
    for odr in ODR:
        reader = Reader(12000, odr=odr, trim=3)
        k = 0
        while reader.next < 11000:
            reader.wait(1 + k * 37 % 90)
            reader.burst(1 + k * 11 % 64)
            k += 1
            if k % 5 == 0:
                reader.drain()
        assert reader.lost == 0 == reader.rig.fifo.overwritten()
        reader.drain()
        assert reader.seen == reader.rig.feed.produced()


def test_a_full_fifo_in_one_burst():
    reader = Reader()
    reader.wait(100)
    reader.drain()
    reader.wait(512)
    assert reader.imu.level() == 512
    assert reader.burst(512) == 512


def test_lost_is_what_was_overwritten():
    odr, trim = [int(argument) for argument in sys.argv[2:]]
    reader = Reader(80000, odr, trim)
    reader.wait(40)
    reader.drain()
    counted = set()

    def stall(frames):
        waiting = reader.imu.level()
        lost, overwritten = reader.lost_by(frames)
        assert lost == overwritten, (frames, lost, overwritten)
        assert abs(lost - max(0, waiting + frames - FIFO_WORDS)) <= 1, (frames, lost)
        counted.add(lost)

    stalls = 0
    while not set(range(9)) <= counted:
        reader.rig.clock.charge(stalls * 977 % reader.period_us)  # at any phase of a sample
        stall(508 + stalls % 16)
        stalls += 1
        assert stalls < 90, counted
    for frames in (600, 1023, 1024, 1025, 1026, 1027, 3000, 17001):
        stall(frames)
    assert reader.seen + reader.lost == reader.rig.feed.produced()


def test_overruns_in_a_row():
    for first in range(8):
        for second in range(8):
            reader = Reader(4000)
            reader.wait(100)
            reader.drain()
            reader.wait(FIFO_WORDS + first)
            reader.burst()
            reader.wait(BURST + second)
            reader.drain()
            assert reader.lost == reader.rig.fifo.overwritten(), (first, second, reader.lost)
            assert reader.lost >= first + second - 1
            reader.wait(700)
            reader.drain()
            assert reader.seen + reader.lost == reader.rig.feed.produced()


def test_an_overrun_inside_a_burst():
    for burst in (1, 5, 64):
        reader = Reader(4000)
        reader.wait(100)
        reader.drain()
        reader.wait(FIFO_WORDS)
        # The FIFO is full, the status is read; then a frame or two arrive before the words are.
        for arrivals in (1, 2, 3, 5):
            waiting = reader.imu.level()
            reader.wait(arrivals)
            view = reader.views[min(waiting, burst)]
            reader.imu.read_into(view)
            lost = reader.imu.lost()
            reader.lost += lost
            reader.next += lost
            assert view[1] | view[2] << 8 == reader.next, (burst, arrivals, lost)
            n = len(view) // 7
            reader.next += n
            reader.seen += n
            reader.wait(n)
        reader.drain()
        assert reader.lost == reader.rig.fifo.overwritten() > 0
        assert reader.seen + reader.lost == reader.rig.feed.produced()


def test_the_slot_counter_goes_on():
    reader = Reader()
    reader.wait(300)
    expected = None
    for _ in range(4):
        n = min(reader.imu.level(), 50)
        view = reader.views[n]
        reader.imu.read_into(view)
        for k in range(0, 7 * n, 7):
            count = view[k] >> 1 & 3
            assert view[k] >> 3 == 2 and expected in (None, count)
            expected = (count + 1) & 3


def test_a_corrupted_word_is_an_error():
    for word in (1, 2, 40, 63):  # the first word of a burst: see the next test
        for bits in (0x08, 0x80, 0x02, 0x04, 0x06):
            reader = Reader()
            reader.wait(100)
            reader.drain()
            reader.wait(64)
            reader.bus.corrupt = (7 * word, bits)
            assert raises(reader.burst) == 5, (word, bits)


def test_a_corrupted_first_word_is_an_error():
    for bits in (0x08, 0x10, 0x80, 0x02, 0x04, 0x06):
        reader = Reader()
        reader.wait(100)
        reader.drain()
        reader.wait(64)
        reader.bus.corrupt = (0, bits)
        assert raises(reader.burst) == 5, bits


def test_more_than_the_fifo_holds_is_an_error():
    reader = Reader()
    reader.wait(100)
    reader.drain()
    reader.wait(10)
    reader.imu.level()
    assert raises(lambda: reader.imu.read_into(reader.views[20])) == 5


def test_a_stall_before_the_first_read():
    for stall in (520, 521, 522, 523, 900):
        reader = Reader()
        reader.wait(4)
        assert reader.imu.level() > 0, "frame 0 is out of the FIFO already"
        both = counted(reader, stall)
        assert both is None or both[0] == both[1] > 0, (stall, both)


def test_a_stall_before_the_first_look():
    for stall in (520, 521, 522, 523, 900):
        both = counted(Reader(), stall)
        assert both is None or both[0] == both[1] > 0, (stall, both)


def test_the_rate_is_the_chips_own():
    for trim, mhz in ((0, 104166), (1, 104322), (-1, 104010), (20, 107291), (-20, 101041)):
        rate = Reader(trim=trim).imu.true_rate_mhz()
        assert abs(rate - mhz) <= 1, (trim, rate)
    assert abs(Reader(odr=208, trim=-128).imu.true_rate_mhz() - 168333) <= 1
    assert abs(Reader(odr=52, trim=127).imu.true_rate_mhz() - 62005) <= 1
    assert Reader(rate_mhz=103_900).imu.true_rate_mhz() == 103_900
    assert Reader().imu.mlsb_per_g == 16_393_443
    assert Reader(mlsb_per_g=16_500_000).imu.mlsb_per_g == 16_500_000


run(globals(), sys.argv[1])

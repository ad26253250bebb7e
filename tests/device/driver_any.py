"""Any driver against the register model of its chip. usage: driver_any.py TEST SENSOR BUS.

Frame k of the recording has k in its x, so that every frame that arrives tells its own number.
"""

import sys

import micropython
from crib.imu import bmi270_load
from crib.imu.spi import Registers
from failing_bus import FailingBus
from hardware.faults import FaultyBus
from virtual_rig import Rig, run

BURST = 64
I2C_TIMEOUT_US = 50_000  # of a whole transfer on an ESP32, where a board sets no longer one
# Driver and model: (class, nominal rate, frames that fit, whether it counts any loss exactly).
CHIPS = {
    "lsm6dso": ("LSM6DSO", 104, 512, True),
    "icm42688p": ("ICM42688P", 100, 255, True),
    "bmi270": ("BMI270", 100, 292, False),
}
bmi270_load.PATH = "made_up.cfg"
with open(bmi270_load.PATH, "wb") as f:
    f.write(bytes(range(256)) * 32)
SENSOR, BUS = sys.argv[2:4]
CLASS, ODR, CAPACITY, COUNTS = CHIPS[SENSOR]
Driver = getattr(__import__("crib.imu." + SENSOR, None, None, (CLASS,)), CLASS)


def bus_of(rig):
    return rig.i2c if BUS == "i2c" else Registers(rig.spi, rig.spi.select, rig.imu.spi_dummy)


class Reader:
    """Reads bursts and checks that each frame is the next of the recording, less the lost."""

    def __init__(self, frames=3000, permille=0, bus=None, bus_hz=400_000):
        rate_uhz = ODR * (1_000_000 + 1000 * permille)
        self.period_us = 1_000_000_000_000 // rate_uhz
        self.rig = Rig(frames, rate_uhz=rate_uhz, odr=ODR, sensor=SENSOR, bus_hz=bus_hz)
        self.bus = bus(self.rig) if bus else bus_of(self.rig)
        self.make()
        self.next = self.seen = self.lost = self.unknown = 0

    def make(self):
        """A driver, as at a start and behind a fault."""
        self.imu = Driver(self.bus, self.rig.address, accel_odr=ODR)
        stride = self.imu.STRIDE
        buffer = memoryview(bytearray(stride * CAPACITY))
        self.views = {k: buffer[: stride * k] for k in list(range(BURST + 1)) + [CAPACITY]}

    def wait(self, frames):
        """Let the time of so many frames pass, and a little more."""
        for _ in range(frames):
            self.rig.clock.charge(self.period_us)
        self.rig.clock.charge(self.period_us // 8)

    def words(self, view, k):
        """x, y, z of frame k of a burst, unsigned."""
        low = k * self.imu.STRIDE + self.imu.LOW_BYTE
        high = k * self.imu.STRIDE + self.imu.HIGH_BYTE
        return [view[low + at] | view[high + at] << 8 for at in (0, 2, 4)]

    def burst(self, most=BURST):
        """Read one burst; returns its frames."""
        n = min(self.imu.level(), most)
        if not n:
            return 0
        view = self.views[n]
        self.imu.read_into(view)
        lost = self.imu.lost()
        if lost < 0:
            self.unknown += 1
            lost = None
        self.check(view, n, lost)
        return n

    def check(self, view, n, lost):
        """The frames are in a row behind `lost` missing ones, None: behind at least one."""
        first = self.words(view, 0)[0]
        if self.next is None:  # behind a restart: any frame that has not been seen
            position = self.rig.feed.position()
            assert position - CAPACITY <= first < position and not lost
            self.next = first
        if lost is None:
            lost = first - self.next
            assert lost >= 1, (first, self.next)
        self.lost += lost
        self.next += lost
        for k in range(n):
            wanted = [value & 0xFFFF for value in (self.next, -self.next, 100 - self.next)]
            assert self.words(view, k) == wanted, (k, self.words(view, k), wanted, lost)
            self.next += 1
        self.seen += n

    def drain(self):
        while self.burst():
            pass

    def drain_any(self):
        """As `drain`, of frames whatever they say."""
        while n := min(self.imu.level(), BURST):
            self.imu.read_into(self.views[n])


def raises(act):
    try:
        act()
    except OSError as error:
        return error.args
    raise AssertionError("no OSError")


def test_every_frame_bit_for_bit():
    for permille in (0, 10, -10, 30, -30, 80, -80):
        reader = Reader(3000, permille)
        for k in range(30):
            reader.wait(1 + k * 37 % 90)
            reader.burst(1 + k * 11 % 64)
            if k % 5 == 0:
                reader.drain()
        reader.drain()
        assert reader.lost == 0 == reader.rig.fifo.overwritten() and reader.unknown == 0
        assert reader.seen == reader.rig.feed.produced() > 1000


def test_frame_0_is_the_first_one_seen():
    for wait in (1, 2, 3, 4, 5, 66, 100):
        reader = Reader()
        for _ in range(wait):
            reader.wait(1)
            reader.imu.level()
        reader.wait(BURST + 2)
        assert reader.burst() == BURST == reader.next and reader.lost == 0
        reader.drain()
        assert reader.seen == reader.rig.feed.produced()


def test_a_full_fifo_loses_nothing_and_one_more_frame_one():
    for more in range(3):
        reader = Reader()
        reader.wait(100)
        reader.drain()
        waiting = reader.imu.level()
        assert waiting == 0
        position = reader.rig.feed.position()
        while reader.rig.feed.position() < position + CAPACITY + more:
            reader.rig.clock.charge(reader.period_us // 4)
            reader.rig.imu.run(reader.rig.clock.take_due())
        reader.drain()
        overwritten = reader.rig.fifo.overwritten()
        assert overwritten == more == reader.lost, (more, overwritten, reader.lost)


def test_what_was_lost_is_counted_or_said_to_be_unknown():
    reader = Reader(30000)
    reader.wait(40)
    reader.drain()
    for stall in (2, 5, 9, 130, 254, 255, 256, 700, 1300):
        before = reader.unknown
        reader.wait(CAPACITY + stall)
        reader.drain()
        assert reader.lost == reader.rig.fifo.overwritten() > 0, stall
        assert not COUNTS or reader.unknown == before
    assert reader.seen + reader.lost == reader.rig.feed.produced()


def test_nothing_is_allocated():
    reader = Reader(20000)
    reader.wait(100)
    reader.drain()
    imu, view, clock = reader.imu, reader.views[64], reader.rig.clock

    def drains():
        for k in range(40):
            clock.charge(reader.period_us * 70)
            if k == 20:
                clock.charge(reader.period_us * CAPACITY)
            while imu.level() >= 64:
                imu.read_into(view)
                imu.lost()

    micropython.heap_lock()
    try:
        drains()
    finally:
        micropython.heap_unlock()
    assert reader.rig.fifo.overwritten() > 0


def test_a_burst_stays_below_the_time_out_of_a_slow_bus():
    reader = Reader(bus_hz=100_000)
    reader.wait(100)
    reader.burst(10)
    clock = reader.rig.clock
    longest = []
    take = reader.bus.readfrom_mem_into
    drain_us = 2000  # of the interpreter, charged with a burst

    class Timed:
        writeto_mem = reader.bus.writeto_mem

        def readfrom_mem_into(self, *arguments):
            before = clock.ticks_us()
            take(*arguments)
            longest.append(clock.ticks_us() - before - drain_us)

    reader.imu._bus = reader.imu._i2c = Timed()
    assert reader.burst() == BURST
    assert 0 < max(longest) < I2C_TIMEOUT_US, longest


def test_another_chip_at_the_address_is_named():
    for other in CHIPS:
        if other == SENSOR:
            continue
        rig = Rig(odr=CHIPS[other][1], sensor=other)
        code, told = raises(lambda rig=rig: Driver(rig.i2c, rig.address))
        name = other.replace("42688p", "-42688-p").upper()
        assert code == 19 and told.startswith(name + " answers, not "), told

    class Mute:
        def readfrom_mem_into(self, address, register, buf):
            buf[0] = 0xA5

    code, told = raises(lambda: Driver(Mute()))
    assert code == 19 and "0xa5" in told and "re-marked" in told, told


def test_nobody_at_the_address():
    assert raises(lambda: Driver(Rig(odr=ODR, sensor=SENSOR).i2c, 0x2A))[0] == 19


def failing_bus_of(rig):
    return FailingBus(bus_of(rig))


def test_a_transfer_that_fails_at_a_start():
    reader = Reader(30000, bus=failing_bus_of)
    transfers = reader.bus.count
    assert transfers > 8
    for n in range(transfers):
        reader.bus.n, reader.bus.byte = n, 0
        reader.bus.count = 0
        try:
            reader.make()
        except OSError:
            reader.bus.n = -1
            reader.make()
        reader.bus.n = -1
        reader.wait(30)
        reader.next = None
        assert reader.burst() > 20, n


def test_a_bus_that_is_held_while_it_starts_costs_one_time_out():
    if BUS == "spi":
        return
    reader = Reader(30000, bus=failing_bus_of)
    transfers = reader.bus.count
    clock = reader.rig.clock
    for n in range(transfers):
        clock.charge(2000)
        reader.bus.count = 0
        reader.bus.n = n
        reader.bus.held_by = clock
        before_ms = clock.now_ms()
        raises(reader.make)
        assert clock.now_ms() - before_ms < 1000, (n, clock.now_ms() - before_ms)
        reader.bus.n = -1
        reader.make()


def test_a_drain_that_fails_at_any_byte_gives_no_wrong_frame():
    for byte in (0, 1, 2, 3, 5, 6, 7, 8, 9, 15, 16, 100, 300):
        for n in range(4):
            reader = Reader(bus=failing_bus_of)
            reader.wait(100)
            reader.burst(20)
            reader.bus.count, reader.bus.n, reader.bus.byte = 0, n, byte
            try:
                reader.drain()
                assert n >= reader.bus.count
            except OSError:
                pass
            reader.bus.n = -1
            reader.make()  # as `sensing` does
            reader.wait(50)
            reader.next = None
            assert reader.burst() > 40


def test_a_reset_in_mid_stream_is_silence_or_an_error():
    reader = Reader()
    reader.wait(100)
    reader.drain()
    reader.wait(30)
    reader.rig.imu.power_cycle()
    for _ in range(10):
        reader.wait(20)
        try:
            assert not reader.burst()
        except OSError:
            break
    reader.make()
    reader.wait(50)
    reader.next = None
    assert reader.burst() > 40


def test_faults_that_are_ordered():
    if BUS == "spi":
        return
    reader = Reader()
    clock = reader.rig.clock
    rate_uhz = ODR * 1_000_000

    def faulty(**fault):
        fault["at_ms"] = clock.now_ms()
        bus = FaultyBus(reader.rig.i2c, clock, reader.rig.imu, rate_uhz, [fault])
        reader.imu._bus = reader.imu._i2c = bus

    reader.wait(20)
    faulty(kind="nack", byte=1, count=1)
    assert raises(reader.imu.level)[0] == 19
    assert reader.imu.level() > 10, "once"
    faulty(kind="stuck", for_ms=1000)
    before = clock.now_ms()
    assert raises(reader.imu.level)[0] == 110 and clock.now_ms() - before >= 200
    reader.wait(120)
    assert reader.imu.level() > 100, "it ends"
    reader.drain()
    faulty(kind="rate", permille=80)
    reader.imu.level()
    reader.drain()
    position = reader.rig.feed.position()
    clock.charge(10_000_000)
    reader.imu.level()
    frames = reader.rig.feed.position() - position
    assert abs(frames - 10.8 * ODR) <= 2, frames
    faulty(kind="value")
    reader.imu.level()
    reader.imu.read_into(reader.views[64])
    while reader.imu.level():
        reader.imu.read_into(reader.views[1])
    reader.wait(10)
    n = reader.imu.level()
    view = reader.views[n]
    reader.imu.read_into(view)
    assert n > 5 and all(reader.words(view, k) == reader.words(view, 0) for k in range(n))
    faulty(kind="reset")
    reader.imu.level()
    reader.wait(10)
    assert reader.imu.level() == 0


def test_jitter_moves_frames_and_loses_none():
    reader = Reader()
    reader.rig.feed.disturb(False, 5000)
    for _ in range(20):
        reader.wait(50)
        reader.drain()
    assert reader.lost == 0 and reader.seen > 900


def test_stop_leaves_what_is_in_the_fifo():
    reader = Reader()
    reader.wait(100)
    reader.drain()
    reader.wait(30)
    reader.imu.stop()
    produced = reader.rig.feed.produced()
    reader.wait(50)
    assert reader.rig.feed.produced() == produced
    reader.drain()
    assert reader.seen == produced


def test_the_rate_and_the_scale():
    rig = Rig(odr=ODR, sensor=SENSOR, freq_fine=0)
    imu = Driver(bus_of(rig), rig.address, accel_odr=ODR)
    assert abs(imu.true_rate_mhz() - 1000 * ODR) <= 170 and imu.FULL_SCALE_G == 2
    assert imu.mlsb_per_g in (16_384_000, 16_393_443)
    imu = Driver(bus_of(rig), rig.address, accel_odr=ODR, rate_mhz=99_000, mlsb_per_g=16_000_000)
    assert (imu.true_rate_mhz(), imu.mlsb_per_g) == (99_000, 16_000_000)


def test_the_temperature_follows_the_chips():
    reader = Reader()
    reader.wait(3)
    before = reader.imu.temperature()
    assert before in (2300, 2500)
    for degrees in (12, -30, 0.5):
        reader.rig.imu.warm(degrees)
        # An LSM6DSO is asked for whole degrees.
        assert -100 < reader.imu.temperature() - before - 100 * degrees < 2, degrees


def test_the_self_test():
    reader = Reader(frames=10)
    reader.wait(20)
    least, most, *moved = reader.imu.self_test()
    assert least <= min(moved) and max(moved) <= most, moved
    reader.rig.feed.disturb(True, 0)
    least, most, *moved = reader.imu.self_test()
    assert max(moved) < least, moved


def test_icm42688p_gives_each_packet_once_however_strictly_the_data_sheet_is_read():
    reader = Reader()
    reader.rig.imu.rereads = True
    reader.wait(100)
    reader.burst(64)
    reader.wait(100)
    while reader.burst(64 if reader.imu.level() >= 64 else 1):
        pass
    assert reader.lost == 0 and reader.seen == reader.rig.feed.produced()


class Flat:
    """A recording of a sensor that lies flat: z is 1 g."""

    def seek(self, at):
        pass

    def readinto(self, chunk):
        for at in range(5, len(chunk), 6):
            chunk[at] = 0x40
            for k in range(1, 6):
                chunk[at - k] = 0


def a_push_of(mg):
    """Whether a chip that lies flat and pushes itself by so much passes."""
    reader = Reader()
    reader.rig.feed._frames._source = Flat()
    reader.rig.imu._push_lsb = 16384 * mg // 1000
    reader.wait(20)
    least, most, *moved = reader.imu.self_test()
    reader.drain_any()
    reader.wait(8)
    n = reader.imu.level()
    view = reader.views[n]
    reader.imu.read_into(view)
    assert n > 5 and reader.words(view, n - 1)[2] == 16384, "it measures +-2 g again"
    return [least <= mg <= most for mg in moved]


def test_lsm6dso_that_pushes_too_much_fails_on_every_axis():
    assert a_push_of(1500) == [True] * 3
    assert a_push_of(2500) == a_push_of(30) == [False] * 3


def test_icm42688p_that_pushes_too_much_fails_on_every_axis():
    assert a_push_of(1100) == [True] * 3
    assert a_push_of(1500) == a_push_of(30) == [False] * 3


def test_icm42688p_counts_in_either_order_of_its_two_bytes():
    for low_first in (False, True):
        reader = Reader(30000)
        reader.rig.imu.lost_low_first = low_first
        reader.wait(40)
        reader.drain()
        for stall in (3, 254, 700, 5):
            reader.wait(CAPACITY + stall)
            reader.drain()
        assert reader.lost == reader.rig.fifo.overwritten() > 900 and reader.unknown == 0


def test_icm42688p_does_not_guess_the_order():
    for low_first in (False, True):
        reader = Reader(30000)
        reader.rig.imu.lost_low_first = low_first
        reader.wait(40)
        reader.drain()
        for stall, unknown in ((700, 1), (300, 2), (5, 3)):
            reader.wait(CAPACITY + stall)
            reader.drain()
            assert reader.unknown == unknown, "both bytes are in use"
        assert reader.lost == reader.rig.fifo.overwritten()


def test_icm42688p_writes_only_what_it_may():
    reader = Reader()
    reader.wait(100)
    reader.drain()
    reader.imu.self_test()
    reader.imu.stop()
    assert reader.rig.imu.breaches == 0


def test_icm42688p_that_sends_other_packets_is_none():
    for header in (0x00, 0x44, 0x48, 0x60, 0x68, 0x78, 0xC0, 0xFF):
        reader = Reader()
        reader.wait(40)
        reader.burst()
        reader.wait(8)
        reader.rig.fifo.mark_next(header or 0x100)
        reader.wait(8)
        code, told = raises(reader.burst)
        assert code == 5 and "re-marked" in told, hex(header)


def test_bmi270_says_when_its_own_count_is_at_its_end():
    reader = Reader(30000)
    reader.wait(40)
    reader.drain()
    for stall, unknown in ((3, 0), (250, 0), (258, 1), (700, 2), (5, 2)):
        reader.wait(CAPACITY + stall)
        reader.drain()
        assert reader.unknown == unknown, stall
    assert reader.lost == reader.rig.fifo.overwritten()


def test_bmi270_without_a_sound_file_says_which_and_what_to_do():
    reader = Reader(100)
    for content, told in ((None, "is missing"), (bytes(8191), "is not 8192 bytes long")):
        bmi270_load.PATH = "other.cfg"
        if content:
            with open("other.cfg", "wb") as f:
                f.write(content)
        reader.rig.clock.charge(2000)  # from the reset before
        error = raises(reader.make)
        assert "other.cfg " + told in error[1] and "--bmi270-config" in error[1], error


def test_bmi270_that_does_not_take_the_file_says_so():
    reader = Reader(100)
    reader.rig.imu._load = lambda count: None
    code, told = raises(reader.make)
    assert code == 5 and "Bosch's own" in told


def test_bmi270_comes_back_from_its_self_test():
    reader = Reader(30000)
    reader.wait(100)
    reader.drain()
    reader.imu.self_test()
    assert reader.imu.lost() == -1 and reader.imu.level() == 0
    reader.wait(80)
    passed, reader.next = reader.next, None
    assert reader.burst() == BURST and reader.next > passed + BURST + 40
    reader.drain()
    assert reader.unknown == reader.lost == 0


run(globals(), sys.argv[1])

"""The MPU family's driver against the register model. Run by name, with a chip.

Frame k of the recording has k in its x, so that every frame that arrives tells its own number.
"""

import errno
import sys

import micropython
from crib.imu.mpu6050 import MPU6050
from failing_bus import FailingBus
from mpu_rig import CHIPS, Rig, named, signed
from virtual_rig import run

CHIP = sys.argv[2]
WHO, SIZE, PACKET = CHIPS[CHIP]
FRAMES = SIZE // PACKET  # that fit
BURST = 64


class Tap:
    """The bus, listened to: registers written, reads, and answers changed at will."""

    def __init__(self, i2c):
        self._i2c = i2c
        self.writes = []
        self.read = None  # a list: (register, bytes) of each read
        self.answers = {}

    def writeto_mem(self, address, register, buf):
        self.writes.append((register, buf[0]))
        self._i2c.writeto_mem(address, register, buf)

    def readfrom_mem_into(self, address, register, buf):
        self._i2c.readfrom_mem_into(address, register, buf)
        if self.read is not None:
            self.read.append((register, len(buf)))
        if register in self.answers:
            buf[0] = self.answers[register]


class Reader:
    """Reads bursts and checks that each frame is the next of the recording, less the lost."""

    def __init__(
        self, frames=20000, rate_uhz=100_000_000, chip=CHIP, odr=100, i2c_hz=400_000, **settings
    ):
        self.rig = Rig(chip, frames, rate_uhz, odr, i2c_hz=i2c_hz)
        self.period_us = 1_000_000_000_000 // rate_uhz
        self.bus = Tap(self.rig.i2c)
        self.imu = MPU6050(
            self.bus, accel_odr=odr, ticks_us=self.rig.clock.ticks_us, chip=named(chip), **settings
        )
        self.next = 0
        self.seen = 0
        self.lost = 0
        self.unknown = 0
        packet = CHIPS[chip][2]
        buffer = memoryview(bytearray(packet * BURST))
        self.views = [buffer[: packet * k] for k in range(BURST + 1)]

    def wait(self, frames, and_us=None):
        """Let the time of so many frames pass, and a little more."""
        self.rig.clock.charge(frames * self.period_us)
        self.rig.clock.charge(self.period_us // 8 if and_us is None else and_us)

    def burst(self, most=BURST):
        """Read one burst; returns its frames."""
        n = min(self.imu.level(), most)
        if not n:
            return 0
        view = self.views[n]
        self.imu.read_into(view)
        lost = self.imu.lost()
        x = view[0] << 8 | view[1]
        if lost < 0:
            self.unknown += 1
            self.truth = lost = x - self.next
            assert lost >= 1
        self.lost += lost
        self.next += lost
        for k in range(0, len(view), self.imu.STRIDE):
            for axis, value in enumerate((self.next, -self.next, 100 - self.next)):
                at = k + 2 * axis
                got = signed(view[at], view[at + 1])
                assert got == (value & 0xFFFF ^ 0x8000) - 0x8000, (self.next, axis, got, lost)
            self.next += 1
        self.seen += n
        return n

    def drain(self):
        """Read until nothing waits; returns the frames that were lost."""
        before = self.lost
        while self.burst():
            pass
        return self.lost - before

    def live(self, seconds, rest_us=100_000):
        """As the main loop does, resting so long; returns the frames that were lost."""
        before = self.lost
        for k in range(seconds * 1_000_000 // rest_us):
            self.rig.clock.charge(rest_us + k * 617 % 4001)
            if self.imu.level() >= 16:
                self.drain()
        return self.lost - before


def raises(act):
    try:
        act()
    except OSError as error:
        return error
    raise AssertionError("no OSError")


def made(tap, rig, chip=CHIP):
    return MPU6050(tap, ticks_us=rig.clock.ticks_us, chip=named(chip))


def test_another_chip_of_the_family_is_named():
    for other in CHIPS:
        if other == CHIP:
            continue
        rig = Rig(other)
        tap = Tap(rig.i2c)
        code, told = raises(lambda tap=tap, rig=rig: made(tap, rig)).args
        assert code == 19 and told.startswith("%s answers, not %s:" % (named(other), named(CHIP)))
        assert tap.writes == [], "a foreign chip is not written to"


def test_a_stranger_is_named_or_called_one():
    for who, told in ((0x98, "ICM-20689 answers"), (0x47, "ICM-42688-P answers"), (0x33, "0x33")):
        rig = Rig(CHIP)
        tap = Tap(rig.i2c)
        tap.answers[0x75] = who
        tap.answers[0x0F] = 0x6C if who != 0x33 else 0  # of an MPU it means nothing
        error = raises(lambda tap=tap, rig=rig: made(tap, rig))
        assert told in error.args[1] and tap.writes == [], error


def test_a_re_marked_chip_is_found_out():
    # It says that it is an MPU-6050 and has an MPU-6500's reset value.
    rig = Rig("mpu6500")
    tap = Tap(rig.i2c)
    tap.answers[0x75] = 0x68
    error = raises(lambda: made(tap, rig, "mpu6050"))
    assert error.args[0] == 19 and "re-marked" in error.args[1], error


def test_nobody_at_the_address():
    rig = Rig(CHIP)
    assert (
        raises(lambda: MPU6050(rig.i2c, 0x69, ticks_us=rig.clock.ticks_us, chip=named(CHIP))).args[
            0
        ]
        == 19
    )


def test_start_up_writes():
    for odr, divider in ((50, 19), (100, 9)):
        writes = Reader(odr=odr).bus.writes
        assert writes[0] == (0x6B, 0x80), "the reset comes first"
        assert writes[-2:] == [(0x6A, 0x04), (0x6A, 0x40)], "the FIFO is reset while it is off"
        between = dict(writes[1:-2])
        wanted = {
            0x68: 0x07,
            0x6B: 0x01,  # PLL on gyroscope x
            0x6C: 0x03,  # the others in standby
            0x1A: 0x03,
            0x19: divider,
            0x1C: 0x00,  # +-2 g
            0x38: 0x10,
            0x23: 0x08,  # the accelerometer alone
        }
        if CHIP != "mpu6050":
            wanted[0x1A] = 0x43  # stop when full: keeps alignment
            wanted[0x1D] = 0x03
        assert between == wanted, between


def test_a_small_fifo_runs_at_100_hz_only():
    try:
        Reader(odr=200, rate_uhz=200_000_000)
    except ValueError:
        assert SIZE == 512
    else:
        assert SIZE == 1024


def test_the_count_is_read_in_one_burst():
    reader = Reader()
    reader.wait(70)
    reader.bus.read = []
    reader.burst()
    assert reader.bus.read == [(0x72, 2), (0x74, PACKET * 64), (0x3A, 1)]


def test_a_burst_is_shorter_than_the_bus_timeout():
    # 50 ms: MicroPython's machine.I2C on an ESP32. At 100 kHz a bit takes 10 us, a byte nine.
    from crib import config

    assert (config.BURST * PACKET + 3) * 9 * 10 < 50_000


def test_every_frame_bit_for_bit():
    for odr in (50, 100):
        reader = Reader(9000, odr * 1_000_000, odr=odr)
        k = 0
        while reader.next < 8000:
            reader.wait(1 + k * 37 % 25)
            reader.burst(1 + k * 11 % 64)
            k += 1
            if k % 3 == 0:
                reader.drain()
        assert reader.lost == 0 == reader.rig.fifo.overwritten()
        reader.drain()
        assert reader.seen == reader.rig.feed.produced()


def test_up_to_the_last_packet_but_one_nothing_is_lost():
    reader = Reader()
    reader.wait(20)
    reader.drain()
    reader.wait(FRAMES - 1)
    assert reader.imu.level() in (FRAMES - 1, FRAMES - 2)
    assert reader.drain() == 0 and reader.next >= FRAMES


def test_a_stall_is_counted_exactly():
    for rate_uhz in (100_000_000, 92_000_000, 97_000_000, 99_000_000, 101_000_000, 103_000_000):
        reader = Reader(60000, rate_uhz)
        reader.live(70)
        stalls = 0
        for frames in (FRAMES + 1, FRAMES + 2, FRAMES + 9, 300, 411, 777, 1100, 1501):
            for phase in range(3):
                reader.wait(frames, phase * 3001)
                stalls += 1
                reader.live(12)
                assert reader.lost >= frames - 1
        # Each frame behind a stall was the one that it should have been: burst() looked.
        assert reader.unknown <= stalls // 8, (rate_uhz, reader.unknown, stalls)
        reader.drain()
        assert reader.seen + reader.lost == reader.next == reader.rig.feed.position()


def test_a_long_absence_is_not_guessed():
    reader = Reader(60000)
    reader.live(40)
    reader.wait(3500)
    reader.live(3)
    assert reader.unknown == 1 and 3490 < reader.lost < 3520


def test_just_after_the_start_nobody_knows_or_it_is_right():
    for stall in range(FRAMES + 1, FRAMES + 40, 3):
        reader = Reader()
        reader.wait(5)
        reader.drain()
        reader.wait(stall)
        reader.live(2)
        assert reader.lost >= stall - 8 and reader.unknown <= 1


def test_stalls_in_a_row():
    reader = Reader(60000)
    reader.live(60)
    for _ in range(10):
        reader.wait(FRAMES + 30)
        assert reader.imu.level() == 0
        reader.wait(FRAMES + 10)
        assert reader.imu.level() == 0
        reader.wait(20)
        reader.drain()
    reader.drain()
    assert reader.seen + reader.lost == reader.next and reader.lost >= 10 * (2 * FRAMES + 40)
    assert reader.unknown <= 2


def test_a_count_that_is_no_whole_number_of_packets_empties_the_fifo():
    if PACKET == 8:
        return  # of which 256 are a multiple
    reader = Reader()
    reader.live(60)
    reader.wait(30)
    reader.bus.answers[0x72] = 1  # the count's upper byte: 256 bytes more
    assert reader.imu.level() == 0
    del reader.bus.answers[0x72]
    reader.live(2)
    assert 28 <= reader.lost <= 50 and reader.unknown == 0


def test_what_is_unknown_once_stays_so_until_it_is_told():
    reader = Reader()
    reader.live(60)
    for came in (-1, 200):
        reader.imu.arrivals.came = lambda now, within, came=came: came
        reader.wait(FRAMES + 5)
        assert reader.imu.level() == 0
    reader.wait(20)
    reader.drain()
    assert reader.unknown == 1


def test_an_overrun_inside_a_burst_is_an_error():
    reader = Reader()
    reader.wait(60)
    n = reader.imu.level()
    reader.wait(FRAMES)
    error = raises(lambda: reader.imu.read_into(reader.views[n]))
    assert error.args[0] == 5


def test_a_reset_of_the_chip_is_an_error_or_silence():
    reader = Reader()
    reader.wait(60)
    assert reader.imu.level() >= 60
    reader.rig.imu.power_cycle()
    assert raises(reader.imu.level).args[0] == 5
    reader = Reader()
    reader.wait(60)
    reader.drain()
    reader.rig.imu.power_cycle()
    reader.wait(60)
    assert reader.imu.level() == 0


def test_the_rate_is_measured():
    for rate_uhz in (100_000_000, 92_000_000, 96_543_210, 103_000_000, 108_000_000):
        for i2c_hz, within in ((400_000, 0.0007), (100_000, 0.0015)):
            reader = Reader(rate_uhz=rate_uhz, i2c_hz=i2c_hz)
            mhz = reader.imu.true_rate_mhz()
            assert abs(mhz * 1000 / rate_uhz - 1) < within, (rate_uhz, i2c_hz, mhz)
            reader.next = reader.rig.feed.position()  # what measuring took is nobody's
            reader.wait(30)
            reader.burst()
            assert reader.lost == 0


def test_no_rate_from_a_sensor_that_is_silent():
    reader = Reader()
    reader.rig.w(0x6C, 0x3F)
    assert raises(reader.imu.true_rate_mhz).args[0] == 5


def test_what_the_board_knows_better():
    assert Reader(rate_mhz=103_900).imu.true_rate_mhz() == 103_900
    assert Reader().imu.mlsb_per_g == 16_384_000
    assert Reader(mlsb_per_g=16_500_000).imu.mlsb_per_g == 16_500_000


def test_stop_leaves_what_is_in_the_fifo():
    reader = Reader()
    reader.wait(50)
    reader.drain()
    reader.wait(30)
    reader.imu.stop()
    produced = reader.rig.feed.produced()
    reader.wait(50)
    assert reader.rig.feed.produced() == produced
    reader.drain()
    assert reader.seen == produced


def test_a_worst_erase_costs_nothing():
    # imu.md, 1: a FIFO of 512 bytes outlasts 400 ms at 100 Hz. The erase comes behind a rest, with
    # what a drain leaves waiting.
    from hardware.costs import ERASE_US, ERASE_WORST_US
    from hardware.nor import Nor

    reader = Reader()
    image = open("flash.bin", "w+b")
    image.write(b"\xff" * 65536)
    flash = Nor(image, reader.rig.clock, worst_every=5)
    for _ in range(40):
        while True:
            reader.rig.clock.charge(reader.imu.REST_MS * 1000)
            n = reader.imu.level()
            if n >= reader.imu.WATERMARK:
                reader.burst(16)
            elif n >= 13:
                break
        reader.rig.clock.charge(reader.imu.REST_MS * 1000)
        for block in range(5):  # one of five is a worst one
            flash.ioctl(6, block)
        assert reader.drain() == 0
    assert flash.erases == 200 and ERASE_WORST_US == 400_000 and ERASE_US == 45_000
    assert reader.lost == 0 == reader.rig.fifo.overwritten() and reader.seen > 2000


def test_a_transfer_that_fails_at_a_start():
    rig = Rig(CHIP, 30000)
    bus = FailingBus(rig.i2c)
    made(bus, rig)
    transfers = bus.count
    assert transfers > 12
    for n in range(transfers):
        bus.n, bus.byte, bus.count = n, 0, 0
        assert raises(lambda: made(bus, rig)).args[0] == 116
        imu = made(bus, rig)
        rig.wait_frames(30)
        assert imu.level() >= 29, n


def test_a_drain_that_fails_at_any_byte_gives_no_wrong_frame():
    for byte in (0, 1, 2, 5, 6, 7, 8, 15, 16, 100):
        for n in range(4):
            reader = Reader()
            reader.wait(60)
            reader.burst(20)
            bus = reader.imu._bus = FailingBus(reader.bus)
            bus.n, bus.byte = n, byte
            try:
                reader.drain()  # which holds each frame against the recording
                assert n >= bus.count
            except OSError:
                pass
            # As `sensing` does: a driver made anew knows nothing of what was left behind.
            bus.n = -1
            imu = made(bus, reader.rig)
            reader.wait(50)
            waiting = imu.level()
            view = reader.views[waiting]
            imu.read_into(view)
            first = reader.rig.feed.position() - waiting - imu.level()
            assert (view[0] << 8 | view[1]) == first


def test_jitter_moves_frames_and_loses_none():
    reader = Reader()
    reader.rig.feed.disturb(False, 5000)
    assert reader.live(60) == 0 and reader.seen > 5900


def test_over_spi():
    if CHIP == "mpu6050":
        return  # which has none
    from crib.imu.spi import Registers
    from hardware.spi import SPI

    rig = Rig(CHIP, 20000)
    spi = SPI(rig.clock, rig.imu)
    bus = Registers(spi, spi.select)
    imu = made(bus, rig)
    reader = Reader()
    reader.rig, reader.imu, reader.bus = rig, imu, bus
    assert reader.live(30) == 0 and reader.seen > 2900
    reader.wait(FRAMES + 30)
    reader.live(5)
    assert reader.lost >= FRAMES + 28
    small = SIZE == 512
    try:
        rig.i2c.readfrom_mem_into(0x68, 0x75, bytearray(1))
    except OSError:
        assert small, "their I2C is off, so that SPI's traffic is not taken for it"
    else:
        assert not small


def test_nothing_is_allocated():
    reader = Reader(60000)
    clock, imu = reader.rig.clock, reader.imu
    i2c = reader.rig.i2c
    imu._bus = i2c  # the tap keeps lists
    view = reader.views[16]
    counts = [0, 0]

    def turns(k):
        while k:
            k -= 1
            clock.charge(100_003)
            if imu.level() >= 16:
                imu.read_into(view)
                counts[0] += 16
                if imu.lost():
                    counts[1] += 1
            if k % 400 == 0:
                clock.charge(3_000_000)  # and it runs over
            if k == 700:
                clock.charge(40_000_000)

    turns(1)
    micropython.heap_lock()
    try:
        turns(2000)
    finally:
        micropython.heap_unlock()
    assert counts[0] > 15000 and counts[1] == 6, counts


def test_from_the_fifo_through_the_detector_nothing_is_allocated():
    from crib.detector import Detector
    from crib.sampler import Sampler
    from crib.settings import DEFAULTS

    rig = Rig(CHIP, 30000)
    imu = made(rig.i2c, rig)
    bytes_of_x = imu.STRIDE, imu.LOW_BYTE, imu.HIGH_BYTE
    detector = Detector(DEFAULTS, 100_000, imu.mlsb_per_g, *bytes_of_x)
    sampler = Sampler(imu, detector)
    assert sampler.watermark == imu.WATERMARK == 16

    def turns(count):
        gaps = 0
        for _ in range(count):
            n = sampler.poll()
            while n:
                if n < 0:
                    gaps += 1
                    detector.skip(sampler.lost)
                n = sampler.poll()
            rig.clock.idle(imu.REST_MS)
        return gaps

    turns(600)
    micropython.heap_lock()
    try:
        gaps = turns(300)
        for _ in range(3):
            rig.clock.charge(8_000_000)  # the FIFO runs over
            gaps += turns(200)
    finally:
        micropython.heap_unlock()
    last = detector.ring[(detector.index - 1 & 511) * 3] ^ 0x8000
    assert gaps == 3 and detector.in_gaps >= 3 * (800 - FRAMES), (gaps, detector.in_gaps)
    assert detector.seen + detector.in_gaps == detector.index == last + 1, "frame for frame"


def test_the_temperature_follows_the_chips():
    reader = Reader()
    assert abs(reader.imu.temperature() - 2500) <= 1
    for degrees in (12, -30, 0.5):
        reader.rig.imu.warm(degrees)
        assert abs(reader.imu.temperature() - 2500 - 100 * degrees) <= 1, degrees


def test_self_test():
    reader = Reader()
    reader.wait(20)
    reader.drain()
    # What the model's trim promises: code 18 of the MPU-6050, 96 of the others.
    promised = 597.6 if CHIP == "mpu6050" else 411.6
    limits = (0.86, 1.14) if CHIP == "mpu6050" else (0.5, 1.5)
    for percent in (100, 130, 40, 0):
        reader.rig.imu.push_percent = percent
        before = reader.rig.feed.position()
        least, most, *moved = reader.imu.self_test()
        assert abs(least - limits[0] * promised) < 2 and abs(most - limits[1] * promised) < 2
        for mg in moved:  # the ramp adds 20 LSB
            assert abs(mg - promised * percent / 100) <= 7, (percent, moved)
        # Its frames are all in the FIFO, and what comes next is the mattress again.
        came = reader.rig.feed.position() - before
        assert came < FRAMES - 2
        waiting = reader.imu.level()
        assert waiting >= came - 1
        while waiting:
            n = min(waiting, BURST)
            reader.imu.read_into(reader.views[n])
            assert reader.imu.lost() == 0
            waiting -= n
        reader.next = reader.rig.feed.position() - reader.imu.level()
        reader.wait(20)
        reader.burst()


def test_self_test_without_a_trim():
    reader = Reader()
    reader.wait(20)
    for k in range(4):
        reader.rig.imu._regs[0x0D + k] = 0
    least, most, *moved = reader.imu.self_test()
    if CHIP == "mpu6050":
        assert moved == [0, 0, 0] and least > 0, "nobody knows what it should be: it fails"
    else:
        assert (least, most) == (225, 675) and least < min(moved) < most, moved


def test_self_test_of_a_sensor_that_is_silent():
    reader = Reader()
    reader.rig.w(0x6C, 0x3F)
    assert raises(reader.imu.self_test).args[0] == errno.ETIMEDOUT


run(globals(), sys.argv[1])

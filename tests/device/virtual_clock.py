"""The clock: what is charged, what jumps, what sleeps. Run by name."""

import sys
import time

from hardware import bus, costs
from hardware.clock import Clock, ticks_diff
from hardware.feed import NEVER_US
from virtual_rig import BYTE_NS, NoConsole, Rig, run


class StillSensor:
    lived_us = 0
    plays_now = True

    def run(self, us):
        self.lived_us += us

    def until_watermark_us(self):
        return NEVER_US

    def plays(self):
        return self.plays_now

    def over(self):
        return False


def passed_ms(clock, act, *args):
    wall, start = time.ticks_ms(), clock.now_ms()
    act(*args)
    return ticks_diff(clock.now_ms(), start), time.ticks_diff(time.ticks_ms(), wall)


def test_ticks_wrap_at_2_to_the_30():
    clock = Clock(0, NoConsole(), StillSensor())
    for _ in range(5):
        clock.charge(268_000_000)
    total_us = 5 * 268_000_000
    assert 0 <= clock.ticks_us() - total_us % (1 << 30) <= 2 * costs.TICKS_US
    assert clock.ticks_ms() == 1_340_000
    assert ticks_diff(5, (1 << 30) - 5) == 10 and ticks_diff((1 << 30) - 5, 5) == -10
    assert ticks_diff(7, 3) == 4 and ticks_diff(0, 1 << 29) == -(1 << 29)


def test_the_sensor_lives_every_microsecond():
    sensor = StillSensor()
    clock = Clock(0, NoConsole(), sensor)
    for us in (1, 999, 250_000_000, 250_000_000, 7):
        clock.charge(us)
    assert sensor.lived_us + clock.take_due() == 500_001_007


def test_idling_jumps_at_the_greatest_speed():
    clock = Clock(0, NoConsole(), StillSensor())
    board_ms, wall_ms = passed_ms(clock, clock.idle, 50_000)
    assert board_ms == 50_000 and wall_ms < 1000


def test_idling_ends_at_the_watermark():
    rig = Rig()
    rig.sample(watermark=64)
    rig.clock.idle(10_000)
    assert rig.level() == 64
    rig.words(60)
    rig.clock.idle(100)
    assert rig.level() in (14, 15), "or when the time is up"
    before = rig.clock.now_ms()
    rig.wait_frames(64)
    rig.clock.idle(10_000)
    assert rig.clock.now_ms() - before < 64 * 10 + 2, "at once where it is reached already"


def test_idling_always_moves_on():
    rig = Rig()
    rig.sample(watermark=1)
    rig.wait_frames(5)
    before = rig.clock.now_ms()
    for _ in range(100):
        rig.clock.idle(500)
    assert rig.clock.now_ms() - before >= 100 * costs.IDLE_US // 1000


def test_idling_sleeps_when_nothing_plays():
    sensor = StillSensor()
    sensor.plays_now = False
    console = NoConsole()
    console.wait = time.sleep_ms
    clock = Clock(0, console, sensor)
    board_ms, wall_ms = passed_ms(clock, clock.idle, 60)
    assert 60 <= wall_ms < 500 and 59 <= board_ms <= wall_ms + 1


def test_idling_returns_when_input_waits():
    console = NoConsole()
    console.input_waits = True
    for permille in (0, 1000):
        clock = Clock(permille, console, StillSensor())
        board_ms, _ = passed_ms(clock, clock.idle, 1000)
        assert board_ms < 100


def test_a_paced_clock_follows_the_wall():
    console = NoConsole()
    console.wait = time.sleep_ms
    for permille in (1000, 20_000):
        clock = Clock(permille, console, StillSensor())
        board_ms, wall_ms = passed_ms(clock, clock.idle, 60 * permille // 1000)
        assert 60 <= wall_ms < 500, wall_ms
        # Both are cut to whole milliseconds, of which the wall's count `permille` thousandths.
        off_ms = board_ms - wall_ms * permille // 1000
        assert abs(off_ms) <= permille // 500 + 2, (board_ms, wall_ms)


def test_what_is_charged_at_1x_is_waited_for():
    clock = Clock(1000, NoConsole(), StillSensor())

    def spend():
        for _ in range(20):
            clock.charge(10_000)

    board_ms, wall_ms = passed_ms(clock, spend)
    assert wall_ms >= 170 and 195 <= board_ms <= 230 + wall_ms - 170, (board_ms, wall_ms)


def test_the_bus_takes_nine_bits_a_byte():
    rig = Rig()
    for hz, byte_ns in ((400_000, BYTE_NS), (100_000, 90_000)):
        rig.i2c.init(hz)
        rig.clock.take_due()
        rig.r(0x00, 2)
        # What came before the chip answered is the sensor's already.
        assert rig.clock.take_due() == 2 * byte_ns // 1000
        rig.w(0x0D, 0)
        rig.r(0x78, 448)
        assert rig.clock.take_due() == costs.DRAIN_US + 448 * byte_ns // 1000
    clock = Clock(0, NoConsole(), StillSensor())
    i2c = bus.I2C(clock, rig.imu, 400_000)
    rig.imu.attach(clock)
    before = clock.now_ms()
    for _ in range(1000):
        i2c.writeto_mem(0x6A, 0x0D, b"\x00")
    assert clock.now_ms() - before == (3 * BYTE_NS // 1000 + costs.I2C_TRANSFER_US)


def test_the_line_is_busy_until_its_bytes_are_out():
    clock = Clock(0, NoConsole(), StillSensor())
    fifo_us = 128 * 87
    for _ in range(100):
        clock.occupy_line(128 * 87, fifo_us)
    assert clock.now_ms() == 99 * 128 * 87 // 1000
    clock.charge(fifo_us)
    before = clock.now_ms()
    clock.occupy_line(128 * 87, fifo_us)
    assert clock.now_ms() == before, "an empty transmit FIFO takes 128 bytes at once"


run(globals(), sys.argv[1])

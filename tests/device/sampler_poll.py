"""The whole of sampler.poll(), virtual sensor included: heap, gaps, bursts. Run by name."""

import sys

import micropython
import virtual_rig
from crib import config
from crib.detector import Detector
from crib.imu.lsm6dso import LSM6DSO
from crib.sampler import SPAN, Sampler
from crib.settings import DEFAULTS
from virtual_rig import Rig, run

RATE_MHZ = 104_000
FIFO_FRAMES = 512


def mattress_file(frames):
    """Noise on gravity, and a third of a second of movement in every twelve seconds."""
    seed = 1
    with open("mattress.i16", "wb") as f:
        line = bytearray(6)
        for k in range(frames):
            size = 12 if k % 1248 < 34 else 3
            for axis in range(3):
                seed = (seed >> 1) ^ (0xB400 if seed & 1 else 0)
                v = (seed & ((1 << size) - 1)) - (1 << size - 1) + (16384 if axis == 2 else 0)
                line[2 * axis] = v & 0xFF
                line[2 * axis + 1] = v >> 8 & 0xFF
            f.write(line)
    return open("mattress.i16", "rb")


class Bench:
    """A rig with driver, detector and sampler, as `sensing` puts them together."""

    def __init__(self, frames, settings=DEFAULTS):
        self.rig = Rig(frames)
        imu = LSM6DSO(self.rig.i2c, rate_mhz=RATE_MHZ)
        self.detector = Detector(
            settings, RATE_MHZ, imu.mlsb_per_g, imu.STRIDE, imu.LOW_BYTE, imu.HIGH_BYTE
        )
        imu.rate_mhz = RATE_MHZ
        self.sampler = Sampler(imu, self.detector, self.rig.clock.ticks_ms)
        self.frames = self.events = self.gaps = 0

    def turns(self, count):
        """So many turns of a loop that does nothing else."""
        sampler = self.sampler
        for _ in range(count):
            n = sampler.poll()
            while n:
                if n < 0:
                    self.gaps += 1
                    self.detector.skip(sampler.lost)
                else:
                    self.frames += n
                    self.events += sampler.closed
                n = sampler.poll()
            self.rig.clock.idle(500)


def locked(act):
    """Run act(), which must not allocate. Raises MemoryError where it does."""
    micropython.heap_lock()
    try:
        return act()
    finally:
        micropython.heap_unlock()


def test_nothing_is_allocated():
    virtual_rig.ramp_file = mattress_file
    bench = Bench(104 * 400)
    bench.turns(3)

    def minutes():
        for _ in range(6):
            bench.turns(110)
            bench.rig.clock.charge(8_000_000)  # the FIFO runs over
        bench.turns(10)

    locked(minutes)
    found = bench.frames, bench.events, bench.gaps
    assert found[0] > 104 * 200 and found[1] > 10 and found[2] == 6, found
    assert bench.detector.in_gaps == bench.rig.fifo.overwritten() > 0
    assert bench.sampler.notes == SPAN, "frames that come at their rate are not odd, nor is a gap"


def test_a_locked_heap_would_notice():
    grown = []
    try:
        locked(lambda: grown.append(bytearray(8)))
    except MemoryError:
        return
    raise AssertionError("an allocation went unnoticed")


def test_every_frame_once_and_in_bursts():
    bench = Bench(104 * 60)
    waits = (0, 60, 63, 64, 65, 127, 128, 129, 200, 400)
    frame = 0
    for wait in waits:
        bench.rig.wait_frames(wait)
        n = bench.sampler.poll()
        while n:
            assert n <= config.BURST
            buffer = bench.sampler.buffer
            for k in range(n):
                assert buffer[7 * k + 1] | buffer[7 * k + 2] << 8 == frame
                frame += 1
            assert bench.detector.index == bench.detector.seen == frame
            n = bench.sampler.poll()
        waiting = bench.sampler.imu.level()
        assert waiting < config.WATERMARK
        assert frame + waiting == bench.rig.feed.produced()
    assert bench.sampler.fifo_high >= 400


def test_too_few_are_left_alone():
    bench = Bench(1000)
    bench.rig.wait_frames(50)
    assert bench.sampler.poll() == 0 and bench.detector.seen == 0
    bench.sampler.watermark = 1
    bench.rig.imu.write(0x10, b"\x00")
    waiting = bench.sampler.imu.level()
    assert waiting > 40
    n = bench.sampler.poll()
    while n:
        n = bench.sampler.poll()
    assert bench.sampler.poll() == 0 and bench.detector.seen == waiting


def test_a_gap_is_said_before_the_frames_behind_it():
    bench = Bench(6000)
    bench.turns(3)
    seen = bench.detector.seen
    bench.rig.wait_frames(700)
    assert bench.sampler.poll() == -1
    lost = bench.sampler.lost
    assert lost > 150
    assert bench.detector.seen == bench.detector.index == seen, "the burst is held back"
    first = bench.sampler.buffer[1] | bench.sampler.buffer[2] << 8
    assert first == seen + lost
    bench.detector.skip(lost)
    assert bench.sampler.poll() == config.BURST
    assert bench.detector.index == seen + lost + config.BURST
    assert bench.detector.ring[(first & 511) * 3] == first ^ 0x8000, "and not read twice"
    bench.turns(20)
    assert bench.detector.seen + bench.detector.in_gaps == bench.detector.index
    assert bench.detector.in_gaps == bench.rig.fifo.overwritten()
    assert bench.detector.index + bench.sampler.imu.level() == bench.rig.feed.produced()


def test_a_burst_outlives_an_interruption():
    bench = Bench(2000)
    bench.rig.wait_frames(100)
    step = bench.detector.step

    def interrupted(burst, n):
        raise KeyboardInterrupt

    bench.detector.step = interrupted
    try:
        bench.sampler.poll()
        raise AssertionError("no KeyboardInterrupt")
    except KeyboardInterrupt:
        pass
    bench.detector.step = step
    assert bench.sampler.poll() == config.BURST and bench.detector.seen == config.BURST
    assert bench.sampler.buffer[1] == 0


def test_a_segment_open_at_a_gap_is_dropped():
    virtual_rig.ramp_file = mattress_file
    bench = Bench(104 * 60)
    while not bench.detector.active:
        bench.turns(1)
    bench.detector.skip(100)
    assert not bench.detector.active and bench.detector.warm == 104


run(globals(), sys.argv[1])

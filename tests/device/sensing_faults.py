"""Each fault of the sensor becomes a named gap of the right length, and sampling goes on. By name.

Frame k of the recording has k in its x, so that the gap can be held against what was missed.
"""

import struct
import sys

import mpu_rig
from crib import records, selftest, settings, status
from crib.clock import Clock
from crib.health import Health
from crib.imu.lsm6dso import LSM6DSO
from crib.imu.mpu6050 import MPU6050
from crib.protocol import Refused
from crib.recorder import Recorder
from crib.sensing import Sensing
from virtual_rig import RATE_UHZ, Rig, run

RATE_MHZ = 104_000
NAMES = {
    records.GAP: ("first", "frames", "duration_ms", "reason"),
    records.STATE: ("first", "frames", "state", "reason"),
}
NEAR = 4  # frames: a turn's own length, and the two that are invalid after a start


class Faulty:
    """The bus, with a plug, and with transfers that fail when they are told to."""

    def __init__(self, i2c):
        self._i2c = i2c
        self.plugged = True
        self.fail = {}  # register -> how many transfers from now the one that fails is

    def _pass(self, register):
        if register in self.fail:
            self.fail[register] -= 1
            if self.fail[register] == 0:
                del self.fail[register]
                raise OSError(116)
        if not self.plugged:
            raise OSError(19)

    def readfrom_mem_into(self, address, register, buf):
        self._pass(register)
        self._i2c.readfrom_mem_into(address, register, buf)

    def writeto_mem(self, address, register, buf):
        self._pass(register)
        self._i2c.writeto_mem(address, register, buf)


class Log:
    """Stands in for the journal, and for its shelf: keeps the records."""

    folder = "."
    lost = given_up = fact_bytes = 0

    def __init__(self):
        self.shelf = self
        self.body = bytearray(2400)
        self.records = []

    def append(self, kind, frame, end):
        struct.pack_into("<BBII", self.body, 0, kind, 1, len(self.records), frame)
        record = {"type": kind}
        fields = struct.unpack_from(records.LAYOUTS[kind], self.body, records.HEAD_BYTES)
        record.update(zip(NAMES.get(kind, ()), fields))
        self.records.append(record)

    def of(self, kind):
        return [record for record in self.records if record["type"] == kind]

    def free_bytes(self):
        return 0

    def acked(self):
        return 0

    def closed(self):
        return ()


class Line:
    """Stands in for server and listener: keeps the words."""

    def __init__(self):
        self.lines = []

    def text(self, line):
        self.lines.append(line)

    def record(self, body, n):
        pass

    def event(self, fields):
        pass


class Bench:
    """`sensing` on a board whose frames are followed from the mattress into the detector."""

    def __init__(self, rate_mhz=RATE_MHZ, plugged=True):
        self.rig = self.make_rig()
        self.bus = Faulty(self.rig.i2c)
        self.bus.plugged = plugged
        self._rate_mhz = rate_mhz
        self.ticks_ms = self.rig.clock.ticks_ms
        self.log = self.journal = Log()
        self.health = Health(self, 0)
        self.line = self.server = Line()
        self.board = self
        self.clock = Clock(self)
        self.recorder = Recorder(self.log, self.line)
        self.settings = settings.DEFAULTS
        self.sensing = Sensing(self, self.clock, self.recorder, self.line, self)
        self.ahead = 0  # frames by which the frame counter is ahead of the mattress
        self.bursts = 0
        self._watched = None
        if self.sensing.connect():
            self.watch()

    def describe(self, imu):
        pass

    def watch(self):
        self.recorder.watch(self.sensing.detector)

    def make_rig(self):
        return Rig(30000)

    def counted(self):
        return 0, 0, 0

    def make_imu(self):
        return LSM6DSO(self.bus, rate_mhz=self._rate_mhz)

    def ticks_diff(self, end, start):
        return end - start

    def turn(self, ms=500):
        """One turn of the main loop, then a rest that no watermark ends, as on a real board."""
        self.clock.poll()
        self.sensing.poll()
        if self.sensing.detector and not self._watched:
            self._watched = self.sensing.detector.step
            self.sensing.detector.step = self._step
        self.rig.clock.charge(ms * 1000)

    def turns(self, seconds):
        for _ in range(2 * seconds):
            self.turn()

    def _step(self, burst, n):
        self.ahead = self.sensing.detector.index - (burst[1] | burst[2] << 8)
        self.bursts += 1
        return self._watched(burst, n)

    def gaps(self):
        """(reason, frames) of each gap record so far."""
        return [
            (records.GAP_REASONS[gap["reason"]], gap["frames"]) for gap in self.log.of(records.GAP)
        ]


def going(bench):
    """The bench, once its frames are coming and agree with the mattress."""
    bench.turn(0)
    bench.turns(10)
    assert bench.bursts > 5 and bench.ahead == 0 and bench.gaps() == []
    return bench


def check_one_gap(bench, reason, shortest_s, longest_s):
    """Frames come again, behind one gap of this name that is as long as what was missed."""
    gaps = bench.gaps()
    assert [name for name, _ in gaps] == [reason], gaps
    frames = gaps[0][1]
    assert shortest_s * 104 <= frames <= longest_s * 104, frames
    assert abs(bench.ahead) <= NEAR, (bench.ahead, frames)
    detector = bench.sensing.detector
    assert bench.sensing.fault == "none"
    assert detector.in_gaps == frames
    assert detector.seen + frames == detector.index
    assert "reason=%s frames=%d" % (reason, frames) in " ".join(bench.line.lines)
    told = [r["frames"] for r in bench.log.of(records.STATE) if r["reason"] == records.AFTER_GAP]
    assert told == [max(104, 1040 - bench.log.of(records.GAP)[0]["first"])]


def corrupt_a_burst(fifo):
    """Flip a bit in the tag of a word of the next burst."""
    take = fifo.take

    def corrupt(buf, byte):
        take(buf, byte)
        buf[21] ^= 0x08
        fifo.take = take

    fifo.take = corrupt


def test_one_failed_transfer():
    for register in (0x3A, 0x40, 0x78):
        bench = going(Bench())
        bench.bus.fail[register] = 3
        before = bench.bursts
        bench.turns(10)
        assert not bench.bus.fail and bench.bursts > before + 5
        check_one_gap(bench, "bus_error", 0.4, 3)


def test_a_transfer_that_fails_late_in_a_drain():
    for burst in (2, 5, 7):
        bench = going(Bench())
        bench.turn(4500)  # seven bursts wait
        bench.bus.fail[0x78] = burst
        bench.turns(10)
        check_one_gap(bench, "bus_error", 0.4, 6)


def test_a_corrupted_burst():
    bench = going(Bench())
    corrupt_a_burst(bench.rig.fifo)
    bench.turns(10)
    check_one_gap(bench, "bus_error", 0.4, 3)


def test_unplugged_and_back():
    for seconds in (3, 60):
        bench = going(Bench())
        bench.bus.plugged = False
        bench.turns(seconds)
        assert bench.sensing.fault == "no_sensor" and bench.gaps() == []
        assert "what=fault fault=bus_error" in bench.line.lines
        bench.bus.plugged = True
        bench.turns(10)
        check_one_gap(bench, "bus_error", seconds - 1, seconds + 3)


def test_a_silent_sensor():
    bench = going(Bench())
    bench.rig.w(0x12, 0x01)  # it has lost power for an instant: all registers are reset
    bench.turns(12)
    assert "what=fault fault=sensor_silent" in bench.line.lines
    check_one_gap(bench, "sensor_silent", 4, 7)


def test_a_value_that_stands():
    for seconds in (8, 40):
        bench = going(Bench())
        feed = bench.rig.feed
        produced = feed.produced()
        feed.disturb(True, 0)
        bench.turns(5)
        assert bench.sensing.fault == "sensor_stuck"
        assert "what=fault fault=sensor_stuck" in bench.line.lines
        state = bench.log.of(records.STATE)[-1]
        assert state["reason"] == records.STUCK and state["frames"] == 192
        assert 0 <= state["first"] - produced < 64 + 4, "from where it began"
        assert state["first"] + 192 == bench.sensing.detector.index
        bench.turns(seconds - 5)
        feed.disturb(False, 0)
        bench.turns(10)
        check_one_gap(bench, "sensor_stuck", seconds - 5, seconds)
        detector = bench.sensing.detector
        waiting = bench.sensing.imu.level()
        assert detector.seen + detector.in_gaps + waiting == feed.produced(), "to the frame"


class MPUBench(Bench):
    """The same with a chip whose FIFO is small."""

    def __init__(self, chip):
        self._chip = chip
        super().__init__()

    def make_rig(self):
        return mpu_rig.Rig(self._chip, 30000)

    def make_imu(self):
        clock = self.rig.clock
        name = mpu_rig.named(self._chip)
        return MPU6050(self.bus, mpu_rig.ADDRESS, ticks_us=clock.ticks_us, chip=name)


def test_a_value_that_stands_has_no_other_name():
    for chip in ("", "mpu6050", "mpu6500", "mpu6886"):
        bench = MPUBench(chip) if chip else Bench()
        rest_ms = bench.sensing.rest_ms
        told = []
        for stands in (False, True, False):
            bench.rig.feed.disturb(stands, 0)
            for _ in range(25_000 // rest_ms):
                bench.turn(rest_ms)
            told.append(odd(bench))
        assert told == [[], ["sensor_stuck"], []], (chip, told)


def test_a_sensor_whose_value_stands_is_started_anew_each_minute():
    bench = going(Bench())
    starts = []
    make = bench.make_imu
    bench.make_imu = lambda: starts.append(bench.clock.seconds) or make()
    bench.turns(70)
    began_ms = bench.clock.uptime_ms()
    bench.rig.feed.disturb(True, 0)
    for _ in range(260):
        bench.turn()
        assert bench.sensing.tended(), "its frames are drained: nothing for the watchdog"
    assert len(starts) == 3, starts
    assert [starts[1] - starts[0], starts[2] - starts[1]] == [61, 61], starts
    assert [name for name, _ in bench.gaps()] == ["sensor_stuck"] * 3
    bench.sensing.stop()
    detector = bench.sensing.detector
    assert detector.seen + detector.in_gaps == detector.index
    lived = bench.clock.uptime_ms() * 104 // 1000
    assert abs(detector.index - lived) <= 4 * NEAR, (detector.index, lived)
    unusable = [r["frames"] for r in bench.log.of(records.STATE) if r["reason"] == records.STUCK]
    told = detector.in_gaps + sum(unusable)
    stood = lived - began_ms * 104 // 1000
    # What the feed had not lived yet when it began to stand is up to a turn.
    assert -64 < stood - told < 4 * 104, (stood, told)


def test_a_sensor_that_stands_when_the_recording_ends():
    bench = going(Bench())
    bench.rig.feed.disturb(True, 0)
    bench.turns(20)
    bench.sensing.stop()
    ((name, frames),) = bench.gaps()
    assert name == "sensor_stuck" and abs(frames - (20 * 104 - 192)) < 104, frames
    detector = bench.sensing.detector
    bench.sensing.imu.level()  # lets the sensor live up to now
    assert abs(detector.index - bench.rig.feed.produced()) <= NEAR


def test_silent_again_and_again():
    bench = going(Bench())
    for count in range(1, 4):
        bench.rig.w(0x12, 0x01)
        bench.turns(12)
        assert [name for name, _ in bench.gaps()] == ["sensor_silent"] * count
        assert abs(bench.ahead) <= count * NEAR, bench.ahead
        detector = bench.sensing.detector
        assert detector.in_gaps == sum([frames for _, frames in bench.gaps()])


def test_a_stall_is_an_overrun():
    bench = going(Bench())
    bench.turn(7000)
    bench.turns(5)
    frames = bench.gaps()[0][1]
    assert bench.gaps() == [("fifo_overrun", bench.rig.fifo.overwritten())] and frames > 100
    assert bench.ahead == 0
    assert bench.sensing.fifo_high == 512


def test_a_loss_that_the_sensor_cannot_count_is_counted_by_the_clock():
    for stall_ms in (5100, 7000, 20000):
        bench = going(Bench())
        imu = bench.sensing.imu
        count = imu.lost
        imu.lost = lambda count=count: -1 if count() else 0
        bench.turn(stall_ms)
        bench.turns(5)
        (gap,) = bench.log.of(records.GAP)
        overwritten = bench.rig.fifo.overwritten()
        assert records.GAP_REASONS[gap["reason"]] == "fifo_overrun" and overwritten > 0
        assert abs(gap["frames"] - overwritten) <= 2, (gap["frames"], overwritten)
        assert stall_ms <= gap["duration_ms"] < stall_ms + 1000, "that says who counted"
        assert abs(bench.ahead) <= 2, bench.ahead


CTRL5_C = 0x14  # where the push is switched on and off


def refused(bench):
    try:
        selftest.answer(bench, "")
    except Refused as refusal:
        return refusal.args[0]
    raise AssertionError("it was carried out")


def test_a_self_test_on_a_bus_that_fails_leaves_no_sensor_pushed():
    # The transfer that pushes; the one that is to end it; a read between the two.
    for failing in ({CTRL5_C: 1}, {CTRL5_C: 2}, {0x28: 20}):
        bench = going(Bench())
        bench.bus.fail.update(failing)
        assert refused(bench).startswith("bus_error ")
        assert not bench.bus.fail
        assert "what=fault fault=bus_error" in " ".join(bench.line.lines)
        analysed = bench.bursts
        bench.turns(10)
        assert bench.bursts > analysed + 5 and bench.rig.r(CTRL5_C)[0] == 0
        check_one_gap(bench, "bus_error", 0.1, 4)
        assert selftest.answer(bench, "").startswith("result=passed")


def test_a_self_test_begins_with_a_drain_that_may_fail():
    bench = going(Bench())
    bench.turn()
    bench.bus.fail[0x3A] = 1
    assert refused(bench).startswith("no_sensor ")
    bench.turns(10)
    check_one_gap(bench, "bus_error", 0.1, 4)


def test_a_sensor_says_why_it_is_not_there():
    bench = Bench(plugged=False)

    def refused():
        raise OSError(19, "BMI270 answers, not LSM6DSO")

    bench.make_imu = refused
    assert not bench.sensing.connect()
    bench.sensing.tell()
    assert bench.line.lines[-1] == ("what=fault fault=no_sensor why='BMI270 answers, not LSM6DSO'")


def test_what_a_driver_says_of_a_burst_is_in_the_log():
    bench = going(Bench())
    corrupt_a_burst(bench.rig.fifo)
    bench.turns(10)
    told = "what=fault fault=bus_error why='LSM6DSO FIFO words out of order'"
    assert told in bench.line.lines
    bench.rig.w(0x12, 0x01)
    bench.turns(12)
    assert "what=fault fault=sensor_silent" in bench.line.lines, "that one had no words"


def test_a_sensor_that_comes_late():
    bench = Bench(plugged=False)
    bench.turns(20)
    assert bench.sensing.fault == "no_sensor" and bench.sensing.detector is None
    bench.bus.plugged = True
    bench.turns(10)
    assert bench.sensing.fault == "none" and bench.bursts > 5
    assert bench.sensing.detector.seen + bench.sensing.detector.in_gaps == (
        bench.sensing.detector.index
    )
    assert bench.log.of(records.STATE)[0]["reason"] == 0, "the warm-up is said"


def test_a_transfer_that_fails_while_starting():
    for register in (0x0F, 0x10, 0x12, 0x63):
        bench = Bench(rate_mhz=None)
        bench.turns(5)
        bench.bus.plugged = False
        bench.turns(5)
        bench.bus.plugged = True
        bench.bus.fail[register] = 1
        before = bench.bursts
        bench.turns(10)
        assert bench.sensing.fault == "none" and bench.bursts > before + 5, register


def test_a_first_start_that_fails_half_way():
    bench = Bench(rate_mhz=None, plugged=False)
    bench.bus.plugged = True
    bench.bus.fail[0x63] = 1
    bench.turns(10)
    assert bench.sensing.fault == "none" and bench.bursts > 5


def test_stop_drains_what_waits():
    bench = going(Bench())
    bench.sensing.stop()
    detector = bench.sensing.detector
    assert bench.sensing.stopped and detector.index == bench.rig.feed.produced() == detector.seen
    bench.turns(3)
    assert detector.index == bench.rig.feed.produced()


def test_stop_with_a_sensor_that_is_gone():
    bench = going(Bench())
    bench.bus.plugged = False
    bench.sensing.stop()
    assert bench.sensing.stopped


def odd(bench):
    """What was said to be odd about frames that came."""
    names = [line.split("fault=")[1] for line in bench.line.lines if "fault=" in line]
    bench.line.lines.clear()
    return names


def test_a_rate_that_is_off_is_named_once_in_ten_minutes():
    for permille, told in ((80, ["sensor_rate"]), (-80, ["sensor_rate"]), (30, []), (-30, [])):
        bench = Bench()
        bench.turns(20)
        bench.rig.feed.run_at(RATE_UHZ + RATE_UHZ // 1000 * permille)
        bench.turns(5)
        assert odd(bench) == told, permille
        bench.turns(60)
        assert odd(bench) == [] and bench.sensing.fault == "none"
        status.record(bench)
        bench.turns(2)
        assert odd(bench) == told, permille


def test_a_rate_that_is_off_is_named_once_though_the_sensor_is_started_anew():
    bench = Bench()
    bench.rig.feed.run_at(RATE_UHZ + RATE_UHZ // 1000 * 80)
    bench.turns(10)
    for _ in range(4):
        bench.bus.fail[0x78] = 1
        bench.turns(12)
    said = odd(bench)
    assert said.count("bus_error") == 4 and said.count("sensor_rate") == 1, said
    status.record(bench)
    bench.turns(2)
    assert odd(bench) == ["sensor_rate"]


def test_a_rate_that_is_off_is_named_from_five_per_cent_on_however_often_the_loop_looks():
    for look_ms in (100, 450, 500):
        for permille, told in ((45, []), (-45, []), (55, ["sensor_rate"]), (-55, ["sensor_rate"])):
            bench = Bench()
            bench.rig.feed.run_at(RATE_UHZ + RATE_UHZ // 1000 * permille)
            for _ in range(40_000 // look_ms):
                bench.turn(look_ms)
            assert odd(bench) == told, (look_ms, permille)


def test_frames_that_come_to_and_fro_are_named():
    bench = Bench()
    bench.turns(20)
    bench.rig.feed.disturb(False, 20_000)
    bench.turns(20)
    assert odd(bench) == ["sensor_jitter"]


def test_a_stall_is_no_odd_frame():
    bench = Bench()
    for stall_ms in (0, 45, 400, 400, 950, 4000, 7000, 0):
        bench.turn(stall_ms)
        bench.turns(3)
    assert odd(bench) == []
    assert len(bench.log.of(records.GAP)) == 1


def test_a_sensor_that_warms_by_five_degrees_is_named():
    bench = Bench()
    bench.turns(5)
    for degrees, told in (
        (4.9, []), (5.1, ["temperature from_c=25 to_c=30"]), (9.9, []), (0.0, 1), (-3.0, []),
    ):  # fmt: skip
        bench.rig.imu.warm(degrees)
        bench.turns(5)
        said = odd(bench)
        assert said == told or len(said) == told, (degrees, said)
    status.record(bench)
    bench.rig.imu.warm(-7.9)
    bench.turns(5)
    assert odd(bench) == []


def test_a_temperature_that_cannot_be_read_is_no_fault_of_the_frames():
    bench = Bench()
    bench.turns(20)
    for _ in range(2):
        bench.bus.fail[0x20] = 1
        bench.turns(10)
        assert not bench.bus.fail and odd(bench) == [] == bench.gaps()
    bench.rig.imu.warm(6)
    bench.turns(5)
    assert odd(bench) == ["temperature from_c=25 to_c=31"], "held against the last one"


run(globals(), sys.argv[1])

"""The simulated hardware, put together for a script: a sensor on a bus, playing a ramp.

Frame k of the recording is (k, -k, 100 - k), so that every frame tells its own number.
"""

from hardware import bus, clock, spi, status

RATE_UHZ = 104_000_000
FRAMES = 3000
PERIOD_US = 9616  # 1 / 104 Hz, rounded up
BYTE_NS = 22_500  # 400 kHz


class NoConsole:
    """A console on which nobody types."""

    input_waits = False

    def poll(self):
        return self.input_waits

    def wait(self, ms):
        return self.poll()


def ramp_file(frames=FRAMES):
    with open("ramp.i16", "wb") as f:
        for k in range(frames):
            for v in (k, -k, 100 - k):
                f.write((v & 0xFFFF).to_bytes(2, "little"))
    return open("ramp.i16", "rb")


class Rig:
    """A board's worth of sensor; `w` writes a register, `r` reads n bytes from one on."""

    def __init__(
        self, frames=FRAMES, first_frame=0, freq_fine=-1, rate_uhz=RATE_UHZ, odr=104,
        sensor="lsm6dso", bus_hz=400_000,
    ):  # fmt: skip
        model = __import__("hardware." + sensor, None, None, ("build",))
        facts = {
            "frames": frames, "rate_uhz": rate_uhz, "odr": odr, "freq_fine": freq_fine,
            "mlsb_per_g": 16_393_443,
        }  # fmt: skip
        self.console = NoConsole()
        self.imu = model.build(
            facts, ramp_file(frames), first_frame, status.recording_end, status.sensor_off
        )
        self.feed = self.imu.feed
        self.fifo = self.imu.fifo
        self.clock = clock.Clock(0, self.console, self.imu)
        self.imu.attach(self.clock)
        self.address = self.imu.address
        self.i2c = bus.I2C(self.clock, self.imu, bus_hz)
        self.spi = spi.SPI(self.clock, self.imu)

    def w(self, reg, *values):
        self.i2c.writeto_mem(self.address, reg, bytes(values))

    def r(self, reg, n=1):
        buf = bytearray(n)
        self.i2c.readfrom_mem_into(self.address, reg, buf)
        return buf

    def sample(self, watermark=64, ctrl4=0x06):
        """Switch the sensor on, into the FIFO, at the recording's own rate."""
        self.w(0x19, 0x20)
        self.w(0x07, watermark & 0xFF, watermark >> 8)
        self.w(0x09, 0x04)
        self.w(0x0A, ctrl4)
        self.w(0x10, 0x40)

    def wait_frames(self, n):
        """Let the time of n sample periods pass."""
        for _ in range(n):
            self.clock.charge(PERIOD_US)

    def level(self):
        status1, status2 = self.r(0x3A, 2)
        return status1 | (status2 & 3) << 8

    def words(self, n=None):
        """The next words (all that wait): (tag, slot counter, x, y, z)."""
        n = self.level() if n is None else n
        raw = self.r(0x78, 7 * n)
        return [word(raw[7 * k : 7 * k + 7]) for k in range(n)]

    def frames(self):
        """The numbers of the frames that wait, read from their x; start-up words are None."""
        return [None if w[2:] == (32767,) * 3 else w[2] for w in self.words() if w[0] == 2]


def word(raw):
    values = [int.from_bytes(raw[k : k + 2], "little") for k in (1, 3, 5)]
    x, y, z = [(v ^ 0x8000) - 0x8000 for v in values]
    return raw[0] >> 3, raw[0] >> 1 & 3, x, y, z


def wait_100_hz(rig, frames):
    """Let the time of so many frames at 100 Hz pass, and the sensor take note of it."""
    for _ in range(frames):
        rig.clock.charge(10_000)
    rig.imu.run(rig.clock.take_due())


def fails(act):
    """Whether nobody answers."""
    try:
        act()
    except OSError:
        return True
    return False


def run(tests, name):
    """Run the one of a script's functions that is asked for."""
    tests["test_" + name]()
    print("passed", name)

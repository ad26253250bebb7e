"""A board's worth of MPU: the register model on a bus, playing the ramp of `virtual_rig`."""

from hardware import bus, clock, mpu6050, status
from virtual_rig import NoConsole, ramp_file

# Of each chip: WHO_AM_I, bytes of FIFO, bytes of an accelerometer packet (imu.md, section 5.1).
CHIPS = {
    "mpu6050": (0x68, 1024, 6),
    "mpu6500": (0x70, 512, 6),
    "mpu9250": (0x71, 512, 6),
    "mpu9255": (0x73, 512, 6),
    "mpu6886": (0x19, 1024, 8),
}
ADDRESS = 0x68
RATE_UHZ = 100_000_000
PERIOD_US = 10_000


def named(chip):
    """The name on the case."""
    return "MPU-" + chip[3:]


class Rig:
    """`w` writes registers, `r` reads n bytes from one on."""

    def __init__(
        self,
        chip="mpu6050",
        frames=3000,
        rate_uhz=RATE_UHZ,
        odr=100,
        first_frame=0,
        i2c_hz=400_000,
    ):
        facts = {"sensor": chip, "frames": frames, "rate_uhz": rate_uhz, "odr": odr}
        self.console = NoConsole()
        self.ended = []  # (produced, overwritten) at each time that it was switched off
        self.imu = mpu6050.build(
            facts, ramp_file(frames), first_frame, status.recording_end, self._off
        )
        self.feed = self.imu.feed
        self.fifo = self.imu.fifo
        self.clock = clock.Clock(0, self.console, self.imu)
        self.imu.attach(self.clock)
        self.i2c = bus.I2C(self.clock, self.imu, i2c_hz)

    def _off(self, feed, fifo):
        self.ended.append((feed.produced(), fifo.overwritten()))

    def w(self, reg, *values):
        self.i2c.writeto_mem(ADDRESS, reg, bytes(values))

    def r(self, reg, n=1):
        buf = bytearray(n)
        self.i2c.readfrom_mem_into(ADDRESS, reg, buf)
        return buf

    def wait_frames(self, n):
        """Let the time of n sample periods pass."""
        for _ in range(n):
            self.clock.charge(PERIOD_US)

    def wake(self, ms=200):
        """Out of sleep, on the gyroscope's clock, and let the accelerometer start."""
        self.w(0x6B, 0x01)
        self.clock.charge(ms * 1000)

    def sample(self, parts=0x08, config=0x03, divider=9):
        """As of imu.md's init for the accelerometer alone, at 100 Hz."""
        self.wake()
        self.w(0x1A, config)
        self.w(0x19, divider)
        self.w(0x38, 0x10)
        self.w(0x23, parts)
        self.w(0x6A, 0x04)
        self.w(0x6A, 0x40)

    def count(self):
        high, low = self.r(0x72, 2)
        return high << 8 | low

    def words(self, n):
        """The next n 16-bit values of the FIFO."""
        raw = self.r(0x74, 2 * n)
        return [signed(raw[2 * k], raw[2 * k + 1]) for k in range(n)]

    def frames(self, packet=6):
        """What waits, as tuples of a packet each."""
        words = self.words(self.count() // 2)
        each = packet // 2
        return [tuple(words[k : k + each]) for k in range(0, len(words) - each + 1, each)]


def signed(high, low):
    return ((high << 8 | low) ^ 0x8000) - 0x8000

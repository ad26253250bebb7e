"""What a rate makes of the settings: the words of the detector's kernel."""

from array import array

from micropython import const

from . import kernels

ODR = const(104)  # Hz, nominal; the chip's nearest
BURST = const(64)  # most frames in one FIFO read: 448 bytes are 40 ms on a 100 kHz bus
WATERMARK = const(64)  # frames that are worth a read
EPOCH_SECONDS = const(30)
HEARTBEAT_SECONDS = const(60)

# Up to this rate in mHz: high-pass, low-pass and slow-part shifts, window, its shift, tick shift,
# floor step. Corners: 1 Hz, 18 to 20 Hz, 3.3 Hz; docs/DETECTOR.md has the responses.
_SLOWEST_MHZ = const(40000)
_SHIFTS = (
    (75000, (3, 1, 2, 2, 9, 5, 1, 11)),
    (150000, (4, 1, 3, 3, 18, 6, 2, 12)),
    (300000, (5, 2, 3, 4, 36, 7, 3, 13)),
)


def frames(ms, rate_mhz):
    """How many frames `ms` milliseconds last, rounded."""
    return (ms * (rate_mhz // 1000) + ms * (rate_mhz % 1000) // 1000 + 500) // 1000


def tick_shift(rate_mhz):
    """Frames of an envelope tick at this rate, as a power of two."""
    return _shifts(rate_mhz)[6]


def _shifts(rate_mhz):
    if rate_mhz < _SLOWEST_MHZ:
        raise ValueError("rate below 40 Hz")
    for limit, shifts in _SHIFTS:
        if rate_mhz <= limit:
            return shifts
    raise ValueError("rate above 300 Hz")


def threshold(sixteenths):
    """A statistic in sixteenths of a noise variance, as the kernel compares it."""
    return (sixteenths * kernels.UNIT) ** 2 >> 8


def kernel_words(settings, rate_mhz, mlsb_per_g, stride, low_byte, high_byte):
    """The kernel's `cfg` words (see `kernels`) as an array('i'), and the floor's step.

    Raises ValueError for a rate the filters are not made for.
    """
    shifts = _shifts(rate_mhz)
    floor_min = max(20, settings["floor_min_ug"] * 16 * (mlsb_per_g // 1000) // 1000000)
    thresholds = [threshold(settings["low_16"]), threshold(settings["high_16"])]
    hold = frames(settings["hold_ms"], rate_mhz)
    read = [stride, low_byte, high_byte]
    rest = [(8 << 24) // floor_min] + thresholds + [hold, shifts[6]]
    return array("i", read + list(shifts[:6]) + rest), shifts[7]


def prime(burst, cfg, st):
    """Let the high-passes begin at rest with the first frame of a burst."""
    for axis in range(3):
        low, high = cfg[kernels.LOW_BYTE] + 2 * axis, cfg[kernels.HIGH_BYTE] + 2 * axis
        word = burst[low] | burst[high] << 8
        st[kernels.BASE + axis] = (word ^ 0x8000) << 12

"""What the detector's kernel makes of the settings, and what cannot be set."""

from array import array

from micropython import const

ODR = const(104)  # Hz, nominal; the chip's nearest
BURST = const(64)  # most frames in one FIFO read: 448 bytes are 40 ms on a 100 kHz bus
WATERMARK = const(64)  # frames that are worth a read
EPOCH_SECONDS = const(30)
HEARTBEAT_SECONDS = const(60)

# Up to this rate in mHz: high-pass, low-pass and envelope shifts, floor step. Corners: 1 Hz, and
# 18 to 20 Hz; docs/DETECTOR.md has the responses.
_SLOWEST_MHZ = const(40000)
_SHIFTS = (
    (75000, (3, 1, 2, 2, 11)),
    (150000, (4, 1, 3, 3, 12)),
    (300000, (5, 2, 3, 4, 13)),
)


def frames(ms, rate_mhz):
    """How many frames `ms` milliseconds last, rounded."""
    return (ms * (rate_mhz // 1000) + ms * (rate_mhz % 1000) // 1000 + 500) // 1000


def kernel_words(settings, rate_mhz, mlsb_per_g, stride, low_byte, high_byte):
    """The kernel's `cfg` words (see `kernels`) as an array('I').

    Raises ValueError for a rate the filters are not made for.
    """
    if rate_mhz < _SLOWEST_MHZ:
        raise ValueError("rate below 40 Hz")
    fitting = [shifts for limit, shifts in _SHIFTS if rate_mhz <= limit]
    if not fitting:
        raise ValueError("rate above 300 Hz")
    shifts = fitting[0]
    lsb_per_g = mlsb_per_g // 1000
    return array(
        "I",
        [stride, low_byte, high_byte]
        + list(shifts[:4])
        + [
            settings["floor_min_ug"] * 16 * lsb_per_g // 1000000,
            shifts[4],
            settings["low_gain_8"],
            settings["high_gain_8"],
            frames(settings["hold_ms"], rate_mhz),
            frames(settings["longest_ms"], rate_mhz),
            frames(1000, rate_mhz),
            frames(settings["warm_up_ms"], rate_mhz),
        ],
    )

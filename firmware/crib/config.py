"""The settings in force, as integers, and what the detector's kernel makes of them."""

import binascii
from array import array

from micropython import const

from . import kernels

ODR = const(104)  # Hz, nominal; the chip's nearest
BURST = const(64)  # most frames in one FIFO read: 448 bytes are 40 ms on a 100 kHz bus
WATERMARK = const(64)  # frames that are worth a read
EPOCH_SECONDS = const(30)
HEARTBEAT_SECONDS = const(60)

# Name: (value, what it is). In micro-g, milliseconds and eighths, so that no float is needed.
SETTINGS = {
    "floor_min_ug": 60,  # a third of the LSM6DSO's noise in the detection band: never trust less
    "low_16": 60,  # a segment lasts while the statistic is at 4 ...
    "high_16": 103,  # ... and counts if it reached 7.6
    "hold_ms": 500,  # stillness that ends a segment (WASM 2016: gaps < 0.5 s join)
    "join_ms": 1200,  # segments closer than this are looked at together
    "longest_ms": 30000,  # then it is cut; with a flush each 30 s, 60 s are ever uncommitted
    "warm_up_ms": 10000,
    "settle_ms": 1000,  # after a gap
    "twitch_ms": 500,  # up to this long at 30 % of the peak: twitch
    "limb_ms": 3000,  # up to this long: limb_move; longer: gross
    "handling_mg": 150,  # stronger than an infant moves (chosen)
    "tilt_mg": 6,  # lasting change: .35 degrees (chosen)
    "large_mg": 30,
    "startle_mg": 25,
    "pre_ms": 500,  # raw frames kept from before the onset
}

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


def crc(settings):
    """CRC-32 of the settings, in the order of their names: equal settings, equal number."""
    text = ";".join(["%s=%d" % (name, settings[name]) for name in sorted(settings)])
    return binascii.crc32(text.encode())


def threshold(sixteenths):
    """A statistic in sixteenths of a noise variance, as the kernel compares it."""
    return (sixteenths * kernels.UNIT) ** 2 >> 8


def kernel_words(settings, rate_mhz, mlsb_per_g, stride, low_byte, high_byte):
    """The kernel's `cfg` words (see `kernels`) as an array('i'), and the floor's step.

    Raises ValueError for a rate the filters are not made for.
    """
    if rate_mhz < _SLOWEST_MHZ:
        raise ValueError("rate below 40 Hz")
    fitting = [shifts for limit, shifts in _SHIFTS if rate_mhz <= limit]
    if not fitting:
        raise ValueError("rate above 300 Hz")
    hp, lp1, lp2, slow, window, s_sum, tick, step = fitting[0]
    floor_min = max(20, settings["floor_min_ug"] * 16 * (mlsb_per_g // 1000) // 1000000)
    return array(
        "i",
        [
            stride, low_byte, high_byte, hp, lp1, lp2, slow, window, s_sum,
            (8 << 24) // floor_min,
            threshold(settings["low_16"]),
            threshold(settings["high_16"]),
            frames(settings["hold_ms"], rate_mhz),
            tick,
        ],
    ), step

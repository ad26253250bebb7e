"""What the kernel is fed: a stretch of a night, and frames that no mattress makes."""

from collections.abc import Iterator

import numpy as np

from bench.kernel.source import functions
from bench.kernel.trace import Recorder, Trace
from cribtrace import recording, tree
from cribtrace.device import config, detector, kernels, settings

KERNELS = tree.FIRMWARE / "crib" / "kernels.py"
STRIDE, LOW_BYTE, HIGH_BYTE = 7, 1, 2  # a FIFO word of the LSM6DSO
NIGHT = "night"  # the part that the mean is taken over
_WARM_UP_S = 12
_GAP_FRAMES = 37  # between the adversarial parts, as after an overrun


def frames(night_s: float, hard_frames: int) -> dict[str, np.ndarray]:
    """int16[n, 3] of each part, in the order in which the detector gets them.

    `night_s` seconds of tests/vectors/four_minutes.npz follow the warm-up; then come
    `hard_frames` frames of each of the adversarial kinds.
    """
    root = tree.FIRMWARE.parent
    accel = recording.load(root / "tests" / "vectors" / "four_minutes.npz").accel
    start = _WARM_UP_S * config.ODR
    night = accel[start : start + round(night_s * config.ODR)]
    return {"warm-up": accel[:start], NIGHT: night, **_hard(hard_frames)}


def _hard(n: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(20240229)
    i = np.arange(n)[:, None] + np.zeros(3, int)
    walk = np.cumsum(random.integers(-600, 601, (n, 3)), axis=0)
    found = {
        "kicks": _kicks(random, 8 * n),
        "silence": 0 * i,
        "lowest": 0 * i - 32768,
        "steps": np.where(i // 150 % 2, 9000, -7000),
        "square, slow": np.where(i // 37 % 2, 32767, -32768),
        "square, 13 Hz": np.where(i // 4 % 2, 32767, -32768),
        "square, every frame": np.where((i + np.arange(3)) % 2, 32767, -32768),
        "knocks": np.where(i % 61 == 7, 20000, random.integers(-9, 10, (n, 3))),
        "white, full scale": random.integers(-32768, 32768, (n, 3)),
        "drift": np.clip(walk, -32768, 32767),
        "growing": (1.004 ** np.minimum(i, 2500) * np.where(i // 5 % 2, 3, -3)).clip(-9e3, 9e3),
    }
    return {name: part.astype(np.int16) for name, part in found.items()}


def _kicks(random: np.random.Generator, n: int) -> np.ndarray:
    """Movements of every size, of one jerk or several, with half a second of stillness between."""
    i = np.arange(n)[:, None] + np.zeros(3, int)
    peak = np.exp(random.uniform(5, 9, (n // 110 + 1, 3)))[i[:, 0] // 110]
    jerks = (i % 110 < 44) & ((i // 110 % 3 == 0) | (i % 22 < 7))
    return 16000 + jerks * peak * np.where(i // 5 % 2, 1, -1) + random.integers(-9, 10, (n, 3))


def recorded(parts: dict[str, np.ndarray], bursts: list[int]) -> Trace:
    """The kernel's calls while a detector takes `parts` in bursts of these sizes, repeated."""
    recorder = Recorder(functions(KERNELS))
    sizes = _endless(bursts)
    found = detector.Detector(
        settings.DEFAULTS, config.ODR * 1000, 16393443, STRIDE, LOW_BYTE, HIGH_BYTE
    )
    burst, snippet = bytearray(64 * STRIDE), bytearray(4096)
    with recorder.listening(kernels):
        for name, accel in parts.items():
            recorder.part = name
            if name not in ("warm-up", NIGHT):
                found.skip(_GAP_FRAMES)
            packets = _packets(accel)
            at = 0
            while at < len(packets):
                n = min(next(sizes), len(packets) - at)
                recorder.frames = n
                burst[: n * STRIDE] = packets[at : at + n].tobytes()
                _step(found, burst, n, snippet)
                at += n
    return recorder.trace


def _step(found: detector.Detector, burst: bytearray, n: int, snippet: bytearray) -> None:
    """Take a burst, and all that the recorder on the board would then ask for."""
    if n == 0:  # what a call costs: the detector itself makes none without a frame
        found.state[kernels.OFFSET] = 0
        kernels.scan(0, 0, burst, found.cfg, found.state, found.ring, found.env, found.sums)
    for k in range(found.step(burst, n)):
        found.waveforms.code(found.movements.fields(k)[10], snippet, 0)
    found.seconds.due = False


def _packets(accel: np.ndarray) -> np.ndarray:
    packets = np.zeros((len(accel), STRIDE), np.uint8)
    words = np.ascontiguousarray(accel.astype("<i2")).view(np.uint8).reshape(-1, 3, 2)
    packets[:, LOW_BYTE : LOW_BYTE + 6 : 2] = words[:, :, 0]
    packets[:, HIGH_BYTE : HIGH_BYTE + 6 : 2] = words[:, :, 1]
    return packets


def _endless(sizes: list[int]) -> Iterator[int]:
    while True:
        yield from sizes

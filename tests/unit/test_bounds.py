"""No intermediate of the firmware's integer code leaves +-2**30, whatever the sensor says.

Shown twice: by the L1 norms of the filters' impulse responses, and by running the firmware's own
source with every operation checked, on the inputs that reach those norms and on others.
"""

import ast
import itertools
import sys
from types import ModuleType

import numpy as np
import pytest

from cribtrace import tree
from cribtrace.device import config, kernels
from cribtrace.device import settings as schema

LIMIT = 2**30
MLSB_PER_G = 16_393_443
RATES_MHZ = [40_000, 75_000, 104_000, 150_000, 208_000, 300_000]
FULL = 65535  # of a sample in offset binary, which is never negative
# Not config, whose arithmetic runs once, on integers of any size.
CHECKED = ("kernels", "measures", "seconds", "waveform", "rhythm", "kinds", "movement",
           "detector", "sampler")  # fmt: skip


def at_the_ends(column):
    """Every setting at the least or the most that it may be."""
    ends = {row[0]: row[column] for row in schema.SCHEMA}
    for low, high in schema.BELOW:
        ends[low] = min(ends[low], ends[high] - 1)
    return schema.check(ends, schema.DEFAULTS)


ENDS = {"least": at_the_ends(2), "most": at_the_ends(3)}


def responses(row, n=4000):
    """Impulse responses, of a sample in LSB: {name: float[n]}, band and what follows it in Q4."""
    hp, lp1, lp2, slow, *_ = row
    take, take_slow = 2.0**-lp1 + 2.0**-lp2, 1.5 * 2.0**-slow
    base = band = slow_part = sharp = 0.0
    found = {name: np.zeros(n) for name in ("base", "high", "band", "slow", "rest", "sharp")}
    for i in range(n):
        high = (4096.0 if i == 0 else 0.0) - base
        base += high * 2.0**-hp
        band += take * (high / 256 - band)
        rest = band - slow_part
        slow_part += take_slow * rest
        rest -= sharp
        sharp += take * rest
        for name, v in zip(found, (base, high, band, slow_part, rest, sharp), strict=True):
            found[name][i] = v
    return found


def largest(response):
    """The largest a filter can come to from a start at rest: half the range times its L1 norm.

    The filters ahead of it have no response to a constant, so only half of the range counts. Eight
    shifts round down on the way, each by less than 1, and no gain from there on is above 2.
    """
    return FULL / 2 * np.abs(response).sum() + 16


ROWS = [pytest.param(row, id=f"{limit // 1000} Hz") for limit, row in config._SHIFTS]


@pytest.mark.parametrize(("limit", "row"), config._SHIFTS)
def test_the_filters_stay_inside(limit, row):
    response = responses(row)
    assert response["high"].sum() == pytest.approx(0, abs=1e-6)
    # `base` is a mean with positive weights of what came in: it stays in the range itself.
    assert (response["base"] >= 0).all() and response["base"].max() <= 4096
    assert largest(response["high"]) < 2**29
    assert FULL << 12 < 2**29  # what comes in, and the distance between two such
    band = largest(response["band"])
    assert band < 2**21
    for name in ("slow", "rest", "sharp"):
        assert largest(response[name]) < 2**22
    # The envelope's code has 14 bits, of half LSB and then of 32.
    assert (int(band) >> 3 >> 5) + kernels._FINE + 1 < 2**14
    # Sums begin between -2**30 and 0, and are put back after a call: a second at most.
    second = config.frames(1000, limit)
    assert 3 * (int(band) >> 2) * second < LIMIT
    assert 3 * (int(largest(response["slow"])) >> 2) * second < LIMIT


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("rate_mhz", RATES_MHZ)
def test_floors_and_statistic_stay_inside(rate_mhz, ends):
    cfg, step = config.kernel_words(ENDS[ends], rate_mhz, MLSB_PER_G, 7, 1, 2)
    gain = cfg[kernels.GAIN_MOST]
    assert all(0 <= word < LIMIT for word in cfg) and 0 < step < 28
    assert (gain >> 10) * kernels._SHARP_MOST + kernels._Z_HALF < LIMIT
    assert gain + (gain >> 6) + 1 < LIMIT
    # A gain this small shrinks no more: the product would have to exceed the median.
    assert (2047 >> 10) * kernels._SHARP_MOST < kernels._MEDIAN
    z = (kernels._LOUD_MOST + kernels._Z_HALF) >> kernels._Z_SHIFT
    total = cfg[kernels.WINDOW] * z * z
    assert total + z * z < LIMIT
    one = -(-total >> cfg[kernels.SHIFT_SUM])
    assert 9 * one * one < LIMIT
    assert cfg[kernels.WINDOW] <= kernels.WINDOW_MOST


@pytest.mark.parametrize("row", ROWS)
def test_what_is_measured_after_an_event_stays_inside(row):
    envelope = int(largest(responses(row)["band"])) >> 3
    assert kernels.TICKS * envelope < LIMIT  # `measure` adds up, `movement` multiplies
    assert envelope * 77 < LIMIT and envelope * 8 < LIMIT
    assert 33 * max(envelope, FULL) < LIMIT  # `flatten`
    assert 4 * kernels.TICKS * 127 * 127 < LIMIT  # `correlate`: twice an energy of two squares


class OutOfRange(AssertionError):
    pass


def kept(value):
    if type(value) is int and not -LIMIT <= value < LIMIT:
        raise OutOfRange(value)
    return value


class Instrument(ast.NodeTransformer):
    """Every result of an operator goes through `kept`."""

    def visit_BinOp(self, node):
        return self._kept(self.generic_visit(node))

    def visit_UnaryOp(self, node):
        return self._kept(self.generic_visit(node))

    def visit_AugAssign(self, node):
        self.generic_visit(node)
        target = ast.parse(ast.unparse(node.target), mode="eval").body
        value = self._kept(ast.BinOp(target, node.op, node.value))
        return ast.copy_location(ast.Assign([node.target], value), node)

    def visit_FunctionDef(self, node):
        node.decorator_list = [d for d in node.decorator_list if ast.unparse(d) == "property"]
        return self.generic_visit(node)

    @staticmethod
    def _kept(node):
        return ast.copy_location(ast.Call(ast.Name("kept", ast.Load()), [node], []), node)


def checked(replace=()):
    """The firmware's detector with every operation checked, as {module: ModuleType}."""
    package = ModuleType("checked_crib")
    package.__path__ = [str(tree.FIRMWARE / "crib")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "checked_crib", package)
        for name in CHECKED:
            source = (tree.FIRMWARE / "crib" / f"{name}.py").read_text()
            for old, new in replace:
                source = source.replace(old, new)
            module = ModuleType(f"checked_crib.{name}")
            module.__package__ = "checked_crib"
            module.kept = kept
            patch.setitem(sys.modules, module.__name__, module)
            setattr(package, name, module)
            parsed = ast.fix_missing_locations(Instrument().visit(ast.parse(source)))
            exec(compile(parsed, name, "exec"), vars(module))
        for name in [name for name in sys.modules if name.startswith("checked_crib.")]:
            del sys.modules[name]
    return vars(package)


@pytest.fixture(scope="module")
def crib():
    return checked()


def reaching(response):
    """The samples that drive a filter from rest to its largest: sign by sign, last one first."""
    heard = response[: np.flatnonzero(np.abs(response) > 1e-3 * np.abs(response).max())[-1] + 1]
    return np.where(heard[::-1] > 0, 32767, -32768)


def adversarial(row, n):
    """int16[frames, 3]: what the bounds say is worst, then what no mattress makes."""
    rng = np.random.default_rng(n)
    i = np.arange(n)
    still = 12000 + rng.integers(-5, 6, n)
    parts = [still, still]
    for sign in (1, -1):
        for response in responses(row).values():
            parts.append(np.clip(sign * reaching(response), -32768, 32767))
    parts += [
        0 * i, 0 * i - 32768, 0 * i + 32767,
        np.where(i // 150 % 2, 32767, -32768),
        np.where(i % 26 < 9, np.where(i // 4 % 2, 32767, -32768), 0),
        np.clip(np.cumsum(rng.integers(-600, 601, n)), -32768, 32767),
        rng.integers(-32768, 32768, n),
        still,
        np.where(i % 30 < 9, np.where(i // 4 % 2, 400, -400), 0) + still,
    ]  # fmt: skip
    parts += [np.where(i // half % 2, 32767, -32768) for half in (1, 2, 3, 5, 9, 25)]
    one = np.concatenate(parts)
    return np.stack([one, np.roll(one, 1), -1 - one], axis=1).astype("<i2")


def detected(crib, values, rate_mhz, accel):
    """Run all frames; return the detector and the movements, which are read as a record is."""
    found = crib["detector"].Detector(values, rate_mhz, MLSB_PER_G)
    movements = []
    for at in range(0, len(accel), 64):
        piece = accel[at : at + 64]
        for k in range(found.step(piece.tobytes(), len(piece))):
            movements.append(found.movements.fields(k))
        found.seconds.due = False
    found.finish()
    return found, movements


@pytest.mark.parametrize("values", [schema.DEFAULTS, *ENDS.values()], ids=["defaults", *ENDS])
@pytest.mark.parametrize("rate_mhz", [52_000, 104_000, 208_000])
def test_a_checked_run_stays_inside(crib, rate_mhz, values):
    row = next(row for limit, row in config._SHIFTS if rate_mhz <= limit)
    values = {**values, "warm_up_ms": 1000, "tell_events": 1}
    accel = adversarial(row, 900)
    found, movements = detected(crib, values, rate_mhz, accel)
    assert found.seen == len(accel)
    assert movements


def test_the_bounds_are_reached(crib):
    """Else they would bound another filter than this one."""
    row = next(row for limit, row in config._SHIFTS if limit >= 104_000)
    for name, word in (("band", kernels.BAND), ("slow", kernels.SLOW), ("sharp", kernels.SHARP)):
        response = responses(row)[name]
        one = reaching(response)
        rest = np.full(3000, -1)
        accel = np.repeat(np.concatenate([rest, one])[:, None], 3, axis=1).astype("<i2")
        found, _ = detected(crib, schema.DEFAULTS, 104_000, accel)
        most = largest(response)
        for axis in range(3):
            assert 0.98 * most < found.state[word + axis] <= most, name


def test_running_sums_that_wrap_stay_inside(crib):
    found = crib["detector"].Detector(schema.DEFAULTS, 104_000, MLSB_PER_G)
    found.state[kernels.ALL] = found.state[kernels.SLOWS] = 2**30 - 1
    accel = adversarial(config._SHIFTS[1][1], 200)
    found.step(accel[:64].tobytes(), 64)
    found.state[kernels.ALL] = 2**30 - 1
    loud = np.where(np.arange(64)[:, None] // 4 % 2, 32767, -32768) + np.zeros(3, int)
    found.step(loud.astype("<i2").tobytes(), 64)
    assert 0 < found.state[kernels.ALL] < 2**29


def test_long_division_stays_inside(crib):
    ends = [0, 1, 2, 3, 2**15, 2**29 - 1, 2**29, 2**29 + 1, 2**30 - 1]
    for a, b in itertools.product(ends, ends):
        assert crib["kernels"].divide(a, b) == (a // b if b else 0)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("if _SHARP_MOST < v:", "if v < 0:"),
        ("_LOUD_MOST = const(127 << 14)", "_LOUD_MOST = const(16000 << 14)"),
        ("while b <= a >> 1:", "while b << 1 <= a:"),
        ("st[ALL] + _LOWEST", "st[ALL]"),
    ],
)
def test_the_checked_run_notices_what_would_leave(old, new):
    broken = checked([(old, new)])
    with pytest.raises(OutOfRange):
        test_a_checked_run_stays_inside(broken, 104_000, schema.DEFAULTS)
        test_long_division_stays_inside(broken)
        test_running_sums_that_wrap_stay_inside(broken)

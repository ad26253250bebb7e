"""What the documents name exists, and the numbers in them are the computed ones."""

import ast
import re
from array import array
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from cribtrace.device import config, kernels, records, settings
from tests.support import detector_numbers as numbers
from tests.unit import test_detector

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md"), *(ROOT / "boards").rglob("*.md")])
# Folders that making something creates, and what a reader names himself.
MADE = ("build/", ".venv", ".micropython", ".perf", ".typings", "night.npz", "log/")


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def broken_links(page: Path) -> list[str]:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", re.sub(r"`[^`\n]*`", "", text(page)))
    local = [t for t in targets if not t.startswith(("http://", "https://", "mailto:"))]
    return [target for target in local if not (page.parent / target).exists()]


def missing_files(page: Path) -> list[str]:
    """Files in backquotes that lie nowhere one would look for them."""
    named = re.findall(r"`((?:[\w.-]+/)*[\w-]+\.(?:py|md|json|toml|npz))`", text(page))
    named += re.findall(
        r"`((?:bench|docs|firmware|host_tools|tests|boards)/[\w./-]*)`", text(page)
    )
    places = (page.parent, ROOT, ROOT / "firmware" / "crib", ROOT / "tests" / "unit",
              page.parent / "hardware", ROOT / "boards" / "virtual")  # fmt: skip
    found = [n for n in named if not n.startswith(MADE)]
    return sorted({n for n in found if not any((place / n).exists() for place in places)})


def commands(page: Path) -> list[str]:
    """The word behind `cribtrace` wherever a document shows the command."""
    quoted = re.findall(r"^(?: {4}|\$ ).*$", text(page), flags=re.MULTILINE)
    quoted += re.findall(r"```.*?```|`[^`\n]+`", text(page), flags=re.DOTALL)
    pattern = r"(?<![\w./-])(?:\.venv/bin/)?cribtrace ([a-z][a-z-]*)\b"
    return [verb for piece in quoted for verb in re.findall(pattern, piece)]


def rows(page: str, first_cell: str) -> list[list[str]]:
    """The cells of the table in a document whose header begins with `first_cell`."""
    table = re.search(
        rf"^\| {re.escape(first_cell)} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", text(DOCS / page), re.M
    )
    assert table, first_cell
    return [[c.strip() for c in line.split("|")[1:-1]] for line in table[1].splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_and_named_files_exist(page):
    assert broken_links(page) == []
    assert missing_files(page) == []


def test_what_does_not_exist_is_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("[a](gone.md) `tests/unit/test_gone.py` `firmware/gone/` `kernels.py`\n")
    assert broken_links(page) == ["gone.md"]
    assert missing_files(page) == ["firmware/gone/", "tests/unit/test_gone.py"]
    page.write_text("    cribtrace pull; .venv/bin/cribtrace fly --high\n\nthe cribtrace way\n")
    assert commands(page) == ["pull", "fly"]


def test_commands_in_the_documents_exist():
    cli = pytest.importorskip("cribtrace.cli", reason="no command line yet: cribtrace.cli")
    known = set(cli.group.commands)
    shown = {verb for page in PAGES for verb in commands(page)}
    assert "replay" in shown
    assert shown - known == set()


def test_every_module_of_the_firmware_is_in_the_map():
    design = text(DOCS / "DESIGN.md")
    crib = ROOT / "firmware" / "crib"
    modules = {p.stem for p in crib.rglob("*.py")} - {"__init__"}
    listed = set(re.findall(r"^\| `firmware/crib/(?:imu/)?(\w+)\.py`", design, re.MULTILINE))
    assert listed == modules


def imported(path: Path) -> set[str]:
    """Last words of every import in a module or package."""
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                found |= {(node.module or "").split(".")[-1], *(a.name for a in node.names)}
    return found


def arrows() -> list[tuple[str, str]]:
    """(imported, importer) of every arrow in the map of modules."""
    block = re.search(r"^    firmware/   .*?\n\n\|", text(DOCS / "DESIGN.md"), re.M | re.S)
    assert block
    pairs = []
    for line in re.split(r"\n|;", block[0]):
        if "<-" in line:
            chain = re.sub(r"^ *(?:firmware/ |host )? *", "", line).replace("|", "").split("<-")
            groups = [[name.strip() for name in group.split(",")] for group in chain]
            for left, right in pairwise(groups):
                pairs += [(a, b) for a in left for b in right]
    return pairs


def test_the_arrows_of_the_map_are_imports():
    pairs = arrows()
    assert ("kernels", "detector") in pairs and len(pairs) > 20
    wrong = []
    for name, by in pairs:
        host = ROOT / "host_tools" / "cribtrace" / by
        crib = ROOT / "firmware" / "crib" / by
        places = [p for p in (host, crib) if p.with_suffix(".py").exists() or p.is_dir()]
        if by == "main.py":
            places = [ROOT / "firmware" / "main"]
        if not any(name in imported(place) for place in places):
            wrong.append((name, by))
    assert wrong == []


@pytest.mark.parametrize("rate_hz", numbers.RATES_HZ)
def test_filter_table(rate_hz):
    row = next(r for r in rows("DETECTOR.md", "Rate, Hz") if r[0] == str(rate_hz))
    high, low1, low2, envelope, floor_step = numbers.shifts(rate_hz)
    assert row[1:5] == [str(high), f"{low1}, {low2}", str(envelope), str(floor_step)]
    low_hz, _, high_hz, gain = numbers.corners(rate_hz)
    noise = numbers.noise_gain(rate_hz)
    assert row[5:] == [f"{low_hz:.2f}", f"{high_hz:.1f}", f"{gain:.3f}", f"{noise:.3f}"]


def tables_by_rate(rate_hz: int) -> list[list[str]]:
    """Every row of DETECTOR.md that begins with a rate, in their order."""
    page = text(DOCS / "DETECTOR.md")
    found = re.findall(rf"^\| {rate_hz} \|(.*)\|$", page, flags=re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in found]


@pytest.mark.parametrize("rate_hz", numbers.RATES_HZ)
def test_noise_table_is_what_the_kernel_does(rate_hz):
    stated = [float(cell) for cell in tables_by_rate(rate_hz)[1]]
    facts = numbers.noise_facts(rate_hz, 0.5, 40_000)
    measured = [facts[k] for k in ("median", "q0.9", "q0.99", "q0.999", "floor")]
    assert stated[:5] == pytest.approx(measured, rel=0.025)
    assert stated[5] == pytest.approx(facts["floor_sd"], rel=0.35)


@pytest.mark.parametrize("rate_hz", numbers.RATES_HZ)
def test_sensor_table(rate_hz):
    rms_mg = numbers.sensor_rms_mg(rate_hz)
    floor_mg = 1.663 * rms_mg
    active_s = numbers.floor_time_s(rate_hz, 2, floor_mg, active=True)
    expected = [
        f"{rms_mg:.3f}", f"{floor_mg:.3f}", f"{4.5 * floor_mg:.2f}",
        f"{numbers.floor_time_s(rate_hz, 2, floor_mg):.0f}", f"{active_s:.0f}",
    ]  # fmt: skip
    assert tables_by_rate(rate_hz)[2] == expected


def test_false_alarm_arithmetic():
    low = settings.DEFAULTS["low_gain_8"] / 8
    high = settings.DEFAULTS["high_gain_8"] / 8
    frames = 10 * 3600 * 104
    stated = rows("DETECTOR.md", "k")
    assert [float(row[0]) for row in stated] == [low, high]
    for row, k in zip(stated, (low, high), strict=True):
        share = numbers.tail(k * 1.663)
        assert float(row[1]) == pytest.approx(share, rel=0.05)
        assert float(row[2]) == pytest.approx(float(row[1]) * frames, rel=0.05)
    raised = numbers.tail(high * 1.63)
    assert raised == pytest.approx(1.1e-9, rel=0.1)
    assert 1 / (raised * frames) == pytest.approx(250, rel=0.1)


def test_the_tail_agrees_with_plain_counting_where_that_is_possible():
    x = np.abs(np.random.default_rng(5).normal(size=(1_000_000, 3)))
    magnitude = x.max(axis=1) * 0.625 + 0.375 * x.sum(axis=1)
    for k in (2.0, 3.0, 4.0):
        assert numbers.tail(k) == pytest.approx(np.mean(magnitude > k), rel=0.05)
    assert np.median(magnitude) == pytest.approx(1.663, rel=0.003)


def test_the_magnitude_is_as_near_to_the_length_as_it_says():
    grid = np.linspace(0, 1, 401)
    y, z = np.meshgrid(grid, grid)
    ratio = (1 + 0.375 * (y + z)) / np.sqrt(1 + y**2 + z**2)
    assert (f"{ratio.min():.3f}", f"{ratio.max():.3f}") == ("0.972", "1.132")
    assert "between 0.972 and 1.132 times" in text(DOCS / "DETECTOR.md")


def test_the_share_of_the_peak_in_force_is_as_stated():
    shares = []
    for peak in [*range(300, 5000), *range(5000, 2**20, 997)]:
        level = kernels.level(peak * 77 >> 8)
        least = level if level < 16 else (8 + level % 8) << (level // 8 - 1)
        shares.append(least / peak)
    assert min(shares) >= 0.265 and max(shares) <= 0.301
    assert "26.7 % and 30.1 %" in text(DOCS / "DETECTOR.md")


@pytest.mark.parametrize("rate_mhz", [52_000, 104_000, 208_000])
def test_no_word_reaches_the_bound_that_is_stated_for_it(rate_mhz):
    bounds = {row[0]: 2 ** int(row[2].removeprefix("2^")) for row in rows("DETECTOR.md", "Word")}
    assert len(bounds) == 9
    cfg = config.kernel_words(settings.DEFAULTS, rate_mhz, numbers.MLSB_PER_G, 6, 0, 1)
    cfg[kernels.WARM_UP] = 50
    state = array("I", [0] * kernels.ST_WORDS)
    state[kernels.WARM] = 50
    out = array("I", [0] * (kernels.OUT_EVENTS * kernels.OUT_WORDS))
    raw = test_detector.extremes(6400, 11).tobytes()
    most = dict.fromkeys(bounds, 0)
    for index in range(6400):
        kernels.scan(raw[index * 6 : index * 6 + 6], 1, index, cfg, state, out)
        for name in bounds:
            at = getattr(kernels, name)
            most[name] = max(most[name], *state[at : at + (3 if name in ("BASE", "BAND") else 1)])
    assert all(0 < most[name] < bounds[name] for name in bounds), most
    assert most["PEAK"] > 2**20  # the worst inputs do come near


def test_the_tests_that_prove_the_bounds_exist():
    named = re.findall(r"`(test_\w+)`", text(DOCS / "DETECTOR.md"))
    assert len(named) > 6
    for name in named:
        assert callable(getattr(test_detector, name)), name


def test_the_settings_are_as_stated():
    page = text(DOCS / "DETECTOR.md")
    s = settings.DEFAULTS
    for words in (
        f"ends after {s['hold_ms'] / 1000} s below", f"{s['longest_ms'] // 1000} s after it began",
        f"never below {s['floor_min_ug']} ug", f"For {s['warm_up_ms'] // 1000} s after a start",
        f"allows {s['settle_ms'] // 1000} s to settle", f"from {s['pre_ms'] / 1000} s before",
        f"{s['low_gain_8'] // 8} times the floor or more",
        f"reached {s['high_gain_8'] / 8} times the floor",
    ):  # fmt: skip
        assert words in page, words
    kinds = rows("DETECTOR.md", "Duration at 30 %")
    assert kinds[0] == [f"up to {s['twitch_ms'] / 1000} s", f"`{records.KINDS[0]}`"]
    assert kinds[1] == [f"up to {s['limb_ms'] // 1000} s", f"`{records.KINDS[1]}`"]

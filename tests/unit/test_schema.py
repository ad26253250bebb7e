"""docs/SCHEMA.md against real output: the board's own recorder and journal, read by the host."""

import importlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

from cribtrace import analysis, interpretation, rerun, why
from cribtrace.cli import bench
from cribtrace.device import config, detector, records, segment_header, settings
from tests.support.pattern_truth import told

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "SCHEMA.md"
TYPES = ["header", "event", "event by the host", "epoch", "gap", "state", "state by the host",
         "recorder", "clock", "mark", "summary", "why", "replayed", "replay"]  # fmt: skip
RATE_MHZ, MLSB_PER_G = 104_000, 16_393_443
ROW = r"^\| `([\w.]+)` \|([^|]*)\|([^|]*)\|$"


class Nobody:
    """Whom the recorder tells of records and events."""

    def record(self, body, n):
        pass

    def event(self, fields):
        pass


def mattress() -> np.ndarray:
    """Two minutes of noise with one movement."""
    mg = np.random.default_rng(3).normal((0, 0, 1000), 0.3, (120 * 104, 3))
    n = np.arange(3 * 104)
    mg[60 * 104 + n, 2] += 9 * np.sin(2 * np.pi * 5 * n / 104) * np.exp(-n / 60)
    return np.rint(mg * MLSB_PER_G / 1e6).astype("<i2")


def boot_facts() -> tuple:
    return (
        bytes.fromhex("9f3c52a1e07b48d6"), 1, RATE_MHZ, MLSB_PER_G, 0,
        settings.crc(settings.DEFAULTS), segment_header.schema(), 0, 2,
        b"LSM6DSO", b"virtual", b"0.1.0",
    )  # fmt: skip


def recorded(folder: Path, *, anchored: bool = False) -> list[dict]:
    """All lines of a log that the firmware's own code wrote into `folder`."""
    journal = importlib.import_module("cribtrace.firmware.crib.journal").Journal(str(folder))
    recorder = importlib.import_module("cribtrace.firmware.crib.recorder").Recorder
    journal.begin(boot_facts())
    writer = recorder(journal, Nobody())
    writer.write(records.BOOT, records.CAUSES.index("power_on"), 1)
    power_cut = records.GAP_REASONS.index("power_cut")
    writer.write(records.GAP, 0, records.UNKNOWN, records.UNKNOWN, power_cut)
    writer.write(records.CONFIG, rest=settings.text(settings.DEFAULTS).encode())
    det = detector.Detector(settings.DEFAULTS, RATE_MHZ, MLSB_PER_G)
    writer.watch(det)
    if anchored:
        writer.write(records.ANCHOR, 1_700_000_000, 250, 1_200, 1, 4, 0)
    raw = mattress().tobytes()
    for at in range(0, len(raw), 6 * config.BURST):
        burst = raw[at : at + 6 * config.BURST]
        writer.burst(det.step(burst, len(burst) // 6))
    writer.text("what=fault fault=bus_error")
    writer.gap(128, "fifo_overrun")
    writer.write(records.MARK, rest=b"lifted")
    writer.write(
        records.RECORDER,
        det.seen,
        det.in_gaps,
        9,
        0,
        0,
        1_600_000,
        3_000,
        61_234,
        40_960,
        90_112,
        2_250,
        131,
        67,
        5,
        2_450,
        400,
        90,
        9,
        1,
        0,
        1,
        0,
        0,
    )
    stopped = records.STOP_REASONS.index("ctrl_c")
    writer.write(records.STOP, det.seen, det.in_gaps, journal.written, stopped)
    journal.close()
    return list(analysis.lines(analysis.read_night(folder)))


def interpreted() -> list[dict]:
    """What the host's own code infers from movements in which there is one pattern of each kind.

    The board's kinds go through the detector above; these lines are what it would give.
    """
    shared = {"type": "event", "peak_mg": 3.2, "jerks": 9, "rate_hz": 2.25, "regularity": 0.9}
    moves = [("handling", 260.0, 4.0), ("rhythmic_bout", 620.5, 4.0),
             ("rhythmic_bout", 626.0, 3.5), ("gross", 631.0, 5.0)]  # fmt: skip
    moves += [("limb_move", 900.0 + 21.5 * i, 1.1) for i in range(5)]
    moves += [("twitch", 1200.0 + 4.25 * i, 0.25) for i in range(4)]
    moves += [("twitch", 1400.0 + 4.0 * i + i % 2, 0.25) for i in range(12)]
    moves += [("gross", 1700.0 + 40.0 * i, 20.0) for i in range(3)]
    events = [
        {**shared, "kind": kind, "onset_s": at, "duration_s": long, "why": {"vetoes": []}}
        for kind, at, long in moves
    ]
    return interpretation.read(told(events, 3600)).lines


def asked(folder: Path) -> list[dict]:
    """What the commands say of that log that `decode` does not: a second's reasons, a re-run."""
    night = analysis.read_night(folder)
    reasons = [why.answer(night, at_s) for at_s in (45.5, 60.2)]
    return json.loads(json.dumps([*reasons, *bench.rerun_lines(rerun.verdicts(folder))]))


@pytest.fixture(scope="module")
def lines(tmp_path_factory) -> list[dict]:
    folder = tmp_path_factory.mktemp("log")
    return recorded(folder) + interpreted() + asked(folder)


def sections() -> dict[str, tuple[list[dict], dict[str, str]]]:
    """For each heading of a type its example lines, and its keys with their meaning."""
    found = {}
    for section in re.split(r"^## ", SCHEMA.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        name = section.split("\n")[0]
        examples = [json.loads(line) for line in re.findall(r"^\{.*\}$", section, re.MULTILINE)]
        rows = re.findall(ROW, section, re.MULTILINE)
        if examples:
            found[name] = examples, {row[0]: f"{row[1]} {row[2]}".strip() for row in rows}
    return found


def leaves(line: dict, path: str = "") -> dict[str, object]:
    """Dotted key: value, objects opened."""
    flat: dict[str, object] = {}
    for key, value in line.items():
        inner = leaves(value, f"{path}{key}.") if isinstance(value, dict) else {path + key: value}
        flat.update(inner)
    return flat


def kind(value: object) -> str:
    if isinstance(value, list):
        return f"list of {sorted({kind(v) for v in value})}"
    return type(value).__name__


def mismatches(example: dict, real: dict, meanings: dict[str, str]) -> list[str]:
    """How a real line differs from the documented one in keys, their order and their types."""
    shown, found = leaves(example), leaves(real)
    if list(shown) != list(found):
        return [f"keys {list(shown)} are really {list(found)}"]
    wrong = []
    for key, value in found.items():
        nullable = "null" in meanings.get(key, "")
        if kind(value) != kind(shown[key]) and not (nullable and None in (value, shown[key])):
            wrong.append(f"{key}: {kind(shown[key])} is really {kind(value)}")
    return wrong


def like(example: dict, lines: list[dict]) -> list[dict]:
    """The real lines that an example stands for: those of its sort."""
    return [line for line in lines if sort_of(line) == sort_of(example)]


def sort_of(line: dict) -> tuple:
    """Its type, for a recorder its `what`, for the host's what it says, or how many events."""
    by = line.get("by")
    said = line.get("kind", line.get("state")) if by else None
    if line["type"] == "why":
        said = len(line["events"])
    return line["type"], line.get("what"), by, said


def test_every_type_has_a_section_and_every_line_a_type():
    assert list(sections()) == TYPES
    for name, (examples, _) in sections().items():
        assert {example["type"] for example in examples} == {name.split()[0]}
        assert {"by" in example for example in examples} == {"by the host" in name}


@pytest.mark.parametrize("name", TYPES)
def test_each_example_has_the_keys_and_types_of_real_output(name, lines):
    examples, meanings = sections()[name]
    for example in examples:
        if example.get("what") == "anchor":
            continue  # lines beside it have a `utc`: see below
        real = like(example, lines)
        assert real, example
        for line in real:
            assert mismatches(example, line, meanings) == []


@pytest.mark.parametrize("name", TYPES)
def test_each_key_has_its_row_and_no_other(name):
    examples, meanings = sections()[name]
    keys = {key for example in examples for key in leaves(example)} - {"type"}
    assert set(meanings) - {"utc"} == keys - {"utc"}
    for key, meaning in meanings.items():
        unit = key.removesuffix("_s").rsplit("_", 1)[-1] if key.endswith("_mg_s") else ""
        unit = unit or key.rsplit("_", 1)[-1]
        for suffix, word in (("s", "s"), ("mg", "mg"), ("hz", "Hz"), ("ms", "ms"), ("us", "us")):
            if unit == suffix and "_" in key:
                assert meaning.startswith(word + " "), key


def test_every_real_line_has_an_example(lines):
    examples = [example for found, _ in sections().values() for example in found]
    shown = {sort_of(e) for e in examples}
    anchor = ("recorder", "anchor", None, None)
    assert {sort_of(line) for line in lines} | {anchor} == shown


def test_with_an_anchor_lines_carry_utc(tmp_path):
    found = recorded(tmp_path, anchored=True)
    timed = [line for line in found if line["type"] not in ("header", "summary")]
    assert all(re.fullmatch(r"2023-11-1\dT[\d:.]+Z", line["utc"]) for line in timed)
    example = sections()["recorder"]
    anchor = next(e for e in example[0] if e["what"] == "anchor")
    (real,) = like(anchor, found)
    real.pop("utc")
    assert mismatches(anchor, real, example[1]) == []


def test_a_changed_key_and_a_changed_type_are_noticed(lines):
    examples, meanings = sections()["event"]
    (real,) = like(examples[0], lines)
    assert mismatches(examples[0], {**real, "why": {**real["why"], "margin": "3"}}, meanings)
    assert mismatches(examples[0], {**real, "more": 1}, meanings)
    assert mismatches(examples[0], {k: v for k, v in real.items() if k != "snr"}, meanings)


if __name__ == "__main__":
    import sys

    for line in recorded(Path(sys.argv[1]), anchored=len(sys.argv) > 2):
        print(json.dumps(line))
    for line in asked(Path(sys.argv[1])):
        print(json.dumps(line))

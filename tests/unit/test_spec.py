"""docs/SPEC-log-format.md, two decoders and the golden segments agree.

`python -m tests.unit.test_spec` rewrites the golden segments and the example in the document.
"""

import ast
import json
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from types import MappingProxyType

import pytest

from cribtrace import cli, facts, log_records, logfile, rerun
from cribtrace.device import records, segment_header, settings
from tests.support import second_decoder
from tests.support.peer import encoded

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "docs" / "SPEC-log-format.md"
VECTORS = ROOT / "tests" / "vectors"
SIZES = {"u8": 1, "u16": 2, "i16": 2, "u32": 4, "i32": 4}
STRUCT = {"u8": "B", "u16": "H", "i16": "h", "u32": "I", "i32": "i"}

SETTINGS = {"hold_ms": 500, "floor_min_ug": 150}
HEADER = {
    "device": bytes(range(0xD0, 0xD8)), "boot": 3, "segment": 7, "first_seq": 400,
    "stream": 0, "schema": segment_header.schema(), "build": 0x5EED0001,
    "rate_mhz": 104_000, "mlsb_per_g": 16_393_443, "recording_frames": 0,
    "config_crc": settings.crc(SETTINGS), "full_scale_g": 2, "sensor": b"LSM6DSO",
    "board": b"virtual", "firmware": b"0.1.0",
}  # fmt: skip
BOOT = (records.BOOT, 0, (1, 3), b"")
GAINS = 1_048_576, 1_000_000, 900_000
CODED_GAINS = 0x9800, 0x8F42, 0x8DBB  # 1,048,576 and, a little less than, 1,000,000 and 900,000
FILTERS = (134_225_920, 131_076_096, 201_359_360, -9, 8, 7, -6, 5, 4, 3, 2, -1, *GAINS)
EVENT = (
    records.EVENT, 2_300,
    (0, 11, 8, 2, 0, 512, 410, 1, 96, 2_816, 2_210, 2_210, 2_212, 22, 40, 2_301, 205, 1_048_576,
     52_000, 3_072, 0, -3, 2),
    b"",
)  # fmt: skip
GAP = (records.GAP, 2_560, (2_560, 128, records.UNKNOWN, 0), b"")
EPOCH = (
    records.EPOCH,
    3_136,
    (448, 448, 64, 880, 102, 1, *CODED_GAINS),
    bytes.fromhex("21 78 fd 46 "),  # 33: 40 41 212 39
)
STOP = (records.STOP, 3_200, (3_072, 128, 4, 1), b"")
SNIPPET = (
    records.SNIPPET, 2_300, (2_210, 2_144, 4, 32_770, 32_001, 49_160, 8, 40, *FILTERS),
    bytes((2, 1, 0, 0xFF, 1, 0x80, 2, 3, 0xFD, 0xFF, 7, 0xFE, 0xFF, 7, 0)),
)  # fmt: skip
ALL = (
    BOOT,
    (records.GAP, 0, (0, records.UNKNOWN, 4_321, records.GAP_REASONS.index("interrupted")), b""),
    (records.CONFIG, 0, (), settings.text(SETTINGS).encode()),
    (records.STATE, 0, (0, 1_040, 0, 0), b""),
    (records.ANCHOR, 640, (1_700_000_000, 250, 6_400, 3, 12, 0), b""),
    EVENT,
    SNIPPET,
    EPOCH,
    GAP,
    (records.STATE, 2_688, (2_688, 104, 0, 1), b""),
    (
        records.RECORDER,
        6_240,
        (
            6_112,
            128,
            409,
            0,
            31,
            1_600_000,
            3_000,
            61_234,
            40_960,
            90_112,
            2_250,
            131,
            67,
            5,
            -150,
            400,
            90,
            9,
            1,
            0,
            1,
            0,
            0,
        ),
        b"",
    ),
    (records.MARK, 6_300, (), "lifted, put back – 2:14".encode()),
    (records.TEXT, 6_301, (), b"what=fault fault=bus_error"),
    (records.STOP, 6_400, (6_272, 128, 13, 2), b""),
)


def packed(records_, versions: dict[int, int] = MappingProxyType({}), **changes) -> bytes:
    """A segment, by the board's own code; `versions` of the types that have another."""
    content = log_records.pack_header({**HEADER, **changes})
    for offset, (kind, frame, values, rest) in enumerate(records_):
        layout = records.LAYOUTS.get(kind, "<")
        version = versions.get(kind) or (records.VERSIONS[kind] if kind in records.LAYOUTS else 1)
        head = struct.pack(records.HEAD, kind, version, HEADER["first_seq"] + offset, frame)
        body = head + struct.pack(layout, *values) + rest
        content += encoded(body)
    return content


def damaged(content: bytes, at: int) -> bytes:
    return content[:at] + bytes((content[at] ^ 0x55,)) + content[at + 1 :]


def segments() -> dict[str, bytes]:
    """Every golden segment by name."""
    small = packed([BOOT, EVENT, GAP, EPOCH, STOP])
    event_at = small.index(b"\0", segment_header.BYTES) + 20
    newer = small[:8] + b"\3" + small[9 : segment_header.BYTES - 4]
    newer += struct.pack("<I", zlib.crc32(newer)) + small[segment_header.BYTES :]
    needing = small[:12] + b"\4" + small[13 : segment_header.BYTES - 4]
    needing += struct.pack("<I", zlib.crc32(needing))
    return {
        "segment": small,
        "segment_every_type": packed(ALL),
        "segment_header_only": packed([]),
        "segment_torn": small[:-9],
        "segment_torn_header": small[:70],
        "segment_damaged": damaged(small, event_at),
        "segment_damaged_header": damaged(small, 25),
        "segment_newer_major": newer,
        "segment_needs_more": needing + small[segment_header.BYTES :],
        "segment_waveforms": packed([SNIPPET, SNIPPET], stream=records.WAVEFORMS),
        "segment_unknown_type": packed([BOOT, (200, 5, (), b"\1\2\0\3"), STOP]),
        "segment_other_version": packed(
            [BOOT, EVENT, SNIPPET, EPOCH, STOP],
            {records.EVENT: 1, records.SNIPPET: 1, records.EPOCH: 4},
        ),
        "segment_long_record": packed([(records.TEXT, 1, (), b"x" * 700), STOP]),
    }


def by_logfile(content: bytes) -> dict:
    """What cribtrace.logfile finds, in the form of the second decoder."""
    segment = logfile.parse(content, "x.crib")
    header = None
    if segment.header and segment.verdict != logfile.FOREIGN:
        header = {k: v for k, v in segment.header.items() if k not in ("magic", "bytes")}
        header["device"] = header["device"].hex()
        for name in ("sensor", "board", "firmware"):
            header[name] = header[name].rstrip(b"\0").decode()
    known = [r for r in segment.records if r["type"] in log_records.TYPE_NAMES]
    return {
        "verdict": segment.verdict,
        "header": header,
        "records": [_plain(record) for record in known],
        "unknown": len(segment.records) - len(known),
    }


def _plain(record: dict) -> dict:
    from cribtrace import analysis, boots

    plain = {k: v for k, v in record.items() if k not in ("version", "rest")}
    plain["type"] = log_records.TYPE_NAMES[record["type"]]
    if record["type"] in (records.MARK, records.TEXT, records.CONFIG):
        plain["text"] = record["rest"].decode()
    elif record["type"] == records.EPOCH:
        plain["levels"] = list(record["rest"])
    elif record["type"] == records.SNIPPET:
        boot = boots.Boot({"rate_mhz": 1000, "mlsb_per_g": 1_000_000}, [], 0.0)
        plain["waveform"] = analysis._snippet(record, boot).mg.astype(int).tolist()
    return plain


def spec_tables() -> dict[str, list[tuple[int, int, str, str]]]:
    """Heading: its rows (offset, size, type, field); each row's number is checked."""
    tables: dict[str, list[tuple[int, int, str, str]]] = {}
    heading = ""
    for line in SPEC.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 6 and cells[0].isdigit():
            rows = tables.setdefault(heading, [])
            assert int(cells[0]) == len(rows) + 1, line
            rows.append((int(cells[1]), int(cells[2]), cells[3], cells[4]))
    return tables


def spec_types() -> dict[int, str]:
    found = re.findall(r"^### (\d+) (\w+)$", SPEC.read_text(encoding="utf-8"), re.MULTILINE)
    return {int(number): name for number, name in found}


def example() -> tuple[bytes, dict]:
    """The hex dump and the JSON that the document gives for it."""
    text = SPEC.read_text(encoding="utf-8").split("## Example")[1]
    dump, stated = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    rows = [line.split("  ") for line in dump.splitlines()]
    content = bytes.fromhex("".join(row[1] for row in rows))
    assert [int(row[0], 16) for row in rows] == list(range(0, len(content), 16))
    return content, json.loads(stated)


def test_every_type_has_a_heading_and_no_other():
    assert spec_types() == log_records.TYPE_NAMES
    assert {number: name for number, (name, _, _) in second_decoder.TYPES.items()} == spec_types()


@pytest.mark.parametrize("number", records.LAYOUTS)
def test_the_table_of_each_type_is_what_the_board_packs(number):
    layout, names = records.LAYOUTS[number], log_records.NAMES[number]
    rows = spec_tables().get(f"{number} {log_records.TYPE_NAMES[number]}", [])
    assert [row[3] for row in rows] == list(names)
    each = re.sub(r"(\d+)(\w)", lambda found: int(found[1]) * found[2], layout)
    assert "<" + "".join(STRUCT[row[2]] for row in rows) == each
    at = records.HEAD_BYTES
    for offset, size, kind, _ in rows:
        assert (offset, size) == (at, SIZES[kind])
        at += size


def test_the_table_of_the_header_is_what_the_board_packs():
    rows = spec_tables()["Header"]
    assert [row[3] for row in rows] == [*log_records.HEADER_KEYS, "crc"]
    at = 0
    for offset, size, kind, _ in rows:
        length = re.fullmatch(r"(?:char|u8)\[(\d+)\]", kind)
        assert (offset, size) == (at, int(length[1]) if length else SIZES[kind])
        at += size
    assert at == segment_header.BYTES
    facts = {**HEADER, "segment": 0x01020304}
    row = next(row for row in rows if row[3] == "segment")
    assert log_records.pack_header(facts)[row[0] : row[0] + 4] == b"\4\3\2\1"


def test_the_table_of_the_record_head_is_what_the_board_packs():
    rows = spec_tables()["Records"]
    assert [row[3] for row in rows] == ["type", "version", "seq", "frame"]
    assert "<" + "".join(STRUCT[row[2]] for row in rows) == records.HEAD
    assert rows[-1][0] + rows[-1][1] == records.HEAD_BYTES


def test_the_version_of_each_types_layout_is_the_boards():
    text = SPEC.read_text(encoding="utf-8")
    row = r"^\| 2 \| 1 \| 1 \| u8 \| version \| of this type's layout: (.*), else 1 \|$"
    raised = re.search(row, text, re.MULTILINE)
    assert raised
    told = {name: int(number) for number, name in re.findall(r"(\d) for `(\w+)`", raised[1])}
    expected = {
        log_records.TYPE_NAMES[number]: records.VERSIONS[number]
        for number in records.LAYOUTS
        if records.VERSIONS[number] != 1
    }
    assert told == expected
    assert {n: records.VERSIONS[n] for n in records.LAYOUTS} == second_decoder.VERSIONS


# Layouts of the versions before: a change of one of these without a new version would be read as
# the other by whoever has the older tool.
LAYOUTS_OF_VERSION_1 = {
    records.BOOT: "<BI", records.ANCHOR: "<IHI", records.EVENT: "<BBBBIIIIIIIIIIIIIHhhh",
    records.SNIPPET: "<IIHHHH", records.EPOCH: "<IIIII", records.GAP: "<IIIB",
    records.STATE: "<IIBB", records.RECORDER: "<IIIIIIII", records.STOP: "<IIIB",
    records.MARK: "<", records.TEXT: "<", records.CONFIG: "<",
}  # fmt: skip


@pytest.mark.parametrize("number", records.LAYOUTS)
def test_another_layout_has_another_version(number):
    same = records.LAYOUTS[number] == LAYOUTS_OF_VERSION_1[number]
    assert same == (records.VERSIONS[number] == 1)


def test_another_versions_record_is_kept_as_unknown_and_named(tmp_path, capsys):
    (tmp_path / "00000007.crib").write_bytes(segments()["segment_other_version"])
    (segment,) = logfile.read(tmp_path)
    assert [(r["type"], r["seq"]) for r in segment.records] == [
        (records.BOOT, 400), (0, 401), (0, 402), (0, 403), (records.STOP, 404),
    ]  # fmt: skip
    assert all(r.keys() == {"type", "number", "version", "seq", "frame", "rest"}
               for r in segment.records[1:4])  # fmt: skip
    assert all(facts.json_line(r, segment.header) is None for r in segment.records[1:4])
    assert list(rerun.verdicts(tmp_path)) == []
    assert cli.run(["decode", str(tmp_path)]) == 3
    said = capsys.readouterr()
    assert '"event"' not in said.out
    assert "1 event records in layout 1, which this cribtrace cannot read" in said.err
    assert "1 epoch records in layout 4" in said.err


def test_the_codes_are_the_boards():
    text = SPEC.read_text(encoding="utf-8")
    expected = {
        ("boot", "cause"): records.CAUSES, ("event", "kind"): records.KINDS,
        ("event", "rule"): facts.RULES, ("epoch", "missing"): log_records.MISSES,
        ("gap", "reason"): records.GAP_REASONS,
        ("anchor", "source"): log_records.SOURCES,
        ("state", "state"): log_records.STATES, ("state", "reason"): log_records.STATE_REASONS,
        ("stop", "reason"): records.STOP_REASONS,
    }  # fmt: skip
    found = {}
    for section in re.split(r"^### \d+ ", text, flags=re.MULTILINE)[1:]:
        for field, codes in re.findall(r"^Codes of (\w+): (.*?)\.\n", section, re.DOTALL | re.M):
            pairs = re.findall(r"(\d+)\s+`([^`]+)`", codes)
            assert [int(n) for n, _ in pairs] == list(range(len(pairs)))
            found[section.split("\n")[0], field] = tuple(
                " ".join(name.split()) for _, name in pairs
            )
    assert found == expected
    bits = re.search(r"^Bits of vetoes: (.*?)\.$", text, re.MULTILINE)
    told = re.findall(r"(\d+) `(\w+)`", bits[1] if bits else "")
    assert told == [(str(1 << bit), name) for bit, name in enumerate(log_records.VETOES)]
    assert str(records.SEGMENT_LIMIT) in text
    assert f"Version {segment_header.FORMAT_MAJOR}.{segment_header.FORMAT_MINOR}." in text
    assert zlib.crc32(b"123456789") == 0xCBF43926


def test_the_schema_is_the_layouts():
    told = re.search(r"```schema\n(.*?)\n```", SPEC.read_text(encoding="utf-8"), re.DOTALL)
    assert told
    line = told[1].replace("\n", "")
    assert line == ";".join(records.LAYOUTS[number] for number in sorted(records.LAYOUTS))
    assert zlib.crc32(line.encode()) == segment_header.schema()


def test_the_example_decodes_to_what_it_says():
    content, stated = example()
    assert content == packed([BOOT, EVENT, GAP, EPOCH, STOP])
    assert second_decoder.decode(content) == stated
    assert by_logfile(content) == stated


@pytest.mark.parametrize("name", segments())
def test_golden_segments(name):
    content = (VECTORS / f"{name}.crib").read_bytes()
    expected = json.loads((VECTORS / f"{name}.json").read_text())
    assert content == segments()[name]
    assert second_decoder.decode(content) == expected
    assert by_logfile(content) == expected


def test_the_golden_segments_cover_every_type_and_every_verdict():
    expected = [json.loads(p.read_text()) for p in sorted(VECTORS.glob("segment*.json"))]
    assert {p.stem for p in VECTORS.glob("segment*.json")} == set(segments())
    assert {r["type"] for e in expected for r in e["records"]} == set(spec_types().values())
    assert {e["verdict"] for e in expected} == {"complete", "truncated", "damaged", "foreign"}
    assert any(e["unknown"] for e in expected)


@pytest.mark.parametrize("name", ["segment", "segment_every_type"])
def test_cut_anywhere_the_two_decoders_agree_on_what_is_left(name):
    content = segments()[name]
    for end in range(1, len(content), 3):
        assert by_logfile(content[:end]) == second_decoder.decode(content[:end]), end


def test_with_any_byte_damaged_the_two_decoders_agree_on_the_records():
    content = segments()["segment_every_type"]
    for at in range(segment_header.BYTES, len(content)):
        broken = damaged(content, at)
        ours, theirs = by_logfile(broken), second_decoder.decode(broken)
        assert ours["records"] == theirs["records"], at
        assert ours["verdict"] != "complete", at


def test_the_config_record_leads_to_the_crc_in_the_header():
    found = second_decoder.decode(packed(ALL))
    text = next(r["text"] for r in found["records"] if r["type"] == "config")
    assert zlib.crc32(text.replace(" ", ";").encode()) == found["header"]["config_crc"]


def test_the_second_decoder_shares_nothing_with_the_project():
    tree = ast.parse(Path(second_decoder.__file__).read_text())
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    assert imported == {"struct", "zlib"}
    alone = [sys.executable, "-I", second_decoder.__file__]
    subprocess.run(alone, cwd="/", check=True)


def hex_dump(content: bytes) -> str:
    lines = [
        f"{at:04x}  " + " ".join(f"{byte:02x}" for byte in content[at : at + 16])
        for at in range(0, len(content), 16)
    ]
    return "\n".join(lines)


def stated(found: dict) -> str:
    head = ",\n ".join(f'"{k}": {json.dumps(found[k])}' for k in ("verdict", "header", "unknown"))
    lines = ",\n  ".join(json.dumps(record) for record in found["records"])
    return "{" + head + ',\n "records": [\n  ' + lines + "\n ]}"


def main() -> None:
    """Write the golden segments, their JSON and the example again, from the board's own code."""
    for name, content in segments().items():
        found = by_logfile(content)
        (VECTORS / f"{name}.crib").write_bytes(content)
        (VECTORS / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
    before, _ = SPEC.read_text(encoding="utf-8").split("## Example")
    line = ";".join(records.LAYOUTS[number] for number in sorted(records.LAYOUTS))
    lines = "\n".join(re.findall(".{1,72}", line))
    before = re.sub(r"(?s)```schema\n.*?```", f"```schema\n{lines}\n```", before)
    small = segments()["segment"]
    SPEC.write_text(
        f"{before}## Example\n\nA header, then boot, event, gap, epoch and stop: offset, then 16 "
        f"bytes a line.\n\n```\n{hex_dump(small)}\n```\n\nIt decodes to:\n\n```json\n"
        f"{stated(by_logfile(small))}\n```\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()

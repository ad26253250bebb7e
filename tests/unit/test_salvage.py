"""Segments with every bit flipped, cut everywhere, bytes put in and taken out: what is left.

A record is undamaged where its packet, with the zero that closes it, still stands in the file.
"""

import json
import random
import struct
import zlib
from functools import cache

import pytest

from cribtrace import analysis, cli, log_records, logfile
from cribtrace.device import records, segment_header
from cribtrace.errors import CribtraceError, Damaged
from tests.support import second_decoder
from tests.support.peer import encoded
from tests.unit.test_spec import ALL, BOOT, EPOCH, EVENT, GAP, STOP, by_logfile, packed

WHOLE = packed(ALL)
SMALL = packed([BOOT, EVENT, GAP, EPOCH, STOP])
SEED = 20260704


def pieces(content: bytes) -> list[bytes]:
    """Every packet of a whole segment, with its closing zero."""
    return [piece + b"\0" for piece in content[segment_header.BYTES :].split(b"\0")[:-1]]


@cache
def sequence_of(content: bytes) -> dict[bytes, int]:
    found = logfile.parse(content, "x").records
    return {piece: record["seq"] for piece, record in zip(pieces(content), found, strict=True)}


@cache
def told(content: bytes) -> list[dict]:
    return by_logfile(content)["records"]


def whole_in(broken: bytes, content: bytes) -> list[int]:
    """Sequence numbers of the records whose bytes all are in `broken`."""
    return [seq for piece, seq in sequence_of(content).items() if piece in broken]


def check(broken: bytes, content: bytes, what: object) -> None:
    """No false record, every undamaged one, by both decoders."""
    ours, theirs = by_logfile(broken), second_decoder.decode(broken)
    assert [r for r in ours["records"] if r not in told(content)] == [], what
    assert theirs["records"] == ours["records"], what
    assert theirs["verdict"] == ours["verdict"], what
    assert theirs["header"] == ours["header"], what
    found = [r["seq"] for r in ours["records"]]
    assert [seq for seq in whole_in(broken, content) if seq not in found] == [], what
    if broken != content:
        assert ours["verdict"] != logfile.COMPLETE, what


def test_every_bit_flipped():
    for content in (WHOLE, SMALL):
        for bit in range(8 * len(content)):
            broken = bytearray(content)
            broken[bit >> 3] ^= 1 << (bit & 7)
            check(bytes(broken), content, bit)


def test_every_truncation_at_either_end():
    for content in (WHOLE, SMALL):
        ends = {len(content[: segment_header.BYTES])}
        for piece in pieces(content):
            ends.add(max(ends) + len(piece))
        for at in range(len(content)):
            if at not in ends:  # cut between two records it looks as it did at that time
                check(content[:at], content, at)
            if at:
                check(content[at:], content, -at)


def test_bytes_put_in_and_taken_out():
    rng = random.Random(SEED)
    for case in range(4000):
        content = rng.choice((WHOLE, SMALL))
        broken = content
        for _ in range(rng.choice((1, 1, 2, 5))):
            at = rng.randrange(len(broken))
            size = rng.choice((1, 1, 2, 7, 40, 300))
            if rng.random() < 0.5:
                broken = broken[:at] + rng.randbytes(size) + broken[at:]
            else:
                broken = broken[:at] + broken[at + size :]
        if not content.startswith(broken):
            check(broken, content, case)


def test_a_zero_that_was_lost_costs_one_record():
    end = SMALL.index(b"\0", segment_header.BYTES)
    for broken in (SMALL[:end] + SMALL[end + 1 :], SMALL[:end] + b"\7" + SMALL[end + 1 :]):
        found = logfile.parse(broken, "x")
        assert [r["type"] for r in found.records] == [
            records.EVENT, records.GAP, records.EPOCH, records.STOP,
        ]  # fmt: skip
        assert found.faults[0].endswith(f"at byte {segment_header.BYTES}")


@pytest.mark.parametrize("before", [b"\1", b"\0", b"PK\3\4", b"CRIBTRAC", SMALL[:60]])
def test_a_header_is_found_wherever_it_is(before):
    found = logfile.parse(before + SMALL, "x")
    assert found.verdict == logfile.DAMAGED
    assert found.header == logfile.parse(SMALL, "x").header
    assert len(found.records) == 5
    assert found.faults == [f"x: {len(before)} bytes before the header at byte 0"]


def test_another_major_is_believed_only_with_its_crc():
    newer = SMALL[:8] + b"\3" + SMALL[9:124]
    sound = newer + struct.pack("<I", zlib.crc32(newer)) + SMALL[128:]
    assert logfile.parse(sound, "x").verdict == logfile.FOREIGN
    flipped = logfile.parse(newer + SMALL[124:], "x")
    assert flipped.verdict == logfile.DAMAGED
    assert len(flipped.records) == 5


@pytest.mark.parametrize("content", [b"", b"\0" * 500, b"PK\3\4" * 99, b"\3" * 70_000])
def test_what_holds_neither_header_nor_record_is_foreign(content):
    assert logfile.parse(content, "x").verdict == logfile.FOREIGN
    assert second_decoder.decode(content)["verdict"] == "foreign"


def log_of_three(folder):
    """Three segments of one boot, 5 records each, as a journal numbers them."""
    for number in range(3):
        first = 400 + 5 * number
        content = log_records.pack_header(
            {
                **(logfile.parse(SMALL, "x").header or {}),
                "segment": number + 1,
                "first_seq": first,
            }
        )
        for k in range(5):
            kind = records.BOOT if number == k == 0 else records.MARK
            rest = struct.pack("<BI", 1, 3) if kind == records.BOOT else b"note %d" % (first + k)
            frame = 1000 * (first + k - 400)
            content += encoded(struct.pack(records.HEAD, kind, 1, first + k, frame) + rest)
        (folder / f"{number + 1:08}.crib").write_bytes(content)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_records_behind_a_lost_header_have_the_units_of_their_neighbours(tmp_path, number):
    log_of_three(tmp_path)
    whole = list(analysis.lines(analysis.read_night(tmp_path)))
    path = tmp_path / f"{number:08}.crib"
    path.write_bytes(path.read_bytes()[:12] + bytes(50) + path.read_bytes()[62:])
    night = analysis.read_night(tmp_path)
    assert list(analysis.lines(night)) == whole
    assert [fault.split(":")[0] for fault in night.faults] == [path.name]


def test_a_lost_header_borrows_from_no_other_boot(tmp_path):
    log_of_three(tmp_path)
    middle = tmp_path / "00000002.crib"
    boot = encoded(struct.pack(records.HEAD + "BI", records.BOOT, 1, 405, 0, 1, 4))
    middle.write_bytes(bytes(116) + b"\0" + boot)
    (tmp_path / "00000003.crib").unlink()
    night = analysis.read_night(tmp_path)
    assert night.summary["records_pulled"] == 5
    assert "1 whole records have no units" in " ".join(night.faults)


def decoded(capsys, path) -> tuple[int, str, str]:
    code = cli.run(["decode", str(path), "--json"])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize(
    "content, code, says",
    [
        (WHOLE, 0, "complete: 1 segments, 14 records"),
        (packed([]), 3, "no record"),
        (SMALL[:70], 3, "ends within the header"),
        (SMALL[:-3], 3, "ends within a record at byte"),
        (b"PK\3\4" + SMALL, 3, "4 bytes before the header at byte 0"),
        (SMALL[:25] + b"\xff" + SMALL[26:], 3, "header fails its CRC"),
        (bytes(116) + SMALL[128:], 3, "no header"),
        (b"", 1, "not a Cribtrace segment"),
        (b"PK\3\4" * 99, 1, "not a Cribtrace segment"),
    ],
)
def test_decode_ends_with_the_verdicts_exit_code(tmp_path, capsys, content, code, says):
    path = tmp_path / "00000001.crib"
    path.write_bytes(content)
    got, out, err = decoded(capsys, path)
    assert got == code, err
    assert says in err
    assert all(line.startswith("cribtrace: ") for line in err.splitlines())
    assert all(json.loads(line) for line in out.splitlines())


def test_any_bytes_at_all_give_a_verdict_and_no_other_error(tmp_path):
    rng = random.Random(SEED)
    path = tmp_path / "x.crib"
    for _ in range(200):
        path.write_bytes(rng.randbytes(rng.randrange(600)))
        with pytest.raises(CribtraceError) as caught:
            analysis.read_night(path)
        assert not isinstance(caught.value, Damaged)


def test_a_waveform_ends_before_a_difference_that_no_samples_have():
    snippet = {"x": 1, "y": 2, "z": 3, "rest": bytes((2, 2, 2, *[0xFF] * 5, 1, 2, 2))}
    assert logfile.frames_of(snippet).tolist() == [[1, 2, 3], [2, 3, 4]]
    far = {"x": 0, "y": 65535, "z": 0, "rest": bytes((0xFE, 0xFF, 7, 0xFD, 0xFF, 7, 0))}
    assert logfile.frames_of(far).tolist() == [[0, 65535, 0], [65535, 0, 0]]


@pytest.mark.parametrize("rate_mhz", [0, 1, 39_999, 300_001, 0xFFFFFFFF])
def test_a_rate_that_no_board_has_spoils_no_record(tmp_path, rate_mhz):
    path = tmp_path / "00000001.crib"
    late = (records.MARK, 0xFFFFFFFF, (), b"at the end of time")
    path.write_bytes(packed([*ALL, late][4:], rate_mhz=rate_mhz))
    night = analysis.read_night(path)
    assert [event["rate_hz"] for event in night.events] == [None]
    assert ("utc" in night.marks[-1]) == (rate_mhz > 1), "no rate, no line; 136 years away"
    assert night.summary["records_pulled"] == len(ALL) - 3


def test_without_a_scale_there_is_no_waveform(tmp_path):
    path = tmp_path / "00000001.crib"
    path.write_bytes(packed(ALL, mlsb_per_g=0))
    assert analysis.read_night(path).snippets == {}


def test_a_record_of_type_0_is_unknown_and_no_more(tmp_path):
    path = tmp_path / "00000001.crib"
    path.write_bytes(SMALL + encoded(bytes(4) + b"\1" * 30))
    assert analysis.read_night(path).summary["records_pulled"] == 6

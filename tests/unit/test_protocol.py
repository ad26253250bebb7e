"""protocol: request lines, and docs/PROTOCOL.md held against the code."""

import importlib
import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cribtrace import log_records
from cribtrace.conversation import fields, request
from cribtrace.device import protocol, request_line, segment_header
from cribtrace.stream import PACKET, Decoder
from tests.support import line_states

DOCUMENT = (Path(__file__).parents[2] / "docs" / "PROTOCOL.md").read_text(encoding="utf-8")
TYPES = {
    name: value
    for name, value in vars(protocol).items()
    if name.isupper() and name not in ("VERSION", "HEAD")
    if isinstance(value, int) and 1 <= value <= 8
}
words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)


def test_the_crc_is_the_catalogued_one():
    assert request_line.crc16("123456789") == 0x29B1


@given(st.integers(0, 255), words, st.lists(words, max_size=4))
def test_a_request_comes_back_as_it_was_asked(number, verb, arguments):
    line = request(number, verb, *arguments)
    assert line.isprintable()
    assert line.isascii()
    assert request_line.parse(line) == (number, verb, " ".join(arguments))


@given(st.data())
def test_a_request_with_one_wrong_character_is_none(data):
    line = request(7, "read", 12, 16384, 16384)
    at = data.draw(st.integers(0, len(line) - 1))
    wrong = data.draw(st.characters(min_codepoint=32, max_codepoint=126))
    damaged = line[:at] + wrong + line[at + 1 :]
    same = damaged[:-4] + damaged[-4:].lower() == line
    assert request_line.parse(damaged) == ((7, "read", "12 16384 16384") if same else None)


@pytest.mark.parametrize("line", ["", ":", ":*", ":1 keep", ":1 keep*", "1 keep*0000", ":é*12"])
def test_what_is_no_request_is_none(line):
    assert request_line.parse(line) is None


def test_a_request_longer_than_the_boards_line_is_refused():
    room = protocol.LINE_LIMIT - len(request(200, "mark", ""))
    assert len(request(200, "mark", "x" * room)) == protocol.LINE_LIMIT
    with pytest.raises(ValueError, match="longer than 120"):
        request(200, "mark", "x" * (room + 1))


def test_fields_are_pairs_and_what_is_none_is_left_out():
    assert fields("a=1 b= word c=x=y") == {"a": "1", "b": "", "c": "x=y"}


# --- the document ------------------------------------------------------------------------------


def table(heading):
    """The rows of the table whose header begins with that word, as lists of cells."""
    block = re.search(rf"^{heading} \|.*\n--- \|.*\n((?:.+ \|.*\n)+)", DOCUMENT, re.MULTILINE)
    assert block, heading
    return [[cell.strip(" `") for cell in row.split("|")] for row in block[1].splitlines()]


def test_the_verb_table_is_the_codes():
    assert {row[0]: row[1] for row in table("Verb")} == request_line.VERBS


def test_the_packet_table_is_the_codes():
    assert {row[1]: int(row[0]) for row in table("Type")} == TYPES


def test_the_numbers_in_the_text_are_the_codes():
    flat = " ".join(DOCUMENT.split())
    for phrase in (
        f"version {protocol.VERSION}",
        f"at most {protocol.LINE_LIMIT} characters",
        f"at most {protocol.READ_LIMIT} bytes",
        f"1 to {protocol.DATA_BYTES} bytes",
        f"{protocol.SESSION_MS // 1000} s after the last request",
    ):
        assert phrase in flat


def test_the_state_tables_are_the_servers():
    page = line_states.PAGE.read_text(encoding="utf-8")
    shown = page.split(line_states.BEGIN)[1].split(line_states.END)[0]
    assert shown.strip() == line_states.text().strip()


@pytest.fixture
def typed(monkeypatch):
    """What typed lines reach: (which function, the verb or word it is given)."""
    reached = []

    def spy(name):
        def asked(*given):
            reached.append((name, next(word for word in given if isinstance(word, str))))
            return "x=1"

        return asked

    verbs = importlib.import_module("cribtrace.firmware.crib.verbs")
    monkeypatch.setattr(verbs, "typed", spy("typed"))
    monkeypatch.setattr(request_line, "answer", spy("answer"))

    def reaches(words):
        reached.clear()
        line = line_states.Line()
        for word in words:
            line.arrives(word)
        return list(reached)

    return reaches


def test_what_is_typed_reads_and_marks_and_does_nothing_else(typed):
    assert typed(["info", "list", "config", "mark door", "help"]) == [
        ("typed", "info"), ("typed", "list"), ("typed", "config"), ("answer", "mark"),
    ]  # fmt: skip
    others = set(request_line.VERBS) - {"info", "list", "config", "mark"}
    lines = [f"{verb}{rest}" for verb in others for rest in ("", " 1", " 00c0ffee", " 1 0 1")]
    assert typed([*lines, "config hold_ms=400", "mark", "MARK x", "wipe now"]) == []
    in_a_session = [request(1, "keep"), "mark door", "list"]
    assert typed(in_a_session) == [("answer", "keep")]


def transcript():
    """(direction, what, bytes) of each step; an upward step has its bytes in `what`."""
    block = re.search(r"```transcript\n(.*?)```", DOCUMENT, re.DOTALL)
    assert block
    steps = []
    for line in block[1].splitlines():
        if line.startswith("      "):
            steps[-1][2].extend(bytes.fromhex(line))
        else:
            direction, _, what = line.partition(" ")
            steps.append((direction, what.strip(), bytearray()))
    return steps


def unescaped(text):
    return text.replace("\\r", "\r").replace("\\n", "\n")


def told(body):
    """A packet in the words of the transcript."""
    name = {value: name for name, value in TYPES.items()}[body[0]]
    payload = body[2:]
    if name == "DATA":
        segment, offset = struct.unpack_from("<II", payload)
        text = f"segment={segment} offset={offset}, then {payload[8:].hex(' ')}"
    elif name == "FRAMES":
        text = f"first={struct.unpack_from('<I', payload)[0]}, then {payload[4:].hex(' ')}"
    elif name == "RECORD":
        r = log_records.unpack(payload)
        assert r
        kind = log_records.TYPE_NAMES[r["type"]]
        text = f"{kind} seq={r['seq']} frame={r['frame']}, then {bytes(r['rest']).decode()}"
    else:
        text = payload.decode()
    return f"{name} {body[1]} {text}".strip()


def test_the_transcripts_bytes_are_what_it_says_they_are():
    stream, expected = b"", []
    for direction, what, raw in transcript():
        if direction == "down" and what.startswith("text "):
            stream += unescaped(what[5:]).encode()
            expected.append(unescaped(what[5:]).strip())
        elif direction == "down":
            assert raw, what
            stream += raw
            expected.append(what)
    found = [
        told(piece) if kind == PACKET else bytes(piece).decode()
        for kind, piece in Decoder().feed(stream)
    ]
    assert found == expected
    assert {line.split()[0] for line in found} >= set(TYPES)


def test_the_transcripts_requests_are_requests_and_every_verb_is_shown():
    ups = [unescaped(what) for direction, what, _ in transcript() if direction == "up"]
    assert ups[0] == "\r\n"
    parsed = [request_line.parse(line[:-1]) for line in ups[1:]]
    assert all(line.endswith("\n") for line in ups)
    damaged = [line for line, request in zip(ups[1:], parsed, strict=True) if request is None]
    assert len(damaged) == 1
    assert {request[1] for request in parsed if request} == set(request_line.VERBS)


def test_every_request_of_the_transcript_is_answered_under_its_number():
    steps = transcript()
    answered = {
        int(what.split()[1])
        for direction, what, _ in steps
        if direction == "down" and what.startswith(("REPLY", "ERROR"))
    }
    asked = [request_line.parse(unescaped(w)[:-1]) for d, w, _ in steps if d == "up"]
    assert answered == {a[0] for a in asked if a} | {255}


def test_info_is_described_as_the_board_sends_it():
    status = importlib.import_module("cribtrace.firmware.crib.status")
    sent = re.findall(r"(\w+)=", status._INFO + status._WHY)
    paragraph = re.search(r"`info` answers with(.*?)\n\n", DOCUMENT, re.DOTALL)[1]
    assert re.findall(r"`(\w+)`", paragraph) == sent
    (shown,) = (what for _, what, _ in transcript() if "state=sampling" in what)
    assert re.findall(r"(\w+)=", shown) == [key for key in sent if key != "why"]


def test_the_transcript_reads_a_header_of_this_format():
    read = [
        bytes.fromhex(what.rpartition(" then ")[2])
        for _, what, _ in transcript()
        if "DATA" in what
    ]
    start = struct.unpack_from("<8sBBHI", b"".join(read))
    assert start == (
        segment_header.MAGIC, segment_header.FORMAT_MAJOR, segment_header.FORMAT_MINOR,
        segment_header.BYTES, segment_header.NEEDS,
    )  # fmt: skip

"""framing: the round trip, splitting anywhere, damage anywhere."""

import itertools
import zlib

import pytest
from cobs import cobs
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cribtrace import packets
from cribtrace.device import framing
from cribtrace.stream import PACKET, TEXT, Decoder
from tests.support.peer import encoded, packet

bodies = st.binary(min_size=2, max_size=1100).map(lambda b: bytes((1 + b[0] % 8,)) + b[1:])
lines = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60).map(
    str.encode
)


def encode(body):
    return packet(body[0], body[1], body[2:])


@given(st.binary(min_size=1, max_size=2000))
@example(b"\1" * 249 + b"\0")
@example(bytes(range(1, 251)))
@example(b"\xff" * 250)
@example(b"\xff" * 504)
@example(b"\xff" * 508)
def test_packets_are_cobs_as_the_cobs_package_writes_and_reads_it(body):
    coded = encoded(body)
    with_crc = body + zlib.crc32(body).to_bytes(4, "little")
    assert coded == cobs.encode(with_crc) + b"\0"
    assert framing.decode(coded[:-1]) == body


@given(st.lists(st.sampled_from([b"\0", b"\1", b"\xff" * 60, b"\xff" * 254]), max_size=40))
def test_no_piece_is_longer_than_the_buffer_for_one(parts):
    sizes = []
    body = bytearray(b"".join(parts)) + bytes(4)
    piece = bytearray(framing.PIECE_BYTES)
    framing.encode(body, len(body) - 4, piece, lambda view: sizes.append(len(view)))
    assert len(piece) == framing.PIECE_BYTES
    assert max(sizes) <= framing.PIECE_BYTES
    # The block that does not fit, of at most 255 bytes, is all that a piece leaves room for.
    assert all(a + b > framing.PIECE_BYTES - 2 for a, b in itertools.pairwise(sizes))


@given(st.binary(max_size=600))
@example(b"\0")
@example(b"\2\1\0")
def test_unstuff_agrees_with_the_cobs_package_on_any_bytes(chunk):
    try:
        theirs = cobs.decode(chunk)
    except cobs.DecodeError:
        theirs = None
    ours = framing.unstuff(chunk)
    assert (None if ours is None else bytes(ours)) == theirs


@given(st.one_of(
    st.binary(max_size=600),
    st.binary(min_size=1, max_size=900).map(lambda body: encoded(body)[:-1]),
    st.lists(st.sampled_from([b"\0", b"\7", b"\xff" * 60, b"\xff" * 254]), max_size=12).map(
        lambda parts: encoded(b"".join(parts) or b"\0")[:-1]
    ),
), st.integers(-1, 900))  # fmt: skip
@example(b"\2\1\0", -1)
def test_a_packet_read_at_once_is_what_the_board_reads(chunk, hit):
    if 0 <= hit < len(chunk):
        chunk = chunk[:hit] + bytes((chunk[hit] ^ 3,)) + chunk[hit + 1 :]
    assert packets.body(chunk) == framing.decode(chunk)


@given(st.lists(st.tuples(st.booleans(), bodies, lines), max_size=6), st.data())
def test_whole_or_in_any_pieces_the_result_is_the_same(parts, data):
    stream = b"".join(encode(b) if is_packet else t + b"\r\n" for is_packet, b, t in parts)
    expected = [(PACKET, b) if is_packet else (TEXT, t) for is_packet, b, t in parts]
    assert Decoder().feed(stream) == expected
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    for edges in ([0, *cuts, len(stream)], range(len(stream) + 1)):
        decoder = Decoder()
        found = []
        for begin, end in zip(edges, [*edges][1:], strict=False):
            found += decoder.feed(stream[begin:end])
        assert found == expected


@given(st.lists(bodies, min_size=1, max_size=4), st.data())
@settings(max_examples=200)
def test_one_corrupted_byte_makes_no_false_packet_and_spares_the_others(sent, data):
    packets = [encode(b) for b in sent]
    stream = bytearray(b"".join(packets))
    at = data.draw(st.integers(0, len(stream) - 1))
    stream[at] ^= data.draw(st.integers(1, 255))
    last = bytes((PACKET, 77)) + b"after the damage"
    found = Decoder().feed(bytes(stream) + encode(last))
    got = [body for kind, body in found if kind == PACKET]
    assert got[-1] == last
    edge, hit = 0, set()
    for i, p in enumerate(packets):
        if edge - 1 <= at <= edge + len(p):  # its own bytes, or a delimiter beside it
            hit.add(i)
        edge += len(p)
    assert [b for b in got[:-1] if b not in sent] == []
    assert len(got) - 1 >= len(sent) - len(hit)


@pytest.mark.parametrize("cut", range(2, 40))
def test_a_stream_joined_in_the_middle_of_a_packet_is_in_step_by_the_next(cut):
    stream = encode(b"\1\7" + bytes(range(40))) + encode(b"\2\10second")
    found = Decoder().feed(stream[cut:])
    assert (PACKET, b"\2\10second") in found
    assert sum(kind == PACKET for kind, _ in found) == 1


def test_a_type_that_no_packet_has_is_no_packet_whatever_its_crc():
    # Behind four bytes 0xFF the CRC-32's state is 0, and zeros leave it there: any number of them
    # has the same CRC.
    one = b"\xff" * 4 + bytes(9)
    other = b"\xff" * 4 + bytes(20)
    assert zlib.crc32(one) == zlib.crc32(other)
    for body in (one, other, b"\0\1x", b"\x09\1x"):
        assert [kind for kind, _ in Decoder().feed(b"\0" + encoded(body))] == [TEXT]


def test_endless_garbage_is_let_go_and_not_kept():
    decoder = Decoder()
    for _ in range(40):
        decoder.feed(b"\xff" * 1024)
    assert (PACKET, b"\1\7ok") in decoder.feed(b"\0" + encode(b"\1\7ok"))
    assert len(decoder._tail) <= 8192

"""kept: what was stored comes back whole, or is known to be damaged. Power cuts: tests/device."""

import io
import os
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cribtrace.device import kept

FLOORS = {"x_q13": 81_920, "y_q13": 1, "z_q13": 0, "below": -7}


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "floor")


@given(
    st.dictionaries(
        st.from_regex("[a-z][a-z0-9_]{0,20}", fullmatch=True), st.integers(-(2**31), 2**31)
    )
)
def test_what_is_stored_comes_back(tmp_path_factory, values):
    path = str(tmp_path_factory.mktemp("kept") / "values")
    kept.store(path, values)
    assert kept.load(path) == values


def test_nothing_was_ever_stored(path):
    assert kept.load(path) == {}


def test_it_can_be_read_with_nothing_but_eyes(path):
    kept.store(path, {"b": 2, "a": 1})
    crc = zlib.crc32(b"a=1\nb=2\n")
    with open(path) as f:
        assert f.read() == f"a=1\nb=2\ncrc={crc:08x}\n"


def test_a_store_replaces_the_file_and_leaves_nothing_beside_it(path):
    kept.store(path, {"old": 1, "more": 2})
    kept.store(path, FLOORS)
    assert kept.load(path) == FLOORS
    assert os.listdir(os.path.dirname(path)) == ["floor"]


def test_any_changed_missing_or_added_byte_is_damage(path):
    kept.store(path, FLOORS)
    with open(path, "rb") as f:
        whole = f.read()
    wrong = [whole[:n] for n in range(len(whole))]
    wrong += [whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :] for at in range(len(whole))]
    wrong += [whole + b"\n", whole + b"a=1\n", b"\0" * 400, b"\xff" * 3000, whole + whole]
    for raw in wrong:
        with open(path, "wb") as f:
            f.write(raw)
        with pytest.raises(ValueError, match="damaged"):
            kept.load(path)


def test_reading_asks_the_heap_for_no_more_than_there_is(path, monkeypatch):
    """MicroPython takes all that `read` is asked for, in one piece, before it reads."""
    kept.store(path, FLOORS)
    asked = []

    class File(io.FileIO):
        def read(self, most):
            asked.append(most)
            return super().read(most)

    monkeypatch.setattr(kept, "open", File, raising=False)
    assert kept.load(path) == FLOORS
    assert asked == [os.path.getsize(path)]


def test_a_flash_that_cannot_be_read_is_no_missing_file(tmp_path):
    with pytest.raises(OSError, match="directory"):
        kept.load(str(tmp_path))

"""A file under its final name is whole, whatever happened while it was written."""

import os
from pathlib import Path

import pytest

from cribtrace.atomic import replacing
from cribtrace.errors import CribtraceError


def left(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_bytes_arrive_and_no_part_stays(tmp_path):
    with replacing(tmp_path / "a.bin") as file:
        file.write(b"\x00\r\n\xff")
        assert left(tmp_path) == {"a.bin.part"}
    assert (tmp_path / "a.bin").read_bytes() == b"\x00\r\n\xff"
    assert left(tmp_path) == {"a.bin"}


def test_text_is_utf8_with_plain_line_ends(tmp_path):
    with replacing(tmp_path / "a.txt", "w") as file:
        file.write("µg\n")
    assert (tmp_path / "a.txt").read_bytes() == b"\xc2\xb5g\n"


def test_bytes_are_synced_before_the_rename(tmp_path, monkeypatch):
    calls = []
    sync, rename = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (calls.append("sync"), sync(fd)))
    monkeypatch.setattr(os, "replace", lambda a, b: (calls.append("rename"), rename(a, b)))
    with replacing(tmp_path / "a.bin") as file:
        file.write(b"1")
    assert calls[:2] == ["sync", "rename"]


@pytest.mark.parametrize("trouble", [ValueError("no"), KeyboardInterrupt(), OSError(5, "I/O")])
def test_trouble_in_the_body_keeps_the_old_file_and_passes_on(tmp_path, trouble):
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    with pytest.raises(type(trouble)) as caught, replacing(target) as file:
        file.write(b"half")
        raise trouble
    assert caught.value is trouble
    assert target.read_bytes() == b"old"
    assert left(tmp_path) == {"a.bin"}


def test_a_part_of_an_earlier_run_is_written_over(tmp_path):
    (tmp_path / "a.bin.part").write_bytes(b"left by a run that was killed")
    with replacing(tmp_path / "a.bin") as file:
        file.write(b"new")
    assert (tmp_path / "a.bin").read_bytes() == b"new"
    assert left(tmp_path) == {"a.bin"}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux' /dev/full")
@pytest.mark.parametrize("size", [10, 1_000_000])
def test_a_full_disk_is_named(tmp_path, size):
    (tmp_path / "a.bin.part").symlink_to("/dev/full")
    with pytest.raises(CribtraceError) as caught, replacing(tmp_path / "a.bin") as file:
        file.write(b"x" * size)
    message = str(caught.value)
    assert "no space left" in message
    assert str(tmp_path) in message
    assert "make room" in message
    assert "\n" not in message
    assert left(tmp_path) == set()


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(CribtraceError, match=r"no folder .*nowhere.*create it"):  # noqa: SIM117
        with replacing(tmp_path / "nowhere" / "a.bin"):
            pytest.fail("there is nowhere to write")


def test_a_folder_in_the_place_of_the_file_is_an_error(tmp_path):
    (tmp_path / "a.bin").mkdir()
    with pytest.raises(CribtraceError, match="cannot write"), replacing(tmp_path / "a.bin"):
        pass
    assert left(tmp_path) == {"a.bin"}

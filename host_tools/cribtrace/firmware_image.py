"""A MicroPython for an ESP32, as a file: find it, and see that it is the right one.

What micropython.org offers begins with the boot loader; the partition table and the application
follow at the places that they have in flash. Layouts: ESP-IDF, esp_image_header_t,
esp_partition_info_t and esp_app_desc_t.
"""

import re
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from cribtrace import chips
from cribtrace.board_facts import Board
from cribtrace.errors import CribtraceError, Usage

_MAGIC = 0xE9
_CHIP_ID = struct.Struct("<12xH")
_TABLE_AT = 0x8000
_TABLE_BYTES = 0xC00
_ENTRY = struct.Struct("<2sBBII16sI")
_ENTRY_MAGIC = b"\xaa\x50"
_APP = 0
_APP_DESC = struct.Struct("<I12x32s32s")
_APP_DESC_AT = 32
_APP_DESC_MAGIC = 0xABCD5432
_PROJECT = "micropython"


class Image(NamedTuple):
    """A firmware that fits a board; `version` is what it says of itself, "" where it does not."""

    path: Path
    size: int
    version: str


def find(board: Board, places: Iterable[Path]) -> Path:
    """The file among `places`: itself, or in a folder the newest of the board's own firmware.

    Raises CribtraceError where there is none.
    """
    name = board.facts["firmware"]
    own = re.compile(rf"{name}-(\d{{8}})-v?(\d+)\.(\d+)(?:\.(\d+))?.*\.bin")
    found = []
    for place in places:
        if place.is_file():
            return place
        for path in place.glob("*.bin") if place.is_dir() else ():
            if named := own.fullmatch(path.name):
                day, *release = named.groups()
                final = "preview" not in path.name
                found.append((tuple(int(n or 0) for n in release), final, day, path))
    if not found:
        raise CribtraceError(
            f"no {name}-DATE-vVERSION.bin in {' or '.join(map(str, places))}: get {name}"
            f" {least(board)} or newer from micropython.org/download, and name the file or its"
            " folder with --firmware"
        )
    return max(found)[3]


def least(board: Board) -> str:
    """The oldest release that will do, as it is written."""
    return "{}.{}".format(*board.least)


def read(path: Path, board: Board) -> Image:
    """See that a file is a whole MicroPython for the board's chip and place in flash.

    Raises CribtraceError that says what it is instead.
    """
    chip, content = board.chip, path.read_bytes()
    if chip is None:
        raise Usage(f"{board.name} has no chip to flash: `cribtrace sim` runs it")
    _check_chip(path, content, board, chip)
    table_at = _TABLE_AT - chip.flash_offset
    app_at = _first_app(content[table_at : table_at + _TABLE_BYTES])
    if app_at is None:
        raise CribtraceError(
            f"{path}: no partition table where one would be if this began at"
            f" {chip.flash_offset:#x}: it is no whole firmware for the {board.facts['chip']}; take"
            f" the {board.facts['firmware']} .bin from micropython.org/download"
        )
    app = content[app_at - chip.flash_offset :]
    _check_chip(path, app, board, chip)
    return Image(path, len(content), _version(path, app, board))


def _check_chip(path: Path, image: bytes, board: Board, chip: chips.Chip) -> None:
    """Raise CribtraceError unless these bytes begin with an image's header for the chip."""
    if len(image) < _CHIP_ID.size or image[0] != _MAGIC:
        raise CribtraceError(f"{path}: no firmware for an ESP32, or cut short: take another file")
    (image_id,) = _CHIP_ID.unpack_from(image)
    if image_id != chip.image_id:
        its = [name for name, other in chips.CHIPS.items() if other.image_id == image_id]
        raise CribtraceError(
            f"{path} is for the {its[0] if its else f'chip with the id {image_id}'}, and"
            f" {board.name} has an {board.facts['chip']}: take {board.facts['firmware']}"
        )


def _first_app(table: bytes) -> int | None:
    """Where in flash the first application begins; None without a partition table."""
    for at in range(0, len(table) - _ENTRY.size + 1, _ENTRY.size):
        magic, kind, _, offset, *_ = _ENTRY.unpack_from(table, at)
        if magic != _ENTRY_MAGIC:
            return None
        if kind == _APP:
            return offset
    return None


def _version(path: Path, app: bytes, board: Board) -> str:
    """The release that the application, else its file's name, tells; refuses one too old."""
    told, project = _described(app)
    if project not in ("", _PROJECT):
        raise CribtraceError(f"{path} is {project!r}, not MicroPython: take another file")
    release = re.match(r"v?(\d+)\.(\d+)", told) or re.search(r"-v(\d+)\.(\d+)", path.name)
    if release and (int(release[1]), int(release[2])) < board.least:
        raise CribtraceError(
            f"{path} is MicroPython {release[1]}.{release[2]}, too old for {board.name}: take"
            f" {least(board)} or newer"
        )
    return f"{release[1]}.{release[2]}" if release else ""


def _described(app: bytes) -> tuple[str, str]:
    """Version and project that an application says it is; "" where it says nothing."""
    if len(app) < _APP_DESC_AT + _APP_DESC.size:
        return "", ""
    magic, *texts = _APP_DESC.unpack_from(app, _APP_DESC_AT)
    if magic != _APP_DESC_MAGIC:
        return "", ""
    version, project = (text.split(b"\0")[0].decode("ascii", "replace") for text in texts)
    return version, project

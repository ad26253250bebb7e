"""The configuration that a BMI270 needs: Bosch's own, found where the user has it.

It is `bmi270_config_file` of Bosch's BMI270_SensorAPI (BSD-3-Clause), 8192 bytes, and no part of
this project. PyPI's `bmi270` and `micropython-bmi270` carry it too.
"""

import importlib.util
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from cribtrace.errors import CribtraceError

ON_THE_BOARD = "/bmi270.cfg"
BYTES = 8192
_PACKAGES = ("bmi270", "micropython_bmi270")
_TABLE = re.compile(r"bmi270_config_file\s*(?:\[[^\]]*\])?\s*=[\s\w(]*[\[{](.*?)[\]}]", re.DOTALL)
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|\d+")
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|#[^\n]*", re.DOTALL)
_MADE_UP = bytes(range(256)) * (BYTES // 256)


def configuration(file: Path | None) -> bytes | None:
    """The 8192 bytes in `file`, else in an installed package; None where there is none.

    `file` holds the bytes themselves, or is a source that defines `bmi270_config_file`, in C or in
    Python. Raises CribtraceError for any other.
    """
    for path in [file] if file else _installed():
        return _read(path)
    return None


def for_the_virtual_chip() -> bytes:
    """What the register model takes for a configuration: it looks at nothing but the length."""
    return _MADE_UP


def _installed() -> Iterator[Path]:
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            path = Path(folder) / "config_file.py"
            if path.is_file():
                yield path


def _read(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CribtraceError(f"cannot read {path}: {error.strerror}: name another file") from error
    if len(raw) == BYTES:
        return raw
    found = _TABLE.search(_COMMENT.sub("", raw.decode(errors="replace")))
    numbers = [int(number, 0) for number in _NUMBER.findall(found[1])] if found else []
    if len(numbers) != BYTES or max(numbers) > 255:
        raise CribtraceError(
            f"{path} is no configuration of a BMI270: give {BYTES} bytes, or a source with"
            " bmi270_config_file, such as bmi270.c of Bosch's BMI270_SensorAPI"
        )
    return bytes(numbers)


def extra_files(sensor: str, file: Path | None, tell: Callable[[str], None]) -> dict[str, bytes]:
    """What goes onto the flash beside the firmware, for this sensor: path -> content."""
    if not (file or sensor == "BMI270"):
        return {}
    found = configuration(file)
    if found:
        return {ON_THE_BOARD: found}
    tell(
        "no configuration for the BMI270 here: what is on the board stays; without one the sensor"
        " is dead. Give Bosch's with --bmi270-config, or `pip install bmi270`"
    )
    return {}

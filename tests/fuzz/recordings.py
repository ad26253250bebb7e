"""Recordings: `recording.load` of .npz and of .csv."""

import io
import random
import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path

import numpy as np

from cribtrace import recording
from cribtrace.errors import CribtraceError
from tests.fuzz.mutate import mutated
from tests.fuzz.target import AGREES

_TRUTH = '{"kind": "twitch", "onset_s": 0.5, "duration_s": 0.2, "snr": 7.25, "rate_hz": null}'
_SOUND = {
    "accel": np.arange(-30, 60, dtype=np.int16).reshape(30, 3),
    "rate_hz": np.float64(104.0),
    "lsb_per_g": np.float64(16393.4),
    "truth": np.str_(_TRUTH + "\n" + _TRUTH),
    "source": np.str_("by hand; µg"),
}
# What a header of numpy's may say instead of what it says.
_SHAPES = ("(30, 3)", "()", "(3,)", "(1000000000, 3)", "(0, 3)", "(-1, 3)", "(30, 3, 1)",
           "(99999999999999999999, 3)", "(30L, 3)", "30", "(2**62, 3)", "(True, 3)")  # fmt: skip
_TYPES = ("'<i2'", "'>i2'", "'<f8'", "'<i8'", "'<U1'", "'<U999999999'", "'|O'", "'|b1'", "'<c16'",
          "'<M8[s]'", "[('x', '<i2'), ('y', '<i2')]", "'<V0'", "'|S3'", "'<f2'", "'<i3'", "'' ",
          "('<i2', (99999999,))", "[('x', '<i2', (9999999,))]")  # fmt: skip
_CELLS = ("0", "-1.5", "1e308", "nan", "inf", '"3"', "", "x", "1_0", "0x10", "\0", "9" * 400, "é")
_ZIP_MOST = 1032  # the most that deflate can make of a byte (zlib's own documentation)


def _npy(entry: np.ndarray) -> bytes:
    made = io.BytesIO()
    np.save(made, entry)
    return made.getvalue()


class _Files:
    CASE_MOST_S = 2.0

    def __init__(self):
        shared = "/dev/shm" if Path("/dev/shm").is_dir() else None
        self._folder = Path(tempfile.mkdtemp(prefix="fuzz-", dir=shared))

    def close(self):
        shutil.rmtree(self._folder)

    def _load(self, name: str, content: bytes, **arguments: object) -> Exception | None:
        """None, or why it was refused. Raises what no user should see."""
        path = self._folder / name
        path.write_bytes(content)
        try:
            found = recording.load(path, **arguments)  # pyright: ignore[reportArgumentType]
        except CribtraceError as error:
            assert not isinstance(error.__cause__, MemoryError), "took all memory"
            assert "\n" not in str(error)
            return error
        assert found.accel.dtype == np.int16 and found.accel.shape[1:] == (3,)
        assert found.rate_hz > 0 and found.lsb_per_g > 0
        return None


class Zips(_Files):
    """A case is an .npz, and whether it is compressed."""

    name = "npz"
    check = "CRC-32"

    def __init__(self):
        super().__init__()
        self._members = {name: _npy(np.asarray(entry)) for name, entry in _SOUND.items()}

    def unguard(self):
        zipfile.crc32 = lambda *_: AGREES  # pyright: ignore[reportAttributeAccessIssue]

    def case(self, rng: random.Random) -> tuple[bytes, bool]:
        members = dict(self._members)
        for _ in range(rng.choice((0, 1, 1, 2))):
            name = rng.choice(list(members))
            members[name] = self._harmed(rng, members[name])
        if rng.random() < 0.1:
            members.pop(rng.choice(list(members)))
        packed = rng.random() < 0.3
        made = io.BytesIO()
        kind = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        with zipfile.ZipFile(made, "w", kind) as archive:
            for name, content in members.items():
                archive.writestr(zipfile.ZipInfo(name + ".npy"), content, kind)
        content = made.getvalue()
        if rng.random() < 0.5:
            content = mutated(rng, content)
        return content, packed

    def _harmed(self, rng: random.Random, member: bytes) -> bytes:
        what = rng.random()
        if what < 0.3:
            return mutated(rng, member)
        if what < 0.4:
            return member + bytes(rng.choice((1, 6, 4000, 200_000)))
        size = int.from_bytes(member[8:10], "little")
        header = member[10 : 10 + size].decode("latin-1")
        if "'shape': " not in header or ", 'fortran" not in header:
            header = mutated(rng, header.encode("latin-1")).decode("latin-1")
        elif what < 0.7:
            header = header[: header.index("'shape': ") + 9] + rng.choice(_SHAPES) + ", }"
        elif what < 0.9:
            rest = header[header.index(", 'fortran") :]
            header = "{'descr': " + rng.choice(_TYPES) + rest.rstrip()
        else:
            header = mutated(rng, header.encode("latin-1")).decode("latin-1")
        header = header.rstrip().ljust(117) + "\n"
        start = member[:8] + len(header).to_bytes(2, "little")
        return start + header.encode("latin-1") + member[10 + size :]

    def size_bytes(self, case: tuple[bytes, bool]) -> int:
        return len(case[0]) * (_ZIP_MOST if case[1] else 1)

    def allowed_bytes(self, size_bytes: int) -> int:
        return 4_000_000 + 16 * size_bytes

    def run(self, case: tuple[bytes, bool]) -> bool:
        refused = self._load("x.npz", case[0])
        return not (refused and isinstance(refused.__cause__, (zipfile.BadZipFile, zlib.error)))


class Tables(_Files):
    """A case is a .csv, and the arguments it is loaded with."""

    name = "csv"
    check = ""

    def unguard(self):
        raise NotImplementedError

    def case(self, rng: random.Random) -> tuple[bytes, dict]:
        columns = rng.choice((["x", "y", "z"], ["t", "x", "y", "z"], [" Z", '"y"', "X "]))
        lines = [",".join(columns)]
        for _ in range(rng.choice((0, 1, 4, 12))):
            odd = rng.random() < 0.1
            cells = [rng.choice(_CELLS) if odd else str(rng.randint(-900, 900)) for _ in columns]
            lines.append(",".join(cells))
        content = rng.choice(("\n", "\r\n", "\n\n")).join(lines).encode()
        if rng.random() < 0.6:
            content = mutated(rng, content)
        if rng.random() < 0.02:
            content = rng.randbytes(300)
        unit = rng.choice(("g", "mg", "m/s2", "lsb"))
        scale = rng.choice((16384.0, 1.0)) if unit == "lsb" else None
        return content, {"rate_hz": 104.0, "unit": unit, "lsb_per_g": scale}

    def size_bytes(self, case: tuple[bytes, dict]) -> int:
        return len(case[0])

    def allowed_bytes(self, size_bytes: int) -> int:
        return 4_000_000 + 200 * size_bytes

    def run(self, case: tuple[bytes, dict]) -> bool:
        return self._load("x.csv", case[0], **case[1]) is None

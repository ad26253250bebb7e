"""The folder of a library: what is changed in it is wholly there or not at all.

A change is made ready beside the tables, put on the disk and then named as decided by one rename;
only then do its files go to their places. Whoever opens the library behind a crash finishes what
was decided, and drops what was not.
"""

import contextlib
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import platformdirs

from cribtrace.atomic import replacing
from cribtrace.errors import CribtraceError, Damaged
from cribtrace.library.tables import FORMAT, TABLES

_NAMED, _LOCK, _STAGED, _DECIDED = "library.json", ".lock", ".staged", ".decided"
_MANIFEST = "nights.json"
_NIGHT = re.compile(r"(?P<table>\w+)/device=(?P<device>[0-9a-f]{16})/night=(?P<night>[\d-]{10})")

Night = tuple[str, date]  # device and evening


def default_folder() -> Path:
    """Where the library lies unless `--library` says otherwise."""
    return platformdirs.user_data_path("cribtrace", appauthor=False) / "library"


def file_of(table: str, device: str, night: date | str) -> str:
    """Where one night's rows of a table lie, below the library or a change."""
    return f"{table}/device={device}/night={night}/{table}.parquet"


def night_of(name: str) -> tuple[str, Night] | None:
    """Table and night of a file's name below the library; None for any other name."""
    folder, _, file = name.rpartition("/")
    found = _NIGHT.fullmatch(folder)
    if not found or found["table"] not in TABLES or file != f"{found['table']}.parquet":
        return None
    try:
        return found["table"], (found["device"], date.fromisoformat(found["night"]))
    except ValueError:
        return None


class Change:
    """What is to become of the library: nights that come, and nights that go."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.nights: dict[Night, set[str]] = {}  # tables that each is to have

    def path(self, table: str, night: Night) -> Path:
        """Where to write the rows that replace this night's."""
        path = self.folder / file_of(table, *night)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.nights.setdefault(night, set()).add(table)
        return path

    def delete(self, night: Night) -> None:
        """Nothing of this night stays."""
        self.nights[night] = set()


class Library:
    """A folder of tables. Opening it makes nothing; the first change makes the folder."""

    def __init__(self, folder: Path | None = None):
        self.folder = Path(folder or default_folder()).absolute()
        self._check_format()

    @property
    def exists(self) -> bool:
        """Whether anything was ever put into it."""
        return (self.folder / _NAMED).is_file()

    def _check_format(self) -> None:
        try:
            found = json.loads((self.folder / _NAMED).read_text("utf-8"))["format"]
        except FileNotFoundError:
            if self.folder.is_dir() and any(self.folder.iterdir()):
                names = {path.name for path in self.folder.iterdir()}
                if not names <= {_LOCK, _STAGED, _NAMED + ".part"}:
                    raise CribtraceError(
                        f"{self.folder} holds other things than a library: name another folder"
                    ) from None
            return
        except (ValueError, KeyError, TypeError, OSError):
            raise Damaged(f"{self.folder / _NAMED} cannot be read: restore a backup") from None
        if isinstance(found, int) and found < FORMAT:
            raise CribtraceError(
                f"{self.folder} is a library of format {found}, whose figures meant something"
                " else: move it away, and `cribtrace library add` each log again"
            )
        if found != FORMAT:
            raise CribtraceError(
                f"{self.folder} is a library of format {found}, which this cribtrace cannot read:"
                " use the version that wrote it"
            )

    def files(self, table: str) -> list[Path]:
        """The files of a table, in order; raises CribtraceError for one that leads elsewhere."""
        self.recover()
        found = sorted(self.folder.glob(f"{table}/device=*/night=*/{table}.parquet"))
        real = os.path.realpath(self.folder)
        for path in found:
            inside = os.path.join(real, path.relative_to(self.folder))
            if os.path.realpath(path) != inside:
                raise CribtraceError(f"{path} leads out of the library: delete that link")
        return found

    def nights(self) -> list[Night]:
        """Every night that is in it, by evening."""
        named = [path.relative_to(self.folder).as_posix() for path in self.files("nights")]
        found = [of[1] for name in named if (of := night_of(name))]
        return sorted(found, key=lambda night: (night[1], night[0]))

    @contextlib.contextmanager
    def changing(self) -> Iterator[Change]:
        """A change that happens whole when the body ends, and not at all when it raises."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._alone():
            self._finish_decided()
            if not self.exists:
                with replacing(self.folder / _NAMED, "w") as f:
                    json.dump({"format": FORMAT}, f)
            staged = self.folder / _STAGED
            shutil.rmtree(staged, ignore_errors=True)
            staged.mkdir()
            try:
                change = Change(staged)
                yield change
                if change.nights:
                    self._decide(change)
            finally:
                shutil.rmtree(staged, ignore_errors=True)

    def recover(self) -> None:
        """Finish what was decided before a crash."""
        if (self.folder / _DECIDED).is_dir():
            with self._alone():
                self._finish_decided()

    def _decide(self, change: Change) -> None:
        listed = [[*map(str, night), sorted(tables)] for night, tables in change.nights.items()]
        (change.folder / _MANIFEST).write_text(json.dumps(listed), "utf-8")
        _to_disk(change.folder.rglob("*"))
        os.rename(change.folder, self.folder / _DECIDED)
        _to_disk([self.folder])
        self._finish_decided()

    def _finish_decided(self) -> None:
        """Bring each file of a decided change to its place; any number of times, to one end."""
        decided = self.folder / _DECIDED
        if not decided.is_dir():
            return
        if (decided / _MANIFEST).exists():
            for device, night, tables in json.loads((decided / _MANIFEST).read_text("utf-8")):
                for table in TABLES:
                    self._settle(decided, file_of(table, device, night), table in tables)
            _to_disk(self.folder.glob("*/device=*"))
            (decided / _MANIFEST).unlink()
        shutil.rmtree(decided)

    def _settle(self, decided: Path, name: str, stays: bool) -> None:
        place = self.folder / name
        if (decided / name).exists() and place.parent.exists():
            os.replace(decided / name, place)
        elif (decided / name).exists():  # its folder with it: removing one can take milliseconds
            place.parent.parent.mkdir(parents=True, exist_ok=True)
            os.rename((decided / name).parent, place.parent)
        elif not stays:
            place.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # another night of this device lies there
                place.parent.rmdir()
                place.parent.parent.rmdir()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """The library is this program's alone; the lock ends with it, however that ends."""
        try:
            lock = sqlite3.connect(self.folder / _LOCK, timeout=1.0, isolation_level=None)
        except sqlite3.Error:
            raise CribtraceError(
                f"cannot write to {self.folder}: choose a folder that can be written (--library)"
            ) from None
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error:
            lock.close()
            raise CribtraceError(
                f"another cribtrace is changing {self.folder}: wait until it is done"
            ) from None
        try:
            yield
        finally:
            lock.close()


def _to_disk(paths: Iterable[Path]) -> None:
    """Have the disk hold what these files and folders say."""
    if hasattr(os, "sync"):
        os.sync()  # a file at a time takes a hundred times as long for a thousand nights
        return
    for path in paths:
        if path.is_file():
            with path.open("rb+") as f:
                os.fsync(f.fileno())

"""What an observer notes of a night, on the host: tags from a fixed list, and a few words.

They lie beside the pulled segments, in a file of their own: docs/REPORT.md, Notes.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timezone
from pathlib import Path

from cribtrace import moments
from cribtrace.analysis import Night
from cribtrace.atomic import replacing
from cribtrace.errors import CribtraceError, Usage
from cribtrace.tally import later, start_of
from cribtrace.wording import number

TAGS = {
    "filmed": "filmed",
    "awake": "awake",
    "swaddled": "swaddled",
    "soothed": "soothed",
    "vibrating-pillow": "vibrating pillow",
    "new-place": "new place",
    "eyes": "eye movements",
    "tongue-or-sucking": "tongue or sucking movements",
    "other": "other",
}
"""As they are typed, and as they are shown."""
LONGEST_TEXT = 500  # characters, chosen: two printed lines, and a note is no diary
FILE = "notes.jsonl"


@dataclass(frozen=True)
class Note:
    """One note. `t_s` counts on the log's own time line; None is all of the night `of`.

    `of` is the evening's date where the log has a night of a known date, `utc` the noted moment's.
    """

    tags: tuple[str, ...]
    text: str = ""
    t_s: float | None = None
    utc: str | None = None
    of: str | None = None

    @property
    def told(self) -> str:
        """Its tags in words."""
        return ", ".join(TAGS.get(tag, tag) for tag in self.tags)


def made(night: Night, tags: Sequence[str], text: str, when: str | None) -> Note:
    """A note of a night that `nights.choose` gave. Raises Usage for what cannot be noted."""
    unknown = [tag for tag in tags if tag not in TAGS]
    if unknown or not tags:
        what = f"no such tag: {unknown[0]}" if unknown else "a note needs a tag"
        own = ": words of your own go behind --text" if unknown else ""
        raise Usage(f"{what}; there are {', '.join(TAGS)}{own}")
    if len(text) > LONGEST_TEXT:
        raise Usage(f"the text has {len(text)} characters: write {LONGEST_TEXT} at most")
    of = night.of.isoformat() if night.of else None
    if when is None:
        return Note(tuple(tags), text, of=of)
    at_s = moments.moment_s(night, when)
    start = start_of(night)
    utc = later(start, at_s, timezone.utc).isoformat(timespec="seconds") if start else None
    return Note(tuple(tags), text, round(night.from_s + at_s, 3), utc, of)


def add(folder: Path, note: Note) -> Path:
    """Write one more note beside a pulled log; gives the file. Raises Usage for no such folder."""
    if not folder.is_dir():
        raise Usage(f"{folder}: notes lie beside a pulled log: name its folder")
    path = folder / FILE
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if before and not before.endswith("\n"):
        before += "\n"
    line = json.dumps({"type": "note", **asdict(note)}, ensure_ascii=False)
    with replacing(path, "w") as file:
        file.write(f"{before}{line}\n")
    return path


def delete(folder: Path, number: int) -> Note:
    """Take the note of this number, from 1 in the file's order, away; gives it.

    Raises Usage where there is none of that number.
    """
    found = read(folder)
    if not 1 <= number <= len(found):
        there = f"1 to {len(found)}" if found else "none"
        raise Usage(f"no note {number}: there are {there}; `cribtrace note NIGHT` lists them")
    path = (folder if folder.is_dir() else folder.parent) / FILE
    lines = path.read_text(encoding="utf-8").splitlines()
    with replacing(path, "w") as file:
        file.write("".join(f"{line}\n" for k, line in enumerate(lines, 1) if k != number))
    return found[number - 1]


def read(source: Path) -> list[Note]:
    """All notes beside a log folder, or a segment of it. Raises CribtraceError for a bad file."""
    path = (source if source.is_dir() else source.parent) / FILE
    if not path.exists():
        return []
    found = []
    for count, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            found.append(_of_line(json.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError):
            raise CribtraceError(f"{path}: line {count} is no note: mend or delete it") from None
    return found


def _of_line(line: dict) -> Note:
    tags = line["tags"]
    if not (isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)):
        raise TypeError
    t_s = line.get("t_s")
    if t_s is not None and number(t_s) is None:
        raise TypeError
    text, utc, of = (line.get(name) for name in ("text", "utc", "of"))
    return Note(tuple(tags), str(text or ""), number(t_s), utc and str(utc), of and str(of))


def tags_of(notes: Sequence[Note], evening: date | None) -> str:
    """The tags of one night as a library keeps them: each once, with commas between them."""
    of_it = [note for note in notes if evening and note.of == evening.isoformat()]
    return ",".join(dict.fromkeys(tag for note in of_it for tag in note.tags))


def within(notes: Sequence[Note], night: Night, span_s: float) -> list[Note]:
    """Those of this night, their times from its own start, the timeless first.

    A timeless one belongs to the night that it names; all do where a whole log is shown.
    """
    of = night.of.isoformat() if night.of else None
    found = []
    for note in notes:
        if note.t_s is None:
            if of is None or note.of in (None, of):
                found.append(note)
        elif 0 <= note.t_s - night.from_s < span_s:
            found.append(Note(note.tags, note.text, note.t_s - night.from_s, note.utc, note.of))
    return sorted(found, key=lambda note: -1.0 if note.t_s is None else note.t_s)

"""What the documents name exists, and the numbers in them are the computed ones."""

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md"), *(ROOT / "boards").rglob("*.md")])
# Folders that making something creates, and what a reader names himself.
MADE = ("build/", ".venv", ".micropython", ".perf", ".typings", "night.npz", "log/",
        "tests/test_own.py", "tests/bus_held.crib.toml")  # fmt: skip


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def broken_links(page: Path) -> list[str]:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", re.sub(r"`[^`\n]*`", "", text(page)))
    local = [t for t in targets if not t.startswith(("http://", "https://", "mailto:"))]
    return [target for target in local if not (page.parent / target).exists()]


def missing_files(page: Path) -> list[str]:
    """Files in backquotes that lie nowhere one would look for them."""
    named = re.findall(r"`((?:[\w.-]+/)*[\w-]+\.(?:py|md|json|toml|npz))`", text(page))
    named += re.findall(
        r"`((?:bench|docs|firmware|host_tools|tests|boards)/[\w./-]*)`", text(page)
    )
    places = (page.parent, ROOT, ROOT / "firmware" / "crib", ROOT / "tests" / "unit",
              page.parent / "hardware", ROOT / "boards" / "virtual")  # fmt: skip
    found = [n for n in named if not n.startswith(MADE)]
    return sorted({n for n in found if not any((place / n).exists() for place in places)})


def commands(page: Path) -> list[str]:
    """The word behind `cribtrace` wherever a document shows the command."""
    quoted = re.findall(r"^(?: {4}|\$ ).*$", text(page), flags=re.MULTILINE)
    quoted += re.findall(r"```.*?```|`[^`\n]+`", text(page), flags=re.DOTALL)
    pattern = r"(?<![\w./-])(?:\.venv/bin/)?cribtrace ([a-z][a-z-]*)\b"
    return [verb for piece in quoted for verb in re.findall(pattern, piece)]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_commands_can_be_typed_as_they_stand(page):
    """In a checkout: the tool is in .venv, and nothing is written but into build."""
    lines = re.findall(r"^ {4}(\S*cribtrace (?!-).*)$", text(page), re.M)
    assert [line for line in lines if not line.startswith(".venv/bin/cribtrace ")] == []
    made = [made for line in lines for made in re.findall(r" -o (\S+)| pull (\S+)", line)]
    assert [path for path in map("".join, made) if not path.startswith("build/")] == []


def rows(page: str, first_cell: str) -> list[list[str]]:
    """The cells of the table in a document whose header begins with `first_cell`."""
    table = re.search(
        rf"^\| {re.escape(first_cell)} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", text(DOCS / page), re.M
    )
    assert table, first_cell
    return [[c.strip() for c in line.split("|")[1:-1]] for line in table[1].splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_and_named_files_exist(page):
    assert broken_links(page) == []
    assert missing_files(page) == []


def test_what_does_not_exist_is_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("[a](gone.md) `tests/unit/test_gone.py` `firmware/gone/` `kernels.py`\n")
    assert broken_links(page) == ["gone.md"]
    assert missing_files(page) == ["firmware/gone/", "tests/unit/test_gone.py"]
    page.write_text("    cribtrace pull; .venv/bin/cribtrace fly --high\n\nthe cribtrace way\n")
    assert commands(page) == ["pull", "fly"]


def test_commands_in_the_documents_exist():
    cli = pytest.importorskip("cribtrace.cli", reason="no command line yet: cribtrace.cli")
    known = set(cli.group.commands)
    shown = {verb for page in PAGES for verb in commands(page)}
    assert "replay" in shown
    assert shown - known == set()


def test_every_module_of_the_firmware_is_in_the_map():
    design = text(DOCS / "DESIGN.md")
    crib = ROOT / "firmware" / "crib"
    modules = {p.stem for p in crib.rglob("*.py")} - {"__init__"}
    listed = set(re.findall(r"^\| `firmware/crib/(?:imu/|rtc/)?(\w+)\.py`", design, re.MULTILINE))
    assert listed == modules


def imported(path: Path) -> set[str]:
    """Last words of every import in a module or package."""
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                found |= {(node.module or "").split(".")[-1], *(a.name for a in node.names)}
    return found


def arrows() -> list[tuple[str, str]]:
    """(imported, importer) of every arrow in the map of modules."""
    block = re.search(r"^    firmware/   .*?\n\n\|", text(DOCS / "DESIGN.md"), re.M | re.S)
    assert block
    pairs = []
    for line in re.split(r"\n|;", block[0]):
        if "<-" in line:
            chain = re.sub(r"^ *(?:firmware/ |host )? *", "", line).replace("|", "").split("<-")
            groups = [[name.strip() for name in group.split(",")] for group in chain]
            for left, right in pairwise(groups):
                pairs += [(a, b) for a in left for b in right]
    return pairs


def test_the_arrows_of_the_map_are_imports():
    pairs = arrows()
    assert ("kernels", "detector") in pairs and len(pairs) > 20
    wrong = []
    for name, by in pairs:
        host = ROOT / "host_tools" / "cribtrace" / by
        crib = ROOT / "firmware" / "crib" / by
        places = [p for p in (host, crib) if p.with_suffix(".py").exists() or p.is_dir()]
        if by == "main.py":
            places = [ROOT / "firmware" / "main"]
        if not any(name in imported(place) for place in places):
            wrong.append((name, by))
    assert wrong == []

"""What holds for the whole repository: no machine of ours in it, no promise without a file."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.support import skips

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {".git", ".venv", ".micropython", ".perf", ".typings", "build", "dist", ".hypothesis"}

# Whoever clones this has another mirror, another home and another desk.
FOREIGN = {
    "a package mirror": r"\b(?:[a-z0-9-]+\.)*(?:debian|ubuntu|pythonhosted)\.(?:org|com|net)\b",
    "a package index": r"\bpypi\.(?:org|io)\b|/simple/",
    "a folder of one machine": r"(?<![\w.}])/(?:home|root|work|Users)/\w|/tmp/\w",
    "a workplace": r"(?i)\b(?:chatgpt|claude|copilot|anthropic|openai|sub-?agents?|coordinator)\b"
    r"|\bLLM\b|\bAI\b|shared/reference|(?<!\w)\.library",
    "an issue that only we can read": r"(?i)^(?!.*[\w-]+/[\w-]+ issue).*\bissue #?\d",
}
# No output, and so no description of one, names a diagnosis or passes a verdict on a child.
VERDICTS = (
    r"(?i)\b(?:bnsm|myoclon\w+|seizures?|epilep\w+|plm[di]|apno?ea|sids|heart ?rate|"
    r"breathing rate|benign|abnormal\w*|healthy|unhealthy|reassur\w+|peace of mind|keeps? your)\b"
)


def own_files(root: Path) -> list[Path]:
    def ours(parts: tuple[str, ...]) -> bool:
        made = any(part.endswith((".egg-info", "_cache", "__pycache__")) for part in parts)
        return not made and not NOT_OURS & set(parts)

    found = (path for path in sorted(root.rglob("*")) if path.is_file())
    return [path for path in found if ours(path.relative_to(root).parts)]


def texts(root: Path, *suffixes: str):
    for path in own_files(root):
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if not suffixes or path.suffix in suffixes:
            yield path.relative_to(root).as_posix(), text


def matches(root: Path, pattern: str, *suffixes: str) -> list[str]:
    return [
        f"{name}:{number}: {found.group()}"
        for name, text in texts(root, *suffixes)
        for number, line in enumerate(text.splitlines(), 1)
        if (found := re.search(pattern, line)) and name != "tests/unit/test_repository.py"
    ]


def broken_links(root: Path) -> list[str]:
    broken = []
    for name, text in texts(root, ".md"):
        prose = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", prose):
            where, _, anchor = target.partition("#")
            if target.startswith(("http://", "https://", "mailto:")):
                continue
            page = (root / name).parent / where if where else root / name
            if not page.exists() or (anchor and anchor not in anchors(page)):
                broken.append(f"{name}: {target}")
    return broken


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ +(.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def uncommented_targets(makefile: str) -> list[str]:
    """The targets a person would type that `make help` leaves out."""
    rules = re.findall(r"^([a-z][a-z-]*) *:(?!=)(.*)$", makefile, flags=re.MULTILINE)
    phony = set(" ".join(re.findall(r"^\.PHONY:(.*)$", makefile, flags=re.MULTILINE)).split())
    listed = {name for name, rest in rules if re.search(r" ## \S", rest)}
    return sorted(({name for name, _ in rules} | {p for p in phony if "/" not in p}) - listed)


@pytest.mark.parametrize("what", FOREIGN)
def test_nothing_of_one_machine_is_written_down(what):
    assert len(own_files(ROOT)) > 20
    assert matches(ROOT, FOREIGN[what]) == []


def test_the_documents_pass_no_verdict():
    assert matches(ROOT, VERDICTS, ".md") == []


def test_the_links_in_the_documents_lead_somewhere():
    assert broken_links(ROOT) == []


def test_make_help_lists_every_target():
    makefile = (ROOT / "Makefile").read_text()
    assert uncommented_targets(makefile) == []
    help_text = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    shown = re.findall(r"^  make ([a-z-]+) +\S", help_text, flags=re.MULTILINE)
    targets = re.findall(r"^([a-z][a-z-]*):", makefile, flags=re.MULTILINE)
    assert shown == targets
    assert {"setup", "demo", "test", "lint", "golden", "clean"} <= set(shown)


@pytest.mark.parametrize(
    "name",
    ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/GLOSSARY.md", "docs/TESTING.md"],
)
def test_the_documents_are_there(name):
    assert len((ROOT / name).read_text(encoding="utf-8")) > 300


def test_the_licence_is_mit():
    text = (ROOT / "LICENSE").read_text()
    assert text.startswith("MIT License\n\nCopyright (c) 2026 Cribtrace contributors\n")
    assert "WITHOUT WARRANTY OF ANY KIND" in text


def test_ci_runs_make_test_and_can_be_executed():
    run = ROOT / ".ci" / "run"
    assert run.stat().st_mode & 0o111
    assert re.search(r"^make test\b", run.read_text(), flags=re.MULTILINE)
    subprocess.run(["bash", "-n", run], check=True)


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a package mirror", "deb http://ftp.de.debian" + ".org/debian trixie main"),
        ("a package index", "https://pypi" + ".org/project/cribtrace"),
        ("a folder of one machine", "see /home/" + "kim/cribtrace"),
        ("a folder of one machine", "MICROPYTHON=/tmp/" + "mpy"),
        ("a workplace", "as the Co" + "ordinator asked"),
        ("an issue that only we can read", "Issue #" + "2 wants it"),
    ],
)
def test_a_trace_of_one_machine_is_noticed(tmp_path, what, line):
    fine = "fine: /usr/bin/env, build/demo, ../shared/x, owner/project issue 7"
    (tmp_path / "page.md").write_text(f"{fine}\n{line}\n")
    (found,) = matches(tmp_path, FOREIGN[what])
    assert found.startswith("page.md:2: ")


def test_a_verdict_is_noticed(tmp_path):
    (tmp_path / "page.md").write_text("A twitch is an event.\nIt found no seizure.\n")
    assert matches(tmp_path, VERDICTS, ".md") == ["page.md:2: seizure"]


def test_a_broken_link_is_noticed(tmp_path):
    (tmp_path / "there.md").write_text("# The one heading\n")
    (tmp_path / "page.md").write_text(
        "[a](there.md) [b](there.md#the-one-heading) [c](gone.md) [d](there.md#other) `[e](x)`\n"
    )
    assert broken_links(tmp_path) == ["page.md: gone.md", "page.md: there.md#other"]


def test_a_target_without_a_comment_is_noticed():
    makefile = ".PHONY: told untold ghost\nV := 1\ntold: x ## Says what\nuntold:\n\tx\nx/y: z\n"
    assert uncommented_targets(makefile) == ["ghost", "untold"]


def test_a_skip_outside_the_list_is_named(tmp_path):
    cases = "".join(
        f'<testcase classname="unit" name="{name}">{inside}</testcase>'
        for name, inside in {
            "a": '<skipped message="no browser: here"/>',
            "b": '<skipped message="no time"/>',
            "c": "",
        }.items()
    )
    junit_xml = tmp_path / "junit.xml"
    junit_xml.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    assert skips.unexpected(str(junit_xml), ["no browser: .*", "no"]) == ["unit.b: no time"]

"""Every command that a page shows has the options, targets and modules that it names.

tests/e2e/test_pages.py runs those that need no hardware.
"""

import importlib.util
import re

import click
import pytest

from cribtrace import cli
from tests.support.shown_commands import Command, File, shown
from tests.unit.test_docs import PAGES, ROOT

MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
SHOWN = [(page, one) for page in PAGES for one in shown(page) if isinstance(one, Command)]


def refused(words: tuple[str, ...]) -> str | None:
    """Why a command cannot be typed like that."""
    if words[0] == "make":
        targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.M))
        unknown = [w for w in words[1:] if "=" not in w and w not in targets]
        named = [w.split("=")[0] for w in words if "=" in w]
        unknown += [name for name in named if f"$({name})" not in MAKEFILE]
        return f"no {unknown} in the Makefile" if unknown else None
    if words[0] == "python":
        module = words[2]
        return None if importlib.util.find_spec(module) else f"no module {module}"
    command, name, rest = cli.group, "cribtrace", list(words[1:])
    try:
        while isinstance(command, click.Group):
            with command.make_context(name, rest) as context:
                rest = [*context._protected_args, *context.args]
                if not rest and command.invoke_without_command:
                    return None
                name, command, rest = command.resolve_command(context, rest)
                assert command
        command.make_context(name, rest).close()
    except (click.UsageError, click.exceptions.NoArgsIsHelpError) as error:
        return error.format_message()
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_each_can_be_typed(page, tmp_path, monkeypatch):
    """What a reader has made before is not there yet: only that is no mistake."""
    monkeypatch.chdir(tmp_path)
    wrong = {" ".join(one.words): refused(one.words) for at, one in SHOWN if at == page}
    assert {k: v for k, v in wrong.items() if v and "does not exist" not in v} == {}


def test_they_are_found_and_mistakes_in_them(tmp_path):
    assert len(SHOWN) > 60
    page = tmp_path / "page.md"
    page.write_text(
        "Say\n\n    .venv/bin/cribtrace report log -o 'a b'  # that\n    x = 3\n\nand put this"
        " into `a.toml`:\n\n```toml\nb = 1\n```\n\n```\ncribtrace tail > out\nnot this\n```\n"
    )
    assert shown(page) == [
        Command(("cribtrace", "report", "log", "-o", "a b")),
        File("a.toml", "b = 1\n"),
        Command(("cribtrace", "tail"), "out"),
    ]
    for wrong in ("cribtrace report --fly", "cribtrace fly", "cribtrace library fly", "make fly",
                  "make demo FLY=1", "python -m tests.fly", "cribtrace sim --speed"):  # fmt: skip
        assert refused(tuple(wrong.split())), wrong
    assert Command(("make", "flash", "BOARD=x")).needs_board

"""What the command tells of itself: examples that parse, groups, completion, and a quick start."""

import shlex
import subprocess
import sys

import pytest
import rich_click as click

from cribtrace import cli
from cribtrace.cli import examples


def walk(command, path=()):
    """Every command with the words that call it, those with commands below them too."""
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from walk(below, (*path, name))


COMMANDS = dict(walk(cli.group))
NAMED = [path for path in COMMANDS if path]


def shown(capsys, *words):
    assert cli.run([*words, "--help"]) == 0
    return capsys.readouterr().out


def lines_of(text, path):
    lines = (line.strip() for line in text.splitlines())
    return [
        line for line in lines if f"{line} ".startswith(f"{shlex.join(('cribtrace', *path))} ")
    ]


@pytest.fixture(autouse=True)
def width(monkeypatch):
    """As wide as a terminal is at the least."""
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("path", NAMED, ids=" ".join)
def test_each_help_has_examples_that_parse(path, capsys):
    found = lines_of(shown(capsys, *path), path)
    assert found, "no line of its help shows how it is called"
    for line in found:
        rest = shlex.split(line, comments=True)[1:]
        command = cli.group
        while isinstance(command, click.Group) and rest:
            command, rest = command.commands[rest[0]], rest[1:]
        command.make_context(line, rest)


def test_an_example_is_one_line_of_a_terminal():
    for name, lines in examples.EXAMPLES.items():
        assert tuple(name.split()) in NAMED
        for line in lines:
            assert len(line) <= 74
            assert f"{line} ".startswith(f"cribtrace {name} ")


def test_every_command_is_in_exactly_one_group(capsys):
    listed = [name for group in cli.GROUPS for name in group["commands"]]
    assert sorted(listed) == sorted(cli.group.commands)
    text = shown(capsys)
    places = [text.index(f" {group['name']} ") for group in cli.GROUPS]
    assert places == sorted(places), "in the order in which a person meets them"
    assert "─ Commands ─" not in text


def complete(shell, typed):
    words = typed.split(" ")
    env = {"_CRIBTRACE_COMPLETE": f"{shell}_complete", "COMP_WORDS": typed,
           "COMP_CWORD": str(len(words) - 1) if shell != "fish" else words[-1]}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "cribtrace.cli"], capture_output=True, text=True, env=env
    )
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_options(shell):
    env = {"_CRIBTRACE_COMPLETE": f"{shell}_source"}
    program = [sys.executable, "-m", "cribtrace.cli"]
    done = subprocess.run(program, capture_output=True, text=True, env=env)
    assert done.returncode == 0
    assert "_CRIBTRACE_COMPLETE" in done.stdout
    assert "calibrate" in complete(shell, "cribtrace cal")
    assert "--overwrite" in complete(shell, "cribtrace export --ov")
    assert "parquet" in complete(shell, "cribtrace export --format pa")


LIGHT = {
    "click",
    "colorama",
    "cribtrace",
    "platformdirs",
    "pygments",
    "rich",
    "rich_click",
    "typing_extensions",
}
LOADED = (
    "import contextlib, io, sys\n"
    "at_first = set(sys.modules)\n"
    "from cribtrace import cli\n"
    "with contextlib.redirect_stdout(io.StringIO()):\n"
    "    assert cli.run(sys.argv[1:]) == 0\n"
    "print(*sorted(set(sys.modules) - at_first))\n"
)


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["report", "--help"]], ids=" ".join)
def test_the_command_starts_with_nothing_heavy(words):
    """What takes time to import is imported by the command that needs it (0.1 s, measured)."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words], capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    assert "rich_click" in loaded
    assert {name.split(".")[0] for name in loaded} - LIGHT <= set(sys.stdlib_module_names)
    ours = {name for name in loaded if name.startswith("cribtrace.")}
    ours = {name for name in ours if not name.startswith("cribtrace.cli")}
    assert ours <= {"cribtrace.errors", "cribtrace.profile", "cribtrace.sensors"}, (
        "they hold names only"
    )
    assert not {"asyncio", "multiprocessing", "sqlite3", "ssl", "zoneinfo"} & set(loaded)


def options():
    for path, command in COMMANDS.items():
        for one in command.params:
            if isinstance(one, click.Option):
                yield " ".join(path), one


@pytest.mark.parametrize(
    "name",
    [
        "--night",
        "--zone",
        "--whole",
        "--json",
        "--port",
        "--library",
        "--logs",
        "--overwrite",
        "--profile",
        "--board",
    ],
)
def test_an_option_of_one_name_is_one_thing_everywhere(name):
    found = [one for _, one in options() if name in one.opts]
    assert len(found) > 1
    told = {(one.help, one.metavar, one.is_flag, one.envvar) for one in found}
    assert len(told) == 1, told


def test_no_option_takes_words_here_and_numbers_there():
    kinds: dict[str, dict] = {}
    for command, one in options():
        for name in one.opts:
            kinds.setdefault(name, {}).setdefault(type(one.type).__name__, []).append(command)
    assert {name: found for name, found in kinds.items() if len(found) > 1} == {}


def test_whatever_is_written_goes_where_o_says():
    for command, one in options():
        if {"--output", "--out"} & set(one.opts):
            assert {"-o", "--output"} <= set(one.opts), command


def test_what_takes_a_night_takes_its_zone_too():
    """An evening's date means nothing without it."""
    taking = {name: {c for c, o in options() if name in o.opts} for name in ("--night", "--zone")}
    assert taking["--night"] <= taking["--zone"]

"""A profile holds what is typed each time: whose word counts, and what is refused."""

import contextlib
import os
import re
from datetime import date
from pathlib import Path

import pytest
import rich_click as click

from cribtrace import cli, profile
from cribtrace.cli import defaults, library
from cribtrace.errors import CribtraceError
from tests.unit.test_docs import DOCS

PAGE = (DOCS / "GETTING-STARTED.md").read_text("utf-8")
(EXAMPLE,) = re.findall(r"```toml\n(.*?)```", PAGE, re.S)


def written(folder, text):
    path = folder / "profile.toml"
    path.write_text(text)
    return path


def test_the_documented_one_is_read(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    found = profile.read(written(tmp_path, EXAMPLE))
    assert found.born == date(2026, 8, 14)
    assert found.defaults == {
        "port": "/dev/ttyUSB0", "logs": f"{tmp_path}/cribtrace",
        "library": f"{tmp_path}/nights", "zone": "Europe/Berlin", "crib": "attic",
    }  # fmt: skip
    assert tuple(sorted(found.defaults)) == tuple(sorted(profile.DEFAULTS))


@pytest.mark.parametrize(("text", "line", "said"), [
    ("[defaults]\nprot = 'x'", 2, r"no field 'prot': did you mean port\?"),
    ("born = 2026-08-14", 1, "no field 'born': choose from infant, defaults"),
    ("\n[infant]\nborn = 'May'", 3, "no date of birth: write `born = 2026-08-14`"),
    ("[infant]\nborn = 2026-08-14T20:00:00", 2, "no date of birth"),
    ("[infant]\nname = 'x'", 1, "no date of birth"),
    ("infant = 1", 1, "infant is no table"),
    ("[defaults]\nport = 3", 2, "port is no text"),
    ("[defaults]\nport = 'x'\nlogs = 'nights'", 3, "logs is no whole path: begin it with / or ~"),
    ("[defaults\n", 1, "is no TOML"),
    ("[infant]\nborn = 9026-08-14", 2, "a date of birth in the future"),
    ("[defaults]\nzone = 'Berlin'", 2, "no time zone is called 'Berlin': write it as"),
])  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(tmp_path, text, line, said):
    path = written(tmp_path, text)
    with pytest.raises(CribtraceError, match=rf"^{path}:{line}\b.*{said}"):
        profile.read(path)


def test_what_is_left_out_is_left_out(tmp_path, monkeypatch):
    assert profile.read(written(tmp_path, "")) == profile.Profile()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nothing"))
    assert profile.read() == profile.Profile()
    monkeypatch.setenv("CRIBTRACE_PROFILE", str(tmp_path / "none.toml"))
    with pytest.raises(CribtraceError, match="no such file"):
        profile.read()


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """Runs `library list` with a profile of the user's; gives the library that it took."""
    taken = []
    path = written(tmp_path, f"[defaults]\nlibrary = '{tmp_path}/of-profile'\n")
    monkeypatch.setenv("CRIBTRACE_PROFILE", str(path))
    monkeypatch.setattr(library, "opened", lambda folder: taken.append(folder) or 1 / 0)

    def run(*words):
        with pytest.raises(ZeroDivisionError):
            cli.run(["library", "list", *map(str, words)])
        return taken.pop()

    return run


def test_an_option_comes_before_the_environment_and_that_before_the_profile(
    asked, tmp_path, monkeypatch
):
    assert asked() == tmp_path / "of-profile"
    monkeypatch.setenv("CRIBTRACE_LIBRARY", str(tmp_path / "of-environment"))
    assert asked() == tmp_path / "of-environment"
    assert asked("--library", tmp_path / "typed") == tmp_path / "typed"
    monkeypatch.delenv("CRIBTRACE_LIBRARY")
    monkeypatch.delenv("CRIBTRACE_PROFILE")
    assert asked() is None


def test_every_option_of_a_default_has_it(tmp_path):
    given = {name: name for name in profile.DEFAULTS}
    found = defaults.of(cli.group, lambda: given)

    def check(command, its):
        for one in command.params:
            for option in ("--port", "--library", "--logs", "--zone"):
                if option in one.opts:
                    assert its[one.name]() == option[2:], command.name
        for name, below in getattr(command, "commands", {}).items():
            check(below, its[name])

    check(cli.group, found)
    assert found["trend"]["crib"]() == found["library"]["add"]["crib"]() == "crib"
    assert "crib" not in found["library"]["list"], "it would hide the others"


def test_a_wrong_profile_is_one_line_and_help_comes_all_the_same(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CRIBTRACE_PROFILE", str(written(tmp_path, "[defaults]\nprot = 'x'")))
    assert cli.run(["library", "list"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "profile.toml:2, defaults: there is no field 'prot'" in err
    monkeypatch.setenv("COLUMNS", "200")
    assert cli.run(["--help"]) == 0
    assert f"{tmp_path}/profile.toml" in capsys.readouterr().out
    assert cli.run(["report", "--help"]) == 0


def test_a_wrong_profile_stops_only_who_asks_it(tmp_path, monkeypatch, capsys, asked):
    monkeypatch.setenv("CRIBTRACE_PROFILE", str(written(tmp_path, "[defaults]\nprot = 'x'")))
    other = tmp_path / "other.toml"
    other.write_text(f"[defaults]\nlibrary = '{tmp_path}/others'\n")
    assert asked("--library", tmp_path / "typed") == tmp_path / "typed"
    assert cli.run(["scenario"]) == 0
    for command in ("report", "trend"):
        with contextlib.suppress(ZeroDivisionError):
            cli.run([command, "--profile", str(other), str(tmp_path / "none")])
        assert "prot" not in capsys.readouterr().err
        assert cli.run([command]) == 1
        assert "profile.toml:2, defaults: there is no field 'prot'" in capsys.readouterr().err


def test_the_commands_keep_to_what_click_promises():
    """Its range of versions is wide; an attribute with _ may be in one of them and not another."""
    for path in Path(cli.__file__).parent.glob("*.py"):
        assert not re.search(r"\b(ctx|context)\._", path.read_text("utf-8")), path.name


def test_a_profile_that_is_named_has_the_defaults(tmp_path, monkeypatch, asked):
    other = tmp_path / "other.toml"
    other.write_text("[defaults]\ncrib = 'cellar'\n")
    found = []
    monkeypatch.setattr(library, "opened", lambda folder: found.append(folder) or 1 / 0)
    monkeypatch.setattr("cribtrace.profile.born", found.append)
    with pytest.raises(ZeroDivisionError):
        cli.run(["trend", "--profile", str(other)])
    assert found == [other, None]
    assert Path(os.environ["CRIBTRACE_PROFILE"]) != other
    assert isinstance(cli.group, click.Group)

"""`cribtrace config` and `replay --set`: what is shown, changed and refused."""

import functools
import json

import pytest

from cribtrace import cli, configuration
from cribtrace.client import Client
from cribtrace.device import settings
from cribtrace.link import Link
from tests.support import golden
from tests.support.peer import Peer, nasty


@pytest.fixture
def board():
    with Peer() as peer:
        yield peer


@pytest.fixture
def run(run, board):
    """Run `cribtrace config ...` on the board: (exit code, stdout, stderr)."""
    return functools.partial(run, "config", "--port", board.port)


def test_every_setting_is_shown_with_its_meaning(run):
    code, out, err = run()
    assert code == 0
    head, *rows = out.splitlines()
    assert head.split() == ["name", "value", "unit", "default", "range"]
    row = next(row for row in rows if row.startswith("hold_ms"))
    assert row.split()[:7] == ["hold_ms", "500", "ms", "500", "200", "to", "5000"]
    assert row.endswith(configuration.MEANINGS["hold_ms"].what)
    assert "*" not in out
    assert len(rows) == len(settings.SCHEMA)
    assert "hash" in err


def test_columns_stay_below_their_heads(run, board, monkeypatch):
    rows = [("hum_of_a_washing_machine_hz", 5_000_000, 4, 9_000_000, "thousandths of Hz")]
    monkeypatch.setattr(settings, "SCHEMA", (*settings.SCHEMA, *rows))
    board.settings = {**settings.DEFAULTS, rows[0][0]: 6_000_000}
    head, *shown = run()[1].splitlines()
    starts = [head.index(name) for name in ("value", "unit", "default", "range")]
    assert len(shown) == len(settings.SCHEMA)
    for row in shown:
        assert all(row[at - 1] == " " and row[at] != " " for at in starts), row


def test_what_differs_from_the_default_is_marked(run, board):
    board.settings = {**settings.DEFAULTS, "hold_ms": 400}
    marked = [row.split()[:2] for row in run()[1].splitlines() if "*" in row]
    assert marked == [["hold_ms", "400*"]]
    lines = [json.loads(line) for line in run("--json")[1].splitlines()]
    assert [line["name"] for line in lines if line["changed"]] == ["hold_ms"]
    shown = next(line for line in lines if line["changed"])
    assert shown == {
        "type": "setting", "name": "hold_ms", "value": 400, "default": 500, "least": 200,
        "most": 5000, "unit": "ms", "changed": True,
        "meaning": configuration.MEANINGS["hold_ms"].what,
    }  # fmt: skip


def test_a_setting_of_a_newer_board_is_shown_too(run, board, monkeypatch):
    row = ("hum_hz", 50, 40, 70, "hz")
    monkeypatch.setattr(settings, "SCHEMA", (*settings.SCHEMA, row))
    board.settings = {**settings.DEFAULTS, "hum_hz": 60}
    assert ["hum_hz", "60*", "hz", "50"] in [row.split()[:4] for row in run()[1].splitlines()]


def test_set_changes_them_and_says_what_changed(run, board):
    code, out, err = run("set", "hold_ms=400", "limb_ms=3000", "--json")
    assert code == 0
    (line,) = map(json.loads, out.splitlines())
    assert (line["name"], line["value"], line["was"]) == ("hold_ms", 400, 500)
    assert line["config_crc"] == f"{settings.crc(board.settings):08x}"
    assert board.settings == {**settings.DEFAULTS, "hold_ms": 400}
    assert line["config_crc"] in err


@pytest.mark.parametrize(
    "words, says",
    [
        (["hold_ms=99"], "cribtrace: the board refused `config`: hold_ms=99 must be 200 to 5000"),
        (["hold_ms=4", "limb_ms=2500"], "hold_ms=4 must be"),
        (["low_16=1600"], "low_16=1600 must be below high_16="),
        (["hihg_16=120"], "hihg_16=120 is no setting: did you mean high_16"),
        (
            ["hold_ms", "400"],
            "is not NAME=VALUE: write hold_ms=400; `cribtrace config` lists",
        ),
        (["hold_mss", "400"], "'hold_mss' is not NAME=VALUE: did you mean hold_ms"),
        (["warmth"], "'warmth' is not NAME=VALUE: `cribtrace config` lists"),
        (["hold_ms=400", "hold_ms=500"], "hold_ms is set twice"),
        ([], "Missing argument"),
    ],
)
def test_what_is_refused_is_named_with_exit_code_2(run, board, words, says):
    code, out, err = run("set", *words)
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1
    assert board.settings == settings.DEFAULTS


def test_more_than_fits_a_request_is_refused_and_nothing_changed(run, board):
    words = [f"{name}={default}" for name, default, *_ in settings.SCHEMA]
    code, _, err = run("set", *words)
    assert code == 2
    assert "set fewer at a time" in err
    assert board.settings == settings.DEFAULTS


def test_reset_takes_back_those_that_are_named_or_all(run, board):
    changed = {**settings.DEFAULTS, "hold_ms": 400, "limb_ms": 2500}
    board.settings = changed
    assert run("reset", "hold_ms")[0] == 0
    assert board.settings == {**settings.DEFAULTS, "limb_ms": 2500}
    code, _, err = run("reset", "limb")
    assert code == 2
    assert "did you mean limb_ms" in err
    assert run("reset")[0] == 0
    assert board.settings == settings.DEFAULTS


def test_a_bad_line_costs_repeats_and_never_a_setting():
    for seed in range(6):
        new = {**settings.DEFAULTS, "hold_ms": 300 + seed}
        peer = Peer(mangle=nasty(seed))
        with peer, Client(Link(peer.port), wait_s=0.1, repeats=20) as client:
            client.hello()
            assert {s.name: s.value for s in client.config()} == settings.DEFAULTS
            assert client.configure({"hold_ms": 300 + seed}) == f"{settings.crc(new):08x}"
            assert {s.name: s.value for s in client.config()} == new


def test_replay_takes_the_same_settings(capsys):
    source = str(golden.RECORDING)
    assert cli.run(["replay", source, "--json", "--set", "high_16=1600"]) == 0
    few = capsys.readouterr().out.splitlines()
    assert cli.run(["replay", source, "--json"]) == 0
    assert 0 < len(few) < len(capsys.readouterr().out.splitlines())
    assert cli.run(["replay", source, "--set", "high_16=4001"]) == 2
    assert "high_16=4001 must be 32 to 4000" in capsys.readouterr().err

"""What is copied to a board computes what the source does, with fewer names."""

import ast

import pytest

from cribtrace import board_facts, deploy, fold

PAIR = {
    "words": "from micropython import const\n\nHOLD = const(12)  # frames\n"
    "_NEXT = const(HOLD + 1)\nLOW = const(-3)\nTABLE = (HOLD, _NEXT)\n",
    "user": "from . import words\n\n\ndef f(a, words_HOLD):\n"
    "    return a[words.HOLD] + words.LOW + a.words.HOLD + words.TABLE[0]\n",
}


def test_a_constant_of_another_module_becomes_its_number():
    user = fold.folded(PAIR)["user"]
    assert "return a[12] + (-3) + a.words.HOLD + words.TABLE[0]" in user


def test_a_definition_becomes_a_comment_and_its_uses_numbers():
    words = fold.folded(PAIR)["words"]
    assert "\n# HOLD = const(12)  # frames\n# _NEXT = const(HOLD + 1)\n" in words
    assert "\nTABLE = (12, 13)\n" in words


def test_a_name_that_is_imported_by_itself_stays():
    done = fold.folded({**PAIR, "third": "from .words import HOLD\n"})
    assert "\nHOLD = const(12)" in done["words"]
    assert "words.HOLD" in done["user"]


@pytest.mark.parametrize("board", board_facts.names())
def test_no_line_moves_so_that_tracebacks_name_the_source(board):
    for path, content in deploy.contents(board).items():
        source = deploy.files(board)[path].read_text()
        folded = content.decode()
        assert folded.count("\n") == source.count("\n"), path
        ast.parse(folded)


def test_the_firmware_has_hundreds_of_names_less():
    def left(texts):
        return sum(len(fold.constants(text)) for text in texts)

    board = "esp32_devkitc_lsm6dso"  # which gets one driver, and not all of them
    sources = [p.read_text() for p in deploy.files(board).values()]
    shipped = [content.decode() for content in deploy.contents(board).values()]
    assert left(sources) > 240
    assert left(shipped) < 60  # those of the drivers, and what is imported by name

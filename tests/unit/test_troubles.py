"""docs/TROUBLESHOOTING.md says what `check` says, and all of it."""

import ast
import inspect
import sys

import pytest

from cribtrace import check, findings, no_frames
from tests.support import troubles_table


def asked_for(module) -> set[int]:
    """The lines on which a module makes a finding that did not pass."""
    tree = ast.parse(inspect.getsource(module))
    return {
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "Finding"
        and isinstance(node.args[1], ast.Constant)
        and node.args[1].value is False
    }


def test_the_page_is_what_check_says():
    page = troubles_table.PAGE.read_text("utf-8")
    shown = page.split(troubles_table.BEGIN)[1].split(troubles_table.END)[0]
    assert shown.strip() == troubles_table.text().strip()


@pytest.mark.parametrize("module", [check, no_frames], ids=lambda m: m.__name__)
def test_no_finding_is_missing_from_it(module, monkeypatch):
    met = set()

    def finding(*arguments):
        if arguments[1] is False:
            met.add(sys._getframe(1).f_lineno)
        return findings.Finding(*arguments)

    monkeypatch.setattr(module, "Finding", finding)
    for trouble in troubles_table.TROUBLES:
        trouble.made()
    assert len(met) > 1
    assert asked_for(module) - met == set()


def test_a_reason_without_frames_is_not_missing_either():
    told = " ".join(trouble.made().said for trouble in troubles_table.TROUBLES)
    for fault, todo in no_frames._TODO.items():
        assert f"({fault})" in told and todo in told

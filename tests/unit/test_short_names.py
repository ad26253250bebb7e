"""Locals of what is copied to a board have short names that functions share."""

import ast

import pytest

from cribtrace import board_facts, deploy, short_names

USER = '''
def first(samples, count):
    """samples"""
    amount = 0
    for sample in samples:
        amount += sample.total + count
    return [amount for count in samples]


class Board:
    place = 1

    def at(self, samples, place):
        length = len(samples)

        def inner(length):
            return place * length

        return inner(length), self.place
'''


def names(text: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


def run(text: str) -> tuple:
    module: dict = {}
    exec(text, module)

    class Sample:
        total = 2

    board = module["Board"]()
    return module["first"]([Sample(), Sample()], 3), board.at([1, 2, 3], 4)


def test_what_computes_stays_and_locals_are_shared():
    done = short_names.shortened({"/user.py": USER})["/user.py"]
    assert run(done) == run(USER) == ([10, 10], (12, 1))
    assert not names(done) & {"samples", "amount", "count", "length"}
    assert '"""samples"""' in done


def test_a_name_that_means_something_elsewhere_stays():
    done = short_names.shortened({"/user.py": USER})["/user.py"]
    assert "sample.total" not in done and ".total" in done  # the attribute
    assert "len(" in done
    assert "place" in names(done)  # an attribute's name, so a local's stays as well


def test_what_is_passed_by_keyword_stays_even_from_another_module():
    other = "import user\n\nuser.first(count=1, samples=2)\n"
    done = short_names.shortened({"/user.py": USER, "/other.py": other})
    assert "def first(samples, count):" in done["/user.py"]
    assert done["/other.py"] == other


def test_a_global_that_a_function_sets_stays():
    text = "seen = 0\n\n\ndef see(known):\n    global seen\n    seen = known\n"
    assert "    seen = " in short_names.shortened({"/g.py": text})["/g.py"]


def test_no_local_takes_the_name_of_anything_else():
    text = "a = 1\n\n\ndef f(first, b):\n    return a + first + b.c\n"
    done: dict = {}
    exec(short_names.shortened({"/f.py": text})["/f.py"], done)

    class B:
        c = 30

    assert done["f"](200, B) == 231


@pytest.mark.parametrize("board", board_facts.names())
def test_the_firmware_ships_with_a_third_fewer_names(board):
    def every(texts):
        return {
            name
            for text in texts
            for node in ast.walk(ast.parse(text))
            for name in (getattr(node, "id", None), getattr(node, "arg", None))
            if name
        }

    sources = every(p.read_text() for p in deploy.files(board).values())
    shipped = every(text.decode() for text in deploy.contents(board).values())
    assert len(shipped) < len(sources) * 2 / 3


COUNTER = """
class Counter:
    def __init__(self, other):
        self._count = 1
        self._other = other
        self._told = 0
        self.public = 7

    def _method(self):
        return self._count + self.public + self._other._told


class Other:
    def __init__(self):
        self._told = 20

    def method(self):
        return self._told
"""


def test_a_private_attribute_is_short_unless_others_reach_it():
    done = short_names.shortened({"/c.py": COUNTER})["/c.py"]
    module: dict = {}
    exec(done, module)
    counter = module["Counter"](module["Other"]())
    assert counter._method() == 28
    assert set(vars(counter)) == {"a", "b", "_told", "public"}
    assert module["Other"]().method() == 20

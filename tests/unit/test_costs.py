"""The virtual board's prices, as the brief and their sources state them."""

import ast

import pytest

from cribtrace import tree

STATED_US = {
    "ERASE_US": 45_000,
    "ERASE_WORST_US": 400_000,
    "DRAIN_US": 2_000,
    "GC_US": 2_250,
    "I2C_TRANSFER_US": 35,
    "PROGRAM_FIRST_US": 30,
    "PROGRAM_BYTE_NS": 2_500,
    "I2C_BITS_PER_BYTE": 9,
    "UART_BITS_PER_BYTE": 10,
    "UART_FIFO_BYTES": 128,
}


@pytest.mark.parametrize("name", STATED_US)
def test_a_price_is_the_one_its_source_states(name):
    source = (tree.BOARDS / "virtual" / "hardware" / "costs.py").read_text()
    prices = {
        node.targets[0].id: ast.literal_eval(node.value.args[0])
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign)
    }
    assert prices[name] == STATED_US[name]

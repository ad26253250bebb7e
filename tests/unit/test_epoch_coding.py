"""What an epoch keeps in half of the bytes, and what it rounds."""

import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cribtrace import log_records

recorder = importlib.import_module("cribtrace.firmware.crib.recorder")


@given(st.binary(min_size=1, max_size=31))
def test_every_second_comes_back(codes):
    assert log_records.levels(recorder.half_bytes(codes)) == codes


def test_like_seconds_take_half_a_byte_each():
    codes = bytes(100 + k % 13 for k in range(30))
    assert len(recorder.half_bytes(codes)) == 16


@pytest.mark.parametrize("gain", [0, 1, 4095, 4096, 4097, 1_048_576, 6_710_886, 2**27 - 1])
def test_a_gain_keeps_twelve_bits(gain):
    coded = recorder.rounded(gain)
    again = (coded & 4095) << (coded >> 12)
    assert coded < 1 << 16 and again <= gain and gain - again <= gain // 2048

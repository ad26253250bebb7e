"""Units of a log, one at a time and many together: the same to the last digit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cribtrace import facts, log_records
from cribtrace.device import records
from cribtrace.scale import Scale, rounded

NEAR = st.sampled_from([0.0, 0.0005, 0.00049999999999, 0.000500000000001])


@given(st.lists(st.one_of(
    st.floats(-1e6, 1e13), st.builds(lambda ms, off: ms / 1000 + off, st.integers(0, 10**9), NEAR),
)))  # fmt: skip
def test_many_are_rounded_as_python_rounds_one(values):
    assert rounded(np.array(values, float), 3).tolist() == [round(value, 3) for value in values]


@pytest.mark.parametrize("rate_mhz", [0, 40_490, 104_000, 104_527])
@pytest.mark.parametrize("mlsb_per_g", [0, 16_393_443])
@given(st.lists(st.integers(0, 2**32 - 1)))
def test_units_of_many_are_the_units_of_each(rate_mhz, mlsb_per_g, words):
    scale = Scale({"rate_mhz": rate_mhz, "mlsb_per_g": mlsb_per_g})
    column = np.array(words, float)
    assert scale.all_seconds(column) == [scale.seconds(word) for word in words]
    assert scale.all_mg(column) == [scale.mg(word) for word in words]


@given(st.lists(st.tuples(*[st.integers(0, 2**16)] * 3), max_size=4))
def test_an_epoch_s_floor_is_that_of_its_noisiest_axis(gains):
    header = {"rate_mhz": 104_000, "mlsb_per_g": 16_393_443}
    blank = dict.fromkeys((*log_records.NAMES[records.EPOCH], "first"), 0)
    found = [
        {**blank, "type": records.EPOCH, "rest": b"", "gain_x": x, "gain_y": y, "gain_z": z}
        for x, y, z in gains
    ]
    told = list(facts.json_lines(found, header))
    assert told == [facts.json_line(record, header) for record in found]
    noise_mg = Scale(header).noise_mg
    floors = [line["floor_mg"] for line in told if line]
    assert floors == [max(map(noise_mg, of_axes)) for of_axes in gains]

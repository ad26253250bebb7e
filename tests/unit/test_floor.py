"""floor.py on the board: what is stored when, and what a boot begins with. Restarts: tests/e2e."""

import importlib
import types

import pytest

from cribtrace.device import config, detector, kept, kernels, settings

RATE_MHZ, MLSB_PER_G = 104_000, 16_393_443
OF = MLSB_PER_G << 2 | config.tick_shift(RATE_MHZ)
floor = importlib.import_module("cribtrace.firmware.crib.floor")


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(floor, "_FILE", str(tmp_path / "floor"))
    return tmp_path / "floor"


def board(*gains):
    """An app whose detector stands at these gains, warm where there are any; `said` is its log."""
    det = detector.Detector(settings.DEFAULTS, RATE_MHZ, MLSB_PER_G)
    if gains:
        det.warm = 0
        det.state[kernels.GAIN : kernels.GAIN + 3] = type(det.state)("i", gains)
    said = []
    return types.SimpleNamespace(
        sensing=types.SimpleNamespace(
            detector=det, imu=types.SimpleNamespace(mlsb_per_g=MLSB_PER_G, rate_mhz=RATE_MHZ)
        ),
        board=types.SimpleNamespace(SENSOR="LSM6DSO"),
        recorder=types.SimpleNamespace(text=said.append),
        said=said,
    )


def gains_of(app):
    return list(app.sensing.detector.state[kernels.GAIN : kernels.GAIN + 3])


def test_asking_writes_nothing(path):
    assert floor.present(board(7, 8, 9)) == {"of": OF, "gx": 7, "gy": 8, "gz": 9}
    assert not path.exists()
    floor.keep(board(1, 2, 3), empty=True)
    before = path.read_bytes(), path.stat().st_mtime_ns
    told = floor.present(board(7, 8, 9))
    assert [told[name] for name in ("gx", "gz", "ex", "ez")] == [7, 9, 1, 3]
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_asking_for_what_does_not_fit_says_nothing_in_the_log(path):
    path.write_bytes(b"gx=1\n")
    app = board(7, 8, 9)
    assert floor.present(app) == {"of": OF, "gx": 7, "gy": 8, "gz": 9}
    assert app.said == []
    floor.seed(app)
    assert app.said == ["floor=refused"]


def test_in_a_warm_up_there_is_nothing_to_keep(path):
    assert floor.present(board()) == floor.keep(board(), empty=True) == {}
    assert not path.exists()


def test_what_a_host_injects_is_no_sensors_floor(path):
    app = board(7, 8, 9)
    app.board.SENSOR = importlib.import_module("cribtrace.firmware.crib.inject").SENSOR
    assert floor.present(app) == floor.keep(app, empty=True) == {}
    assert not path.exists()


def test_the_empty_cribs_gains_stay_while_the_last_ones_change(path):
    floor.keep(board(1, 2, 3), empty=True)
    floor.keep(board(4, 5, 6))
    values = kept.load(str(path))
    assert [values[k + a] for k in "eg" for a in "xyz"] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("held", "begun", "said"),
    [
        ({}, None, []),
        ({"g": 5000}, 5000, ["floor=kept gx=5000 gy=5001 gz=5002"]),
        ({"g": 5000, "e": 9000}, 5000, ["floor=kept gx=5000 gy=5001 gz=5002"]),
        ({"e": 9000}, 9000, ["floor=empty gx=9000 gy=9001 gz=9002"]),
    ],
)
def test_a_boot_begins_with_the_last_gains_else_with_the_empty_cribs(path, held, begun, said):
    values = {kind + a: first + i for kind, first in held.items() for i, a in enumerate("xyz")}
    kept.store(str(path), {**values, "of": OF})
    app = board()
    fresh, warm = gains_of(app), app.sensing.detector.warm
    floor.seed(app)
    assert gains_of(app) == (fresh if begun is None else [begun, begun + 1, begun + 2])
    assert app.sensing.detector.warm == (warm if begun is None else warm // 2)
    assert app.said == said


def test_a_flash_that_fails_is_an_error_only_where_somebody_waits_for_it(path):
    path.with_name("floor.new").mkdir()
    assert floor.keep(board(1, 2, 3))["gx"] == 1
    with pytest.raises(OSError, match="floor"):
        floor.keep(board(1, 2, 3), empty=True)

"""The noise floor outlives a restart of the board: simulated mattress, real firmware."""

import time
import zlib

import numpy as np
import pytest

from cribtrace import analysis, logfile
from cribtrace.conversation import Refused
from cribtrace.device import config, records, settings
from cribtrace.pull import pull
from cribtrace.recording import Recording

RATE_HZ, LSB_PER_G = 104.0, 16393.443
WARM_S = settings.DEFAULTS["warm_up_ms"] / 1000


def noise(seconds, rms_mg=0.4):
    """A sensor that lies still, z up."""
    rng = np.random.default_rng(5)
    mg = rng.normal((0, 0, 1000), rms_mg, (int(seconds * RATE_HZ), 3))
    return Recording(np.rint(mg * LSB_PER_G / 1000).astype(np.int16), RATE_HZ, LSB_PER_G)


def of(lsb_per_g=LSB_PER_G):
    return round(lsb_per_g * 1000) << 2 | config.tick_shift(round(RATE_HZ * 1000))


def kept_before(body):
    """A firmware that finds these lines in the file of its floor, with a CRC if they have none."""
    crc = "" if "crc=" in body else f"crc={zlib.crc32(body.encode()):08x}\n"
    was = '_FILE = "/device"'
    write = f"with open('/floor', 'wb') as f:\n    f.write({(body + crc).encode()!r})\n"
    return {("crib/identity.py", was): f"{was}\n{write}"}


def past(client, seconds):
    """Wait until the board has seen so much."""
    while client.info()["seen"] < seconds * RATE_HZ:
        time.sleep(0.05)


def after_a_power_cut(b, log):
    """Pull what a board that lost its power has in its log once it records again."""
    b.board.kill()
    b.board.start()
    with b.client() as client:
        past(client, 1)
        client.stop()
        pull(client, log)


def floors(folder):
    """[(boot, text)] of what the log says of kept floors, {boot: frames of the first warm-up}."""
    said, warm = [], {}
    for segment in logfile.read(folder):
        for record in segment.records:
            boot = segment.header["boot"]
            if record["rest"].startswith(b"floor="):
                said.append((boot, record["rest"].decode()))
            if record["type"] == records.STATE:
                warm.setdefault(boot, record["frames"])
    return said, warm


def numbers(text):
    return {key: int(value) for key, _, value in (p.partition("=") for p in text.split(" ")[1:])}


def test_a_restart_begins_with_the_floor_that_was_kept_and_says_so(bench, tmp_path):
    with bench(noise(300), speed=20) as b:
        with b.client() as client:
            past(client, 60)
            now = client.request("floor")
            client.stop()
        b.board.restart()
        with b.client() as client:
            past(client, WARM_S)
            client.stop()
            pull(client, tmp_path / "log")
    said, warm = floors(tmp_path / "log")
    ((boot, text),) = said
    assert boot == 2
    assert text.startswith("floor=kept gx=")
    for axis, gain in numbers(text).items():
        assert gain == pytest.approx(int(now[axis]), rel=0.1)
    assert warm[1] == round(WARM_S * RATE_HZ)
    assert warm[2] == round(WARM_S * RATE_HZ) // 2


def test_the_first_start_has_no_floor_to_begin_with(bench, tmp_path):
    with bench(noise(60), speed=20) as b, b.client() as client:
        with pytest.raises(Refused, match="unsettled"):
            client.request("floor")
        client.stop()
        pull(client, tmp_path / "log")
    assert floors(tmp_path / "log")[0] == []


GAINS = "gx=200000\ngy=200000\ngz=200000\n"


@pytest.mark.parametrize(
    "body",
    [
        f"{GAINS}of={of(8192)}\n",
        f"{GAINS}of={of() + 1}\n",
        f"{GAINS}of={of()}\ncrc=00000000\n",
        "of=\n",
    ],
    ids=["scale", "filters", "damaged", "foreign"],
)
def test_a_floor_that_does_not_fit_is_refused_and_replaced(bench, tmp_path, body):
    with bench(noise(60), patch=kept_before(body), speed=20) as b, b.client() as client:
        past(client, 20)
        assert int(client.request("floor")["gx"]) > 400_000
        client.stop()
        pull(client, tmp_path / "log")
    said, warm = floors(tmp_path / "log")
    assert said[0] == (1, "floor=refused")
    assert warm[1] == round(WARM_S * RATE_HZ)


def test_a_floor_that_fits_is_taken_from_the_file(bench, tmp_path):
    """The same file as those that are refused, but for what makes it fit."""
    whole = f"{GAINS}of={of()}\n"
    with bench(noise(60), patch=kept_before(whole), speed=20) as b, b.client() as client:
        client.stop()
        pull(client, tmp_path / "log")
    assert floors(tmp_path / "log")[0] == [(1, "floor=kept gx=200000 gy=200000 gz=200000")]


def test_the_empty_cribs_floor_is_taken_where_no_other_is_kept(bench, tmp_path):
    empty = GAINS.replace("g", "e") + f"of={of()}\n"
    with bench(noise(60), patch=kept_before(empty), speed=20) as b, b.client() as client:
        client.stop()
        pull(client, tmp_path / "log")
    said, warm = floors(tmp_path / "log")
    assert said == [(1, "floor=empty gx=200000 gy=200000 gz=200000")]
    assert warm[1] == round(WARM_S * RATE_HZ) // 2


def test_a_sensor_that_is_found_late_begins_with_the_floor_too(bench, tmp_path):
    found = "    imu = board.make_imu()"
    late = "    if board.ticks_ms() < 3000:\n        raise OSError(19)\n"
    patch = {**kept_before(f"{GAINS}of={of()}\n"), ("crib/finding.py", found): late + found}
    with bench(noise(60), patch=patch, speed=20) as b, b.client() as client:
        past(client, 1)
        client.stop()
        pull(client, tmp_path / "log")
    said, warm = floors(tmp_path / "log")
    assert said == [(1, "floor=kept gx=200000 gy=200000 gz=200000")]
    assert warm[1] == round(WARM_S * RATE_HZ) // 2
    reasons = [gap["reason"] for gap in analysis.read_night(tmp_path / "log").gaps]
    assert "no_sensor" in reasons


def test_asking_for_the_floor_writes_nothing(bench, tmp_path):
    """Only what is kept counts for a board that loses its power, and asking keeps nothing."""
    with bench(noise(300), speed=20) as b:
        with b.client() as client:
            past(client, 20)
            client.request("floor")
        after_a_power_cut(b, tmp_path / "log")
    assert floors(tmp_path / "log")[0] == []


def test_a_floor_is_kept_each_hour(bench, tmp_path):
    """A power cut leaves what the last full hour left."""
    with bench(noise(3700)) as b:
        assert b.ended.wait(100)
        after_a_power_cut(b, tmp_path / "log")
    assert [(boot, text[:10]) for boot, text in floors(tmp_path / "log")[0]] == [(2, "floor=kept")]


def test_the_empty_cribs_floor_stays_while_the_present_one_moves_on(bench, tmp_path):
    with bench(noise(200), speed=20) as b:
        with b.client() as client:
            past(client, 40)
            assert not {"ex", "ey", "ez"} & set(client.request("floor"))
            kept = client.request("floor", 1)
            assert [kept["e" + axis] for axis in "xyz"] == [kept["g" + axis] for axis in "xyz"]
            past(client, 60)
            client.stop()
        b.board.restart()
        with b.client() as client:
            past(client, WARM_S)
            later = client.request("floor")
            assert [later["e" + axis] for axis in "xyz"] == [kept["e" + axis] for axis in "xyz"]
            assert later["gx"] != kept["gx"]
            client.stop()
            pull(client, tmp_path / "log")
    said = [text.split(" ")[0] for _, text in floors(tmp_path / "log")[0]]
    assert said == ["floor=kept"]

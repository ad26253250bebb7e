"""pull against the real firmware over a line that is cut, corrupts, swallows and repeats."""

import random

import pytest

from bench.link import log_image
from cribtrace import log_records, logfile
from cribtrace.client import Client
from cribtrace.device import records
from cribtrace.errors import NoDevice
from cribtrace.link import Link
from cribtrace.pull import pull, segment_files
from tests.support.peer import wait_for
from tests.support.relay import DOWN, UP, Relay, flipping, shuffling
from tests.support.stand_in import Ramp

LOG_BYTES = 150_000  # facts, waveforms, and facts again
SENT_TWICE = 32 * 1024  # the most for each kill

# What checks, in the firmware, that the frames of a Ramp reach the detector one for one. `info`
# then tells of more frames in the FIFO than it holds.
RAMP_BROKEN = 9999
RAMP_CHECK = {
    (
        "crib/sampler.py",
        "            self.lost = self.imu.lost()\n",
    ): "            self.lost = self.imu.lost()\n"
    "            for i in range(n):\n"
    "                at = i * self.imu.STRIDE + self.imu.LOW_BYTE\n"
    "                x = self.buffer[at] | self.buffer[at + 1] << 8\n"
    "                if x != (getattr(self, 'x', x - 1) + 1) % 30000:\n"
    f"                    self.fifo_high = {RAMP_BROKEN}\n"
    "                self.x = x\n"
}


@pytest.fixture(scope="module")
def image(micropython, tmp_path_factory):
    return log_image.make(tmp_path_factory.mktemp("image"), LOG_BYTES)


def test_the_log_has_both_streams(image):
    streams = [content[36] for _, content in sorted(image.segments.items())]
    assert streams.count(records.FACTS) >= 2
    assert streams.count(records.WAVEFORMS) >= 3


def holds(folder, image):
    """Whether a folder holds the log as the board does."""
    found = {int(path.stem): path.read_bytes() for path in segment_files(folder)}
    assert not list(folder.glob("*.part"))
    for number in found.keys() - image.segments.keys():  # what was recorded since
        assert logfile.parse(found[number], str(number)).verdict == logfile.COMPLETE
    return all(found.get(number) == content for number, content in image.segments.items())


def bytes_in(folder):
    return sum(path.stat().st_size for path in folder.glob("*")) if folder.exists() else 0


def killed_pulls(board, folder, image, rng, kills, tamper=None):
    """Pull over a link that is cut `kills` times, into a new folder after each whole log.

    Returns (whole logs, for each kill the bytes that the board was asked for in vain).
    """
    whole, in_vain = 0, []
    while len(in_vain) < kills:
        direction = rng.choice((UP, DOWN))
        cut = direction, rng.randrange(1, 400 if direction == UP else 60_000)
        into = folder / str(whole)
        before = bytes_in(into)
        with Relay(board.port, cut=cut, tamper=tamper) as relay:
            try:
                with Client(Link(relay.port), repeats=20) as client:
                    pull(client, into)
            except NoDevice:
                in_vain.append(relay.asked_bytes - (bytes_in(into) - before))
            else:
                assert holds(into, image)
                whole += 1
    with Client(Link(board.port)) as client:
        pull(client, into)
    assert holds(into, image)
    return whole + 1, in_vain


def test_a_pull_that_is_killed_at_any_byte_goes_on_there(bench, image, tmp_path):
    flash = image.copied_to(tmp_path / "flash.bin")
    with bench(image.recording, flash=flash) as b:
        _, in_vain = killed_pulls(b.board, tmp_path, image, random.Random(1), 15)
    assert 0 < max(in_vain) <= SENT_TWICE and min(in_vain) >= 0


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(20))
def test_a_thousand_kills(bench, image, tmp_path, seed):
    flash = image.copied_to(tmp_path / "flash.bin")
    with bench(image.recording, flash=flash) as b:
        whole, in_vain = killed_pulls(b.board, tmp_path, image, random.Random(1000 + seed), 50)
    print(f"50 kills, {whole} whole logs, at most {max(in_vain)} bytes sent twice for one")
    assert max(in_vain) <= SENT_TWICE


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("fault, share", [(flipping, 1e-4), (shuffling, 0.02)])
def test_kills_on_a_bad_line(bench, image, tmp_path, seed, fault, share):
    flash = image.copied_to(tmp_path / "flash.bin")
    rng = random.Random(2000 + seed)
    with bench(image.recording, flash=flash) as b:
        whole, _ = killed_pulls(b.board, tmp_path, image, rng, 25, fault(rng, share))
    assert whole >= 1


@pytest.mark.parametrize(
    "tamper", [flipping(random.Random(2), 1e-4), shuffling(random.Random(3), 0.04)]
)
def test_over_a_bad_line_every_byte_arrives(bench, image, tmp_path, tamper):
    flash = image.copied_to(tmp_path / "flash.bin")
    with (
        bench(image.recording, flash=flash) as b,
        Relay(b.board.port, tamper=tamper) as relay,
        Client(Link(relay.port), wait_s=0.2, repeats=20) as client,
    ):
        pulled = pull(client, tmp_path / "log")
        assert client.stats.retries > 0
    assert holds(tmp_path / "log", image)
    assert pulled.damaged == []


def test_a_broken_ramp_is_noticed(bench):
    with bench(Ramp(frames=2000), patch=RAMP_CHECK) as b:
        assert b.ended.wait(30)  # from here on the sensor repeats the last second
        with b.client() as client:
            wait_for(lambda: client.info()["fifo_high"] == RAMP_BROKEN)


def test_pulling_costs_no_sample(bench, image, tmp_path):
    hour = Ramp(frames=3600 * 104)
    with (
        bench(hour, patch=RAMP_CHECK, log=image.segments, baud=115200) as b,
        Client(Link(b.board.port)) as client,
    ):
        client.hello()
        before = client.info()
        pulled = pull(client, tmp_path / "log")
        after = client.info()
        stopped = client.stop()
        assert not b.ended.is_set(), "the ramp was over before the pull was"
        assert 0 < int(after["fifo_high"]) < RAMP_BROKEN
        assert int(after["seen"]) - int(before["seen"]) > 1000
        assert int(stopped["in_gaps"]) == 0
        assert int(stopped["seen"]) == b.told("sensor_off")["frames_produced"]
    assert holds(tmp_path / "log", image)
    assert pulled.wire_bytes <= 1.02 * pulled.bytes


def test_what_a_host_asked_for_is_forgotten_when_it_goes(bench, image):
    """Sixty segments take 6 KB as long as a session needs to know them."""
    header = log_records.unpack_header(image.segments[1])
    log = {n: log_records.pack_header({**header, "segment": n}) for n in range(1, 61)}
    with bench(image.recording, log=log) as b:

        def heap_used():
            with b.client() as client:
                minute = int(client.info()["uptime_ms"]) // 60_000
                wait_for(lambda: int(client.info()["uptime_ms"]) // 60_000 > minute + 1)
                return int(client.info()["heap_used"])

        before = heap_used()
        with b.client() as client:
            assert len(client.list()) >= 60
        assert heap_used() < before + 1000

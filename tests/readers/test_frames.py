"""Raw acceleration as CSV, read by scikit-digital-health and by R as GGIR reads it."""

import shutil
import subprocess

import numpy as np
import pytest

from cribtrace import cli, recording, scenario

pytestmark = pytest.mark.readers
BEGINS = "2026-11-20T19:40Z"
BEGINS_S = 1_795_203_600.0

# What GGIR's read.myacc.csv does to a file with the arguments in docs/EXPORTS.md; GGIR itself is
# on CRAN alone.
AS_GGIR = """
options(digits.secs = 6)
rows <- utils::read.csv(commandArgs(TRUE)[1], nrows = -1, skip = 0)
at <- as.POSIXct(rows[, 1], format = "%Y-%m-%d %H:%M:%OS", tz = "UTC")
writeBin(as.numeric(at), "at.f8")
writeBin(as.vector(as.matrix(rows[, 2:4])), "g.f8")
"""


@pytest.fixture
def rec(tmp_path):
    made = scenario.generate("ten_minutes", 7)
    recording.save(tmp_path / "rec.npz", made)
    return made


@pytest.fixture
def exported(rec, tmp_path):
    path = tmp_path / "raw.csv"
    words = ["export", str(tmp_path / "rec.npz"), "--format", "csv", "--begins", BEGINS]
    assert cli.run([*words, "-o", str(path)]) == 0
    return path


def agrees(rec, at_s, g):
    assert (np.rint(g * rec.lsb_per_g) == rec.accel).all()
    assert np.abs(at_s - BEGINS_S - np.arange(len(rec.accel)) / rec.rate_hz).max() < 2e-6


def test_scikit_digital_health_reads_every_value(rec, exported):
    skdh = pytest.importorskip("skdh")
    read = skdh.io.ReadCSV("time", {"accel": ["x", "y", "z"]}, fill_gaps=False)
    found = read.predict(file=str(exported))
    agrees(rec, found["time"], found["accel"])


@pytest.mark.skipif(not shutil.which("Rscript"), reason="no R: apt install r-base-core")
def test_r_reads_every_value_as_ggir_does(rec, exported, tmp_path):
    script = tmp_path / "as_ggir.R"
    script.write_text(AS_GGIR, "utf-8")
    subprocess.run(["Rscript", str(script), str(exported)], cwd=tmp_path, check=True, timeout=100)
    g = np.fromfile(tmp_path / "g.f8").reshape(3, -1).T
    agrees(rec, np.fromfile(tmp_path / "at.f8"), g)

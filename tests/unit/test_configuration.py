"""One source of settings: the firmware's schema is what the host says and what the page shows."""

import re

import pytest

from cribtrace import configuration
from cribtrace.device import kept, settings
from cribtrace.errors import Usage
from tests.support import settings_table


def test_every_setting_has_a_meaning_and_no_other_has():
    assert list(configuration.MEANINGS) == [row[0] for row in settings.SCHEMA]
    for meaning in configuration.MEANINGS.values():
        assert meaning.what
        assert meaning.source


def test_the_page_shows_the_schema():
    page = settings_table.PAGE.read_text(encoding="utf-8")
    shown = page.split(settings_table.BEGIN)[1].split(settings_table.END)[0]
    assert shown.strip() == settings_table.text().strip()


def test_the_page_would_notice_another_default(monkeypatch):
    other = (("hold_ms", 501, 100, 5000, "ms"), *settings.SCHEMA[4:])
    monkeypatch.setattr(settings, "SCHEMA", (*settings.SCHEMA[:3], *other))
    with pytest.raises(AssertionError):
        test_the_page_shows_the_schema()


def test_the_page_shows_the_file_as_it_is(tmp_path):
    path = str(tmp_path / "settings")
    kept.store(path, {"hold_ms": 400, "schema": settings.SCHEMA_VERSION})
    lines = (tmp_path / "settings").read_text().splitlines()
    assert lines[:2] == ["hold_ms=400", "schema=2"]
    assert re.fullmatch("crc=[0-9a-f]{8}", lines[2])


def test_words_become_changes():
    assert configuration.parsed(["hold_ms=400", "limb_ms=x"]) == {"hold_ms": "400", "limb_ms": "x"}


@pytest.mark.parametrize("word", ["hold_ms", "=400", "hold_ms=", "hold ms=400", ""])
def test_another_form_is_refused(word):
    with pytest.raises(Usage, match="is not NAME=VALUE"):
        configuration.parsed([word])


def test_a_name_that_comes_twice_is_refused():
    with pytest.raises(Usage, match="hold_ms is set twice: to 400 and to 500"):
        configuration.parsed(["hold_ms=400", "hold_ms=500"])


def test_the_nearest_names_are_offered():
    with pytest.raises(Usage, match=r"hihg_16=40 is no setting: did you mean high_16"):
        configuration.in_force({"hihg_16": 40})
    with pytest.raises(Usage, match=r"no setting: `cribtrace config` lists them$"):
        configuration.in_force({"nosuch": 40})
    for near in ("ms", "lim_ms", "_ms", "hold", "low"):
        said = configuration.suggestion([near], settings.DEFAULTS)
        assert said.count(" or ") <= 2, said
    with pytest.raises(Usage, match=r"must be 200 to 5000$"):
        configuration.in_force({"hold_ms": 40})
    assert configuration.in_force({}) == settings.DEFAULTS

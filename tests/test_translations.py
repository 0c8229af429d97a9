"""The interface is Chinese first: no text of ours, and none of the admin theme's, may show up in English."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from tests import translations

UNFOLD = Path(__file__).parent / "data" / "unfold_msgids.txt"
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w*\}|%[sd]")


@pytest.fixture(scope="module")
def chinese():
    return translations.catalogue("zh_Hans")


def texts(translation: str | tuple[str, ...]) -> tuple[str, ...]:
    return translation if isinstance(translation, tuple) else (translation,)


def test_every_text_of_ours_has_a_translation(chinese):
    missing = {key: where for key, where in translations.used().items() if not all(texts(chinese.get(key, "")))}
    assert missing == {}


def test_every_text_of_the_admin_theme_has_a_translation(chinese):
    listed = [line.replace("\\n", "\n") for line in UNFOLD.read_text().splitlines()]
    assert len(listed) == 115
    assert [msgid for msgid in listed if not all(texts(chinese.get(("", msgid), "")))] == []


def test_every_other_text_is_one_of_a_package_or_of_the_timetable(chinese):
    """What is neither ours nor theirs is a leftover: nobody sees it, and nobody would miss it."""
    known = set(translations.used()) | {("", line.replace("\\n", "\n")) for line in UNFOLD.read_text().splitlines()}
    known |= translations.of_packages() | {("", name) for name in translations.timetable()}
    assert sorted(set(chinese) - known) == []


def test_translations_keep_the_placeholders(chinese):
    wrong = {
        key: translation
        for key, translation in chinese.items()
        for text in texts(translation)
        if set(PLACEHOLDER.findall(key[1])) != set(PLACEHOLDER.findall(text))
    }
    assert wrong == {}


def test_languages_have_names():
    assert [code for code, _name in settings.LANGUAGES] == ["zh-hans", "en"]

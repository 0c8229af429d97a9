"""Every code has its words in both languages; no code is raised that has none, none has words that is never raised."""

import re
from pathlib import Path

import pytest
from django.utils import translation

from jobs.imports.reading import Fault, Problem, texts
from jobs.imports.reading.errors import UnreadableFile

FOLDER = Path(texts.__file__).parent
SOURCE = "\n".join(path.read_text() for path in FOLDER.glob("*.py") if path.name != "texts.py")
NAMES = re.compile(r"%\((\w+)\)s")


def test_every_code_that_is_raised_has_words():
    raised = set(re.findall(r'(?:Fault|_Refused|_unreadable)\(\s*"([A-Z_]+)"', SOURCE))
    assert raised
    assert raised <= set(texts.FAULTS)
    told = set(re.findall(r'(?:Problem|_problem|ErrorCell)\(\s*"([A-Z_]+)"', SOURCE))
    assert told <= set(texts.PROBLEMS)


def test_no_words_are_left_over():
    assert [code for code in {**texts.FAULTS, **texts.PROBLEMS} if f'"{code}"' not in SOURCE] == []


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_words_are_complete(language):
    with translation.override(language):
        for code, words in texts.FAULTS.items():
            params = dict.fromkeys(NAMES.findall("".join(words)), "7")
            error = UnreadableFile.of(Fault(code, **params))
            assert error.message
            assert error.advice
            assert (language == "en") == (re.search("[\u4e00-\u9fff]", error.message) is None), code
        for code, word in texts.PROBLEMS.items():
            said = texts.of_problem(Problem(code, dict.fromkeys(NAMES.findall(word), "7")))
            assert "%" not in said
            assert (language == "zh-hans") == (
                re.search("[，。：“”；的]", said) is not None or "是" in said
            ) or language == "en"

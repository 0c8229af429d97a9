"""The scripts of the pages and the words that the server gives them: nothing missing, nothing left over."""

import re
from pathlib import Path

import pytest
from django.utils import translation

from jobs.exports.pages.script_words import script_words
from jobs.exports.steps import STEPS

SCRIPTS = sorted((Path(__file__).resolve().parents[4] / "static" / "js" / "exports").glob("*.js"))
STATES = ("starting", "live", "lost", "asking", "resting")
DYNAMIC = {
    "title_${what}": [f"title_{what}" for what in (*STEPS, "download")],
    "title_${action}": [f"title_{what}" for what in STEPS],
    **{
        f"bulk_${{action}}_{part}": [f"bulk_{what}_{part}" for what in STEPS] for part in ("question", "effect", "done")
    },
    "column_${way}": ["column_up", "column_down"],
    "live_${shown}": [f"live_{state}" for state in STATES],
    "live_${shown}_more": [f"live_{state}_more" for state in STATES],
}
"""What a script builds of parts → the keys that can come out. A new one belongs here, with every value it can have."""
CALL = re.compile(r"(?<![\w.])say\(")
DEFINITION = re.compile(r"function say\(")
TEXT = re.compile(r'"([^"]*)"|\'([^\']*)\'|`([^`]*)`')
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
CLOSES = {"(": ")", "[": "]", "{": "}"}


def split(text: str) -> list[str]:
    """The arguments that ``text`` begins with, up to the parenthesis that closes the call."""
    arguments, depth, quote, begin = [], [], "", 0
    for at, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote and text[at - 1] != "\\" else quote
        elif letter in "\"'`":
            quote = letter
        elif letter in CLOSES:
            depth.append(CLOSES[letter])
        elif depth and letter == depth[-1]:
            depth.pop()
        elif letter == ")":
            return [*arguments, text[begin:at].strip()]
        elif letter == "," and not depth:
            arguments.append(text[begin:at].strip())
            begin = at + 1
    raise AssertionError(f"no end: {text[:60]}")


def keys_of(argument: str) -> list[str]:
    """Every key that the first argument can be: a text, one of two texts, or one of DYNAMIC."""
    choice = argument.split("?", 1)[1] if "?" in argument and not argument.startswith(('"', "'", "`")) else argument
    texts = [next(part for part in match if part) for match in TEXT.findall(choice)]
    if not texts or TEXT.sub("", choice).strip(" :()"):
        raise AssertionError(f"write say() with texts, or add this to DYNAMIC: {argument}")
    return [key for text in texts for key in (DYNAMIC[text] if "${" in text else [text])]


def calls() -> list[tuple[str, str, set[str] | None]]:
    """(where, key, names of the values given; None: it cannot be told)."""
    found = []
    for path in SCRIPTS:
        text = path.read_text()
        for match in CALL.finditer(text):
            if DEFINITION.search(text[max(0, match.start() - 9) : match.end()]):
                continue
            first, *rest = split(text[match.end() :])
            values: set[str] | None = set()
            if rest:
                inside = rest[0].strip()
                named = inside.startswith("{") and "..." not in inside
                values = {part.split(":")[0].strip() for part in split(inside[1:-1] + ")")} if named else None
            where = f"{path.name}:{text.count(chr(10), 0, match.start()) + 1}"
            found += [(where, key, values) for key in keys_of(first)]
    return found


def test_scripts_say_something():
    assert len(calls()) > 25


def test_every_word_that_scripts_say_is_there():
    words = script_words()
    assert [(where, key) for where, key, _values in calls() if key not in words] == []


def test_every_word_that_is_there_is_said():
    said = {key for _where, key, _values in calls()}
    assert sorted(set(script_words()) - said) == []


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_scripts_give_every_value_that_a_text_names(language):
    with translation.override(language):
        words = script_words()
    wrong = [
        (where, key, sorted(set(PLACEHOLDER.findall(words[key])) - values))
        for where, key, values in calls()
        if values is not None and set(PLACEHOLDER.findall(words.get(key, ""))) - values
    ]
    assert wrong == []


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_percent_sign_is_written_twice(language):
    """The scripts read %(name)s and %%, nothing else."""
    with translation.override(language):
        words = script_words()
    assert {key: text for key, text in words.items() if "%" in PLACEHOLDER.sub("", text).replace("%%", "")} == {}


def test_titles_of_what_can_be_done_are_those_of_the_buttons():
    """A key that does nothing now shows the reason of the button with this title."""
    with translation.override("zh-hans"):
        words = script_words()
        assert {key: words[f"title_{key}"] for key in STEPS} == {key: str(step.title) for key, step in STEPS.items()}

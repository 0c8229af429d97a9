"""Which texts the product shows: read from the sources, not from a list that somebody must keep."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("exportcenter", "accounts", "jobs", "reports")
KEYWORDS = {
    **dict.fromkeys(("_", "_t", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"), 1),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), 2),
}
"""Function → which of its arguments is the text; a context stands before it."""
_QUOTED = r"""(?:"([^"]*)"|'([^']*)')"""
_TRANS = re.compile(r"\{%-?\s*trans(?:late)?\s+" + _QUOTED + r"(?:\s+context\s+" + _QUOTED + ")?")
_INLINE = re.compile(r"\b_\(" + _QUOTED + r"\)")
_BLOCK = re.compile(
    r"\{%\s*blocktrans(?:late)?\b(?P<head>[^%]*)%\}(?P<body>.*?)\{%\s*endblocktrans(?:late)?\s*%\}", re.DOTALL
)
_PLURAL = re.compile(r"\{%\s*plural\s*%\}")
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")

TRANSLATED = ("django", "django_celery_beat", "allauth", "rest_framework")
"""Packages whose pages we show and whose catalogues name their texts …"""
UNTRANSLATED = ("unfold", "django_celery_beat")
"""… and those whose Python does. Texts in the theme's templates are listed in tests/data/unfold_msgids.txt."""
_TASK_NAME = re.compile(r'^\s+\("([^"]+)", "\w+\.\w+", \d+', re.MULTILINE)

Key = tuple[str, str]
"""(context, msgid)"""


def used() -> dict[Key, str]:
    """Every translatable text of our own code and templates → where it was found first."""
    found: dict[Key, str] = {}
    for path, key in [*_python(), *_templates()]:
        if key[1]:
            found.setdefault(key, str(path.relative_to(ROOT)))
    return found


def catalogue(language: str) -> dict[Key, str | tuple[str, ...]]:
    """The translations of a language, without fuzzy ones."""
    with open(ROOT / "locale" / language / "LC_MESSAGES" / "django.po", "rb") as source:
        messages = read_po(source, locale=language)
    entries: dict[Key, str | tuple[str, ...]] = {}
    for message in messages:
        if message.id and not message.fuzzy:
            msgid = message.id[0] if isinstance(message.id, tuple | list) else message.id
            text = message.string
            entries[message.context or "", msgid] = tuple(text) if isinstance(text, tuple | list) else text
    return entries


def of_packages() -> set[Key]:
    """Every text of the packages whose pages we show."""
    found: set[Key] = set()
    for name in TRANSLATED:
        for path in _folder(name).rglob("locale/zh_Hans/LC_MESSAGES/django.mo"):
            with open(path, "rb") as source:
                found |= {_key(message) for message in read_mo(source) if message.id}
    for name in UNTRANSLATED:
        for path in _folder(name).rglob("*.py"):
            found |= {key for _path, key in _texts_in(path)}
    return found


def timetable() -> set[str]:
    """Names that migrations give to periodic tasks: rows that the admin shows in the reader's language."""
    lines = [path.read_text() for path in ROOT.glob("*/migrations/*.py")]
    return {name for text in lines for name in _TASK_NAME.findall(text)}


def _folder(package: str) -> Path:
    return Path(str(importlib.import_module(package).__file__)).parent


def _key(message: Any) -> Key:
    msgid = message.id[0] if isinstance(message.id, tuple | list) else message.id
    return message.context or "", msgid


def _python() -> Iterator[tuple[Path, Key]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" in path.parts:
                continue
            yield from _texts_in(path)


def _texts_in(path: Path) -> Iterator[tuple[Path, Key]]:
    """By the syntax tree: a scanner of tokens does not see calls inside f-strings."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
        if name in KEYWORDS:
            words = [one.value if isinstance(one, ast.Constant) else None for one in node.args]
            msgid = words[KEYWORDS[name] - 1] if len(words) >= KEYWORDS[name] else None
            context = words[0] if KEYWORDS[name] == 2 else ""
            if isinstance(msgid, str) and isinstance(context, str):
                yield path, (context, msgid)


def _templates() -> Iterator[tuple[Path, Key]]:
    folders = [ROOT / "templates", *(ROOT / package for package in PACKAGES)]
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in {".html", ".txt"}):
        text = path.read_text()
        for match in _TRANS.finditer(text):
            plain, quoted, context, other = match.groups()
            yield path, (context or other or "", plain or quoted or "")
        for match in _INLINE.finditer(text):
            yield path, ("", match[1] or match[2] or "")
        for match in _BLOCK.finditer(text):
            body = _PLURAL.split(match["body"])[0]
            if "trimmed" in match["head"]:
                body = " ".join(line.strip() for line in body.strip().splitlines())
            yield path, ("", _VARIABLE.sub(r"%(\1)s", body))

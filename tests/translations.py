"""Which texts the product shows: read from the sources, not from a list that somebody must keep."""

import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("exportcenter", "accounts", "jobs", "reports")
KEYWORDS = {
    "_": None,
    "_t": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}
_QUOTED = r"""(?:"([^"]*)"|'([^']*)')"""
_TRANS = re.compile(r"\{%-?\s*trans(?:late)?\s+" + _QUOTED + r"(?:\s+context\s+" + _QUOTED + ")?")
_INLINE = re.compile(r"\b_\(" + _QUOTED + r"\)")
_BLOCK = re.compile(
    r"\{%\s*blocktrans(?:late)?\b(?P<head>[^%]*)%\}(?P<body>.*?)\{%\s*endblocktrans(?:late)?\s*%\}", re.DOTALL
)
_PLURAL = re.compile(r"\{%\s*plural\s*%\}")
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")

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


def _python() -> Iterator[tuple[Path, Key]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" in path.parts:
                continue
            for _line, message, _comments, context in extract_from_file("python", str(path), keywords=KEYWORDS):
                msgid = message[0] if isinstance(message, tuple) else message
                yield path, (context or "", msgid)


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

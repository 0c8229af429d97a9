"""File names that a server suggests are hostile until shown otherwise."""

import re
import unicodedata
from collections.abc import Iterable

LONGEST = 180
"""Bytes of a name; file systems take 255, and ours grow by ".part.json"."""
_FORBIDDEN = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]')
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_OURS = re.compile(r"\.part(\.json.*)?$", re.IGNORECASE)


def safe_name(suggested: object, instead: str) -> str:
    """A name of one file in one folder, as like ``suggested`` as is safe on any system; ``instead`` if nothing is left.

    No separators, no drive or stream (":"), no dot in front (hidden, "..", "."), nothing invisible or that reverses the
    direction of reading (which hides a file's true extension), no device names of Windows,
    and none that an unfinished file of ours may have.
    """
    text = unicodedata.normalize("NFC", suggested) if isinstance(suggested, str) else ""
    text = "".join(letter for letter in text if not unicodedata.category(letter).startswith("C") or letter in "\t\n\r")
    text = _FORBIDDEN.sub("-", re.sub(r"\s+", " ", text)).rstrip(". ").lstrip(". -~")
    text = _shortened(text)
    if _DEVICES.fullmatch(text):
        text = f"_{text}"
    if _OURS.search(text):
        text += "_"
    return text if text.strip(". -_") else instead


def distinct(names: Iterable[str]) -> list[str]:
    """The names, each with its number before it where two are the same on a system that ignores case."""
    listed = list(names)
    keys = [unicodedata.normalize("NFC", name).casefold() for name in listed]
    if len(set(keys)) == len(keys):
        return listed
    return [f"{number}-{name}" for number, name in enumerate(listed, 1)]


def _shortened(text: str) -> str:
    if len(text.encode()) <= LONGEST:
        return text
    stem, dot, extension = text.partition(".") if text.count(".") == 1 else text.rpartition(".")
    if len(extension.encode()) > 20:
        stem, dot, extension = text, "", ""
    room = LONGEST - len((dot + extension).encode())
    return stem.encode()[:room].decode(errors="ignore").strip(". ") + dot + extension

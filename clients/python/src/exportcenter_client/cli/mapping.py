"""``--map HEADING=KEY`` over what the server guessed."""

from collections.abc import Mapping, Sequence
from typing import Any

from exportcenter_client.cli.parsing import WrongWords
from exportcenter_client.cli.words import Words


def wishes(texts: Sequence[str]) -> list[tuple[str, str]]:
    """(heading or letter of the file, key of the dataset, or nothing to leave the column out). Raises WrongWords."""
    found = []
    for text in texts:
        heading, equals, key = text.rpartition("=")  # keys have no "=", headings may
        if not equals or not heading.strip():
            raise WrongWords(text)
        found.append((heading.strip(), key.strip()))
    return found


def mapped(wished_for: Sequence[tuple[str, str]], seen: Mapping[str, Any], say: Words) -> dict[str, str]:
    """Position of the file's column → key. ``wished_for``: see ``wishes``; ``seen``: what the server found in the file.

    What was guessed stays, but for columns whose key is given to another one here. Raises ValueError for a column that
    the file does not have, or has twice.
    """
    wished = {_position(heading, seen["header"], say): key for heading, key in wished_for}
    taken = {key for key in wished.values() if key}
    guessed = (seen.get("guess") or {}).get("mapping") or {}
    kept = {position: key for position, key in guessed.items() if position not in wished and key not in taken}
    return kept | {position: key for position, key in wished.items() if key}


def _position(heading: str, header: Sequence[Mapping[str, Any]], say: Words) -> str:
    """Headings come first: a column may be called A and stand elsewhere."""
    found = [one for one in header if str(one.get("label")).strip().casefold() == heading.casefold()]
    if len(found) > 1:
        letters = ", ".join(str(one.get("letter")) for one in found)
        raise ValueError(
            say("Several columns are called {name}; name the letter: {letters}.", name=heading, letters=letters)
        )
    found = found or [one for one in header if one.get("letter") == heading.upper()]
    if not found:
        columns = ", ".join(f"{one.get('letter')} {one.get('label')}" for one in header)
        raise ValueError(say("The file has no column {name}. It has: {columns}.", name=heading, columns=columns))
    return str(found[0].get("position"))

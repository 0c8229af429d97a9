"""Blocks of the documents, for tests that do what a document says."""

import re
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
_BLOCK = re.compile(r"^```(\w*)(?: (\S+))?\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """What stands between two fences."""

    language: str
    """First word after the fence, e.g. "python"; empty without one."""
    where: str
    """Second word: the file it belongs into, the database, the place it was printed."""
    text: str


def blocks(name: str, language: str | None = None, where: str | None = None) -> list[Block]:
    """Blocks of docs/``name`` in order, as printed; of one language and one place, if given."""
    found = [Block(*parts) for parts in _BLOCK.findall((DOCS / name).read_text())]
    return [one for one in found if language in (None, one.language) and where in (None, one.where)]

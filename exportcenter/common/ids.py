"""Ids as strangers write them."""

from typing import Any
from uuid import UUID

NOBODYS = UUID(int=0)


def read_id(said: Any) -> UUID:
    """The id that ``said`` names; for what is no id at all one that nothing has, so that it is not found either."""
    try:
        return UUID(str(said))
    except ValueError:
        return NOBODYS

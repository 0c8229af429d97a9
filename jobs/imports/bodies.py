"""Checks of what bodies of requests for imports hold, beside the general ones."""

import re
from typing import Any

from django.utils.translation import gettext as _

MOST_MAPPED = 200
"""Columns that a request can map; each of a dataset's once, and none has so many."""
_POSITION = re.compile(r"(0|[1-9][0-9]{0,5})", re.ASCII)


def is_mapping(value: Any) -> str:
    """Position of a column of the file, from "0" → key of the dataset's; or null: guess."""
    if value is None:
        return ""
    if not isinstance(value, dict):
        return _("A JSON object is expected.")
    if len(value) > MOST_MAPPED:
        return _("At most %(most)d columns can be named.") % {"most": MOST_MAPPED}
    for position, key in value.items():
        if not _POSITION.fullmatch(position):
            words = _("“%(position)s” is no position of a column. The first is “0”, the second “1”.")
            return words % {"position": position[:20]}
        if not isinstance(key, str):
            return _("A text is expected.")
    return ""


def positions(mapping: dict[str, str] | None) -> dict[int, str] | None:
    """The mapping as the services take it."""
    return None if mapping is None else {int(position): key for position, key in mapping.items()}

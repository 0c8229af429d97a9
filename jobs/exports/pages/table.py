"""Columns of the list, and how one person has arranged them (SPEC U4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

NARROWEST, WIDEST = 48, 800


@dataclass(frozen=True)
class TableColumn:
    """A column of the list.

    Attributes:
        width: in pixels, until somebody drags it
        sort: name of the ordering that a click on the heading chooses
        numeric: right-aligned, figures of one width
        fixed: stands first and cannot be hidden
    """

    key: str
    title: Any
    width: int
    sort: str = ""
    numeric: bool = False
    fixed: bool = False


@dataclass(frozen=True)
class Placed:
    """A column as it stands in somebody's list.

    Attributes:
        sort_address: where a click on its heading leads
    """

    column: TableColumn
    width: int
    shown: bool
    sort_address: str = ""

    @property
    def key(self) -> str:
        """Of the column."""
        return self.column.key


COLUMNS = (
    TableColumn("number", _("Job no."), 138, sort="created_at", fixed=True),
    TableColumn("type", _("Type"), 96),
    TableColumn("status", _("Status"), 150),
    TableColumn("progress", _("Progress"), 140),
    TableColumn("file", _("File"), 190),
    TableColumn("size", _("Size"), 92, sort="file_size", numeric=True),
    TableColumn("creator", _("Creator"), 92),
    TableColumn("created", _("Created"), 120, sort="created_at"),
    TableColumn("finished", _("Finished"), 120, sort="finished_at"),
    TableColumn("source", _("Source"), 120),
    TableColumn("params", _("Conditions"), 220),
)
"""In the order of S0 §6; what can be done stands behind them."""


def arrange(preference: Mapping[str, Any]) -> list[Placed]:
    """The columns as a preference wants them. Columns it does not know stand where they belong; unknown names and
    impossible widths in it are passed over."""
    known = {column.key: column for column in COLUMNS}
    wanted = [entry for entry in _entries(preference) if entry.get("key") in known]
    placed = {entry["key"]: _placed(known[entry["key"]], entry) for entry in reversed(wanted)}
    order = [key for key in dict.fromkeys(entry["key"] for entry in wanted) if not known[key].fixed]
    for number, column in enumerate(COLUMNS):
        if column.key not in placed and not column.fixed:
            before = {one.key for one in COLUMNS[:number]}
            place = max((index + 1 for index, key in enumerate(order) if key in before), default=0)
            order.insert(place, column.key)
    fixed = [column.key for column in COLUMNS if column.fixed]
    return [placed.get(key) or Placed(known[key], known[key].width, True) for key in [*fixed, *order]]


def _entries(preference: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    found = preference.get("columns") if isinstance(preference, Mapping) else None
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _placed(column: TableColumn, entry: Mapping[str, Any]) -> Placed:
    width = entry.get("width")
    fits = isinstance(width, int) and not isinstance(width, bool) and NARROWEST <= width <= WIDEST
    shown = column.fixed or entry.get("shown") is not False
    return Placed(column, width if fits and isinstance(width, int) else column.width, shown)

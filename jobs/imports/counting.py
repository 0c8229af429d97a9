"""How many rows, and what is wrong with them: grouped, so that three hundred equal faults are one line (SPEC B2)."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from jobs.imports import problems


@dataclass
class Counts:
    """Rows of a file, by what is or was done with them. Of an undo: by what became of the changes.

    Attributes:
        rows: read so far; of an undo: changes
        faulty: with at least one problem; they are not written
        to_create, to_update, to_keep: what a trial found that would happen
        created, updated, unchanged: what has happened
        removed, restored, kept: what an undo has done; ``kept``: changed or used since, or gone
    """

    rows: int = 0
    faulty: int = 0
    to_create: int = 0
    to_update: int = 0
    to_keep: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    restored: int = 0
    kept: int = 0

    @classmethod
    def of(cls, stored: Mapping[str, int]) -> "Counts":
        """Out of a JSON field."""
        return cls(**{name: stored.get(name, 0) for name in cls.__dataclass_fields__})

    def stored(self) -> dict[str, int]:
        """For a JSON field: what is not zero."""
        return {name: value for name, value in asdict(self).items() if value}

    def plus(self, **more: int) -> "Counts":
        """The same with more rows of some sorts."""
        return Counts(**{name: value + more.get(name, 0) for name, value in asdict(self).items()})

    @property
    def valid(self) -> int:
        """Rows that can be written."""
        return self.rows - self.faulty

    @property
    def written(self) -> int:
        """Rows that are done with: written, or found to be as they should."""
        return self.created + self.updated + self.unchanged


@dataclass
class Groups:
    """Problems by column and code, in the order in which they came up."""

    groups: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, stored: Iterable[dict[str, Any]]) -> "Groups":
        """Out of a JSON field."""
        return cls({(one["column"], one["code"]): dict(one) for one in stored})

    def add(self, row: int, found: Iterable[dict[str, Any]]) -> None:
        """The problems of one row."""
        for problem in found:
            name = (problem["column"], problem["code"])
            group = self.groups.get(name)
            if group is None:
                self.groups[name] = problem | {"count": 1, "row": row}
            else:
                group["count"] += 1

    def stored(self) -> list[dict[str, Any]]:
        """For a JSON field: the most frequent first."""
        return sorted(self.groups.values(), key=lambda group: (-group["count"], group["row"]))


def spoken(group: Mapping[str, Any]) -> str:
    """The problem of a group (or of a row) as a sentence in the language that is active now."""
    return problems.sentence(group["code"], group["params"])

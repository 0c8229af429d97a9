"""The contract of a format, and the options people may choose."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from exportcenter.common.errors import InvalidParameters
from jobs.datasets.query import BoundColumn, Plan
from jobs.formats.sink import Sink


@dataclass(frozen=True)
class FormatOptions:
    """What a request may say about its file.

    Attributes:
        bom: begin a CSV file with a UTF-8 byte order mark, so that Excel reads Chinese right
        raw: lossless for machines: codes instead of labels, UTC, no neutralising of formulas
        compression: "none" or "gzip"
        lines: one JSON object per line instead of one array
    """

    bom: bool = True
    raw: bool = False
    compression: str = "none"
    lines: bool = False

    COMPRESSIONS: ClassVar[tuple[str, ...]] = ("none", "gzip")

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> "FormatOptions":
        """Options from JSON. Raises InvalidParameters that names the wrong one and what is allowed."""
        problems: dict[str, list[str]] = {}
        allowed: dict[str, Callable[[Any], bool]] = {
            "bom": lambda value: isinstance(value, bool),
            "raw": lambda value: isinstance(value, bool),
            "compression": lambda value: value in cls.COMPRESSIONS,
            "lines": lambda value: isinstance(value, bool),
        }
        for name, value in given.items():
            if name not in allowed:
                problems[f"options.{name[:100]}"] = [
                    _("There is no such option. Allowed: %(allowed)s.") % {"allowed": ", ".join(allowed)}
                ]
            elif not allowed[name](value):
                words = ", ".join(cls.COMPRESSIONS) if name == "compression" else "true, false"
                problems[f"options.{name}"] = [_("Allowed: %(allowed)s.") % {"allowed": words}]
        if problems:
            raise InvalidParameters(details=problems)
        raw = bool(given.get("raw", False))
        return cls(
            bom=given.get("bom", not raw),
            raw=raw,
            compression=given.get("compression", "none"),
            lines=given.get("lines", False),
        )


@dataclass(frozen=True)
class Written:
    """What a format has put into the sink.

    Attributes:
        rows: without headings
        cut_cells: texts that were longer than the format allows and lost their end
    """

    rows: int
    cut_cells: int = 0


class Format:
    """
    One file format. A subclass says how a value looks as SQL text and how the file is framed.

    Attributes:
        key: name in the API
        extension: without dot; may depend on the options
        content_type: of the uncompressed file; may depend on the options
        takes: names of the options that mean something to the format
    """

    key: ClassVar[str]
    extension: str
    content_type: str
    takes: ClassVar[frozenset[str]] = frozenset({"raw", "compression"})

    def __init__(self, options: FormatOptions, zone: ZoneInfo) -> None:
        self.options = options
        self.zone = zone

    @classmethod
    def check(cls, given: Mapping[str, Any]) -> None:
        """Refuse options, as the request gave them, that mean nothing in this format. Raises InvalidParameters."""
        problems = {
            f"options.{name}": [
                _("A %(file_type)s file has no such option. Allowed: %(allowed)s.")
                % {"file_type": cls.key, "allowed": ", ".join(sorted(cls.takes))}
            ]
            for name in given
            if name not in cls.takes
        }
        if problems:
            raise InvalidParameters(details=problems)

    def cell(self, column: BoundColumn, reference: str) -> str:
        """SQL expression of one cell; NULL stays NULL unless the format says otherwise."""
        raise NotImplementedError

    def write(self, plan: Plan, cursor: Any, sink: Sink, advance: Callable[[int], None]) -> Written:
        """Write the whole file. ``advance(rows)`` is called for every block and may raise to stop the writing."""
        raise NotImplementedError


_FORMATS = {
    "csv": "jobs.formats.csv:CsvFormat",
    "json": "jobs.formats.json:JsonFormat",
    "xlsx": "jobs.formats.xlsx:XlsxFormat",
}


def available() -> list[str]:
    """Names of the formats that can be written here."""
    return sorted(_FORMATS)


def get(key: str) -> type[Format]:
    """The format called ``key``. Raises InvalidParameters that says what is allowed."""
    if key not in available():
        raise InvalidParameters(
            details={
                "file_type": [
                    _("“%(value)s” is not a file type that can be written. Allowed: %(allowed)s.")
                    % {"value": str(key)[:100], "allowed": ", ".join(available())}
                ]
            }
        )
    module, name = _FORMATS[key].split(":")
    found: type[Format] = getattr(importlib.import_module(module), name)
    return found

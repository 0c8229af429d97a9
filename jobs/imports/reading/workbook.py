"""Workbooks (.xlsx): which parts they have, which sheet is read. Links to other files are never followed."""

import posixpath
from collections.abc import Iterator
from typing import IO, BinaryIO

from jobs.imports.reading.faults import Fault
from jobs.imports.reading.limits import Limits
from jobs.imports.reading.numberformats import Shows, read_styles
from jobs.imports.reading.package import Package
from jobs.imports.reading.sharedtexts import SharedTexts
from jobs.imports.reading.sheet import Book, sheet_rows
from jobs.imports.reading.table import Choices, GridTable, Raw, Sheet
from jobs.imports.reading.xml import elements

TYPES = "[Content_Types].xml"
MOST_SHEETS = 1_000
_MAIN = ("spreadsheetml.sheet.main+xml", "spreadsheetml.template.main+xml")
_OTHERS = (("sheet.binary", "BINARY_WORKBOOK"), ("macroEnabled", "MACROS"))


class WorkbookTable(GridTable):
    """One sheet of a workbook: the chosen one, or the first that is not hidden. In merged cells only the first has a
    value; a formula is its last computed value."""

    kind = "xlsx"
    short_rows_told = False

    def __init__(self, source: BinaryIO, choices: Choices, limits: Limits) -> None:
        super().__init__(choices, limits)
        self._source = source
        self._package = Package(source, limits)
        main = _main_part(self._package)
        relations = _relations(self._package, main)
        found, from_1904 = _sheets(self._package, main, relations)
        self.sheets = tuple(sheet for sheet, _part in found)
        self.sheet, self._part = _choose(found, choices.sheet)
        self._texts = SharedTexts(self._optional(_by_type(relations, "sharedStrings")), limits)
        try:
            styles = _styles(self._package, _by_type(relations, "styles"))
            self._book = Book(self._texts, styles, from_1904, limits)
            self._find_header()
        except BaseException:
            self._texts.close()
            raise

    def close(self) -> None:
        self._texts.close()
        self._source.close()

    def _raw(self) -> Iterator[Raw]:
        return sheet_rows(self._package.open(self._part), self._book)

    def _optional(self, name: str) -> IO[bytes] | None:
        return self._package.open(name) if name in self._package.names else None


Relations = dict[str, tuple[str, str]]
"""Id → (last word of the type, part)"""


def _main_part(package: Package) -> str:
    names = package.names
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise Fault("MACROS")
    if TYPES not in names:
        mime = package.small("mimetype")[:200] if "mimetype" in names else b""
        raise Fault("OPEN_DOCUMENT" if b"opendocument" in mime else "ZIP")
    main = ""
    for name, attributes, _depth in elements(package.small(TYPES)):
        kind = attributes.get("ContentType", "")
        for word, code in _OTHERS:
            if word in kind:
                raise Fault(code)
        if name == "Override" and kind.endswith(_MAIN):
            main = main or attributes.get("PartName", "").lstrip("/")
    main = main or "xl/workbook.xml"
    if main not in names:
        raise Fault("NOT_A_WORKBOOK")
    return main


def _relations(package: Package, main: str) -> Relations:
    folder, name = posixpath.split(main)
    part = posixpath.join(folder, "_rels", f"{name}.rels")
    found: Relations = {}
    if part not in package.names:
        raise Fault("DAMAGED")
    for _name, attributes, _depth in elements(package.small(part)):
        target = attributes.get("Target", "")
        if attributes.get("TargetMode") != "External" and "Id" in attributes:
            path = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            found[attributes["Id"]] = (attributes.get("Type", "").rpartition("/")[2], path)
    return found


def _by_type(relations: Relations, wanted: str) -> str:
    return next((path for kind, path in relations.values() if kind == wanted), "")


def _sheets(package: Package, main: str, relations: Relations) -> tuple[list[tuple[Sheet, str]], bool]:
    """The sheets with their parts (sheets that are charts left out), and whether days count from 1904."""
    found: list[tuple[Sheet, str]] = []
    from_1904 = False
    for name, attributes, _depth in elements(package.small(main)):
        if name == "workbookPr":
            from_1904 = attributes.get("date1904", "") in ("1", "true", "on")
        elif name == "sheet":
            kind, part = relations.get(attributes.get("r:id", ""), ("", ""))
            if kind == "worksheet":
                hidden = attributes.get("state", "visible") != "visible"
                found.append((Sheet(attributes.get("name", "")[:200], hidden), part))
        if len(found) > MOST_SHEETS:
            raise Fault("DAMAGED")
    if not found:
        raise Fault("NO_SHEET")
    return found, from_1904


def _choose(found: list[tuple[Sheet, str]], wanted: str | None) -> tuple[str, str]:
    if wanted is None:
        sheet, part = next((one for one in found if not one[0].hidden), found[0])
        return sheet.name, part
    for sheet, part in found:
        if sheet.name == wanted:
            return sheet.name, part
    names = ", ".join(sheet.name for sheet, _part in found[:20])
    raise Fault("UNKNOWN_CHOICE", field="sheet", value=wanted[:60], allowed=names[:500])


def _styles(package: Package, part: str) -> list[Shows]:
    return read_styles(package.small(part)) if part in package.names else []

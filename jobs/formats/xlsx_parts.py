"""The parts of a workbook that are not rows: styles, sheet heads and feet, relations, content types."""

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn
from jobs.formats.xlsx_text import ILLEGAL, MOST_UNITS, escape, text_cell

GENERAL, DATETIME, MONEY, HEADING, INTEGER, DATE, TEXT = range(7)
"""Cell styles: positions in STYLES' cellXfs."""

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"

STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="7">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="4" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="3" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    "</cellXfs>"
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
).encode()
"""Dates have formats of their own: the built-in ones change with the reader's country."""

ROOT_RELATIONS = (
    f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
).encode()

WIDTHS = {
    Kind.TEXT: 20,
    Kind.ID: 20,
    Kind.INTEGER: 10,
    Kind.MONEY: 16,
    Kind.NUMBER: 12,
    Kind.CHOICE: 12,
    Kind.BOOLEAN: 8,
    Kind.DATE: 12,
    Kind.DATETIME: 20,
}
"""In characters. Rows are streamed, so the widest value is not known when the widths are written."""


class Sheet(NamedTuple):
    """A finished sheet: its rows include the heading."""

    number: int
    rows: int


def letters(number: int) -> str:
    """Name of the column at ``number`` (from 1): A, B, … Z, AA, …"""
    name = ""
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name


def sheet_head(columns: Sequence[BoundColumn], titles: Sequence[str], *, first: bool) -> bytes:
    """A sheet up to and including its heading row."""
    widths = "".join(
        f'<col min="{number}" max="{number}" width="{_width(column, title)}" customWidth="1"/>'
        for number, (column, title) in enumerate(zip(columns, titles, strict=True), 1)
    )
    selected = ' tabSelected="1"' if first else ""
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView{selected} workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        '<selection pane="bottomLeft" activeCell="A2" sqref="A2"/></sheetView></sheetViews>'
        f'<sheetFormatPr defaultRowHeight="15"/><cols>{widths}</cols><sheetData>'
        f"<row>{''.join(text_cell(title, HEADING) for title in titles)}</row>"
    ).encode()


def sheet_foot(columns: int, rows: int) -> bytes:
    """The end of a sheet, with a filter over all it holds."""
    return f'</sheetData><autoFilter ref="A1:{letters(columns)}{rows}"/></worksheet>'.encode()


def about_sheet(lines: Sequence[tuple[str, str]]) -> bytes:
    """A sheet of labels and texts; one that is too long for a cell ends with "…"."""
    rows = "".join(f"<row>{text_cell(label, HEADING)}{text_cell(_fitting(text))}</row>" for label, text in lines)
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView tabSelected="1" workbookViewId="0"/></sheetViews>'
        '<sheetFormatPr defaultRowHeight="15"/><cols><col min="1" max="1" width="24" customWidth="1"/>'
        f'<col min="2" max="2" width="100" customWidth="1"/></cols><sheetData>{rows}</sheetData></worksheet>'
    ).encode()


def workbook(sheets: Sequence[Sheet], columns: int, about: str = "") -> bytes:
    """The list of sheets, after the one called ``about``. A filter has a hidden name of its own; Excel adds it where it
    is missing."""
    listed = "".join(f'<sheet name="{n}" sheetId="{n}" r:id="rId{n}"/>' for n, _rows in sheets)
    before = 0
    if about:
        number = len(sheets) + 1
        listed = f'<sheet name="{escape(about)}" sheetId="{number}" r:id="rId{number}"/>{listed}'
        before = 1
    names = "".join(
        f'<definedName name="_xlnm._FilterDatabase" localSheetId="{n - 1 + before}" hidden="1">'
        f"'{n}'!$A$1:${letters(columns)}${rows}</definedName>"
        for n, rows in sheets
    )
    return (
        f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><bookViews><workbookView/></bookViews>'
        f"<sheets>{listed}</sheets><definedNames>{names}</definedNames></workbook>"
    ).encode()


def workbook_relations(sheets: int) -> bytes:
    """Which parts the workbook consists of."""
    listed = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, sheets + 1)
    )
    return (
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{listed}'
        f'<Relationship Id="rId{sheets + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
    ).encode()


def content_types(sheets: int) -> bytes:
    """What each part is."""
    listed = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for n in range(1, sheets + 1)
    )
    return (
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{listed}</Types>'
    ).encode()


def _fitting(text: str) -> str:
    units = text.translate(str.maketrans("", "", ILLEGAL)).encode("utf-16-le")
    if len(units) <= 2 * MOST_UNITS:
        return text
    return units[: 2 * (MOST_UNITS - 1)].decode("utf-16-le", "ignore") + "…"


def _width(column: BoundColumn, title: str) -> int:
    """Wide enough for the kind, and for the title with the filter's button beside it."""
    shown = sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in title)
    return min(60, max(WIDTHS[column.kind], shown + 4))

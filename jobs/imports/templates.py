"""Empty files to fill in: the columns that a person may write, with drop-downs, formats and notes (SPEC B5).

What was filled in is imported without a word about columns: the headings are those that the mapping knows.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts import policy
from accounts.models import User
from exportcenter.common.errors import InvalidParameters
from jobs.datasets import Dataset, Kind, Mode
from jobs.exports.naming import file_name
from jobs.formats.csv import CsvFormat
from jobs.formats.rendering import csv
from jobs.formats.xlsx import XlsxFormat
from jobs.formats.xlsx_parts import WIDTHS
from jobs.imports import running
from jobs.imports.describing import Note, notes_of
from jobs.imports.fields import importing_of

FILE_TYPES = ("xlsx", "csv")
FORMATS: dict[Kind, str] = {
    Kind.TEXT: "@",
    Kind.ID: "@",
    Kind.CHOICE: "@",
    Kind.BOOLEAN: "@",
    Kind.INTEGER: "0",
    Kind.MONEY: "0.00",
    Kind.NUMBER: "General",
    Kind.DATE: "yyyy\\-mm\\-dd",
    Kind.DATETIME: "yyyy\\-mm\\-dd\\ hh:mm:ss",
}
"""Kind → number format of a column. As text, an identifier keeps its zeros and all its digits."""
INLINE = 255
"""Characters that a list of values may have within its rule; a longer one stands in a sheet of its own."""
PROMPT, PROMPT_TITLE = 255, 32
"""Characters that Excel shows beside a cell."""
LAST_ROW = 1 << 20
SHEET_NAME = 31
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\']")


@dataclass(frozen=True)
class Template:
    """A file to download.

    Attributes:
        name: for the person who downloads it
        content_type: with its encoding
        content: the whole file
    """

    name: str
    content_type: str
    content: bytes


def make_template(dataset: Dataset, *, viewer: User, mode: Mode, file_type: str) -> Template:
    """A file with the headings of every column that ``viewer`` may write in this mode, in ``viewer``'s language.

    Raises PermissionRefused (403) for people who may not import this, and InvalidParameters (400) for a mode that the
    dataset does not offer and a type that is not one of FILE_TYPES.
    """
    with override(viewer.language):
        if file_type not in FILE_TYPES:
            allowed = _("Allowed: %(allowed)s.") % {"allowed": ", ".join(FILE_TYPES)}
            raise InvalidParameters(details={"file_type": [allowed]})
        if mode not in importing_of(dataset).modes:
            allowed = "、".join(str(each.label) for each in importing_of(dataset).modes)
            raise InvalidParameters(
                details={"mode": [_("Allowed for this dataset: %(allowed)s.") % {"allowed": allowed}]}
            )
        for action in running.actions_of(mode):
            policy.may(viewer, action, dataset).or_refuse()
        notes = notes_of(dataset, viewer=viewer, mode=mode)
        name = file_name(dataset.title, {}, _("import template"), file_type)
        if file_type == "csv":
            return Template(name, CsvFormat.content_type, _csv(notes))
        return Template(name, XlsxFormat.content_type, _xlsx(str(dataset.title), notes))


def _csv(notes: Sequence[Note]) -> bytes:
    return "\ufeff".encode() + csv.line([csv.neutral(note.heading) for note in notes]) + b"\r\n"


def _xlsx(title: str, notes: Sequence[Note]) -> bytes:
    import openpyxl  # half a megabyte of modules that only people who fill in a template need

    book = openpyxl.Workbook()
    book.properties.creator = _("Export Center")
    first = book.active
    first.title = _NOT_IN_SHEET_NAMES.sub(" ", title)[:SHEET_NAME].strip() or _("Data")
    _fill_in(first, notes, lists=_Lists(book))
    _explain(book.create_sheet(_("How to fill it in"), 1), notes)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


class _Lists:
    """Lists of values that are too long for a rule: one column each of a hidden sheet, which is made when needed."""

    def __init__(self, book: Any) -> None:
        self._book, self._used = book, 0
        self._sheet: Any = None

    def formula(self, options: Sequence[str]) -> str:
        """What a rule says to offer these."""
        inline = ",".join(options)
        if len(inline) <= INLINE and '"' not in inline and inline.count(",") == len(options) - 1:
            return f'"{inline}"'
        if self._sheet is None:
            self._sheet = self._book.create_sheet(_("Lists"))
            self._sheet.sheet_state = "hidden"
        self._used += 1
        for row, option in enumerate(options, start=1):
            _write(self._sheet, row, self._used, option)
        letter = self._sheet.cell(1, self._used).column_letter
        return f"'{self._sheet.title}'!${letter}$1:${letter}${len(options)}"


def _fill_in(sheet: Any, notes: Sequence[Note], *, lists: _Lists) -> None:
    """The sheet for the data: headings, and what each column below looks like and offers."""
    sheet.freeze_panes = "A2"
    for at, note in enumerate(notes, start=1):
        heading = _write(sheet, 1, at, note.heading)
        _embolden(heading)
        kind = note.field.column.kind
        column = sheet.column_dimensions[heading.column_letter]
        column.number_format = FORMATS[kind]
        column.width = max(WIDTHS[kind], 2 * len(note.heading) + 2)
        rule = _rule(note, lists)
        rule.add(f"{heading.column_letter}2:{heading.column_letter}{LAST_ROW}")
        sheet.add_data_validation(rule)


def _rule(note: Note, lists: _Lists) -> Any:
    """What is shown beside a cell of the column, and what it offers."""
    from openpyxl.worksheet.datavalidation import DataValidation

    title = note.heading[:PROMPT_TITLE]
    lines = [note.kind, note.allowed, _("Empty cell: %(effect)s") % {"effect": note.empty}]
    prompt = _cut("\n".join(line for line in lines if line), PROMPT)
    rule = DataValidation(allow_blank=True, showInputMessage=True, promptTitle=title, prompt=prompt)
    if note.options:
        rule.type, rule.formula1 = "list", lists.formula(note.options)
        rule.showErrorMessage, rule.errorTitle = True, title
        rule.error = _cut(_("Choose one of the list: %(options)s") % {"options": _(", ").join(note.options)}, PROMPT)
    return rule


def _explain(sheet: Any, notes: Sequence[Note]) -> None:
    """The sheet that nobody fills in."""
    sheet.freeze_panes = "B2"
    headings = (_("Column"), _("Required"), _("Type"), _("What is allowed"), _("Empty cell"), _("Example"))
    for at, (heading, width) in enumerate(zip(headings, (20, 12, 26, 60, 40, 24), strict=True), start=1):
        _embolden(_write(sheet, 1, at, heading))
        sheet.column_dimensions[sheet.cell(1, at).column_letter].width = width
    row = 1
    for row, note in enumerate(notes, start=2):
        texts = (note.heading, note.needed, note.kind, note.allowed, note.empty, note.example)
        for at, text in enumerate(texts, start=1):
            _wrap(_write(sheet, row, at, text))
    for line, text in enumerate(_advice(), start=row + 2):
        _write(sheet, line, 1, text)


def _advice() -> list[str]:
    return [
        _("Fill in the first sheet from the second row on; each row is one record."),
        _("Columns with * are required. Columns that you do not need can be deleted: their values are left alone."),
        _("Keep the headings; their order does not matter."),
        _("Identifiers and phone numbers are text: leading zeros and long numbers stay as they are."),
    ]


def _write(sheet: Any, row: int, column: int, text: str) -> Any:
    """A cell of text; never a formula, whatever it begins with."""
    cell = sheet.cell(row, column, text)
    cell.data_type, cell.number_format = "s", "@"
    return cell


def _embolden(cell: Any) -> None:
    from openpyxl.styles import Font, PatternFill

    cell.font = Font(bold=True)
    cell.fill = PatternFill("solid", fgColor="FFE8EEF7")


def _wrap(cell: Any) -> None:
    from openpyxl.styles import Alignment

    cell.alignment = Alignment(vertical="top", wrap_text=True)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"

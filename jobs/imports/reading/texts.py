"""What faults and problems say, and what to do about them, in the reader's language.

The readers themselves know codes only: they run where there is no Django.
"""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from jobs.imports.reading.cells import Problem
from jobs.imports.reading.faults import Fault

FAULTS: dict[str, tuple[str, str]] = {
    "UNKNOWN_CHOICE": (
        gettext_noop("“%(value)s” is no value for %(field)s."),
        gettext_noop("Allowed: %(allowed)s."),
    ),
    "EMPTY_FILE": (
        gettext_noop("The file is empty."),
        gettext_noop("Check that it was saved, and send it again."),
    ),
    "NO_ROWS": (
        gettext_noop("The file holds no row."),
        gettext_noop("Put column names into the first row and data below it."),
    ),
    "NO_HEADER": (
        gettext_noop("There is no header in row %(row)s."),
        gettext_noop("Choose the row that holds the column names."),
    ),
    "PACKED": (
        gettext_noop("This is a packed file (%(found)s)."),
        gettext_noop("Unpack it and send the table in it."),
    ),
    "NOT_A_TABLE": (
        gettext_noop("This is no table but a %(found)s file, whatever its name says."),
        gettext_noop(
            "Send a workbook (.xlsx), CSV or JSON. From a web page or PDF, copy the table into a workbook first."
        ),
    ),
    "ENCRYPTED": (
        gettext_noop("The workbook is protected by a password."),
        gettext_noop("Open it, remove the password (File → Info → Protect Workbook), save it and send it again."),
    ),
    "OLD_WORKBOOK": (
        gettext_noop("This is a workbook of the old kind (.xls), whatever its name says."),
        gettext_noop("Open it and save it as “Excel Workbook (.xlsx)”."),
    ),
    "BINARY_WORKBOOK": (
        gettext_noop("This is a binary workbook (.xlsb)."),
        gettext_noop("Open it and save it as “Excel Workbook (.xlsx)”."),
    ),
    "OPEN_DOCUMENT": (
        gettext_noop("This is an OpenDocument file (.ods)."),
        gettext_noop("Open it and save it as .xlsx or CSV."),
    ),
    "MACROS": (
        gettext_noop("The workbook holds macros (.xlsm)."),
        gettext_noop("Save it as “Excel Workbook (.xlsx)”, which has none."),
    ),
    "ZIP": (
        gettext_noop("This is a zip file without a workbook."),
        gettext_noop("Unpack it and send the table in it."),
    ),
    "NOT_A_WORKBOOK": (
        gettext_noop("This is an Office file, but no workbook."),
        gettext_noop("Send a workbook (.xlsx) or CSV."),
    ),
    "NO_SHEET": (
        gettext_noop("The workbook has no sheet with cells."),
        gettext_noop("Put the data into a sheet and send it again."),
    ),
    "OTHER_KIND": (
        gettext_noop("The file was to be read as %(asked)s, but it is %(found)s."),
        gettext_noop("Let the kind be found, or choose another."),
    ),
    "DAMAGED": (
        gettext_noop("The workbook is damaged."),
        gettext_noop("Open it in a spreadsheet program, save it anew and send it again."),
    ),
    "TRUNCATED": (
        gettext_noop("The workbook breaks off: its end is missing."),
        gettext_noop("Copy or download it again, and send it again."),
    ),
    "ZIP_BOMB": (
        gettext_noop("The workbook would unpack to far more than a table needs."),
        gettext_noop("Save it anew with the data alone."),
    ),
    "DTD": (
        gettext_noop("The workbook declares XML entities, which no spreadsheet program does."),
        gettext_noop("Open it in a spreadsheet program, save it anew and send it again."),
    ),
    "TOO_MUCH_TEXT": (
        gettext_noop("The texts of the workbook are more than can be taken (%(limit)s)."),
        gettext_noop("Split it, or send it as CSV."),
    ),
    "TEXT_TOO_LONG": (
        gettext_noop("A cell of the workbook holds more than %(limit)s characters."),
        gettext_noop("Shorten it."),
    ),
    "NOT_TEXT": (
        gettext_noop("The file is neither a workbook nor text in an encoding that is known."),
        gettext_noop("Save it as CSV (UTF-8) or .xlsx, or choose its encoding."),
    ),
    "BAD_BYTE": (
        gettext_noop("Line %(line)s holds a byte (%(byte)s) that %(encoding)s does not have."),
        gettext_noop("Choose another encoding, or save the file as CSV (UTF-8)."),
    ),
    "NUL_BYTE": (
        gettext_noop("Line %(line)s holds a NUL character: this is no text file, or it is damaged."),
        gettext_noop("Save it anew as CSV (UTF-8) or .xlsx."),
    ),
    "LINE_TOO_LONG": (
        gettext_noop("Line %(line)s has more than %(limit)s characters."),
        gettext_noop("Check that the file is a table with one row per line."),
    ),
    "ROW_TOO_LONG": (
        gettext_noop("Row %(line)s has more than %(limit)s characters."),
        gettext_noop("Shorten its texts, or check that brackets and quotes are closed."),
    ),
    "CELL_TOO_LONG": (
        gettext_noop("In line %(line)s, the cell in column %(column)s has more than %(limit)s characters."),
        gettext_noop("Shorten it, or check that its quote is closed."),
    ),
    "TOO_MANY_COLUMNS": (
        gettext_noop("Line %(line)s has %(found)s columns or more; allowed are %(limit)s."),
        gettext_noop("Leave out what is not needed, or choose another delimiter."),
    ),
    "TOO_MANY_ROWS": (
        gettext_noop("The file has more than %(limit)s rows."),
        gettext_noop("Split it."),
    ),
    "UNCLOSED_QUOTE": (
        gettext_noop("The quote that begins in line %(line)s is never closed."),
        gettext_noop("Close it, or double the quotes inside a text."),
    ),
    "BAD_JSON": (
        gettext_noop("Line %(line)s is no valid JSON."),
        gettext_noop("Correct it, or send CSV or a workbook."),
    ),
    "TRUNCATED_JSON": (
        gettext_noop("The JSON breaks off; what begins in line %(line)s is not finished."),
        gettext_noop("Copy or download the file again, and send it again."),
    ),
    "TOO_DEEP": (
        gettext_noop("The JSON in line %(line)s is nested too deeply."),
        gettext_noop("Send one flat object per row."),
    ),
    "NOT_OBJECTS": (
        gettext_noop(
            "What begins in line %(line)s is no row: the file must be an array of objects, or one object per line."
        ),
        gettext_noop("Write [{…}, {…}], with the column names as keys."),
    ),
    "DUPLICATE_KEY": (
        gettext_noop("The object in line %(line)s has “%(key)s” twice."),
        gettext_noop("Keep one of them."),
    ),
    "NOT_A_JSON_NUMBER": (
        gettext_noop("%(found)s in line %(line)s is no JSON."),
        gettext_noop("Write null where there is no number."),
    ),
    "TOO_MUCH_MEMORY": (
        gettext_noop("Reading the file would take more memory than is allowed."),
        gettext_noop("Split it, or send it as CSV."),
    ),
    "TOO_SLOW": (
        gettext_noop("Reading the file takes longer than is allowed."),
        gettext_noop("Split it, or send it as CSV."),
    ),
    "KILLED": (
        gettext_noop("Reading the file was ended from outside; memory may have been short."),
        gettext_noop("Try again; if it happens again, split the file."),
    ),
    "CRASHED": (
        gettext_noop("The reader broke down over this file (%(found)s)."),
        gettext_noop("Save the file anew and try again; if it happens again, tell support."),
    ),
}
"""Code of a Fault → sentence, and what to do."""

PROBLEMS: dict[str, str] = {
    "TOO_FEW_CELLS": gettext_noop("The row has %(found)s cells; the header has %(expected)s."),
    "TOO_MANY_CELLS": gettext_noop(
        "The row has %(found)s cells; the header has %(expected)s. A text with the delimiter in it needs quotes."
    ),
    "UNKNOWN_KEYS": gettext_noop("The object has keys that the first ones lack: %(keys)s."),
    "CELL_ERROR": gettext_noop("The cell shows an error: %(text)s."),
    "NO_CACHED_VALUE": gettext_noop(
        "The formula %(text)s has no computed value. Open the workbook in a spreadsheet program and save it."
    ),
    "NESTED": gettext_noop("A cell must be a single value, not a list or an object: %(text)s."),
    "BAD_TEXT": gettext_noop("The text holds characters that cannot be stored: %(text)s."),
    "BAD_NUMBER": gettext_noop("“%(text)s” is no usable number."),
    "BAD_DATE": gettext_noop("%(text)s is no date that exists."),
    "NOT_A_NUMBER": gettext_noop("“%(text)s” is no number. Write 1234.50 or 1,234.50."),
    "NOT_WHOLE": gettext_noop("“%(text)s” is no whole number."),
    "LOST_DIGITS": gettext_noop(
        "A spreadsheet keeps 15 digits of a number; %(text)s has more, so its last ones may be "
        "wrong. Format the column as text and enter it again."
    ),
    "SCIENTIFIC": gettext_noop(
        "“%(text)s” was shortened by a spreadsheet: the digits are lost. Format the column as text and enter it again."
    ),
    "NOT_TEXT_CELL": gettext_noop("Text is expected, not %(text)s. Format the column as text."),
    "NOT_A_DATE": gettext_noop("“%(text)s” is no date. Write 2025-01-03."),
    "NO_SUCH_DATE": gettext_noop("There is no such day or time: “%(text)s”."),
    "AMBIGUOUS_DATE": gettext_noop(
        "“%(text)s” can mean several days. Write the year first, with four digits: 2025-01-03."
    ),
    "HAS_TIME": gettext_noop("“%(text)s” has a time of day; a date alone is expected."),
    "NOT_YES_NO": gettext_noop("“%(text)s” is neither yes nor no. Write 是 or 否, yes or no, 1 or 0."),
}
"""Code of a Problem → sentence. Such problems belong to a row or a cell: the other rows can still be read."""


def of_fault(fault: Fault) -> tuple[str, str]:
    """(sentence, advice) in the language that is active now."""
    message, advice = FAULTS[fault.code]
    return _(message) % fault.params, _(advice) % fault.params


def of_problem(problem: Problem) -> str:
    """The sentence in the language that is active now."""
    return _(PROBLEMS[problem.code]) % problem.params

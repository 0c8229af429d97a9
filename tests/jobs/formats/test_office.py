"""LibreOffice opens what we write and sees what we meant. Only where it is installed: ``make office``."""

import csv
import io
import re
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.utils import translation

from jobs import datasets
from jobs.datasets.base import Kind
from jobs.datasets.query import plan
from jobs.formats.base import About
from jobs.records.demo import fill
from tests import office_program
from tests.jobs.formats import hostile, rules
from tests.jobs.formats.rules import SHANGHAI, Text
from tests.jobs.formats.second_programs import of_csv
from tests.jobs.formats.test_readback import Made, compare, expected, given, make  # noqa: F401 - given is a fixture

pytestmark = office_program.NEEDED

TO_CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,false,false,false,false,-1"
"""Comma, quotes, UTF-8, from line 1, all texts quoted, values not as shown, no formulas, every sheet in a file."""
FROM_CSV = "Text - txt - csv (StarCalc):44,34,76,1"
CELL_FORMATS = {"date": "%Y-%m-%d", "datetime": "%Y-%m-%d %H:%M:%S"}


def named(made: Made, name: str, folder: Path) -> Path:
    """The file under a name that says what it is."""
    return made.path.rename(folder / name)


def sheet(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text("utf-8"), newline=""), strict=True))


def shown(column: hostile.Hostile, value: Any) -> str:
    """A cell of a sheet as LibreOffice's CSV writes it; numbers are compared as numbers."""
    match value:
        case None:
            return ""
        case Text(text):
            return one_break(text)
        case datetime():
            return value.strftime(CELL_FORMATS[column.kind.value])
        case bool():
            return str(value).upper()
    raise AssertionError(value)


def same(column: hostile.Hostile, found: str, wanted: Any) -> bool:
    if isinstance(wanted, Decimal):
        return abs(Decimal(found) - wanted) <= abs(wanted) / 10**14  # LibreOffice writes 15 digits
    return one_break(found) == shown(column, wanted)


def one_break(text: str) -> str:
    """LibreOffice knows one kind of line break inside a cell."""
    return re.sub(r"[\r\n]+", "\n", text)


@pytest.mark.parametrize("raw", [False, True], ids=["people", "machines"])
def test_hostile_workbook(given, office, tmp_path, raw):  # noqa: F811
    table = given(unfit=True)
    path = named(make(table, "xlsx", tmp_path, every=False, raw=raw), "hostile.xlsx", tmp_path)
    (only,) = office(path, TO_CSV)
    _heading, *rows = sheet(only)
    wrong = [
        (column.key, *(repr(value)[:100] for value in (held, found, wanted)))
        for held_row, found_row, row in zip(table.held, rows, expected(table, "xlsx", raw=raw), strict=True)
        for column, held, found, wanted in zip(table.columns, held_row, found_row, row, strict=True)
        if not same(column, found, wanted)
    ]
    assert not wrong, f"{len(wrong)} cells differ: (column, stored, found, expected) {wrong[:8]}"


def test_every_sheet_of_a_long_result_and_the_sheet_about_it(given, office, tmp_path):  # noqa: F811
    column = hostile.Hostile("code", Kind.ID, "text", [f"{number:018}" for number in range(200)])
    table = given(unfit=False, columns=[column])
    about = [("数据集", "=1+1"), ("行数", "200"), ("长", "x" * 40_000), ("控制符", "a\x01b_x0041_")]
    made = make(
        table, "xlsx", tmp_path, every=False, sheet_rows=50, about=True, says=About("说明", lambda rows, cut: about)
    )
    converted = office(named(made, "long.xlsx", tmp_path), TO_CSV)
    assert [path.name for path in converted] == [f"long-{n}.csv" for n in range(1, 7)] + ["long-说明.csv"]
    *sheets, said = map(sheet, converted)
    assert [rows[0] for rows in sheets] == [[column.bound.title]] * 6
    assert [row for rows in sheets for row in rows[1:]] == [[value] for value in column.values]
    assert said == [["数据集", "=1+1"], ["行数", "200"], ["长", "x" * 32_766 + "…"], ["控制符", "ab_x0041_"]]


@pytest.mark.parametrize("file_type", ["csv", "xlsx"])
def test_an_ordinary_file(world, office, tmp_path, file_type):
    with world.scope("platform"):
        fill(orders=300, seed=5)
    with world.scope("admin"), translation.override("zh-hans"):
        dataset = datasets.get("orders")
        chosen = plan(dataset, viewer=world.user("admin"), params={}, columns=None, zone=SHANGHAI)
        columns = [hostile.Hostile(c.key, c.kind, "", (), labels=c.labels) for c in chosen.columns]
        held = [[None] * len(columns)] * chosen.count()
        table = hostile.Table(columns, chosen, held)
        by_csv = of_csv(make(table, "csv", tmp_path, every=False).path.read_bytes(), bom=True)
        path = named(make(table, file_type, tmp_path, every=False), f"orders.{file_type}", tmp_path)
    # Whoever opens a CSV file says which columns are text: a spreadsheet would round long numbers there.
    kinds = "/".join(f"{n}/{1 if column.kind in rules.NUMBERS else 2}" for n, column in enumerate(columns, 1))
    infilter = [f"--infilter={FROM_CSV},{kinds}"] if file_type == "csv" else []
    (only,) = office(path, TO_CSV, *infilter)
    heading, *rows = sheet(only)
    assert heading == by_csv[0]
    assert len(rows) == len(held) == 300
    for found, wanted in zip(rows, by_csv[1:], strict=True):
        for column, cell, text in zip(columns, found, wanted, strict=True):
            if column.kind in rules.NUMBERS and text:
                assert Decimal(cell) == Decimal(text)
            else:
                guard = "'" if file_type == "xlsx" else ""
                assert one_break(cell) == one_break((text or "").removeprefix(guard))


def test_no_cell_of_a_hostile_csv_file_is_a_formula(given, office, tmp_path):  # noqa: F811
    columns = [column for column in hostile.COLUMNS if column.kind not in (Kind.DATE, Kind.DATETIME)]
    infinite = [hostile.replace(hostile.BY_KEY[key], values=hostile.INFINITE) for key in ("date", "datetime")]
    table = given(unfit=False, columns=[*columns, *infinite])
    wanted = of_csv(make(table, "csv", tmp_path, every=False).path.read_bytes(), bom=True)
    path = named(make(table, "csv", tmp_path, every=False), "hostile.csv", tmp_path)
    (only,) = office(path, office_program.TO_XLSX, f"--infilter={FROM_CSV}")
    found = list(openpyxl.load_workbook(only, read_only=True).worksheets[0].iter_rows())
    assert len(found) == len(wanted)
    assert {cell.data_type for row in found for cell in row} <= {"s", "n", "d", "b"}  # "f" is a formula
    guarded = 0
    for cells, fields in zip(found[1:], wanted[1:], strict=True):
        for column, cell, field in zip(table.columns, cells, fields, strict=True):
            if (
                field
                and field.startswith("'")
                and column.kind in (Kind.TEXT, Kind.ID, Kind.CHOICE)
                and "\r" not in field
            ):
                assert str(cell.value) == field[: rules.MOST_UNITS]
                guarded += 1
    assert guarded > 2 * len(hostile.FORMULAS)


def test_the_guard_is_needed(office, tmp_path):
    """Without the quote LibreOffice would compute: the test above can fail."""
    (tmp_path / "bare.csv").write_text("=1+1\n'=1+1\n")
    (only,) = office(tmp_path / "bare.csv", office_program.TO_XLSX, f"--infilter={FROM_CSV}")
    first, second = (row[0] for row in openpyxl.load_workbook(only).worksheets[0].iter_rows())
    assert (first.data_type, second.data_type, second.value) == ("f", "s", "'=1+1")


def test_times_of_a_whole_century(given, office, tmp_path):  # noqa: F811
    """A time is stored as a fraction of a day, and LibreOffice cuts what it reads of that at the second."""
    start = datetime(1930, 1, 1)
    moments = [f"{start + timedelta(days=30 * number, seconds=5003 * number)}"[:19] + "+00" for number in range(1_200)]
    table = given(unfit=False, columns=[hostile.Hostile("at", Kind.DATETIME, "timestamptz", moments)])
    (only,) = office(named(make(table, "xlsx", tmp_path, every=False), "times.xlsx", tmp_path), TO_CSV)
    compare(table, sheet(only)[1:], [[rules.clock(held, SHANGHAI)] for (held,) in table.held])

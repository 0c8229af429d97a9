"""Files as other programs read them. None of the product's code is used here."""

import csv
import gzip
import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pyarrow as pa
import pytest
from openpyxl.utils.escape import unescape
from pyarrow import csv as arrow_csv
from pyarrow import parquet
from python_calamine import CalamineWorkbook

from tests.jobs.formats.rules import Text

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
Rows = list[list[Any]]


# --- packing ----------------------------------------------------------------------------------------------
def unpacked(path: Path, compression: str) -> bytes:
    """The only file in ``path``, after its own program has tested it."""
    match compression:
        case "gzip":
            tested(["gzip", "-t", "-v", str(path)])
            with gzip.open(path) as file:
                return file.read()
        case "zip":
            tested(["unzip", "-t", str(path)])
            with zipfile.ZipFile(path) as archive:
                assert archive.testzip() is None
                (name,) = archive.namelist()
                return archive.read(name)
        case _:
            return path.read_bytes()


def tested(command: list[str]) -> None:
    """Run a program that tests a file. Skips the test, with the reason, where the program is missing."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed here")
    result = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    assert result.returncode == 0, result.stdout + result.stderr


# --- CSV --------------------------------------------------------------------------------------------------
def of_csv(content: bytes, *, bom: bool) -> Rows:
    """Rows with the heading, by the csv module and by pyarrow, which alone tells NULL from empty text."""
    assert content.startswith(b"\xef\xbb\xbf") == bom
    text = content.decode("utf-8-sig" if bom else "utf-8")
    read = [
        row or [""] for row in csv.reader(io.StringIO(text, newline=""), strict=True)
    ]  # a lone NULL is an empty line
    if bom:
        content = content[3:]
    if content.startswith(b"\xef\xbb\xbf"):  # pyarrow would take this for a mark, too
        content = b"\xef\xbb\xbf" + content
    table = arrow_csv.read_csv(
        pa.py_buffer(content),
        read_options=arrow_csv.ReadOptions(
            column_names=[str(number) for number in range(len(read[0]))], block_size=1 << 28
        ),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=arrow_csv.ConvertOptions(
            column_types={str(number): pa.string() for number in range(len(read[0]))},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    rows = [list(row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)]
    assert [[field or "" for field in row] for row in rows] == read
    return rows


# --- sheets -----------------------------------------------------------------------------------------------
def of_xlsx(content: bytes) -> Rows:
    """Rows with the heading, of all sheets: by openpyxl, by calamine, and as the XML says. None is a formula."""
    by_openpyxl = list(_openpyxl(content))
    by_calamine = list(_calamine(content))
    assert len(by_openpyxl) == len(by_calamine)
    for ours, theirs in zip(by_openpyxl, by_calamine, strict=True):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            assert _same(one, other), (str(one)[:200], str(other)[:200])
    return by_openpyxl


def assert_no_formula(content: bytes) -> None:
    """No cell of any sheet holds or looks like a formula, no name and no link leads out of the file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            root = ElementTree.fromstring(archive.read(name))
            if "worksheets/" in name:
                assert not root.findall(f".//{MAIN}f"), name
                assert {cell.get("t") for cell in root.iter(f"{MAIN}c")} <= {None, "inlineStr", "str", "b"}
                assert {child.tag for cell in root.iter(f"{MAIN}c") for child in cell} <= {f"{MAIN}is", f"{MAIN}v"}
                values = [cell.find(f"{MAIN}v") for cell in root.iter(f"{MAIN}c") if cell.get("t") != "str"]
                for value in (value for value in values if value is not None):
                    assert re.fullmatch(r"-?\d+(\.\d+)?(e[+-]\d+)?", value.text or ""), value.text
            assert "externalLink" not in name
            assert root.tag.endswith("Relationships") is False or not root.findall(".//*[@TargetMode='External']")


def _openpyxl(content: bytes) -> Iterator[list[Any]]:
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            yield [_cell(cell) for cell in row]
    book.close()


def _cell(cell: Any) -> Any:
    match cell.data_type:
        case "s" | "str" | "inlineStr":
            return Text(unescape(cell.value or ""))  # openpyxl leaves that to us
        case "n" if cell.value is None:
            return None
        case "n":
            return Decimal(repr(cell.value))
        case "d":
            return cell.value
        case "b":
            return cell.value
    raise AssertionError(f"a cell of type {cell.data_type}: {str(cell.value)[:100]}")


def _calamine(content: bytes) -> Iterator[list[Any]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    for name in book.sheet_names:
        yield from book.get_sheet_by_name(name).to_python(skip_empty_area=False)


def _same(one: Any, other: Any) -> bool:
    """calamine knows no NULL, only empty text, and gives whole days as dates."""
    if one is None:
        return other == ""
    if isinstance(one, Text):
        return isinstance(other, str) and other == one.text
    if isinstance(one, Decimal):
        return isinstance(other, float | int) and float(one) == other
    if isinstance(one, datetime):
        if isinstance(other, date) and not isinstance(other, datetime):
            other = datetime(other.year, other.month, other.day)
        return bool(one == other)
    return type(one) is type(other) and one == other


# --- JSON -------------------------------------------------------------------------------------------------
def of_json(content: bytes, *, lines: bool) -> list[dict[str, Any]]:
    """Objects; numbers with all their digits, and nothing that RFC 8259 does not know."""

    def refuse(word: str) -> None:
        raise AssertionError(word)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    def load(text: str) -> Any:
        return json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=refuse, object_pairs_hook=unique)

    text = content.decode()
    assert text.endswith("\n")
    if lines:
        return [load(line) for line in text.removesuffix("\n").split("\n")]
    found: list[dict[str, Any]] = load(text)
    return found


# --- Parquet ----------------------------------------------------------------------------------------------
def of_parquet(content: bytes) -> pa.Table:
    """All rows; every page is read."""
    file = parquet.ParquetFile(io.BytesIO(content))
    table = file.read()
    table.validate(full=True)
    assert table.num_rows == file.metadata.num_rows
    return table


def stored(column: pa.ChunkedArray) -> list[Any]:
    """Values; days and moments as whole numbers, since Python's calendar is shorter."""
    if pa.types.is_date32(column.type):
        return column.cast(pa.int32()).to_pylist()
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.int64()).to_pylist()
    return column.to_pylist()

"""Hostile values through every format, option and path, read back cell by cell with second programs."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from jobs import formats
from jobs.formats.archive import Archive
from jobs.formats.rows import rows_of
from jobs.formats.sink import SpoolFile
from jobs.formats.unfit import UnfitValue
from jobs.formats.writing import write_rows
from tests.jobs.formats import hostile, rules
from tests.jobs.formats import second_programs as second
from tests.jobs.formats.hostile import Table
from tests.jobs.formats.one_file import write_file
from tests.jobs.formats.rules import SHANGHAI
from tests.jobs.formats.test_csv import Memory

NEW_YORK = ZoneInfo("America/New_York")

FILES = [
    *(("csv", {"compression": packing}) for packing in ("none", "gzip", "zip")),
    *(("json", {"compression": packing}) for packing in ("none", "gzip", "zip")),
    *(("json", {"compression": packing, "lines": True}) for packing in ("none", "gzip", "zip")),
    *(("xlsx", {"compression": packing}) for packing in ("none", "zip")),
    *(("parquet", {"compression": packing}) for packing in ("none", "zip")),
]
every_file = pytest.mark.parametrize(
    ("key", "options"), FILES, ids=["-".join([key, *map(str, options.values())]) for key, options in FILES]
)
every_mode = pytest.mark.parametrize("raw", [False, True], ids=["people", "machines"])
every_path = pytest.mark.parametrize("every", [False, True], ids=["database", "python"])


@pytest.fixture
def given(world, settings):
    """A maker of tables: rows in several segments, Chinese words, the rights of "admin"."""
    settings.EXPORT_SEGMENT_ROWS = 37
    with world.scope("admin"), translation.override("zh-hans"):
        yield lambda **wanted: hostile.table(world, **wanted)


@dataclass(frozen=True)
class Made:
    """A file, and what the archive says that it has lost."""

    path: Path
    cut_cells: int
    rounded_numbers: int


def make(
    table: Table, key: str, folder: Path, *, every: bool, zone=SHANGHAI, sheet_rows=None, says=None, **options: Any
) -> Made:
    """One file through the archive, as an export writes it; ``says``: what it says about itself."""
    writer = formats.get(key)(formats.FormatOptions.parse(options), zone)
    if sheet_rows:
        writer.sheet_rows = sheet_rows
    landed: list[Path] = []
    archive = Archive(
        writer,
        table.plan.columns,
        rows_expected=len(table.held),
        new_spool=lambda: SpoolFile(folder / f"{len(list(folder.iterdir()))}.part"),
        entry_name=lambda number: f"数据.{key}",
        landed=lambda part, spool: landed.append(spool.path),
        about=lambda number: says,
    )
    try:
        with rows_of(table.plan, writer, every=every) as rows:
            written = write_rows(rows, writer, table.plan.columns, archive, lambda rows: None)
        spool = archive.finish(lambda parts: b"{}")
    finally:
        archive.close()
    (path,) = [spool.path] if spool else landed
    assert written.rows == archive.rows == len(table.held)
    assert written.cut_cells == archive.cut_cells
    return Made(path, archive.cut_cells, archive.rounded_numbers)


def expected(table: Table, key: str, *, raw: bool, zone: ZoneInfo = SHANGHAI) -> list[list[Any]]:
    """What a second program must find."""
    rule = rules.RULES[key]
    return [
        [rule(column, held, raw=raw, zone=zone) for column, held in zip(table.columns, row, strict=True)]
        for row in table.held
    ]


def compare(table: Table, found: list[list[Any]], wanted: list[list[Any]]) -> None:
    """Say in which cells they differ."""
    assert len(found) == len(wanted) == len(table.held)
    wrong = [
        (column.key, *(repr(value)[:120] for value in (held, have, want)))
        for held_row, found_row, wanted_row in zip(table.held, found, wanted, strict=True)
        for column, held, have, want in zip(table.columns, held_row, found_row, wanted_row, strict=True)
        if not same(have, want)
    ]
    assert not wrong, f"{len(wrong)} cells differ: (column, stored, found, expected) {wrong[:8]}"


def same(found: Any, wanted: Any) -> bool:
    if isinstance(found, float) and isinstance(wanted, float):
        return found == wanted or (math.isnan(found) and math.isnan(wanted))
    return type(found) is type(wanted) and bool(found == wanted)


@every_path
@every_mode
@every_file
def test_every_cell_reads_back(given, tmp_path, key, options, raw, every):
    table = given(unfit=key != "parquet")
    made = make(table, key, tmp_path, every=every, raw=raw, **options)
    content = second.unpacked(made.path, options["compression"])
    wanted = expected(table, key, raw=raw)
    headings = [column.key if raw else column.title for column in table.plan.columns]
    match key:
        case "csv":
            heading, *found = second.of_csv(content, bom=not raw)
            assert heading == headings
        case "xlsx":
            second.assert_no_formula(content)
            heading, *found = second.of_xlsx(content)
            assert heading == [rules.Text(words) for words in headings]

            assert made.cut_cells == number_of_cut_texts(table, raw=raw) > 0
        case "json":
            objects = second.of_json(content, lines=options.get("lines", False))
            assert {tuple(row) for row in objects} == {tuple(column.key for column in table.columns)}
            found = [list(row.values()) for row in objects]
        case "parquet":
            read = second.of_parquet(content)
            assert read.column_names == headings
            found = [list(row) for row in zip(*map(second.stored, read.columns), strict=True)]
            assert made.rounded_numbers == number_of_rounded(table) > 0
    compare(table, found, wanted)


def number_of_cut_texts(table: Table, *, raw: bool) -> int:
    return sum(held is not None and rules.is_cut(held, raw=raw) for row in table.held for held in row)


def number_of_rounded(table: Table) -> int:
    return sum(
        rules.digits_are_lost(held)
        for row in table.held
        for column, held in zip(table.columns, row, strict=True)
        if column.kind is hostile.Kind.NUMBER
    )


@every_mode
@pytest.mark.parametrize("key", ["csv", "json", "parquet", "xlsx"])
def test_both_paths_write_the_same_bytes(given, tmp_path, key, raw):
    table = given(unfit=key != "parquet")
    by_database, by_python = Memory(), Memory()
    writer = formats.get(key)(formats.FormatOptions.parse({"raw": raw}), SHANGHAI)
    said = write_file(table.plan, writer, by_database)
    assert said == write_file(table.plan, writer, by_python, every=True)
    assert by_database.content == by_python.content
    made = make(table, key, tmp_path, every=False, raw=raw)
    assert made.path.read_bytes() == by_database.content


@every_path
@pytest.mark.parametrize("key", ["csv", "json", "parquet", "xlsx"])
def test_clocks_of_another_zone(given, tmp_path, key, every):
    """Both sides of changes of clocks: an hour that New York has twice keeps its offset where the format has one."""
    moments = hostile.BY_KEY["datetime"]
    near = [held for held in moments.values if held not in rules.FAR_IN_SHANGHAI]
    table = given(unfit=False, columns=[hostile.replace(moments, values=near)])
    made = make(table, key, tmp_path, every=every, zone=NEW_YORK)
    content = made.path.read_bytes()
    match key:
        case "csv":
            found = second.of_csv(content, bom=True)[1:]
        case "json":
            found = [list(row.values()) for row in second.of_json(content, lines=False)]
        case "xlsx":
            found = second.of_xlsx(content)[1:]
        case "parquet":
            (column,) = second.of_parquet(content).columns
            assert column.type.tz == "America/New_York"
            found = [[value] for value in second.stored(column)]
    compare(table, found, expected(table, key, raw=False, zone=NEW_YORK))


def test_no_text_cell_of_a_csv_file_begins_like_a_formula(given, tmp_path):
    table = given(unfit=True)
    _heading, *rows = second.of_csv(make(table, "csv", tmp_path, every=False).path.read_bytes(), bom=True)
    numbers = (hostile.Kind.INTEGER, hostile.Kind.MONEY, hostile.Kind.NUMBER)
    shown = [
        field
        for row in rows
        for column, field in zip(table.columns, row, strict=True)
        if field and (column.kind not in numbers or column.mask)
    ]
    assert [field for field in shown if rules.looks_like_formula(field)] == []
    assert sum(field.startswith("'") for field in shown) > len(hostile.FORMULAS)


@every_path
@pytest.mark.parametrize("packing", ["none", "zip"])
@pytest.mark.parametrize(
    ("column", "value"), [(column, value) for column in hostile.COLUMNS for value in column.unfit],
    ids=lambda given: getattr(given, "key", given),
)  # fmt: skip
def test_parquet_says_what_it_cannot_hold_and_writes_nothing(given, tmp_path, column, value, packing, every):
    others = [hostile.replace(hostile.BY_KEY["text"], values=["x"])]
    table = given(unfit=False, columns=[*others, hostile.replace(column, values=[*column.values, value], unfit=())])
    with translation.override("en"), pytest.raises(UnfitValue) as refused:
        make(table, "parquet", tmp_path, every=every, compression=packing)
    assert f"“{column.bound.title}” holds a value that a Parquet file cannot hold" in refused.value.message
    assert list(tmp_path.iterdir()) == []

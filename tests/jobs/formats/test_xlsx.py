"""What is in an xlsx file, cell by cell, as a second program reads it."""

import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from django.db.models import F, FloatField, Func
from django.utils import translation
from openpyxl.utils.escape import unescape

from exportcenter.common.errors import InvalidParameters
from jobs import datasets, formats
from jobs.datasets.base import Column, Kind
from jobs.datasets.query import BoundColumn, Plan, plan
from jobs.formats import writing, xlsx, xlsx_parts, xlsx_text
from tests.jobs.formats.one_file import write_file
from tests.jobs.formats.test_csv import ZONE, Memory, add


def dump(chosen: Plan, *, sheet_rows: int | None = None, sheet_bytes: int | None = None, zone=ZONE, **options):
    """The file and what the format says about it."""
    sink, seen = Memory(), []
    writer = formats.get("xlsx")(formats.FormatOptions.parse(options), zone)
    writer.sheet_rows = sheet_rows or writer.sheet_rows
    writer.sheet_bytes = sheet_bytes or writer.sheet_bytes
    written = write_file(chosen, writer, sink, seen.append)
    assert written.rows == seen[-1] == chosen.count()
    return sink.content, written


def write(world, name: str, *, columns=None, zone=ZONE, **more):
    chosen = plan(datasets.get("members"), viewer=world.user(name), params={}, columns=columns, zone=zone)
    return dump(chosen, zone=zone, **more)


def load(content: bytes):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
    return openpyxl.load_workbook(io.BytesIO(content))


def cells(content: bytes, row: int = 2):
    return [(cell.value, cell.data_type, cell.number_format) for cell in load(content).worksheets[0][row]]


def notes(content: bytes) -> list[str]:
    """Texts of the first column as Excel shows them, in order, from every sheet; the XML read by the book."""
    found = []
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            if "sheets/" in name:
                rows = ElementTree.fromstring(archive.read(name)).iter(f"{{{xlsx_parts._MAIN}}}row")
                found += [unescape("".join(row[0].itertext())) for row in list(rows)[1:]]
    return found


def legal(text: str) -> str:
    return text.translate(str.maketrans("", "", xlsx_text.ILLEGAL))


def test_values_types_and_formats_of_a_row(world):
    with world.scope("admin"), translation.override("en"):
        add(
            "=1+1",
            phone="13812345678",
            balance="-1234567890123.45",
            points=-3,
            birthday=date(1990, 2, 28),
            last_active_at=None,
        )
        content, _written = write(
            world,
            "admin",
            columns=[
                "member_no", "level", "phone", "balance", "points", "birthday", "created_at", "last_active_at", "note"
            ],
        )  # fmt: skip
    sheet = load(content).worksheets[0]
    assert [cell.value for cell in sheet[1]] == [
        "Member no.", "Level", "Phone", "Balance", "Points", "Birthday", "Registered", "Last active", "Note",
    ]  # fmt: skip
    assert all(cell.font.bold for cell in sheet[1])
    assert cells(content) == [
        ("M00000", "s", "@"),
        ("Normal", "s", "General"),
        ("13812345678", "s", "@"),
        (-1234567890123.45, "n", "#,##0.00"),
        (-3, "n", "#,##0"),
        (datetime(1990, 2, 28), "d", r"yyyy\-mm\-dd"),
        (datetime(2026, 3, 1, 23, 59, 59), "d", r"yyyy\-mm\-dd\ hh:mm:ss"),
        (None, "n", "General"),
        ("=1+1", "s", "@"),
    ]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:I2"
    assert sheet.column_dimensions["A"].width == 20
    assert "<f>" not in zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()


def test_every_cell_of_every_dataset_is_what_the_database_holds(world):
    from jobs.records.demo import fill

    with world.scope("platform"):
        fill(orders=300, seed=5)
    with world.scope("admin"), translation.override("zh-hans"):
        for key in ("members", "orders", "risk_hits", "users"):
            names = [column.key for column in datasets.get(key).columns]
            chosen = plan(datasets.get(key), viewer=world.user("admin"), params={}, columns=names, zone=ZONE)
            content, _written = dump(chosen)
            sheet = load(content).worksheets[0]
            expected = chosen.rows.annotate(
                **{f"c{n}": F(s.value or s.key) if isinstance(s.value, str | None) else s.value
                   for n, s in enumerate(chosen.sources)}
            ).values_list(*(f"c{n}" for n in range(len(names))))  # fmt: skip
            rows = list(sheet.iter_rows(min_row=2))
            assert len(rows) == len(expected) > 0
            for shown, row in zip(rows, expected, strict=True):
                for cell, column, value in zip(shown, chosen.columns, row, strict=True):
                    same(cell, column, value)


def same(cell, column: BoundColumn, value) -> None:
    if value is None:
        assert cell.value is None
        return
    match column.kind:
        case Kind.MONEY | Kind.NUMBER | Kind.INTEGER:
            assert cell.data_type == "n"
            assert Decimal(repr(cell.value)) == value
        case Kind.DATETIME:
            assert cell.value == value.astimezone(ZONE).replace(microsecond=0, tzinfo=None)
        case Kind.DATE:
            assert cell.value.date() == value
        case Kind.CHOICE:
            assert (cell.value or "") == dict(column.labels).get(str(value), str(value))
        case Kind.BOOLEAN:
            assert cell.value == ("是" if value else "否")
        case _:  # openpyxl leaves escapes to us
            assert unescape(cell.value or "") == legal(str(value)).replace("\r\n", "\n")
            assert cell.number_format == "@"


def test_masks_hide_contact_data_from_finance(world):
    with world.scope("admin"):
        add(phone="13812345678", email="a_x0041_b@example.com")
        content, _written = write(world, "finance", columns=["phone", "email", "member_no"])
    assert [value for value, *_rest in cells(content)] == ["138****5678", "a***@example.com", "M00000"]


def test_labels_follow_the_language_and_raw_mode_keeps_codes_and_utc(world):
    columns = ["status", "created_at", "birthday", "note", "balance"]
    with world.scope("admin"):
        add("=1+1", status="frozen", birthday=date(1899, 1, 1))
        with translation.override("zh-hans"):
            shown, _written = write(world, "admin", columns=columns)
        raw, _written = write(world, "admin", columns=columns, raw=True)
    assert [c[0] for c in cells(shown)] == ["已冻结", datetime(2026, 3, 1, 23, 59, 59), "1899-01-01", "=1+1", 0]
    assert [c[0] for c in cells(raw, 1)] == columns
    assert [c[0] for c in cells(raw)] == ["frozen", "2026-03-01T15:59:59.999999Z", "1899-01-01", "=1+1", 0]


@pytest.mark.parametrize(
    ("moment", "zone", "shown"),
    [
        (datetime(1900, 2, 28, 12, tzinfo=UTC), "UTC", "1900-02-28 12:00:00"),
        (datetime(1900, 2, 28, 23, 59, 59, 999999, tzinfo=UTC), "UTC", "1900-02-28 23:59:59"),
        (datetime(1900, 3, 1, tzinfo=UTC), "UTC", datetime(1900, 3, 1)),
        (datetime(1987, 7, 1, 4, tzinfo=UTC), "Asia/Shanghai", datetime(1987, 7, 1, 13)),  # summer time in China
        (datetime(2026, 6, 1, tzinfo=UTC), "America/New_York", datetime(2026, 5, 31, 20)),
        (datetime(2199, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), "UTC", datetime(2199, 12, 31, 23, 59, 59)),
        (datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), "UTC", datetime(9999, 12, 31, 23, 59, 59)),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), "Asia/Shanghai", "10000-01-01 07:59:59"),
        (datetime(100, 1, 1, tzinfo=UTC), "UTC", "0100-01-01 00:00:00"),
    ],
)
def test_moments_at_the_borders(world, moment, zone, shown):
    with world.scope("admin"):
        add(created_at=moment)
        content, _written = write(world, "admin", columns=["created_at"], zone=ZoneInfo(zone))
    assert cells(content)[0][0] == shown


@pytest.mark.parametrize(
    ("day", "shown"),
    [
        (date(1900, 2, 28), "1900-02-28"),
        (date(1900, 3, 1), datetime(1900, 3, 1)),
        (date(9999, 12, 31), datetime(9999, 12, 31)),
        (date(1, 1, 1), "0001-01-01"),
    ],
)
def test_days_at_the_borders(world, day, shown):
    with world.scope("admin"):
        add(birthday=day)
        content, _written = write(world, "admin", columns=["birthday"])
    assert cells(content)[0][0] == shown


def literal(world, kind: Kind, sql: str):
    """A member row with a column of any SQL value."""
    add()
    chosen = plan(datasets.get("members"), viewer=world.user("admin"), params={}, columns=["member_no"], zone=ZONE)
    value = Func(template=sql, output_field=FloatField())
    column = BoundColumn("x", "X", kind)
    content, _written = dump(Plan(chosen.rows, (column,), (Column("x", "X", kind, value=value),)))
    return cells(content)[0][:2]


@pytest.mark.parametrize(
    ("kind", "sql", "shown"),
    [
        (Kind.MONEY, "10::numeric ^ 16", "10000000000000000"),
        (Kind.MONEY, "9999999999999999.99::numeric(18,2)", "9999999999999999.99"),
        (Kind.MONEY, "-9999999999999.99::numeric(18,2)", -9999999999999.99),
        (Kind.MONEY, "10000000000000.00::numeric(18,2)", "10000000000000.00"),
        (Kind.MONEY, "-0.01::numeric(18,2)", -0.01),
        (Kind.MONEY, "'NaN'::numeric", "NaN"),
        (Kind.NUMBER, "'Infinity'::float8", "Infinity"),
        (Kind.NUMBER, "'-Infinity'::float8", "-Infinity"),
        (Kind.NUMBER, "'NaN'::float8", "NaN"),
        (Kind.NUMBER, "0.1::float8 + 0.2", "0.30000000000000004"),
        (Kind.NUMBER, "1.5e-9::float8", 1.5e-9),
        (Kind.NUMBER, "1.500000000000000000000", 1.5),
        (Kind.NUMBER, "-0.123456789012345", -0.123456789012345),
        (Kind.NUMBER, "0.1234567890123456", "0.1234567890123456"),
        (Kind.NUMBER, "NULL::numeric", None),
        (Kind.INTEGER, "999999999999999", 999999999999999),
        (Kind.INTEGER, "-1000000000000000", "-1000000000000000"),
        (Kind.INTEGER, "NULL::int", None),
        (Kind.ID, "123456789012345678", "123456789012345678"),
        (Kind.ID, "'00000000-0000-0000-0000-00000000000a'::uuid", "00000000-0000-0000-0000-00000000000a"),
        (Kind.CHOICE, "7", "7"),
        (Kind.DATE, "'infinity'::date", "infinity"),
        (Kind.DATETIME, "'-infinity'::timestamptz", "-infinity"),
        (Kind.BOOLEAN, "NULL::boolean", None),
    ],
)
def test_values_that_a_spreadsheet_would_spoil_are_text(world, kind, sql, shown):
    with world.scope("admin"):
        assert literal(world, kind, sql) == (shown, "n" if isinstance(shown, int | float | None) else "s")


def test_full_sheets_are_followed_by_more(world, settings):
    settings.EXPORT_SEGMENT_ROWS = 3
    with world.scope("admin"):
        for number in range(7):
            add(str(number))
        content, _written = write(world, "admin", columns=["note", "points"], sheet_rows=4)
        exact, _written = write(world, "admin", columns=["note"], sheet_rows=10)
        settings.EXPORT_SEGMENT_ROWS = 2
        odd, _written = write(world, "admin", columns=["note"], sheet_rows=6)
    book = load(content)
    assert book.sheetnames == ["1", "2", "3"]
    assert [[row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] for sheet in book] == [
        ["0", "1", "2"],
        ["3", "4", "5"],
        ["6"],
    ]
    assert [sheet.auto_filter.ref for sheet in book] == ["A1:B4", "A1:B4", "A1:B2"]
    assert load(exact).sheetnames == ["1"]
    assert [sheet.max_row for sheet in load(odd)] == [5, 4]
    assert notes(odd) == [str(number) for number in range(7)]


def test_a_sheet_near_4_gib_of_xml_is_closed(world, settings):
    settings.EXPORT_SEGMENT_ROWS = 1
    with world.scope("admin"):
        for number in range(3):
            add(str(number))
        content, _written = write(world, "admin", columns=["note"], sheet_bytes=1)
    assert load(content).sheetnames == ["1", "2", "3"]
    assert notes(content) == ["0", "1", "2"]


def test_very_long_rows_end_a_segment_early(world, monkeypatch):
    monkeypatch.setattr(xlsx.XlsxFormat, "segment_bytes", 1)
    with world.scope("admin"):
        for number in range(writing.FIRST_ROWS + 2):
            add(str(number))
        content, _written = write(world, "admin", columns=["note"], sheet_bytes=1)
    assert [sheet.max_row for sheet in load(content)] == [writing.FIRST_ROWS + 1, 3]


def test_no_rows_is_a_heading(world):
    with world.scope("admin"):
        content, written = write(world, "admin", columns=["member_no", "note"], raw=True)
    sheet = load(content).worksheets[0]
    assert list(sheet.values) == [("member_no", "note")]
    assert sheet.auto_filter.ref == "A1:B1"
    assert written.rows == 0


def test_equal_rows_give_equal_files(world):
    with world.scope("admin"):
        add("x")
        assert write(world, "admin")[0] == write(world, "admin")[0]


def test_a_full_disk_and_a_stop_come_out_at_once(world):
    class Full:
        def write(self, block: bytes) -> None:
            raise OSError(28, "no space left")

    def stop(rows: int) -> None:
        raise KeyboardInterrupt

    with world.scope("admin"):
        add("x")
        chosen = plan(datasets.get("members"), viewer=world.user("admin"), params={}, columns=None, zone=ZONE)
        writer = formats.get("xlsx")(formats.FormatOptions(), ZONE)
        with pytest.raises(OSError, match="no space"):
            write_file(chosen, writer, Full())
        with pytest.raises(KeyboardInterrupt):
            write_file(chosen, writer, Memory(), stop)


def test_column_letters():
    assert [xlsx_parts.letters(number) for number in (1, 26, 27, 702, 703)] == ["A", "Z", "AA", "ZZ", "AAA"]


@pytest.mark.parametrize(
    ("options", "field"),
    [({"compression": "gzip"}, "options.compression"), ({"bom": True}, "options.bom")],
)
def test_options_of_csv_are_refused(options, field):
    with pytest.raises(InvalidParameters) as refused:
        formats.get("xlsx").check(options)
    assert list(refused.value.details) == [field]


def test_options_that_say_nothing_are_fine():
    formats.get("xlsx").check({"compression": "none", "bom": False, "raw": True})
    formats.get("csv").check({"compression": "gzip", "bom": True})

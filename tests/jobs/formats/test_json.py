"""What is in a JSON file, to the byte, and as a second program reads it."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.db.models import DateTimeField, DecimalField, F, FloatField, GenericIPAddressField, IntegerField, TextField
from django.db.models.expressions import RawSQL
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exportcenter.common.errors import InvalidParameters
from jobs import datasets, formats
from jobs.datasets import Column, Kind
from jobs.datasets.query import BoundColumn, Plan, plan
from jobs.records.models import Member
from tests.jobs.formats.one_file import write_file
from tests.jobs.records import samples

MOMENT = datetime(2026, 3, 1, 15, 59, 59, 999999, tzinfo=UTC)  # 23:59:59.999999 in Shanghai
ZONE = ZoneInfo("Asia/Shanghai")


class Memory:
    """A sink that keeps everything, block by block."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []

    def write(self, block: bytes) -> None:
        self.blocks.append(bytes(block))

    @property
    def content(self) -> bytes:
        return b"".join(self.blocks)


def add(note: str = "", **fields) -> Member:
    return samples.member(fields.pop("member_no", f"M{Member.objects.count():05d}"), note=note, **fields)


def put(chosen: Plan, *, zone=ZONE, sink=None, **options) -> bytes:
    """The file of a plan."""
    sink = sink or Memory()
    writer = formats.get("json")(formats.FormatOptions.parse(options), zone)
    seen: list[int] = []
    written = write_file(chosen, writer, sink, seen.append)
    assert written.rows == seen[-1] == chosen.count()
    assert seen == sorted(seen)
    return sink.content if isinstance(sink, Memory) else b""


def write(world, name: str, dataset: str = "members", *, columns=None, zone=ZONE, **options) -> bytes:
    chosen = plan(datasets.get(dataset), viewer=world.user(name), params={}, columns=columns, zone=zone)
    return put(chosen, zone=zone, **options)


def read(content: bytes) -> list[dict]:
    """The array, with every digit."""
    return json.loads(content, parse_float=Decimal)


def computed(kind: Kind, sql: str, field, key: str = "x") -> Plan:
    """A plan of one computed column, one row per member."""
    column = Column(key, key, kind, value=RawSQL(sql, (), output_field=field))
    return Plan(Member.objects.order_by("id"), (BoundColumn(key, key, kind),), (column,))


COLUMNS = ["member_no", "level", "phone", "balance", "points", "created_at", "birthday", "note"]


def two_rows() -> None:
    add('say "hi" \\ twice\nthen go\u2028\x01', phone="13812345678", balance="1234567890123456.70", created_at=MOMENT)
    add("=1+1", points=-3, birthday=date(2000, 2, 29), created_at=MOMENT.replace(microsecond=0))


FIRST = (
    '{"member_no":"M00000","level":"Normal","phone":"13812345678","balance":1234567890123456.70,"points":0,'
    '"created_at":"2026-03-01T23:59:59.999999+08:00","birthday":null,'
    '"note":"say \\"hi\\" \\\\ twice\\nthen go\u2028\\u0001"}'
).encode()
SECOND = (
    b'{"member_no":"M00001","level":"Normal","phone":"13812345678","balance":0.00,"points":-3,'
    b'"created_at":"2026-03-01T23:59:59+08:00","birthday":"2000-02-29","note":"=1+1"}'
)


def test_the_whole_array_to_the_byte(world):
    with world.scope("admin"), translation.override("en"):
        two_rows()
        assert write(world, "admin", columns=COLUMNS) == b"[" + FIRST + b",\n" + SECOND + b"]\n"


def test_the_whole_file_of_lines_to_the_byte(world):
    with world.scope("admin"), translation.override("en"):
        two_rows()
        assert write(world, "admin", columns=COLUMNS, lines=True) == FIRST + b"\n" + SECOND + b"\n"


def test_no_rows(world):
    with world.scope("admin"):
        assert write(world, "admin") == b"[]\n"
        assert write(world, "admin", lines=True) == b""


@pytest.mark.parametrize("segment", [7, 100, 69_905])
@pytest.mark.parametrize("rows", [1, 499, 700, 1001])
def test_blocks_and_segments_join_without_a_seam(world, settings, rows, segment):
    settings.EXPORT_SEGMENT_ROWS = segment
    with world.scope("admin"):
        columns = (BoundColumn("no", "no", Kind.INTEGER),)
        add()
        numbers = Column("no", "no", Kind.INTEGER, value=RawSQL(f"generate_series(1, {rows})", (), IntegerField()))
        made = Plan(Member.objects.order_by("id"), columns, (numbers,))
        expected = [{"no": number} for number in range(1, rows + 1)]
        for lines in (False, True):
            sink, seen = Memory(), []
            writer = formats.get("json")(formats.FormatOptions(lines=lines), ZONE)
            assert write_file(made, writer, sink, seen.append).rows == rows
            assert seen == sorted(seen)
            assert seen[-1] == rows
            found = [json.loads(line) for line in sink.content.splitlines()] if lines else json.loads(sink.content)
            assert found == expected


def test_labels_follow_the_language_and_raw_mode_keeps_codes_and_utc(world):
    names = ["status", "created_at", "note"]
    with world.scope("admin"):
        add("=1+1", status="frozen", created_at=MOMENT)
        with translation.override("zh-hans"):
            (shown,) = read(write(world, "admin", columns=names))
        raw = write(world, "admin", columns=names, raw=True)
    assert shown == {"status": "已冻结", "created_at": "2026-03-01T23:59:59.999999+08:00", "note": "=1+1"}
    assert raw == b'[{"status":"frozen","created_at":"2026-03-01T15:59:59.999999Z","note":"=1+1"}]\n'


def test_masks_hide_contact_data_from_finance(world):
    for raw in (False, True):
        with world.scope("admin"):
            Member.objects.all().delete()
            add(phone="13812345678", email="zhang@example.com", name="张小三")
            (row,) = read(write(world, "finance", columns=["phone", "email", "name"], raw=raw))
        assert row == {"phone": "138****5678", "email": "z***@example.com", "name": "张**"}


def test_keys_come_in_the_chosen_order(world):
    names = ["note", "balance", "member_no", "city"]
    with world.scope("admin"):
        add()
        assert list(read(write(world, "admin", columns=names))[0]) == names


def as_shown(column: Column, value, *, raw: bool):
    """What the file must hold for a value that the ORM has read."""
    if value is None or column.kind in (Kind.BOOLEAN, Kind.INTEGER, Kind.MONEY, Kind.NUMBER):
        return value
    if column.kind is Kind.DATETIME:
        if raw:
            return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        local = value.astimezone(ZONE)
        fraction = f"{local:.%f}".rstrip("0").rstrip(".")  # PostgreSQL writes no zeros at the end
        return local.replace(microsecond=0, tzinfo=None).isoformat() + fraction + local.isoformat()[-6:]
    return value.isoformat() if column.kind is Kind.DATE else str(value)


@pytest.mark.parametrize("raw", [False, True])
def test_every_kind_comes_back_as_the_database_has_it(world, raw):
    kinds = set()
    with world.scope("admin"), translation.override("zh-hans"):
        admin = world.user("admin")
        plain = {"points": 2_147_483_647, "balance": Decimal("9999999999999999.99"), "birthday": date(1900, 1, 31)}
        add("a", member_no="900719925474099301", total_spent=Decimal("-0.01"), last_active_at=MOMENT, **plain)
        add("", created_at=datetime(1970, 1, 1, 0, 0, 0, 120, tzinfo=UTC), birthday=None, last_active_at=None)
        samples.order("900719925474099301", amount=Decimal("9999999999999999.99"), created_at=MOMENT)
        samples.order("000000000000000001", amount=Decimal("-1.10"), paid_at=MOMENT)
        samples.risk_hit(score=Decimal("100.000"), ip_address="10.0.0.1", amount=Decimal("1E+15"))
        samples.risk_hit("H2", score=Decimal("0.001"))
        for key in ("members", "orders", "risk_hits", "users"):
            dataset = datasets.get(key)
            names = [column.key for column in dataset.columns]
            found = read(write(world, "admin", key, columns=names, raw=raw))
            made = plan(dataset, viewer=admin, params={}, columns=names, zone=ZONE)
            paths = {
                f"c{number}": F(column.value or column.key) if isinstance(column.value, str | None) else column.value
                for number, column in enumerate(dataset.columns)
            }
            stored = list(made.rows.annotate(**paths).values_list(*paths))
            assert len(found) == len(stored) > 0
            for row, values in zip(found, stored, strict=True):
                assert list(row) == names
                for column, bound, value in zip(dataset.columns, made.columns, values, strict=True):
                    expected = as_shown(column, value, raw=raw)
                    if column.kind is Kind.CHOICE and not raw:
                        expected = dict(bound.labels).get(expected, expected)
                    assert row[column.key] == expected, (key, column.key)
                    assert type(row[column.key]) is type(expected), (key, column.key)
            kinds |= {column.kind for column in dataset.columns}
    assert kinds == set(Kind)


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        ("9999999999999999.99", b"9999999999999999.99"),
        ("-9999999999999999.99", b"-9999999999999999.99"),
        ("0.10", b"0.10"),
        ("NaN", b'"NaN"'),
    ],
)
def test_amounts_keep_every_digit(world, amount, written):
    with world.scope("admin"):
        samples.order("1", amount=Decimal("0"))
        with connection.cursor() as cursor:
            cursor.execute("UPDATE records_order SET amount = %s::numeric", [amount])
        assert write(world, "admin", "orders", columns=["amount"]) == b'[{"amount":' + written + b"}]\n"


ODD = [
    (Kind.MONEY, "10000000000000000.00::numeric", DecimalField(), Decimal("10000000000000000.00")),
    (Kind.NUMBER, "'Infinity'::numeric", DecimalField(), "Infinity"),
    (Kind.NUMBER, "'-Infinity'::numeric", DecimalField(), "-Infinity"),
    (Kind.NUMBER, "'NaN'::float8", FloatField(), "NaN"),
    (Kind.NUMBER, "1e-7::numeric", DecimalField(), Decimal("0.0000001")),
    (Kind.NUMBER, "12345678901234567890.123456789::numeric", DecimalField(), Decimal("12345678901234567890.123456789")),
    (Kind.INTEGER, "9223372036854775807", IntegerField(), 9223372036854775807),
    (Kind.ID, "900719925474099301", IntegerField(), "900719925474099301"),
    (Kind.ID, "'10.0.0.1'::inet", GenericIPAddressField(), "10.0.0.1"),
    (Kind.ID, "NULL::bigint", IntegerField(), None),
    (Kind.TEXT, "'100%% {} %%s'", TextField(), "100% {} %s"),
    (Kind.TEXT, """'{"a": 1}'::jsonb""", TextField(), '{"a": 1}'),
    (Kind.CHOICE, "3", IntegerField(), "3"),
    (Kind.DATETIME, "'infinity'::timestamptz", DateTimeField(), "infinity"),
    (Kind.DATETIME, "NULL::timestamptz", DateTimeField(), None),
    (Kind.DATE, "'10000-01-01'::date", DateTimeField(), "10000-01-01"),
]


@pytest.mark.parametrize(("kind", "sql", "field", "expected"), ODD)
@pytest.mark.parametrize("raw", [False, True])
def test_values_that_few_people_have(world, raw, kind, sql, field, expected):
    with world.scope("admin"):
        add()
        assert read(put(computed(kind, sql, field), raw=raw)) == [{"x": expected}]


@pytest.mark.parametrize("key", ['a "quoted" key', "100%s %", "select", "中文", "a;--", "\\", "A", "x" * 63])
def test_a_key_is_only_a_name(world, key):
    with world.scope("admin"):
        add()
        assert read(put(computed(Kind.INTEGER, "1", IntegerField(), key=key))) == [{key: 1}]


@pytest.mark.parametrize(
    ("zone", "moment", "shown"),
    [
        ("America/New_York", datetime(2026, 7, 1, tzinfo=UTC), "2026-06-30T20:00:00-04:00"),
        ("America/New_York", datetime(2026, 12, 1, tzinfo=UTC), "2026-11-30T19:00:00-05:00"),
        ("America/New_York", datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "2026-11-01T01:30:00-04:00"),
        ("America/New_York", datetime(2026, 11, 1, 6, 30, tzinfo=UTC), "2026-11-01T01:30:00-05:00"),
        ("America/St_Johns", datetime(2026, 12, 1, tzinfo=UTC), "2026-11-30T20:30:00-03:30"),
        ("Asia/Kathmandu", datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T05:45:00+05:45"),
        ("UTC", datetime(2026, 1, 1, 0, 0, 0, 120000, tzinfo=UTC), "2026-01-01T00:00:00.12+00:00"),
        ("Asia/Shanghai", datetime(1890, 1, 1, tzinfo=UTC), "1890-01-01T08:05:43+08:05:43"),
    ],
)
def test_times_carry_the_offset_of_the_viewers_zone_at_that_time(world, zone, moment, shown):
    with world.scope("admin"):
        add(created_at=moment)
        (row,) = read(write(world, "admin", columns=["created_at"], zone=ZoneInfo(zone)))
        assert row["created_at"] == shown
        assert datetime.fromisoformat(shown) == moment
        with connection.cursor() as cursor:
            cursor.execute("SHOW TimeZone")
            assert cursor.fetchone() == ("UTC",)  # Django relies on it
        assert Member.objects.get().created_at == moment


TEXTS = [
    "", " ", "null", "\\.", "\\", "\\n", '"', "'", '","', "}\n{", "]\n", "\n", "\r\n", "\t", "\x01", "\x02",
    "\x01,\x02", "\x1f\x7f\x85", "\u2028\u2029", "😀", "👨\u200d👩\u200d👧", "\u202eabc\u200f", "\ufeff", "é e\u0301",
    "\U0010ffff\uffff", "=1+1", "%s %(a)s {}",
]  # fmt: skip


def test_awkward_texts_come_back(world):
    with world.scope("admin"):
        for text in TEXTS:
            add(text)
        array = write(world, "admin", columns=["note"])
        lines = write(world, "admin", columns=["note"], lines=True)
    assert [row["note"] for row in read(array)] == TEXTS
    assert array.count(b"\n") == lines.count(b"\n") == len(TEXTS)
    assert [json.loads(line)["note"] for line in lines.split(b"\n")[:-1]] == TEXTS
    assert not set(array) & (set(range(32)) - {10})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1, max_size=30),
    raw=st.booleans(),
)
def test_any_text_comes_back(world, texts, raw):
    with world.scope("admin"):
        Member.objects.all().delete()
        for text in texts:
            add(text)
        array = write(world, "admin", columns=["note"], raw=raw)
        lines = write(world, "admin", columns=["note"], raw=raw, lines=True)
    assert [row["note"] for row in read(array)] == texts
    assert [json.loads(line)["note"] for line in lines.split(b"\n")[:-1]] == texts


def test_a_file_is_called_what_it_is():
    array = formats.get("json")(formats.FormatOptions(), ZONE)
    lines = formats.get("json")(formats.FormatOptions(lines=True), ZONE)
    assert (array.extension, array.content_type) == ("json", "application/json")
    assert (lines.extension, lines.content_type) == ("ndjson", "application/x-ndjson")


@pytest.mark.parametrize(
    ("file_type", "options", "allowed"),
    [
        ("json", {"bom": True}, "compression, lines, raw"),
        ("json", {"bom": False}, "compression, lines, raw"),
        ("csv", {"lines": True}, "bom, compression, raw"),
    ],
)
def test_options_of_another_format_are_refused_by_name(file_type, options, allowed):
    with translation.override("en"), pytest.raises(InvalidParameters) as refused:
        formats.get(file_type).check(options)
    (name,) = options
    assert refused.value.details == {
        f"options.{name}": [f"A {file_type} file has no such option. Allowed: {allowed}."],
    }


def test_lines_is_true_or_false():
    with pytest.raises(InvalidParameters) as refused:
        formats.FormatOptions.parse({"lines": "yes"})
    assert list(refused.value.details) == ["options.lines"]

"""A value's cell from the database and from Python, side by side."""

from collections.abc import Sequence
from datetime import UTC
from importlib import import_module
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from jobs import formats
from jobs.datasets.base import Kind
from jobs.datasets.masks import Mask
from jobs.datasets.query import BoundColumn
from jobs.formats.rendering import values

ZONES = ["Asia/Shanghai", "America/New_York", "UTC", "Asia/Kathmandu"]
LABELS = (("paid", "已付款"), ("x", '<"a", &_x0041_>'), ("=1", "+1"), ("7", "seven"), ("paid", "twice"))
EMOJI = "😀"

TEXTS = [
    None, "", " ", "  two  blanks ", "a\nb", "a\r\nb", "a\rb", "\r", "\n", "\r\n", "\t", '"', "'", '"quoted"', '","',
    "\\", "\\.", "\\n", "\\N", "\\\\.", "a,b", ",", ";", "<b>&amp;</b>", "]]>", "&", "<", ">", "null", "NULL", "NaN",
    "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "'=1", "＝1", "＋1", "－1", "＠x",
    "\ufeff=1", "\u00a0@x", "\u3000=1", " \u2003=1", " \u2007=1", " \u202f=1", " \x85=1", " \x1c=1", " \v\f=1",
    " \u1680\u2028\u2029\u205f＝", " a=1", "1-1", "\u200b=1", "\u180e=1", "中＝文", "-", "+", "=", "@",
    "_x0041_", "_x005F_x0041_", "_x0041_x0042_", "_x0041\r", "_x0041\r\n", "_x00\x0141_", "_\ufffex0041_", "_x000\r",
    "_X0041_", "_xZZZZ_", "__x000D_", "_x\uff10041_", "_x00e9_", "a_b", "_", "a_\n&", "\r\r\n\n\r", "\r\x01\n",
    EMOJI, "👨\u200d👩\u200d👧", "\u200fعربي\u202e", "\u202e=1", "e\u0301", "\ufeff", "\ufffe\uffff\ufffd",
    "\U0010ffff",
    "\x01\x02\x08\x0b\x0c\x0e\x1f\x7f\x80\x85\x9f\u2028\u2029", "%", "%s %(x)s %%", "{}", "20260301000000000012",
    "1234567890123456789", "paid", "x", "7", "ＡＢＣ１２３", "x" * 8191, "x" * 8192, "x" * 32_766, "x" * 32_767,
    "x" * 32_768, "x" * 40_000, "中" * 8_191 + "&", "中" * 10_922 + "x", "中" * 10_923, "中" * 32_767, "中" * 32_768,
    EMOJI * 8_191 + "xxx", EMOJI * 8_192, EMOJI * 16_383 + "x", EMOJI * 16_384, "x" + EMOJI * 16_383,
    "x" + EMOJI * 16_384, "&" * 40_000, "\x01" * 10 + "x" * 32_767, "_x0041_" * 6_000 + "\r", "\r\n" * 20_000,
    "x" * 32_766 + "\r\ny", "x" * 32_762 + "_x0041_", "x" * 32_766 + EMOJI, "x" * 32_765 + EMOJI + "y",
    "\ufffe" * 11_000, "中" * 11_000 + "a_b\r\n<", "é" * 16_384 + "\x02",
]  # fmt: skip

NUMBERS = [
    None, "0", "1", "-1", "0.00", "0.10", "1.10", "-1.10", "100", "1e5", "1234567.89", "999999999999999",
    "1000000000000000", "-999999999999999", "-1000000000000000", "999999999999999.5", "999999999999999.0",
    "9999999999999.99", "9999999999999.990", "9999999999999.991", "10000000000000.00", "-9999999999999.99",
    "-10000000000000.00", "12345678901234567890", "1e16", "10000000000000000.00", "1e20", "1e100", "0.000001",
    "0.0000001", "0.00000000000000000000", "0.1234567890123456789", "1.000000000000000000000", "123456789012345.6",
    "-12345678901234.5", "1234567890123456.70", "100000000000000.0000", "0.00000000000012345", "NaN", "Infinity",
    "-Infinity", "-0", "-0.00", "-0.000", "-0.5", ".5", "5.", "0.30000000000000004",
]  # fmt: skip
"""Of type numeric."""

DATES = [
    None, "0001-01-01", "0400-12-31", "0401-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1900-02-28",
    "1900-03-01", "1900-03-02", "1970-01-01", "2000-02-29", "2026-11-22", "9599-12-31", "9600-01-01", "9999-12-31",
    "10000-01-01", "12000-02-29", "294275-12-31", "infinity", "-infinity", "0001-12-31 BC", "0044-03-15 BC",
    "0001-02-29 BC", "4713-01-02 BC",
]  # fmt: skip

MOMENTS = [
    *(
        day and (day if "inf" in day else " ".join([day.split()[0], time, *day.split()[1:]]))
        for day in DATES
        for time in ("00:00:00Z", "03:59:59.999999Z", "04:00:00Z", "15:59:59.999999Z", "16:00:00Z", "23:59:59.999999Z")
    ),
    "1900-02-28 15:54:17Z", "1900-02-28 16:00:00Z", "1900-03-01 05:00:00Z", "1900-03-02 23:59:59.999999Z",
    "1900-03-03 00:00:00Z", "1901-01-01 00:00:00Z", "1900-12-31 15:54:16.5Z", "1900-12-31 15:54:17Z",
    "1883-11-18 16:59:59Z", "1883-11-18 17:00:00Z", "1985-12-31 18:29:59Z", "1985-12-31 18:30:00Z",
    "1986-05-03 15:59:59Z", "1986-05-03 17:59:59.5Z", "1986-05-03 18:00:00Z", "1986-09-13 16:00:00Z",
    "1986-09-13 17:00:00Z", "1988-07-01 12:00:00Z", "1991-09-14 16:59:59Z", "1991-09-14 17:00:00Z",
    "2026-03-08 06:59:59.999999Z", "2026-03-08 07:00:00Z", "2026-11-01 05:30:00Z", "2026-11-01 06:30:00Z",
    "1969-12-31 23:59:59.999999Z", "1960-01-01 00:00:00.000001Z", "2026-01-01 00:00:00.12Z", "2026-01-01 12:00:00Z",
    "2199-12-31 23:59:59.999999Z", "2200-01-01 00:00:00Z", "2200-01-01 00:00:00.5Z", "2500-07-01 00:00:00.999999Z",
    "9999-07-01 00:00:00.000001Z", "12345-07-01 12:00:00.5Z", "12345-12-01 12:00:00Z", "10000-01-01 03:00:00Z",
]  # fmt: skip

letters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
texts = (
    st.text(letters, max_size=20)
    | st.text(st.sampled_from(" \t\n\r\v\f\u00a0\u2003\u3000\ufeff=+-@＝＋－＠x"), max_size=5)
    | st.text(st.sampled_from("_x0041D\r\n\x01&<>\ufffe \"',\\."), max_size=20)
    | st.sampled_from([code for code, _label in LABELS])
)
digits = st.text("0123456789", min_size=1, max_size=20)
numerics = st.builds(
    lambda sign, whole, point, rest: f"{sign}{whole}{'.' + rest if point else ''}",
    st.sampled_from(["", "-"]), digits, st.booleans(), digits,
)  # fmt: skip
amounts = st.integers(-(10**16), 10**16).map(lambda cents: f"{cents // 100}.{cents % 100:02}")
floats = (
    st.floats()
    | st.builds(lambda whole, power: float(f"{whole}e{power}"), st.integers(-10_000, 10_000), st.integers(-330, 300))
    | st.integers(-(10**16), 10**16).map(lambda cents: cents / 100)
    | st.integers(-(2**60), 2**60).map(float)
    | st.integers(-1074, 1023).map(lambda power: 2.0**power)
)
years = st.integers(1950, 2040) | st.integers(1, 9999) | st.integers(-4700, 20_000).filter(bool)
dates = st.builds(
    lambda year, month, day: f"{abs(year):04}-{month:02}-{day:02}{' BC' if year < 0 else ''}",
    years, st.integers(1, 12), st.integers(1, 28),
)  # fmt: skip
moments = st.builds(
    lambda date, time: f"{date.removesuffix(' BC')} {time.isoformat()}Z{' BC' if date.endswith('BC') else ''}",
    dates, st.times(),
)  # fmt: skip


def many(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Enough of them that a query is worth its while; NULL among them."""
    return st.lists(st.none() | strategy, min_size=100, max_size=400)


batches = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
"""Each example is a query over hundreds of values."""


class Twins(NamedTuple):
    """Cells of the same values."""

    database: list[str | None]
    python: list[str | None]


def twins(
    key: str,
    kind: Kind,
    given: Sequence[Any],
    sql_type: str,
    *,
    zone: str = "Asia/Shanghai",
    raw: bool = False,
    labels: tuple[tuple[str, str], ...] = (),
    mask: Mask | None = None,
    function: bool = False,
) -> Twins:
    """Cells of format ``key`` for ``given``, cast to ``sql_type``.

    With ``function`` Python gets the given values themselves, as if a function had made them; otherwise those that
    the database gives back.
    """
    options, clock = formats.FormatOptions(raw=raw), ZoneInfo(zone)
    column = BoundColumn("x", "X", kind, labels, mask.name if mask else "")
    reference = f"({mask.sql('v::text')})" if mask else "v"
    cell = formats.get(key)(options, clock).cell(column, reference)
    match key:
        case "csv" | "parquet" | "xlsx":
            cell = f"CASE WHEN ({cell}) IS NOT NULL THEN concat({cell}) END"
        case "json":
            cell = f"(SELECT substr(row_to_json(s)::text, 6) FROM (SELECT {cell} AS x) s)"
    given_type = sql_type if function else "text"
    with transaction.atomic(), connection.cursor() as cursor:  # an error of one example is no error of the next
        session = (UTC if raw else clock) if key == "json" else UTC
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [str(session)])
        values.adapt(cursor)
        cursor.execute(
            f"SELECT v, {cell.replace('%', '%%')} FROM (SELECT x::{sql_type} AS v, n "
            f"FROM unnest(%s::{given_type}[]) WITH ORDINALITY u(x, n) OFFSET 0) t ORDER BY n",
            [list(given)],
        )
        rows = cursor.fetchall()
        cursor.execute("SET LOCAL TimeZone = 'UTC'")
    render = import_module(f"jobs.formats.rendering.{key}").renderer(column, options, clock)
    raw_values = list(given) if function else [value for value, _cell in rows]
    if mask:
        raw_values = [None if value is None else mask.python(values.text(value)) for value in raw_values]
    made = [cell.removesuffix("}") if key == "json" and cell else cell for _value, cell in rows]
    return Twins(made, [render(value) for value in raw_values])


def assert_same(found: Twins, given: Sequence[Any]) -> None:
    """Say which values differ."""
    assert len(found.database) == len(found.python) == len(given)
    different = [
        (value, theirs, ours)
        for value, theirs, ours in zip(given, found.database, found.python, strict=True)
        if theirs != ours
    ]
    short = [tuple(str(part)[:200] for part in found) for found in different[:5]]
    assert not different, f"{len(different)} of {len(given)} differ: (value, database, Python) {short}"


def renderer(key: str, kind: Kind, *, raw: bool) -> Any:
    """What makes the cells of a column without labels."""
    column = BoundColumn("x", "X", kind)
    return import_module(f"jobs.formats.rendering.{key}").renderer(
        column, formats.FormatOptions(raw=raw), ZoneInfo("Asia/Shanghai")
    )

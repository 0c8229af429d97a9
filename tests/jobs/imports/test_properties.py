"""Any table of valid rows, written in any format, is imported as it was (SPEC B1; issue 6, “Must show”)."""

import csv
import io
import json
from datetime import UTC, date, datetime

import openpyxl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from jobs.formats.rendering.csv import neutral
from jobs.formats.xlsx_text import ILLEGAL
from jobs.imports.reading.values import text as as_read
from jobs.records.models import Member, Region
from tests.jobs.exports import runs as exports
from tests.jobs.imports import runs

EXAMPLES = 8
"""Each is a whole import, of a second."""
TRIES = settings(deadline=None, database=None, phases=[Phase.generate])
"""What fails is not made smaller: that would take hundreds of imports."""
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters=ILLEGAL + "\x7f\x85")
PEOPLE = st.sampled_from(
    ["张三", 'O"Neil, Jr.', "=SUM(A1)", "'=1", "第一行\n第二行", "0012", "😀👨‍👩‍👧", "ｱ；|\t,", "1E5", "NULL", "'"]
)


def trimmed(longest, smallest=0):
    """Texts as imports keep them: neither blanks nor marks that nobody sees at their ends; lines end with LF."""
    texts = st.one_of(PEOPLE, st.text(CHARACTERS, max_size=longest))
    plain = texts.map(lambda text: (as_read(text.replace("\r", "\n")) or "")[:longest]).map(
        lambda text: as_read(text) or ""
    )
    return plain.filter(lambda text: len(text) >= smallest)


NUMBERS = st.one_of(
    st.from_regex(r"[A-Z]{0,2}[0-9]{1,18}", fullmatch=True),
    st.sampled_from(["0007", "123456789012345678", "=1", "-1", "Ü-ß", "a,b", 'x"y', "1E5", "TRUE"]),
).map(lambda text: text[:20])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "member_no": NUMBERS,
            "name": trimmed(50, 1).filter(lambda text: "*" not in text),  # that would be a masked one
            "gender": st.sampled_from(Member.Gender.values),
            "phone": st.sampled_from(["", "13812345678", "+86 138 1234 5678", "010-12345678", "0012345678"]),
            "email": st.sampled_from(["", "a@example.com", "-x+y@example.com"]),
            "level": st.sampled_from(Member.Level.values),
            "region": st.sampled_from(Region.values),
            "city": trimmed(50),
            "points": st.integers(-(2**31), 2**31 - 1),
            # Since then Shanghai has had no summer time: an hour that comes twice cannot be told by its wall clock.
            "created_at": st.datetimes(datetime(1992, 1, 1), datetime(2100, 1, 1)).map(
                lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
            ),
            "birthday": st.one_of(st.none(), st.dates(date(1900, 3, 1), date(2100, 1, 1))),
            "note": trimmed(200),
        }
    ),
    min_size=1,
    max_size=20,
    unique_by=lambda row: row["member_no"],
)
COLUMNS = [
    "member_no",
    "name",
    "gender",
    "phone",
    "email",
    "level",
    "region",
    "city",
    "points",
    "created_at",
    "birthday",
    "note",
]


def written_csv(rows, zone):
    """As a person with a spreadsheet would have it: labels, local time, formulas guarded."""
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([neutral(cell) if isinstance(cell, str) else cell for cell in shown(row, zone)])
    return made.getvalue().encode("utf-8-sig")


def written_xlsx(rows, zone):
    book = openpyxl.Workbook()
    book.active.append(COLUMNS)
    for at, row in enumerate(rows, start=2):
        for column, value in enumerate(shown(row, zone), start=1):
            cell = book.active.cell(at, column)
            cell.value = value.replace("_x", "_x005F_x") if isinstance(value, str) else value
            if isinstance(value, str):
                cell.data_type = "s"
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def written_json(rows, zone):
    return json.dumps([{**row, "created_at": row["created_at"].isoformat()} for row in rows], default=str).encode()


def shown(row, zone):
    values = [row[name] for name in COLUMNS]
    return [value.astimezone(zone).replace(tzinfo=None) if isinstance(value, datetime) else value for value in values]


@pytest.mark.parametrize("write", [written_csv, written_xlsx, written_json])
def test_what_is_written_is_imported(live, write):
    """The whole way: sent, checked, confirmed, written."""
    with live.scope("admin"):
        zone = live.user("admin").zone

    @settings(TRIES, max_examples=EXAMPLES)
    @given(rows=ROWS)
    def tried(rows):
        job = runs.run(live, runs.ask(live, "admin", write(rows, zone), called="any"))
        assert (job.status, job.problems) == ("review", [])
        assert set(job.mapping.values()) == set(COLUMNS)
        job = runs.confirm(live, job)
        assert (job.status, job.counts["created"]) == ("ready", len(rows))
        with live.scope("platform"):
            found = {each["member_no"]: each for each in Member.objects.values(*COLUMNS)}
            Member.objects.all().delete()
        assert found == {row["member_no"]: row for row in rows}

    tried()


@pytest.mark.parametrize("file_type", ["csv", "xlsx", "json"])
def test_what_is_exported_comes_back(live, file_type):
    """Nothing changes where the rows are, whatever they hold."""

    @settings(TRIES, max_examples=EXAMPLES // 2)
    @given(rows=ROWS)
    def tried(rows):
        with live.scope("platform"):
            Member.objects.bulk_create([Member(**row) for row in rows])
        export = exports.ask(live, "admin", dataset="members", file_type=file_type, columns=COLUMNS)
        content = exports.content(exports.run(live, export))
        job = runs.run(live, runs.ask(live, "admin", content, called="any", mode="upsert"))
        with live.scope("platform"):
            Member.objects.all().delete()
        assert (job.status, job.problems) == ("review", [])
        assert runs.counts(job).to_keep == len(rows)

    tried()

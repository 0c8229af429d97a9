"""What is in a CSV file, to the byte, as a second program reads it."""

import csv
import gzip
import hashlib
import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exportcenter.common.errors import InvalidParameters
from jobs import datasets, formats
from jobs.datasets.query import plan
from jobs.formats.deflate import GzipStream
from jobs.formats.sink import SpoolFile
from jobs.records.models import Member
from tests.jobs.formats.one_file import write_file

MOMENT = datetime(2026, 3, 1, 15, 59, 59, 999999, tzinfo=UTC)  # 23:59:59 in Shanghai, and no second later
ZONE = ZoneInfo("Asia/Shanghai")


class Memory:
    """A sink that keeps everything."""

    def __init__(self) -> None:
        self.content = b""

    def write(self, block: bytes) -> None:
        self.content += block


def add(note: str = "", **fields) -> None:
    Member.objects.create(
        **(
            {"member_no": f"M{Member.objects.count():05d}", "name": "李四", "region": "华东", "created_at": MOMENT}
            | fields
        ),
        note=note,
    )


def write(world, name: str, *, columns=None, **options) -> bytes:
    sink = Memory()
    chosen = plan(datasets.get("members"), viewer=world.user(name), params={}, columns=columns, zone=ZONE)
    writer = formats.get("csv")(formats.FormatOptions.parse(options), ZONE)
    seen: list[int] = []
    written = write_file(chosen, writer, sink, seen.append)
    assert written.rows == seen[-1] == Member.objects.count()
    return sink.content


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_whole_file_to_the_byte(world):
    with world.scope("admin"), translation.override("en"):
        add('say "hi", twice\nthen go', phone="13812345678", email="zhang@example.com", balance="1234567890123456.78")
        content = write(world, "admin", columns=["member_no", "level", "phone", "balance", "created_at", "note"])
    assert content == (
        b"\xef\xbb\xbfMember no.,Level,Phone,Balance,Registered,Note\r\n"
        b'M00000,Normal,13812345678,1234567890123456.78,2026-03-01 23:59:59,"say ""hi"", twice\nthen go"\r\n'
    )


def test_masks_hide_contact_data_from_finance(world):
    with world.scope("admin"):
        add(phone="13812345678", email="zhang@example.com")
        content = write(world, "finance", columns=["phone", "email"])
    assert read(content)[1] == ["138****5678", "z***@example.com"]


def test_labels_follow_the_language_and_raw_mode_keeps_codes_and_utc(world):
    with world.scope("admin"):
        add("=1+1", status="frozen")
        with translation.override("zh-hans"):
            shown = read(write(world, "admin", columns=["status", "created_at", "note"]))
        raw = write(world, "admin", columns=["status", "created_at", "note"], raw=True)
    assert shown[1] == ["已冻结", "2026-03-01 23:59:59", "'=1+1"]
    assert raw == b"status,created_at,note\r\nfrozen,2026-03-01T15:59:59.999999Z,=1+1\r\n"


def test_null_is_empty_and_empty_text_is_quoted(world):
    with world.scope("admin"):
        add("", birthday=None)
        content = write(world, "admin", columns=["birthday", "note"], bom=False, raw=True)
    assert content == b'birthday,note\r\n,""\r\n'


def test_no_rows_is_a_heading(world):
    with world.scope("admin"):
        content = write(world, "admin", columns=["member_no"], bom=False, raw=True)
    assert content == b"member_no\r\n"


# The last ones hold a quote already: with one more, whoever reads the file knows which one is ours.
DANGEROUS = [
    "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\t", "＝1+1", "＋1", "－1", "＠x", "  =1",
    "\ufeff=1", "\u00a0@x", "\u3000=1", '=HYPERLINK("http://x")', "\n=1+1", "'=1", "''@x",
]  # fmt: skip
HARMLESS = ["1-1", "a=b", "张三", "", " ", "'", "'tis", "100%", "e-mail@x.cn", "中＝文", "a=x"]


@pytest.mark.parametrize("text", DANGEROUS)
def test_text_that_a_spreadsheet_could_run_gets_a_quote(world, text):
    with world.scope("admin"):
        add(text)
        assert read(write(world, "admin", columns=["note"]))[1] == ["'" + text]
        assert read(write(world, "admin", columns=["note"], raw=True))[1] == [text]


@pytest.mark.parametrize("text", HARMLESS)
def test_other_text_stays_as_it_is(world, text):
    with world.scope("admin"):
        add(text)
        assert read(write(world, "admin", columns=["note"]))[1] == [text]


def test_negative_numbers_stay_numbers(world):
    with world.scope("admin"):
        add(balance="-5.10", points=-3)
        assert read(write(world, "admin", columns=["balance", "points"]))[1] == ["-5.10", "-3"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1, max_size=30)
)
def test_any_text_comes_back_and_none_begins_dangerously(world, texts):
    with world.scope("admin"):
        Member.objects.all().delete()
        for text in texts:
            add(text)
        raw = read(write(world, "admin", columns=["note"], raw=True))
        safe = read(write(world, "admin", columns=["note"]))
    assert [row[0] if row else "" for row in raw[1:]] == texts
    for text, (shown,) in zip(texts, (row or [""] for row in safe[1:]), strict=True):
        assert shown in (text, "'" + text)
        first = shown.lstrip(" \t\r\n\v\f\u00a0\u3000\ufeff")[:1]
        assert first not in set("=+-@＝＋－＠") or shown.startswith("'")
        assert shown[:1] not in ("\t", "\r")


def test_gzip_is_hashed_as_it_lies_on_the_disk(tmp_path):
    with SpoolFile(tmp_path / "a.gz") as spool:
        stream = GzipStream(spool.write)
        stream.write(b"hello ")
        stream.write(b"world" * 1000)
        stream.finish()
    content = (tmp_path / "a.gz").read_bytes()
    assert gzip.decompress(content) == b"hello " + b"world" * 1000
    assert (spool.size, spool.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (tmp_path / "a.gz").stat().st_mode & 0o777 == 0o600


def test_an_exception_leaves_no_spool_file(tmp_path):
    def break_off() -> None:
        with SpoolFile(tmp_path / "a.csv") as spool:
            spool.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given_options", "field"),
    [({"bom": 1}, "options.bom"), ({"compression": "rar"}, "options.compression"), ({"x": True}, "options.x")],
)
def test_wrong_options_are_named(given_options, field):
    with pytest.raises(InvalidParameters) as refused:
        formats.FormatOptions.parse(given_options)
    assert list(refused.value.details) == [field]

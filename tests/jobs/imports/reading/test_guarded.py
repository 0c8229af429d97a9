"""The limited process: same rows as without it, and a clear error whatever becomes of it."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.imports.reading import Choices, Limits, guarded, open_table
from jobs.imports.reading.errors import ReadingStopped, UnreadableFile
from jobs.imports.reading.guarded import ROOT, Guard, open_guarded
from tests.jobs.imports.reading.workbooks import of_rows, workbook

BIG = b"a,b\n" + b"1,xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n" * 200_000


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def refused(reading):
    with pytest.raises(UnreadableFile) as caught:
        for _row in reading.rows():
            pass
    return caught.value


@pytest.mark.parametrize(
    "data",
    [
        of_rows([["a", "b"], [1, "名"], [True, None], [2.5, "x"]]),
        workbook('<row r="1"><c><v>1</v></c></row><row r="2"><c><v>123456789012345678</v></c></row>'
                 '<row r="3"><c t="e"><v>#N/A</v></c></row>'),
        "名,b\n1,2\n3\n4,5,6\n".encode("gbk"),
        b'[{"a": 1, "b": [1]}, {"a": "x", "z": 1}]',
    ],
)  # fmt: skip
def test_same_facts_and_rows_as_without(put, data):
    path = put(data)
    with open_table(path, "f") as table, open_guarded(path, "f") as reading:
        assert list(reading.rows()) == list(table.rows())
        facts = table.facts()
        for name in ("kind", "encoding", "encoding_by", "delimiter", "sheet", "header_row"):
            assert getattr(reading.table, name) == facts[name]
        assert (reading.table.header, reading.table.sheets) == (table.header, table.sheets)


def test_choices_and_limits_arrive(put):
    path = put("x\na;b\n1;2\n3;4\n")
    with open_guarded(path, "f", choices=Choices(delimiter=";", header_row=2), limits=Limits(rows=3)) as reading:
        assert [column.label for column in reading.table.header] == ["a", "b"]
        assert refused(reading).reason == "TOO_MANY_ROWS"


def test_only_the_header(put):
    with open_guarded(put(BIG), "f", with_rows=False) as reading:
        assert [column.label for column in reading.table.header] == ["a", "b"]
        assert list(reading.rows()) == []


def test_rows_before_a_fault_arrive(put):
    with open_guarded(
        put(b"a,b\n" + b"1,2\n" * 2_500 + b"3,\xff\n", "f"), "orders.csv", choices=Choices(encoding="utf-8")
    ) as reading:
        seen = []
        with pytest.raises(UnreadableFile) as caught:
            seen.extend(reading.rows())
    error = caught.value
    assert len(seen) == 2_500
    assert (error.reason, error.params["line"], error.params["name"]) == ("BAD_BYTE", 2_502, "orders.csv")
    assert error.details == {"file": [error.message], "reason": ["BAD_BYTE"]}


def test_too_much_memory(put):
    guard = Guard(memory=48 << 20)
    path = put(b"h\n" + b"x" * (3 << 20) + b"\n")
    with pytest.raises(UnreadableFile) as caught:
        with open_guarded(path, "f", guard=guard, limits=replace(Limits(), cell=4 << 20)) as reading:
            list(reading.rows())
    assert caught.value.reason == "TOO_MUCH_MEMORY"


def test_too_much_processor_time(put):
    rows = workbook("".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 200_001)))
    limits = Guard(cpu_seconds=1)
    with open_guarded(put(rows), "f", guard=limits) as reading:
        assert refused(reading).reason == "TOO_SLOW"


def test_waited_too_long(put):
    with open_guarded(put(BIG), "f") as reading:
        os.kill(reading._process.pid, signal.SIGSTOP)
        reading._guard = Guard(chunk_seconds=0.5)
        begun = time.monotonic()
        assert refused(reading).reason == "TOO_SLOW"
        assert time.monotonic() - begun < 3
    assert not alive(reading._process.pid)


def test_killed_from_outside(put):
    with open_guarded(put(BIG), "f") as reading:
        os.kill(reading._process.pid, signal.SIGKILL)
        assert refused(reading).reason == "KILLED"


def test_cancelled_while_waiting(put):
    stop = threading.Event()
    with open_guarded(put(BIG), "f", cancelled=stop.is_set) as reading:
        os.kill(reading._process.pid, signal.SIGSTOP)
        threading.Timer(0.3, stop.set).start()
        begun = time.monotonic()
        with pytest.raises(ReadingStopped):
            list(reading.rows())
        assert time.monotonic() - begun < 2
    assert not alive(reading._process.pid)


def test_leaving_early_ends_the_child(put):
    with open_guarded(put(BIG), "f") as reading:
        next(reading.rows())
        assert alive(reading._process.pid)
    assert not alive(reading._process.pid)
    reading.close()


def test_what_the_child_says_is_not_trusted(put, monkeypatch):
    for said in (
        b"hello world",
        b"\xff\xff\xff\xff",
        b"\0\0\0\5[1,2]",
        b'\0\0\0\x0b{"rows":[]}',
        b'\0\0\0\x0b{"table":1}',
        b"",
    ):
        boot = f"import os; os.write(1, {said!r})"
        monkeypatch.setattr(guarded, "_BOOT", boot)
        with pytest.raises(UnreadableFile) as caught:
            open_guarded(put("a\n1\n"), "f")
        assert caught.value.reason == "CRASHED"


def test_a_crash_is_told_and_logged(put, monkeypatch, caplog):
    monkeypatch.setattr(guarded, "_BOOT", "raise RuntimeError('secret path')")
    with pytest.raises(UnreadableFile) as caught:
        open_guarded(put("a\n1\n"), "f")
    assert caught.value.reason == "CRASHED"
    assert "secret" not in caught.value.message
    assert "secret path" in caplog.text


def test_the_child_knows_no_secret_and_no_django(put, monkeypatch):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import jobs.imports.reading.child, os; "
        "bad = [m for m in sys.modules if m.partition('.')[0] in ('django', 'psycopg', 'exportcenter')]; "
        "bad += [k for k in os.environ if k not in ('LC_ALL', 'TMPDIR')]; sys.exit(len(bad))"
    )
    monkeypatch.setenv("DATABASE_URL", "postgres://secret")
    monkeypatch.setattr(guarded, "_BOOT", code)
    with pytest.raises(UnreadableFile) as caught:
        open_guarded(put("a\n1\n"), "f")
    assert caught.value.params["found"] == "0"


def test_no_file_is_an_ordinary_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_guarded(tmp_path / "none", "f")


def test_the_parent_holds_no_more_than_a_few_chunks(put):
    """A slow parent does not fill up: the child waits in the pipe."""
    with open_guarded(put(BIG), "f") as reading:
        next(reading.chunks())
        time.sleep(0.5)
        written = int(Path(f"/proc/{reading._process.pid}/io").read_text().split("wchar: ")[1].split()[0])
    assert written < 1 << 20


def test_the_reader_works_without_the_working_directory(put, tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from jobs.imports.reading import open_table; "
        "print(next(open_table(sys.argv[2], 'f').rows()).cells)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(ROOT), str(put("a\n1\n"))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "['1']", done.stderr

"""What tests of archives share: rows without a database, a place where files land, and readers of each format."""

import csv
import gzip
import hashlib
import io
import json
import random
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from jobs import formats
from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn
from jobs.formats.archive import Archive
from jobs.formats.sink import SpoolFile
from jobs.formats.writing import write_rows

COLUMNS = (
    BoundColumn("no", "No.", Kind.ID),
    BoundColumn("note", "Note", Kind.TEXT),
    BoundColumn("amount", "Amount", Kind.MONEY),
)
HEADINGS = ["No.", "Note", "Amount"]
ZONE = ZoneInfo("Asia/Shanghai")
FOOT = 4096
"""What ends a workbook (styles, lists of sheets, directory) is no segment, and smaller than this."""

TEXTS = [("csv", {}), ("json", {}), ("json", {"lines": True})]
CASES = [
    *((key, options | {"compression": packing}) for key, options in TEXTS for packing in ("none", "gzip", "zip")),
    ("xlsx", {"compression": "none"}),
    ("xlsx", {"compression": "zip"}),
]
EVERY = pytest.mark.parametrize(
    ("key", "options"), CASES, ids=["-".join([key, *map(str, options.values())]) for key, options in CASES]
)
Values = tuple[str, str, Decimal]


def values_of(count: int, *, length: int = 12, seed: int = 1) -> list[Values]:
    """Rows that do not pack to nothing."""
    chance = random.Random(seed)
    letters = 'abcdefghijklmnopqrstuvwxyz0123456789微信,"<&'
    return [
        (f"N{number:07d}", "".join(chance.choices(letters, k=length)), Decimal(chance.randrange(10**9)) / 100)
        for number in range(count)
    ]


def writer_of(key: str, options: dict[str, Any]) -> Any:
    return formats.get(key)(formats.FormatOptions.parse(options), ZONE)


def joined(writer: Any, values: list[Values]) -> Iterator[bytes]:
    """The rows as the database would send them."""
    line, makers = writer.liner(COLUMNS), [writer.render(column) for column in COLUMNS]
    return iter([line([make(value) for make, value in zip(makers, row, strict=True)]) for row in values])


def read(key: str, options: dict[str, Any], content: bytes) -> list[Values]:
    """All rows of one whole file; refuses a file whose frame is broken."""
    if key == "xlsx":
        return read_workbook(content)
    if options.get("compression") == "gzip":
        content = gzip.decompress(content)
    if key == "csv":
        assert content.startswith(b"\xef\xbb\xbf")
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
        assert rows[0] == HEADINGS
        return [(no, note, Decimal(amount)) for no, note, amount in rows[1:]]
    if options.get("lines"):
        assert content.endswith(b"\n") or not content
        found = [json.loads(line, parse_float=Decimal) for line in content.splitlines()]
    else:
        found = json.loads(content, parse_float=Decimal)
    return [(row["no"], row["note"], Decimal(row["amount"])) for row in found]


def read_workbook(content: bytes) -> list[Values]:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        assert book.testzip() is None
    found: list[Values] = []
    for sheet in openpyxl.load_workbook(io.BytesIO(content)).worksheets:
        rows = list(sheet.iter_rows(values_only=True))
        assert list(rows[0]) == HEADINGS
        found += [(no, note, Decimal(str(amount)).quantize(Decimal("0.01"))) for no, note, amount in rows[1:]]
    return found


class Desk:
    """Where an archive's files land, and what is left in the folder of unfinished ones."""

    def __init__(self, folder: Any) -> None:
        self.folder = folder
        self.files: list[bytes] = []
        self.parts: list[Any] = []
        self._opened = 0

    def new_spool(self) -> SpoolFile:
        self._opened += 1
        return SpoolFile(self.folder / f"{self._opened}.part")

    def landed(self, part: Any, spool: SpoolFile) -> None:
        content = spool.path.read_bytes()
        assert (part.size, part.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        self.files.append(content)
        self.parts.append(part)
        spool.path.unlink()  # the store has moved it

    def archive(self, writer: Any, expected: int, **more: Any) -> Archive:
        given: dict[str, Any] = {
            "rows_expected": expected,
            "new_spool": self.new_spool,
            "entry_name": lambda number: f"rows-{number}.{writer.extension}" if number else f"rows.{writer.extension}",
            "landed": self.landed,
        }
        return Archive(writer, COLUMNS, **given | more)

    @property
    def left(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*")) if self.folder.exists() else []


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("pipe")]


def manifest(parts: Any) -> bytes:
    return json.dumps([[part.number, part.name, part.rows] for part in parts]).encode()


def export(desk: Desk, key: str, options: dict[str, Any], values: list[Values], **more: Any) -> Archive:
    """Write all; afterwards ``desk.files`` holds the parts, and for a zip its one file."""
    writer = writer_of(key, options)
    made = desk.archive(writer, more.pop("expected", len(values)), **more)
    written = write_rows(joined(writer, values), writer, COLUMNS, made, lambda rows: None)
    assert written.rows == len(values)
    spool = made.finish(manifest)
    assert made.rows == len(values)
    assert (spool is not None) == made.is_zip
    if spool is not None:
        desk.files.append(spool.path.read_bytes())
        assert spool.sha256 == hashlib.sha256(desk.files[0]).hexdigest()
        spool.path.unlink()
    return made


def contents(desk: Desk, made: Archive) -> list[bytes]:
    """What each part holds: the files, or the zip's entries, checked by two programs."""
    if not made.is_zip:
        return desk.files
    (content,) = desk.files
    path = desk.folder / "checked.zip"
    path.write_bytes(content)
    tested = subprocess.run(["unzip", "-t", path], capture_output=True, text=True, check=False)
    path.unlink()
    assert tested.returncode == 0, tested.stdout
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        assert found.testzip() is None
        names = [part.name for part in made.parts]
        assert found.namelist() == names + (["manifest.json"] if len(names) > 1 else [])
        if len(names) > 1:
            assert found.read("manifest.json") == manifest(made.parts)
        for part in made.parts:
            info = found.getinfo(part.name)
            assert (info.file_size, info.CRC) == (part.size, part.crc32)
        return [found.read(name) for name in names]


def packed_sizes(desk: Desk, made: Archive) -> list[int]:
    """What each part takes of the store."""
    if not made.is_zip:
        return [len(content) for content in desk.files]
    with zipfile.ZipFile(io.BytesIO(desk.files[0])) as found:
        return [found.getinfo(part.name).compress_size for part in made.parts]

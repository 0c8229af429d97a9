"""The container: plain enough for LibreOffice, and refused where it could not be."""

import io
import struct
import zipfile

import pytest

from jobs.formats.ziparchive import TooLarge, ZipArchive
from tests.jobs.formats.test_csv import Memory, add
from tests.jobs.formats.test_xlsx import write


def test_local_headers_are_plain(world):
    with world.scope("admin"):
        add("x")
        content, _written = write(world, "admin")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        infos = archive.infolist()
    assert infos[-1].filename == "[Content_Types].xml"
    for info in infos:
        head = struct.unpack("<4s5H3I2H", content[info.header_offset : info.header_offset + 30])
        assert head[:4] == (b"PK\x03\x04", 20, 0x0808, 8)
        assert head[6:] == (0, 0, 0, len(info.filename), 0)
        after = info.header_offset + 30 + len(info.filename) + info.compress_size
        assert struct.unpack("<4s3I", content[after : after + 16]) == (
            b"PK\x07\x08", info.CRC, info.compress_size, info.file_size,
        )  # fmt: skip
        assert info.extra == b""
    assert b"PK\x06\x06" not in content
    assert b"PK\x06\x07" not in content


def test_an_archive_that_would_need_zip64_is_refused():
    archive = ZipArchive(Memory(), limit=1000)
    archive.begin("a").write(bytes(2000))
    with pytest.raises(TooLarge):
        archive.end()


def test_a_large_archive_says_where_its_far_entries_are():
    sink = Memory()
    archive = ZipArchive(sink, large=True, limit=1000)
    for number in range(4):
        archive.begin(f"{number}.txt", packed=True).write(bytes([65 + number]) * 600)
        archive.end()
    archive.finish()
    with zipfile.ZipFile(io.BytesIO(sink.content)) as found:
        assert found.testzip() is None
        assert [found.read(f"{number}.txt") for number in range(4)] == [bytes([65 + n]) * 600 for n in range(4)]
    assert b"PK\x06\x06" in sink.content

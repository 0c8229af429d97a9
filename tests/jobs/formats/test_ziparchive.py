"""The container: plain enough for LibreOffice, and refused where it could not be."""

import io
import struct
import zipfile

import pytest

from exportcenter.common.errors import InvalidParameters
from jobs.formats import xlsx
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
    archive.begin("a")
    archive.write(bytes(2000))
    with pytest.raises(TooLarge):
        archive.end()


def test_a_file_that_would_need_zip64_names_the_field(world, monkeypatch):
    monkeypatch.setattr(xlsx, "ZipArchive", lambda sink: ZipArchive(sink, limit=1000))
    with world.scope("admin"):
        add("x" * 5000)
        with pytest.raises(InvalidParameters) as refused:
            write(world, "admin")
    assert list(refused.value.details) == ["file_type"]

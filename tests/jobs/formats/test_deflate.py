"""Deflated segments: packed apart they are the bytes of those packed together, and other programs read them."""

import gzip
import io
import subprocess
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.formats.deflate import (
    BLOCK,
    LAST_BLOCK,
    DeflateStream,
    GzipStream,
    PlainStream,
    Segment,
    crc_of_both,
)
from jobs.formats.ziparchive import ZipArchive
from tests.jobs.formats.test_csv import Memory

TEXT = b"".join(b"%07d,\xe5\xbe\xae\xe4\xbf\xa1,%d.00\r\n" % (n, n * n) for n in range(30_000))
"""Over three blocks, so that cuts fall into, onto and across their borders."""
FRAMES = ["gzip", "zip"]
MANY = settings(max_examples=60, deadline=None)

contents = st.lists(
    st.one_of(
        st.binary(max_size=3000),
        st.tuples(st.integers(0, len(TEXT)), st.integers(0, 2 * BLOCK)).map(lambda cut: TEXT[cut[0] :][: cut[1]]),
    ),
    max_size=6,
)
"""What the segments of a file hold."""


class Frame:
    """A file of one kind: a gzip member, or a zip with one entry."""

    def __init__(self, kind: str) -> None:
        self.sink = Memory()
        self._zip = ZipArchive(self.sink) if kind == "zip" else None
        self.stream = self._zip.begin("rows.csv") if self._zip else GzipStream(self.sink.write)

    def finish(self) -> bytes:
        if self._zip is None:
            self.stream.finish()
        else:
            self._zip.end()
            self._zip.finish()
        return self.sink.content


def feed(stream, content: bytes, cuts: list[int]) -> None:
    """Write ``content`` in calls that end at ``cuts``."""
    ends = sorted(cut % (len(content) + 1) for cut in cuts)
    for start, end in zip([0, *ends], [*ends, len(content)], strict=True):
        stream.write(content[start:end])


def packed_apart(content: bytes, cuts: list[int]) -> tuple[Segment, list[bytes]]:
    """A segment as another process would pack it, and its bytes."""
    blocks: list[bytes] = []
    stream = DeflateStream(blocks.append)
    feed(stream, content, cuts)
    stream.end_segment()
    stored = sum(map(len, blocks))
    assert stored == stream.stored
    return Segment(rows=1, size=len(content), taken=len(content), stored=stored, crc=stream.crc), blocks


def together(kind: str, segments: list[bytes], cuts: list[int]) -> bytes:
    frame = Frame(kind)
    for content in segments:
        feed(frame.stream, content, cuts)
        frame.stream.end_segment()
    return frame.finish()


def unpacked(kind: str, content: bytes) -> bytes:
    """By Python's own modules, which check size and CRC-32."""
    if kind == "gzip":
        return gzip.decompress(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["rows.csv"]
        return archive.read("rows.csv")


@pytest.mark.parametrize("kind", FRAMES)
@MANY
@given(segments=contents, cuts=st.lists(st.integers(0, 10**7), max_size=5), other=st.lists(st.integers(0, 10**7)))
def test_segments_packed_apart_are_those_packed_together(kind, segments, cuts, other):
    apart = Frame(kind)
    for content in segments:
        apart.stream.append(*packed_apart(content, other))
    made = apart.finish()
    assert made == together(kind, segments, cuts)
    assert unpacked(kind, made) == b"".join(segments)


@pytest.mark.parametrize("kind", FRAMES)
@MANY
@given(segments=contents, here=st.lists(st.booleans(), min_size=6, max_size=6))
def test_some_packed_here_and_some_elsewhere(kind, segments, here):
    mixed = Frame(kind)
    for content, local in zip(segments, here, strict=False):
        if local:
            mixed.stream.write(content)
            mixed.stream.end_segment()
        else:
            mixed.stream.append(*packed_apart(content, [17]))
    assert mixed.finish() == together(kind, segments, [])


@MANY
@given(first=st.binary(max_size=5000), second=st.binary(max_size=5000))
def test_a_crc_of_two_halves_is_that_of_zlib(first, second):
    assert crc_of_both(zlib.crc32(first), zlib.crc32(second), len(second)) == zlib.crc32(first + second)


@pytest.mark.parametrize("megabytes", [1, 64])
def test_a_crc_over_many_zero_bytes_is_that_of_zlib(megabytes):
    zeros = bytes(megabytes << 20)
    head = zlib.crc32(b"head")
    assert crc_of_both(head, zlib.crc32(zeros), len(zeros)) == zlib.crc32(zeros, head)


def test_a_crc_of_sizes_beyond_32_bits_adds_up():
    """Nobody hashes 5 TB here; but appending in two steps must be appending at once."""
    first, second, third = zlib.crc32(b"a"), zlib.crc32(b"b"), zlib.crc32(b"c")
    large, larger = 5 << 30, 5 << 40
    left = crc_of_both(crc_of_both(first, second, large), third, larger)
    right = crc_of_both(first, crc_of_both(second, third, larger), large + larger)
    assert left == right
    assert left != first


def test_nothing_appended_changes_no_crc():
    assert crc_of_both(zlib.crc32(TEXT), 0, 0) == zlib.crc32(TEXT)
    assert crc_of_both(0, zlib.crc32(TEXT), len(TEXT)) == zlib.crc32(TEXT)


@pytest.mark.parametrize("content", [b"", b"x", TEXT], ids=["empty", "one byte", "text"])
class TestOtherPrograms:
    def test_gzip_and_zcat(self, tmp_path, content):
        path = tmp_path / "rows.csv.gz"
        path.write_bytes(together("gzip", [content[:300_000], content[300_000:]], []))
        subprocess.run(["gzip", "--test", path], check=True)
        assert subprocess.run(["zcat", path], check=True, capture_output=True).stdout == content
        if content:  # and the plain zlib, which is no isal
            assert zlib.decompress(path.read_bytes(), wbits=31) == content

    def test_unzip(self, tmp_path, content):
        path = tmp_path / "rows.zip"
        path.write_bytes(together("zip", [content[:300_000], content[300_000:]], []))
        tested = subprocess.run(["unzip", "-t", path], check=True, capture_output=True, text=True)
        assert "No errors detected" in tested.stdout
        assert subprocess.run(["unzip", "-p", path, "rows.csv"], check=True, capture_output=True).stdout == content


def test_no_segment_at_all_is_an_empty_file():
    sink = Memory()
    stream = GzipStream(sink.write)
    stream.finish()
    assert gzip.decompress(sink.content) == b""
    assert sink.content[10:12] == LAST_BLOCK
    assert stream.stored == len(sink.content) - 8  # without the foot, which is not packed


def test_the_foot_holds_the_size_modulo_two_to_the_32():
    """RFC 1952; a real file of that size takes half a minute, so the segment only says it is one."""
    sink = Memory()
    stream = GzipStream(sink.write)
    stream.append(Segment(rows=1, size=(5 << 32) + 7, taken=0, stored=0, crc=1), [])
    stream.finish()
    assert int.from_bytes(sink.content[-4:], "little") == 7


def test_a_segment_is_not_appended_into_an_open_one():
    stream = DeflateStream(Memory().write)
    stream.write(b"x")
    with pytest.raises(ValueError, match="still open"):
        stream.append(Segment(rows=1, size=1, taken=1, stored=1), [b"x"])


def test_equal_contents_give_equal_files_without_name_and_time():
    assert together("gzip", [TEXT], []) == together("gzip", [TEXT], [5, 10**6])
    with gzip.GzipFile(fileobj=io.BytesIO(together("gzip", [TEXT], []))) as read:
        read.read(1)
        assert read.mtime == 0


def test_what_is_kept_back_is_not_counted_as_stored():
    sink = Memory()
    stream = DeflateStream(sink.write)
    stream.write(b"x" * 1000)
    assert (stream.stored, sink.content) == (0, b"")
    stream.end_segment()
    assert stream.stored == len(sink.content) > 0


def test_a_plain_stream_passes_on_and_counts():
    sink = Memory()
    stream = PlainStream(sink.write)
    stream.write(b"ab")
    stream.append(Segment(rows=1, size=3, taken=3, stored=3), [b"c", b"de"])
    stream.end_segment()
    stream.finish()
    assert (sink.content, stream.stored, stream.packs) == (b"abcde", 5, False)

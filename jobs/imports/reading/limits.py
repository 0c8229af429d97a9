"""How much of a file is taken (SPEC B7)."""

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one reading. Whatever exceeds one is refused with a Fault that names it."""

    columns: int = 1_000
    """Columns of the header, and cells of a row."""
    cell: int = MIB
    """Characters of a cell."""
    row: int = 4 * MIB
    """Characters of a row, and of a line."""
    rows: int = 10_000_000
    """Rows, empty ones included."""
    zip_entries: int = 1_000
    """Parts of a workbook."""
    zip_directory: int = 4 * MIB
    """Bytes of the table of contents of a workbook."""
    unpacked: int = 8 << 30
    """Bytes of all parts of a workbook, unpacked."""
    ratio: int = 250
    """Unpacked to packed bytes of a part above ``ratio_from``. Deflate ends near 1,030; sheets are below 100."""
    ratio_from: int = 32 * MIB
    """Bytes unpacked from which the ratio counts."""
    xml_token: int = 4 * MIB
    """Bytes of one tag or comment of a workbook."""
    small_part: int = 16 * MIB
    """Bytes, unpacked, of a workbook's lists: sheets, styles, relations."""
    shared_text: int = 2 << 30
    """Bytes of the texts that a workbook's cells share."""
    shared_count: int = 10_000_000
    """Number of these texts."""


LIMITS = Limits()

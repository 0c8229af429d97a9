"""openpyxl's write-only mode, with real numbers and dates."""

from pathlib import Path

import openpyxl
from openpyxl.xml import LXML

from bench.rows import Source

REMARK = f"{openpyxl.__version__}, {'with' if LXML else 'without'} lxml"
"""With lxml, which its manual advises for large files, it is faster."""


def write(source: Source, target: Path) -> int:
    """One sheet."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("orders")
    sheet.append(source.names)
    count = 0
    for row in source.rows_with_local_times():
        sheet.append(row)
        count += 1
    book.save(target)
    return count

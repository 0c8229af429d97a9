"""The door: from a path to a table."""

from pathlib import Path
from typing import BinaryIO

from jobs.imports.reading import detect
from jobs.imports.reading.delimited import DelimitedTable
from jobs.imports.reading.faults import Fault
from jobs.imports.reading.limits import LIMITS, Limits
from jobs.imports.reading.objects import ObjectsTable
from jobs.imports.reading.table import Choices, Table
from jobs.imports.reading.workbook import WorkbookTable

_TEXTS = ("csv", "tsv")


def open_table(
    path: Path | str,
    name: str,
    *,
    kind: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    header_row: int | None = None,
    limits: Limits = LIMITS,
) -> Table:
    """Open a file as a table; what is None is found out (see Choices).

    ``name`` is the file's name as the person knows it: it appears in messages and decides nothing.
    Raises Fault, with ``params["name"]``. Run it on files of strangers through ``guarded.open_guarded`` only.
    """
    source = Path(path).open("rb")  # noqa: SIM115 - the table closes it
    try:
        return of_source(source, Choices(kind, encoding, delimiter, sheet, header_row), limits)
    except Fault as fault:
        source.close()
        fault.params.setdefault("name", name[:200])
        raise
    except BaseException:
        source.close()
        raise


def of_source(source: BinaryIO, choices: Choices, limits: Limits = LIMITS) -> Table:
    """The same for an open, seekable file, which the table then owns."""
    found = detect.kind_of(source)
    asked = choices.kind
    if found == "zip" or asked == "xlsx":
        if found != "zip" or asked not in (None, "xlsx"):
            raise Fault("OTHER_KIND", asked=asked or "", found="xlsx" if found == "zip" else found)
        return WorkbookTable(source, choices, limits)
    if asked in ("json", "ndjson"):
        found = asked
    if found in ("json", "ndjson") and asked not in _TEXTS:
        return ObjectsTable(source, found, choices, limits)
    return DelimitedTable(source, choices, limits)

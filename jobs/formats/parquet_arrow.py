"""CSV lines → typed Arrow columns. The one module that imports pyarrow; import it where a file is begun.

| Kind | In the file |
|--|--|
| text, id, masked | string |
| choice | dictionary of labels, or of codes for machines |
| integer | int64 |
| money | decimal128(38, 2) |
| number | float64; values with more digits than it holds are counted |
| boolean | bool |
| date | date32 |
| datetime | timestamp in microseconds, in the viewer's zone, or UTC for machines |

A value that its type cannot hold is refused with the column's name.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from pyarrow import compute, csv, parquet

from jobs.datasets.base import Kind
from jobs.datasets.query import BoundColumn
from jobs.formats.rendering.values import kind_of
from jobs.formats.unfit import UnfitValue

MONEY = pa.decimal128(38, 2)
"""The widest there is: a sum of amounts may have more digits than any single one."""
MONEY_TEXT = pa.decimal128(36, 2)
"""What an amount is read as. The reader counts digits before it adds missing decimals, and does not look again: a text
of 38 digits without decimals would overflow without a word. From 36 digits it comes to 38 at most."""

WORDS = pa.dictionary(pa.int32(), pa.string())

READ_AS = {
    Kind.INTEGER: pa.int64(),
    Kind.MONEY: MONEY_TEXT,
    Kind.CHOICE: WORDS,
    Kind.BOOLEAN: pa.bool_(),
    Kind.DATE: pa.int32(),
    Kind.DATETIME: pa.int64(),
}
"""What the lines hold; the rest is text."""

SURE_DIGITS = 15
"""Any number of so many digits comes out of a double as it went in."""

_BOM = b"\xef\xbb\xbf"


class TypedColumns:
    """
    The columns of one file, and how their text becomes values.

    Attributes:
        schema: names and types in the file, and its facts
        repeating: names of columns in which values are likely to come again
        rounded: key of a NUMBER column → how many of its values had more digits than a double holds
    """

    def __init__(self, columns: Sequence[BoundColumn], *, raw: bool, zone: ZoneInfo, facts: Mapping[str, str]) -> None:
        self._columns = columns
        self._raw = raw
        names = headings(columns, raw=raw)
        self.schema = pa.schema(
            [
                pa.field(name, _stored_as(kind_of(column), "UTC" if raw else zone.key), metadata={"key": column.key})
                for name, column in zip(names, columns, strict=True)
            ],
            metadata=dict(facts),
        )
        self.repeating = [
            name for name, column in zip(names, columns, strict=True) if kind_of(column) in (Kind.CHOICE, Kind.TEXT)
        ]
        self.rounded: dict[str, int] = {}
        self._types = {f"c{n}": READ_AS.get(kind_of(column), pa.string()) for n, column in enumerate(columns)}

    def parse(self, block: bytes) -> Any:
        """A table of whole lines, not yet in the file's types. Raises UnfitValue.

        ValueError: the lines are no CSV of these columns.
        """
        try:
            table = _read(block, self._types)
        except pa.ArrowInvalid as error:
            raise self._culprit(block) from error
        for n, column in enumerate(self._columns):
            if kind_of(column) is Kind.NUMBER:
                table = table.set_column(n, f"c{n}", self._doubles(column, table.column(n)))
        return table

    def join(self, tables: Sequence[Any]) -> Any:
        """The rows of several parsed tables in the file's types, each column in one piece with one dictionary: pages
        and dictionaries of the file must not show where blocks ended."""
        table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
        return pa.Table.from_arrays(
            [
                self._finished(column, values, field.type)
                for column, values, field in zip(self._columns, table.columns, self.schema, strict=True)
            ],
            schema=self.schema,
        )

    def _culprit(self, block: bytes) -> Exception:
        """UnfitValue of the first column that cannot be read by itself, when the lines as such can be."""
        try:
            _read(block, dict.fromkeys(self._types, pa.binary()))
        except pa.ArrowInvalid:
            return ValueError("The lines are no CSV of these columns.")
        for column, name in zip(self._columns, self._types, strict=True):
            try:
                _read(block, self._types, only=[name])
            except pa.ArrowInvalid:
                return UnfitValue(column)
        return ValueError("Each column can be read, but not all of them together.")

    def _doubles(self, column: BoundColumn, text: Any) -> Any:
        """Each number as the nearest double; those that come out of it as another number are counted."""
        try:
            values = compute.cast(text, pa.float64())
        except pa.ArrowInvalid as error:
            raise UnfitValue(column) from error
        if compute.any(compute.and_(compute.is_inf(values), compute.match_substring_regex(text, "[0-9]"))).as_py():
            raise UnfitValue(column)  # digits that became an infinity
        long = compute.greater(compute.binary_length(text), SURE_DIGITS)
        doubtful = compute.and_(long, compute.not_equal(text, compute.cast(values, pa.string())))
        pairs = zip(text.filter(doubtful).to_pylist(), values.filter(doubtful).to_pylist(), strict=True)
        rounded = sum(is_rounded(number, value) for number, value in pairs)
        if rounded:
            self.rounded[column.key] = self.rounded.get(column.key, 0) + rounded
        return values

    def _finished(self, column: BoundColumn, values: Any, wanted: Any) -> Any:
        if kind_of(column) is Kind.CHOICE and column.labels and not self._raw:
            return _labelled(values, dict(column.labels))
        return values if values.type == wanted else values.cast(wanted)


def open_writer(file: object, typed: TypedColumns) -> Any:
    """A writer of row groups. A dictionary costs more than it gains where values seldom come again: identifiers,
    amounts, moments."""
    return parquet.ParquetWriter(
        file, typed.schema, compression="zstd", use_dictionary=typed.repeating, write_statistics=True
    )


def headings(columns: Sequence[BoundColumn], *, raw: bool) -> list[str]:
    """Titles or keys. Readers refuse a file in which two columns have one name, so the key tells those apart."""
    titles = [column.key if raw else column.title or column.key for column in columns]
    found: list[str] = []
    for title, column in zip(titles, columns, strict=True):
        name = title if titles.count(title) == 1 else f"{title} ({column.key})"
        while name in found or (name != title and name in titles):
            name += "'"
        found.append(name)
    return found


def is_rounded(number: str, value: float) -> bool:
    """Whether ``value``, shown with as many digits as ``number`` has, is another number."""
    digits = re.sub(r"[eE].*|[-+.]", "", number).strip("0")
    if not digits or not digits.isdigit():
        return False  # zero, NaN, an infinity
    return Decimal(f"{value:.{len(digits)}g}") != Decimal(number)


def _stored_as(kind: Kind, zone: str) -> Any:
    match kind:
        case Kind.MONEY:
            return MONEY
        case Kind.NUMBER:
            return pa.float64()
        case Kind.DATE:
            return pa.date32()
        case Kind.DATETIME:
            return pa.timestamp("us", tz=zone)
        case _:
            return READ_AS.get(kind, pa.string())


def _read(block: bytes, types: Mapping[str, Any], *, only: Sequence[str] = ()) -> Any:
    """COPY's lines as one piece. NULL is an empty cell, empty text is "", a quote is doubled, a backslash is itself."""
    if block.startswith(_BOM):
        block = _BOM + block  # the reader drops one, but here it belongs to a text
    return csv.read_csv(
        pa.py_buffer(block),
        read_options=csv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=list(types)),
        parse_options=csv.ParseOptions(
            double_quote=True, escape_char=False, newlines_in_values=True, ignore_empty_lines=False
        ),
        convert_options=csv.ConvertOptions(
            column_types=types,
            include_columns=only,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )


def _labelled(codes: Any, labels: Mapping[str, str]) -> Any:
    """The same rows with a dictionary of labels; an unknown code stays itself."""
    pieces = []
    for piece in codes.chunks:
        words = [labels.get(code, code) for code in piece.dictionary.to_pylist()]
        labelled = pa.DictionaryArray.from_arrays(piece.indices, pa.array(words, pa.string()))
        if len(set(words)) < len(words):  # two codes with one label
            labelled = labelled.cast(pa.string()).dictionary_encode()
        pieces.append(labelled)
    return pa.chunked_array(pieces, type=codes.type)

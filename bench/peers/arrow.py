"""Rows from Python into Parquet by pyarrow, with the types that the columns have."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench.rows import Source

REMARK = pa.__version__

BATCH = 50_000
"""Rows of a row group: large enough to compress well, small enough for a modest memory."""

TYPES = {
    "integer": pa.int64(),
    "money": pa.decimal128(18, 2),
    "datetime": pa.timestamp("us", tz="UTC"),
}
"""Everything else that orders have is text."""


def write_parquet(source: Source, rows: Iterable[tuple[Any, ...]], target: Path) -> int:
    """Batches of columns, zstd, dictionaries as pyarrow chooses them."""
    schema = pa.schema([(column.key, TYPES.get(column.kind, pa.string())) for column in source.columns])
    count = 0
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for batch in _batches(iter(rows)):
            columns = [
                pa.array(values, type=field.type)
                for values, field in zip(zip(*batch, strict=True), schema, strict=True)
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
            count += len(batch)
    return count


def _batches(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    while batch := list(islice(rows, BATCH)):
        yield batch

"""The ORM way to Parquet: ``values_list().iterator()`` → pyarrow arrays → ParquetWriter."""

from pathlib import Path

from bench.peers.arrow import REMARK, write_parquet
from bench.rows import Source

__all__ = ["REMARK", "write"]


def write(source: Source, target: Path) -> int:
    """Rows as the ORM gives them."""
    return write_parquet(source, source.rows(), target)

"""django-import-export to CSV."""

from pathlib import Path

from import_export.formats.base_formats import CSV

from bench.peers.import_export import REMARK, collected
from bench.rows import Source

__all__ = ["REMARK", "write"]


def write(source: Source, target: Path) -> int:
    """As its admin mixin does it: gather, then render."""
    dataset = collected(source)
    target.write_text(CSV().export_data(dataset), encoding="utf-8", newline="")
    return len(dataset)

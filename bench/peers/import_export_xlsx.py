"""django-import-export to XLSX."""

from pathlib import Path

from import_export.formats.base_formats import XLSX

from bench.peers.import_export import REMARK, collected
from bench.rows import Source

__all__ = ["REMARK", "write"]


def write(source: Source, target: Path) -> int:
    """As its admin mixin does it for binary formats: native values, so that numbers stay numbers."""
    dataset = collected(source, force_native_type=True)
    target.write_bytes(XLSX().export_data(dataset))
    return len(dataset)

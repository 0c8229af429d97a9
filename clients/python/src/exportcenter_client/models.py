"""What calls return. ``raw`` is always the server's whole answer, for fields that are newer than this package."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exportcenter_client.errors import JobFailed, ProtocolError

ENDED = frozenset({"ready", "failed", "canceled", "expired"})


@dataclass(frozen=True)
class Export:
    """One export (docs/api.md, An export)."""

    job_id: str
    type: str
    status: str
    """queued, processing, ready, failed, canceled or expired."""
    progress: int
    """Percent."""
    file_name: str | None
    file_type: str
    file_size: int | None
    """Bytes; of several parts together."""
    sha256: str | None
    """Of the file; of several parts, of their manifest. Only in answers about one export."""
    rows: int | None
    error: Mapping[str, Any] | None
    raw: Mapping[str, Any] = field(repr=False)
    """Holds a download link: not for logs."""

    @property
    def ended(self) -> bool:
        """Whether its status will not change any more, but from ready to expired."""
        return self.status in ENDED

    def must_be_ready(self) -> "Export":
        """Itself. Raises JobFailed when it ended otherwise."""
        if self.ended and self.status != "ready":
            raise JobFailed(self)
        return self


@dataclass(frozen=True)
class Progress:
    """How far an export is. Fields are None while unknown."""

    job_id: str
    status: str
    percent: int
    stage: str = ""
    rows_done: int | None = None
    rows_expected: int | None = None


@dataclass(frozen=True)
class LogLine:
    """One line of an export's log. ``number`` is its place, where the server says so."""

    text: str
    number: int | str | None = None


@dataclass(frozen=True)
class Arrived:
    """How far a download is: bytes of one file of ``files``."""

    name: str
    done: int
    total: int
    file: int = 1
    files: int = 1


@dataclass(frozen=True)
class Download:
    """Verified files on the disk. ``manifest`` only where there are several parts."""

    paths: tuple[Path, ...]
    manifest: Path | None
    size: int
    """Bytes of all paths."""
    sha256: str
    """Of the file, or of the manifest."""
    fetched: int
    """Bytes that came over the network now; less than ``size`` after going on."""


def export_of(said: Mapping[str, Any]) -> Export:
    """The export that the server describes. Raises ProtocolError."""
    try:
        return Export(
            job_id=_typed(said["job_id"], str),
            type=_typed(said["type"], str),
            status=_typed(said["status"], str),
            progress=int(said.get("progress") or 0),
            file_name=_maybe(said.get("file_name"), str),
            file_type=_typed(said.get("file_type") or "", str),
            file_size=_maybe(said.get("file_size"), int),
            sha256=_maybe(said.get("sha256"), str),
            rows=_maybe(said.get("rows"), int),
            error=_maybe(said.get("error"), dict),
            raw=said,
        )
    except (KeyError, TypeError, ValueError) as fault:
        raise ProtocolError(f"The answer describes no export: {fault!r}") from None


def progress_of(export: Export) -> Progress:
    """What an export says about how far it is."""
    return Progress(export.job_id, export.status, export.progress)


def _typed(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{kind.__name__} expected")
    return value


def _maybe(value: Any, kind: type) -> Any:
    return None if value is None else _typed(value, kind)

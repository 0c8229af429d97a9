"""Downloads that survive cuts and kills, and hand over nothing that was not verified."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exportcenter_client import exporting
from exportcenter_client.effects import Answer, Close, Do, Flow, Read, Request, Sleep
from exportcenter_client.errors import (
    Expired,
    LinkInvalid,
    NetworkError,
    NotReady,
    ProtocolError,
    RangeNotSatisfiable,
)
from exportcenter_client.models import Arrived, Download, Export
from exportcenter_client.names import distinct, safe_name
from exportcenter_client.partial import Partial, is_there
from exportcenter_client.sending import opened
from exportcenter_client.session import Session
from exportcenter_client.urls import rooted

MANY_PARTS = 10_000
LARGEST_MANIFEST = 64 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SPAN = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
Told = Callable[[Arrived], None]


@dataclass(frozen=True)
class _Item:
    """One file to get."""

    target: Path
    sha256: str
    size: int | None
    part: int | None
    """None: what the link itself leads to."""
    file: int = 1
    files: int = 1


def download(session: Session, job_id: str, target: Path, told: Told | None) -> Flow[Download]:
    """The export's file in the folder ``target``, or at the path ``target``; of several parts, all of them and the
    manifest in the folder. A file that is there already and is the same is not fetched again.

    Raises NotReady, JobFailed, Expired, ChecksumMismatch, TargetExists, OSError of the disk, and what any call
    raises. What has come stays beside the target as ``.part``; the same call goes on from there.
    """
    export = yield from _ready(session, job_id)
    getting = _Getting(session, job_id, told or _nobody, rooted(export.raw.get("download_url")))
    folder = target.is_dir()
    if not export.raw.get("parts"):
        name = safe_name(export.file_name, job_id)
        whole = _Item(target / name if folder else target, _hash(export.sha256), export.file_size, None)
        yield from getting.get(whole)
        return Download((whole.target,), None, whole.target.stat().st_size, whole.sha256, getting.fetched)
    if not folder:
        raise NotADirectoryError(f"{job_id} has several parts: name a folder.")
    main = _Item(target / safe_name(export.file_name, f"{job_id}.manifest.json"), _hash(export.sha256), None, None)
    yield from getting.get(main)
    items = yield Do(lambda: _parts_of(main.target, target, job_id))
    for item in items:
        yield from getting.get(item)
    size = sum(item.size or 0 for item in items)
    return Download(tuple(item.target for item in items), main.target, size, main.sha256, getting.fetched)


class _Getting:
    """Gets files of one export, with a fresh link when the old one is over."""

    def __init__(self, session: Session, job_id: str, told: Told, link: str) -> None:
        self.session, self.job_id, self.told, self.link = session, job_id, told, link
        self.fetched = 0

    def get(self, item: _Item) -> Flow[None]:
        """One verified file under its name."""
        if (yield Do(lambda: is_there(item.target, item.sha256))):
            self._tell(item, item.size or 0)
            return
        partial = Partial(item.target, sha256=item.sha256, size=item.size, most=LARGEST_MANIFEST)
        opening = partial.open()
        yield Do(opening.__enter__)
        try:
            yield from self._fill(item, partial)
            yield Do(partial.finish)
        finally:
            opening.__exit__(None, None, None)

    def _fill(self, item: _Item, partial: Partial) -> Flow[None]:
        patience, failures, links = self.session.patience, 0, 0
        while partial.done != item.size or not partial.etag:
            before = partial.done
            try:
                yield from self._transfer(item, partial)
                return
            except LinkInvalid:
                links += 1
                if links > 2:
                    raise
                export = yield from _ready(self.session, self.job_id)
                if not item.part and export.sha256 != item.sha256:
                    raise ProtocolError(f"{self.job_id}: the file is another one than before.") from None
                self.link = rooted(export.raw.get("download_url"))
            except RangeNotSatisfiable:
                partial.restart()
                failures += 1
                if failures >= patience.tries:
                    raise
            except NetworkError as fault:
                # As long as bytes come it may break off as often as it likes.
                failures, links = (failures + 1, links) if partial.done == before else (1, 0)
                if failures >= patience.tries:
                    raise NetworkError(f"{fault} (what has come is kept: {partial.path})") from None
                yield Sleep(patience.wait(failures))

    def _transfer(self, item: _Item, partial: Partial) -> Flow[None]:
        headers = {"Accept": "*/*"}
        if partial.done and partial.etag:
            headers |= {"Range": f"bytes={partial.done}-", "If-Range": partial.etag}
        path = self.link if item.part is None else f"{self.link}{'&' if '?' in self.link else '?'}part={item.part}"
        answer = yield from opened(self.session, Request("GET", path, headers=headers, rooted=True))
        if answer.status == 202:
            raise NotReady(f"{self.job_id} has no file yet.")
        self._begin(answer, partial)
        self._tell(item, partial.done)
        while block := (yield Read()):
            yield Do(lambda block=block: partial.write(block))  # type: ignore[misc]
            self.fetched += len(block)
            self._tell(item, partial.done)
        yield Close()
        if item.size is not None and partial.done < item.size:
            raise NetworkError("The connection ended early.")

    def _begin(self, answer: Answer, partial: Partial) -> None:
        """Where in the file this answer begins."""
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise ProtocolError("The file came packed by a proxy: its bytes cannot be verified.")
        if answer.status == 206:
            span = _SPAN.fullmatch(answer.headers.get("content-range", ""))
            if span is None or int(span[1]) != partial.done:
                raise ProtocolError("The server sent another piece of the file than asked for.")
        elif partial.done:
            partial.restart()  # it is another file now, or the server knows no ranges
        partial.remember(answer.headers.get("etag", ""))

    def _tell(self, item: _Item, done: int) -> None:
        self.told(Arrived(item.target.name, done, item.size if item.size is not None else done, item.file, item.files))


def _ready(session: Session, job_id: str) -> Flow[Export]:
    export = yield from exporting.get(session, job_id)
    if export.status == "expired":
        raise Expired(f"{job_id} has expired: its file was deleted.", status=410, code="EXPIRED")
    if not export.must_be_ready().ended:
        raise NotReady(f"{job_id} has no file yet: it is {export.status}.")
    if not export.raw.get("download_url"):
        raise NotReady(f"{job_id} has no file for you: you may not download it, or its time is over.")
    return export


def _parts_of(manifest: Path, folder: Path, job_id: str) -> list[_Item]:
    """What the manifest, which is verified, lists. Raises ProtocolError."""
    try:
        parts: list[Mapping[str, Any]] = json.loads(manifest.read_bytes())["parts"]
        if not 1 <= len(parts) <= MANY_PARTS:
            raise ValueError(f"{len(parts)} parts")
        numbers = [int(part["number"]) for part in parts]
        if len(set(numbers)) != len(numbers):
            raise ValueError("a part is listed twice")
        suggested = [safe_name(part.get("name"), f"{job_id}-{part['number']}") for part in parts]
        names = distinct([manifest.name, *suggested])[1:]
        return [
            _Item(folder / name, _hash(part["sha256"]), int(part["size"]), number, place, len(parts))
            for place, (name, number, part) in enumerate(zip(names, numbers, parts, strict=True), 1)
        ]
    except (ValueError, TypeError, KeyError, RecursionError) as fault:
        raise ProtocolError(f"The manifest makes no sense: {fault}") from None


def _hash(text: object) -> str:
    if not isinstance(text, str) or not _SHA256.fullmatch(text):
        raise ProtocolError("The server names no SHA-256 to verify the file with.")
    return text


def _nobody(arrived: Arrived) -> None:
    """Nobody wants to know."""

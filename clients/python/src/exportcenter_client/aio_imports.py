"""The same of ``AsyncClient``: line by line that of ``imports.py``."""

import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from exportcenter_client import calling, importing, listing, uploading
from exportcenter_client.driving import AsyncDriver
from exportcenter_client.resources import PAGE
from exportcenter_client.session import Session


class AsyncImports:
    """``client.imports``: send a file, create an import of it, wait, look at what is wrong, confirm."""

    def __init__(self, session: Session, driver: AsyncDriver) -> None:
        self._session, self._driver = session, driver

    async def datasets(self) -> dict[str, Any]:
        """What you may import, with modes and columns, and what the server's limits are."""
        return await self._driver.run(calling.ask(self._session, "/imports/datasets"))

    async def template(
        self, dataset: str, mode: str = "create", file_type: str = "xlsx", target: str | os.PathLike[str] = "."
    ) -> Path:
        """A file to fill in, in the folder ``target`` or under that path. Raises TargetExists."""
        return await self._driver.run(importing.template(self._session, dataset, mode, file_type, Path(target)))

    async def send(self, path: str | os.PathLike[str], *, progress: uploading.Told | None = None) -> dict[str, Any]:
        """The file as the server has it: ``file_id``, …. Read as it is sent, so that its size does not matter here."""
        return await self._driver.run(importing.send_file(self._session, path, progress))

    async def look(
        self, file_id: str, *, dataset: str | None = None, mode: str | None = None, **how: Any
    ) -> dict[str, Any]:
        """What is in a file that you have sent: the first rows; with ``dataset`` and ``mode`` also ``guess``, what its
        columns mean. ``how``: kind, encoding, delimiter, sheet, header_row, where that is found wrongly."""
        return await self._driver.run(importing.look(self._session, file_id, dataset, mode, how))

    async def create(
        self,
        file_id: str,
        *,
        dataset: str,
        mode: str,
        on_error: str | None = None,
        mapping: Mapping[Any, str] | None = None,
        choices: Mapping[str, Any] | None = None,
        source: str | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """A new import, whose rows are checked; nothing is written before ``confirm``. ``mapping``: position of the
        file's column, from 0, → key of the dataset's; None: as guessed. ``choices``: how the file is to be read.
        ``idempotency_key``: of yours, to repeat the call in another process; else one is made."""
        wish = {"file_id": file_id, "dataset": dataset, "mode": mode, "on_error": on_error, "source": source}
        return await self._driver.run(importing.create(self._session, wish, mapping, choices, idempotency_key))

    def list(self, *, page_size: int = PAGE, **filters: Any) -> AsyncIterator[dict[str, Any]]:
        """All that you may see and that the filters leave, page after page as you go."""
        return self._driver.iterate(listing.imports(self._session, filters, page_size))

    async def get(self, job_id: str) -> dict[str, Any]:
        """The import as it is now, with ``counts``, grouped ``problems`` and what you ``can`` do."""
        return await self._driver.run(importing.get(self._session, job_id))

    def rows(self, job_id: str, *, page_size: int = PAGE) -> AsyncIterator[dict[str, Any]]:
        """The faulty rows in the order of the file, each with its problems."""
        return self._driver.iterate(listing.faulty_rows(self._session, job_id, page_size))

    def changes(self, job_id: str, *, page_size: int = PAGE, **filters: Any) -> AsyncIterator[dict[str, Any]]:
        """What was written; of an undo, what became of it. ``filters``: outcome."""
        return self._driver.iterate(listing.changes(self._session, job_id, filters, page_size))

    async def faulty_rows(self, job_id: str, target: str | os.PathLike[str] = ".") -> Path:
        """The faulty rows as a file to correct and send again, in the folder ``target`` or under that path. Raises
        TargetExists."""
        return await self._driver.run(importing.faulty_rows(self._session, job_id, Path(target)))

    async def confirm(self, job_id: str) -> dict[str, Any]:
        """Let the rows that are not faulty be written."""
        return await self._driver.run(importing.act(self._session, job_id, "confirm"))

    async def cancel(self, job_id: str) -> dict[str, Any]:
        """Stop it: the import. What is written stays, and can be taken back."""
        return await self._driver.run(importing.act(self._session, job_id, "cancel"))

    async def retry(self, job_id: str, *, idempotency_key: str | None = None) -> dict[str, Any]:
        """The same file in the same way: the new import."""
        return await self._driver.run(importing.follow_up(self._session, job_id, "retry", idempotency_key))

    async def undo(self, job_id: str, *, idempotency_key: str | None = None) -> dict[str, Any]:
        """Take back what it has written: the import that does so."""
        return await self._driver.run(importing.follow_up(self._session, job_id, "undo", idempotency_key))

    async def wait(
        self, job_id: str, *, timeout: float | None = None, progress: importing.Told | None = None
    ) -> dict[str, Any]:
        """The import when it is checked (review) or has ended (ready, failed, canceled). ``timeout``: seconds, then
        WaitTimeout."""
        return await self._driver.run(importing.wait(self._session, job_id, timeout, progress))

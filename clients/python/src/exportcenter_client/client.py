"""``Client``: the API for programs that may wait."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from exportcenter_client import config, downloading, exporting, listing, logs, signing_out, waiting
from exportcenter_client.credentials import Pair
from exportcenter_client.driving import SyncDriver
from exportcenter_client.exporting import Wish
from exportcenter_client.imports import Imports
from exportcenter_client.models import Download, Export, LogLine
from exportcenter_client.resources import PAGE, Tasks, Tokens, Webhooks
from exportcenter_client.session import Patience, Session
from exportcenter_client.urls import segment


class Client:
    """Signed in to one server. To be closed, or used as a context manager; may be shared between threads.

    Address and credentials come from the arguments, else from the environment, else from the file that ``exportcenter
    login`` writes (``config.find``). ``token``: an access token; or ``username`` and ``password``, from which
    short-lived tokens are got and renewed. ``language``: of messages, e.g. "zh-hans". Every call raises
    ``errors.ExportCenterError``.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        username: str | None = None,
        password: str | None = None,
        language: str = "",
        config_path: Path | None = None,
        patience: Patience | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        base, credentials = config.find(url, os.environ, config_path, token=token, username=username, password=password)
        self._session = Session(base, credentials, language, patience or Patience())
        self._driver = SyncDriver(transport)
        self.exports = Exports(self._session, self._driver)
        self.imports = Imports(self._session, self._driver)
        self.definitions = Definitions(self._session, self._driver)
        self.tasks = Tasks(self._session, self._driver)
        self.webhooks = Webhooks(self._session, self._driver)
        self.tokens = Tokens(self._session, self._driver)

    def __repr__(self) -> str:
        return f"Client({self._session.base!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._driver.close()

    @property
    def signed_in_with(self) -> Pair | None:
        """The tokens of now, to be kept somewhere safe; None before the first call, and with an access token."""
        return self._session.credentials.pair

    def sign_out(self) -> bool:
        """End the sign-in at the server and forget its tokens: whether there was one. With name and password known, the
        next call signs in anew."""
        return self._driver.run(signing_out.sign_out(self._session))

    def datasets(self) -> dict[str, Any]:
        """What can be exported, with filters, columns, file types and limits."""
        return self._driver.run(exporting.read(self._session, "/datasets"))


class Exports:
    """``client.exports``."""

    def __init__(self, session: Session, driver: SyncDriver) -> None:
        self._session, self._driver = session, driver

    def create(
        self,
        type: str,  # noqa: A002 - the API's word
        *,
        params: Mapping[str, Any] | None = None,
        columns: Sequence[str] | None = None,
        file_type: str | None = None,
        options: Mapping[str, Any] | None = None,
        source: str | None = None,
        reuse: bool = False,
        idempotency_key: str | None = None,
        wait: int = 0,
    ) -> Export:
        """A new export; with ``reuse`` an identical fresh one of yours, if there is one (``raw["reused"]`` says so).
        ``idempotency_key``: of yours, to repeat the call in another process; else one is made. ``wait``: seconds, up to
        30, that the server may hold the answer back until the export has ended, which saves small ones a second call.
        """
        wish = Wish(type, params, columns, file_type, options, source, reuse)
        return self._driver.run(exporting.create(self._session, wish, idempotency_key, wait))

    def estimate(
        self,
        type: str,  # noqa: A002
        *,
        params: Mapping[str, Any] | None = None,
        columns: Sequence[str] | None = None,
        file_type: str | None = None,
        options: Mapping[str, Any] | None = None,
        exact: bool = False,
    ) -> dict[str, Any]:
        """What it would be: rows, bytes, seconds. ``exact``: have the rows counted."""
        wish = Wish(type, params, columns, file_type, options)
        return self._driver.run(exporting.estimate(self._session, wish, exact))

    def list(self, *, page_size: int = PAGE, **filters: Any) -> Iterator[Export]:
        """All exports that you may see and that the filters leave, page after page as you go (docs/api.md, List)."""
        return self._driver.iterate(listing.exports(self._session, filters, page_size))

    def get(self, job_id: str) -> Export:
        """The export as it is now."""
        return self._driver.run(exporting.get(self._session, job_id))

    def retry(self, job_id: str, *, idempotency_key: str | None = None) -> str:
        """The same again, as a new export: its id."""
        return self._driver.run(exporting.retry(self._session, job_id, idempotency_key))

    def cancel(self, job_id: str) -> None:
        """Stop it."""
        self._driver.run(exporting.act(self._session, job_id, "cancel"))

    def accelerate(self, job_id: str) -> None:
        """Let it go first (admins)."""
        self._driver.run(exporting.act(self._session, job_id, "accelerate"))

    def logs(self, job_id: str, *, follow: bool = False) -> Iterator[LogLine]:
        """Its log; with ``follow`` until it has ended."""
        return self._driver.iterate(logs.lines(self._session, job_id, follow))

    def wait(
        self,
        job_id: str,
        *,
        timeout: float | None = None,
        progress: waiting.Told | None = None,
        live: bool = True,
    ) -> Export:
        """The export after its end, whatever that was (``must_be_ready``). ``timeout``: seconds, then WaitTimeout."""
        return self._driver.run(waiting.wait(self._session, job_id, timeout, progress, live))

    def download(
        self, job_id: str, target: str | os.PathLike[str] = ".", *, progress: downloading.Told | None = None
    ) -> Download:
        """Its file, verified, in the folder ``target`` or under that path. Goes on where an earlier call was cut
        off."""
        return self._driver.run(downloading.download(self._session, job_id, Path(target), progress))


class Definitions:
    """``client.definitions``: custom exports under a name."""

    def __init__(self, session: Session, driver: SyncDriver) -> None:
        self._session, self._driver = session, driver

    def list(self, *, page_size: int = PAGE, **filters: Any) -> Iterator[dict[str, Any]]:
        """All that you may see."""
        return self._driver.iterate(listing.definitions(self._session, filters, page_size))

    def get(self, key: str) -> dict[str, Any]:
        """One, with its body and versions."""
        return self._driver.run(exporting.read(self._session, f"/export-definitions/{segment(key)}"))

    def run(self, key: str, *, idempotency_key: str | None = None, wait: int = 0, **body: Any) -> Export:
        """A new export of it. ``body``: version, file_type, options, source; ``wait`` as for ``exports.create``."""
        return self._driver.run(exporting.run_definition(self._session, key, body, idempotency_key, wait))

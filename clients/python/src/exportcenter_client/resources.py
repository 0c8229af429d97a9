"""Batch tasks, webhooks and API tokens of ``Client``. Items are the server's own objects (docs/api.md)."""

from collections.abc import Iterator, Sequence
from typing import Any

from exportcenter_client import calling, listing
from exportcenter_client.calling import path_of
from exportcenter_client.driving import SyncDriver
from exportcenter_client.session import Session

PAGE = 100
TEST_SECONDS = 40.0
"""A test of a webhook is answered when the receiver has answered, which may take it ten seconds."""


class Tasks:
    """``client.tasks``: jobs of every kind."""

    def __init__(self, session: Session, driver: SyncDriver) -> None:
        self._session, self._driver = session, driver

    def list(self, *, page_size: int = PAGE, **filters: Any) -> Iterator[dict[str, Any]]:
        """All that you may see and that the filters leave, page after page as you go."""
        return self._driver.iterate(listing.tasks(self._session, filters, page_size))

    def get(self, task_id: str) -> dict[str, Any]:
        """The task as it is now."""
        return self._driver.run(calling.ask(self._session, path_of("/batch-tasks/{key}", key=task_id)))

    def cancel(self, task_id: str) -> dict[str, Any]:
        """Stop it: the task, "canceled", or still "processing" when its worker will stop it within seconds."""
        return self._driver.run(calling.do(self._session, "DELETE", path_of("/batch-tasks/{key}", key=task_id)))


class Webhooks:
    """``client.webhooks``: addresses of yours that are told. ``verify_webhook`` is for the program behind them."""

    def __init__(self, session: Session, driver: SyncDriver) -> None:
        self._session, self._driver = session, driver

    def list(self) -> Sequence[dict[str, Any]]:
        """Yours and, with the right to manage them, the company's."""
        return self._driver.run(calling.items(self._session, "/webhooks"))

    def get(self, webhook_id: str) -> dict[str, Any]:
        """One."""
        return self._driver.run(calling.ask(self._session, path_of("/webhooks/{key}", key=webhook_id)))

    def create(self, url: str, **fields: Any) -> dict[str, Any]:
        """A new one and, this once, its ``secret``. ``fields``: scope, events, statuses, …"""
        return self._driver.run(calling.do(self._session, "POST", "/webhooks", {"url": url} | fields))

    def update(self, webhook_id: str, **fields: Any) -> dict[str, Any]:
        """Change it: url, enabled, statuses, …"""
        path = path_of("/webhooks/{key}", key=webhook_id)
        return self._driver.run(calling.do(self._session, "PATCH", path, fields))

    def rotate(self, webhook_id: str) -> dict[str, Any]:
        """The webhook with, this once, a new ``secret``. The one before signs along for a day."""
        path = path_of("/webhooks/{key}/rotate", key=webhook_id)
        return self._driver.run(calling.do(self._session, "POST", path, {}))

    def test(self, webhook_id: str) -> dict[str, Any]:
        """Send a message now: what came back."""
        path = path_of("/webhooks/{key}/test", key=webhook_id)
        return self._driver.run(calling.do(self._session, "POST", path, {}, read_timeout=TEST_SECONDS))

    def deliveries(self, webhook_id: str, *, page_size: int = PAGE, **filters: Any) -> Iterator[dict[str, Any]]:
        """What was sent to it, the newest first. ``filters``: status, type, job_id."""
        return self._driver.iterate(listing.deliveries(self._session, webhook_id, filters, page_size))

    def resend(self, webhook_id: str, message_id: str) -> dict[str, Any]:
        """Send a message once more, under the same id."""
        path = path_of("/webhooks/{key}/deliveries/{message}/resend", key=webhook_id, message=message_id)
        return self._driver.run(calling.do(self._session, "POST", path, {}))

    def delete(self, webhook_id: str) -> None:
        """It is told nothing any more, and its log is gone."""
        self._driver.run(calling.do(self._session, "DELETE", path_of("/webhooks/{key}", key=webhook_id)))


class Tokens:
    """``client.tokens``: API tokens of one's own. Not for who is signed in with one."""

    def __init__(self, session: Session, driver: SyncDriver) -> None:
        self._session, self._driver = session, driver

    def list(self, *, page_size: int = PAGE) -> Iterator[dict[str, Any]]:
        """All, the newest first; none with its text."""
        return self._driver.iterate(listing.tokens(self._session, page_size))

    def create(self, name: str, scopes: Sequence[str], *, expires_in_days: int | None = None) -> dict[str, Any]:
        """A new one with its text in ``token``, this once."""
        body = {"name": name, "scopes": [*scopes]}
        days = {} if expires_in_days is None else {"expires_in_days": expires_in_days}
        return self._driver.run(calling.do(self._session, "POST", "/me/tokens", body | days))

    def revoke(self, token_id: str) -> None:
        """It works no more."""
        self._driver.run(calling.do(self._session, "DELETE", path_of("/me/tokens/{key}", key=token_id)))

"""The same of ``AsyncClient``: line by line that of ``resources.py``."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from exportcenter_client import calling, listing
from exportcenter_client.calling import path_of
from exportcenter_client.driving import AsyncDriver
from exportcenter_client.resources import PAGE, TEST_SECONDS
from exportcenter_client.session import Session


class AsyncTasks:
    """``client.tasks``: jobs of every kind."""

    def __init__(self, session: Session, driver: AsyncDriver) -> None:
        self._session, self._driver = session, driver

    def list(self, *, page_size: int = PAGE, **filters: Any) -> AsyncIterator[dict[str, Any]]:
        """All that you may see and that the filters leave, page after page as you go."""
        return self._driver.iterate(listing.tasks(self._session, filters, page_size))

    async def get(self, task_id: str) -> dict[str, Any]:
        """The task as it is now."""
        return await self._driver.run(calling.ask(self._session, path_of("/batch-tasks/{key}", key=task_id)))

    async def cancel(self, task_id: str) -> dict[str, Any]:
        """Stop it: the task, "canceled", or still "processing" when its worker will stop it within seconds."""
        return await self._driver.run(calling.do(self._session, "DELETE", path_of("/batch-tasks/{key}", key=task_id)))


class AsyncWebhooks:
    """``client.webhooks``: addresses of yours that are told. ``verify_webhook`` is for the program behind them."""

    def __init__(self, session: Session, driver: AsyncDriver) -> None:
        self._session, self._driver = session, driver

    async def list(self) -> Sequence[dict[str, Any]]:
        """Yours and, with the right to manage them, the company's."""
        return await self._driver.run(calling.items(self._session, "/webhooks"))

    async def get(self, webhook_id: str) -> dict[str, Any]:
        """One."""
        return await self._driver.run(calling.ask(self._session, path_of("/webhooks/{key}", key=webhook_id)))

    async def create(self, url: str, **fields: Any) -> dict[str, Any]:
        """A new one and, this once, its ``secret``. ``fields``: scope, events, statuses, …"""
        return await self._driver.run(calling.do(self._session, "POST", "/webhooks", {"url": url} | fields))

    async def update(self, webhook_id: str, **fields: Any) -> dict[str, Any]:
        """Change it: url, enabled, statuses, …"""
        path = path_of("/webhooks/{key}", key=webhook_id)
        return await self._driver.run(calling.do(self._session, "PATCH", path, fields))

    async def rotate(self, webhook_id: str) -> dict[str, Any]:
        """The webhook with, this once, a new ``secret``. The one before signs along for a day."""
        path = path_of("/webhooks/{key}/rotate", key=webhook_id)
        return await self._driver.run(calling.do(self._session, "POST", path, {}))

    async def test(self, webhook_id: str) -> dict[str, Any]:
        """Send a message now: what came back."""
        path = path_of("/webhooks/{key}/test", key=webhook_id)
        return await self._driver.run(calling.do(self._session, "POST", path, {}, read_timeout=TEST_SECONDS))

    def deliveries(self, webhook_id: str, *, page_size: int = PAGE, **filters: Any) -> AsyncIterator[dict[str, Any]]:
        """What was sent to it, the newest first. ``filters``: status, type, job_id."""
        return self._driver.iterate(listing.deliveries(self._session, webhook_id, filters, page_size))

    async def resend(self, webhook_id: str, message_id: str) -> dict[str, Any]:
        """Send a message once more, under the same id."""
        path = path_of("/webhooks/{key}/deliveries/{message}/resend", key=webhook_id, message=message_id)
        return await self._driver.run(calling.do(self._session, "POST", path, {}))

    async def delete(self, webhook_id: str) -> None:
        """It is told nothing any more, and its log is gone."""
        await self._driver.run(calling.do(self._session, "DELETE", path_of("/webhooks/{key}", key=webhook_id)))


class AsyncTokens:
    """``client.tokens``: API tokens of one's own. Not for who is signed in with one."""

    def __init__(self, session: Session, driver: AsyncDriver) -> None:
        self._session, self._driver = session, driver

    def list(self, *, page_size: int = PAGE) -> AsyncIterator[dict[str, Any]]:
        """All, the newest first; none with its text."""
        return self._driver.iterate(listing.tokens(self._session, page_size))

    async def create(self, name: str, scopes: Sequence[str], *, expires_in_days: int | None = None) -> dict[str, Any]:
        """A new one with its text in ``token``, this once."""
        body = {"name": name, "scopes": [*scopes]}
        days = {} if expires_in_days is None else {"expires_in_days": expires_in_days}
        return await self._driver.run(calling.do(self._session, "POST", "/me/tokens", body | days))

    async def revoke(self, token_id: str) -> None:
        """It works no more."""
        await self._driver.run(calling.do(self._session, "DELETE", path_of("/me/tokens/{key}", key=token_id)))

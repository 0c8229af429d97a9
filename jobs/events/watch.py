"""Being woken when something about one subject happens, without a stream, a thread or a database connection."""

import asyncio

from jobs.events.facts import Fact
from jobs.events.hub import Credential, Subscriber
from jobs.events.reading import Reset
from jobs.events.visibility import Viewer


class Watch(Subscriber):
    """A reader that keeps nothing: it only learns that there is something to look at.

    It follows from the moment it joins. What happened before is for the owner to look up, after joining.
    """

    def __init__(self, viewer: Viewer, credential: Credential, *, newest: int, subject: str) -> None:
        super().__init__(viewer, newest, credential)
        self.following = True
        self._subject = subject
        self._stirred = asyncio.Event()

    def offer(self, fact: Fact) -> None:
        """Wake up for an event of the subject."""
        if fact.subject == self._subject and self.viewer.may_see(fact):
            self._stirred.set()

    def offer_sample(self, fact: Fact) -> None:
        """How far a job is wakes nobody."""

    def start_anew(self, reason: Reset, after: int) -> None:
        """Events were missed: look."""
        self._stirred.set()

    def close(self) -> None:
        """Rights have changed, or the server stops: look, and wait no more."""
        super().close()
        self._stirred.set()

    async def wait(self, seconds: float) -> None:
        """Until something has happened, the watch is closed, or so long has passed."""
        try:
            async with asyncio.timeout(seconds):
                await self._stirred.wait()
        except TimeoutError:
            return
        if not self.closed:
            self._stirred.clear()

"""Live events: what happened, in commit order, for everyone who may see it."""

from jobs.events.outbox import publish
from jobs.events.reading import last_id

__all__ = ["last_id", "publish"]

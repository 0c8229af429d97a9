"""Live events: what happened, in commit order, for everyone who may see it."""

from jobs.events.outbox import publish

__all__ = ["publish"]

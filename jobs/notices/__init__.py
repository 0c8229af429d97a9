"""Notifications: what a person should hear of, on the bell and by mail (SPEC J7)."""

from jobs.notices.telling import tell

__all__ = ["tell"]

"""The engine's helpers serve here, too."""

from tests.jobs.engine.conftest import echo, members, processes, reload

__all__ = ["echo", "members", "processes", "reload"]

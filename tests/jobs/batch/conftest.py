"""Tasks of two kinds."""

from tests.jobs.engine.conftest import echo

__all__ = ["echo"]

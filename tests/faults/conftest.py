"""The engine's helpers serve here, too."""

import shutil

import pytest
from django.conf import settings

from tests.jobs.engine.conftest import echo, members, processes, reload

__all__ = ["echo", "members", "processes", "reload"]


@pytest.fixture(autouse=True)
def empty_store():
    """No files and no bells of tests before."""
    shutil.rmtree(settings.VAR_DIR / "files", ignore_errors=True)
    shutil.rmtree(settings.BROKER_DIR, ignore_errors=True)

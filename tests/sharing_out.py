"""Pytest plugin: how the processes of a parallel run (`pytest -n 2`) share the tests out."""

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling


@pytest.hookimpl
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "InOrder":
    """The order is that of a single process, whatever ``--dist`` says."""
    config.option.loadscopereorder = False
    return InOrder(config, log)


class InOrder(LoadFileScheduling):  # type: ignore[misc]
    """The tests of a file together, but in two parts: as in one process, every test that rolls its writes back comes
    before the first one that commits, since some things (the audit trail) cannot be wiped."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        self._scopes: dict[str, str] = {}
        self._parts: dict[str, int] = {}
        self._last = ""

    def _split_scope(self, nodeid: str) -> str:
        """The file of a test and its part: pytest-django puts those that commit last, so that a file comes again."""
        if nodeid not in self._scopes:
            file = super()._split_scope(nodeid)
            if file != self._last:
                self._parts[file] = self._parts.get(file, 0) + 1
                self._last = file
            self._scopes[nodeid] = f"{file}#{self._parts[file]}"
        return self._scopes[nodeid]

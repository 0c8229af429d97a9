"""Why a file cannot be read, or not to its end. The words stand in ``texts``."""

from typing import Any


class Fault(Exception):
    """The file cannot be read (further). Rows that were handed out before are right.

    Attributes:
        code: a key of ``texts.FAULTS``
        params: what the sentence names: line, row, limit, found …; plain values only
    """

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params

    def __str__(self) -> str:
        return f"{self.code} {self.params}" if self.params else self.code

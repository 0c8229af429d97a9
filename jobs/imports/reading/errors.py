"""What people are told when their file cannot be read (SPEC A3, B7)."""

import logging
from typing import Any

from django.utils.translation import gettext_noop

from exportcenter.common.errors import ExportCenterError
from jobs.imports.reading import texts
from jobs.imports.reading.faults import Fault

log = logging.getLogger(__name__)


class ReadingStopped(Exception):
    """Somebody asked to stop; the child is dead."""


class UnreadableFile(ExportCenterError):
    """422: a file that was sent is no table that can be read, or not to its end.

    Attributes:
        reason: which of ``texts.FAULTS``; also in ``details``
        params: what the sentence names (line, limit, …)
        memory: bytes that the reader had in memory at most; 0 where it could not say
    """

    code = "UNREADABLE_FILE"
    status = 422
    client_code = 40001
    default_message = gettext_noop("The file cannot be read.")
    default_advice = gettext_noop("Save it as .xlsx or as CSV (UTF-8), and send it again.")

    reason = ""
    params: dict[str, Any] = {}
    memory: int = 0

    @classmethod
    def of(cls, fault: Fault, words: str = "") -> "UnreadableFile":
        """The fault in the language that is active now. ``words`` of a crashed child go to the log only."""
        if words:
            log.error("a reader ended with %s: %s", fault, words)
        message, advice = texts.of_fault(fault)
        made = cls(message, advice=advice, details={"file": [message], "reason": [fault.code]})
        made.reason, made.params = fault.code, fault.params
        return made

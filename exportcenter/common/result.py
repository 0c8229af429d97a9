"""The client API's envelope (SPEC A5, S3 §4.1, §4.3): {code, message, data}, and its table of error codes."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from exportcenter.common import request_id
from exportcenter.common.errors import ExportCenterError

PREFIX = "/api/v1/client/"
"""Everything below answers in the envelope, also what no view has seen."""
SUCCESS = 200
"""As in each answer that S3 §4.2 shows."""
MEANINGS = {
    40001: gettext_noop("Parameters are wrong"),
    40002: gettext_noop("The request cannot be read"),
    40003: gettext_noop("No right to this"),
    40004: gettext_noop("Not signed in: sign in again"),
    40005: gettext_noop("Too many requests: try again later"),
    41001: gettext_noop("There is no such data"),
    41002: gettext_noop("The state of the data does not allow this"),
    41003: gettext_noop("The data exists already and cannot be created twice"),
    41004: gettext_noop("A limit on the amount of data is exceeded"),
    50000: gettext_noop("An internal error"),
    50001: gettext_noop("The database does not answer"),
    50002: gettext_noop("Reports cannot be made right now"),
    50003: gettext_noop("The file store does not answer"),
    50004: gettext_noop("Data cannot be synchronised right now"),
}
"""S3 §4.3.3, and the number of its range (§4.3.2) for an error of ours that has no other."""


def success(data: Any, message: str = "") -> dict[str, Any]:
    """The envelope around ``data``."""
    return {"code": SUCCESS, "message": message or _("Done."), "data": data}


def failure(error: ExportCenterError) -> dict[str, Any]:
    """The envelope of a refusal or fault, with the fields of S3 §4.3.1.

    ``details`` names the first wrong field and what is wrong with it; ``fields`` in it names all.
    """
    return {
        "code": error.client_code,
        "message": error.message,
        "data": None,
        "details": _details(error.details),
        "advice": error.advice,
        "timestamp": timezone.now().isoformat(timespec="seconds").replace("+00:00", "Z"),
        "request_id": request_id.current(),
    }


def _details(details: dict[str, Any]) -> dict[str, Any]:
    if not details:
        return {}
    field, words = next(iter(details.items()))
    sentence = words[0] if isinstance(words, list) and words else words
    return {"field": field, "error": sentence if isinstance(sentence, str) else str(sentence), "fields": details}

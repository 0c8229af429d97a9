"""Bodies of requests: small checks of shape, by field. What a field means is checked by the services."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request

from exportcenter.common.errors import InvalidParameters

HIGHEST_VERSION = 2**31 - 1

# Each check answers with what is wrong, or with an empty text.


def read_body(request: Request, *, required: tuple[str, ...] = (), **fields: Callable[[Any], str]) -> dict[str, Any]:
    """The JSON body with exactly the ``fields`` named. Raises InvalidParameters by field."""
    body = request.data if request.data or not fields else {}
    if not isinstance(body, dict):
        raise InvalidParameters(details={"body": [_("A JSON object is expected.")]})
    problems = {
        name[:100]: [_("There is no such field. Allowed: %(allowed)s.") % {"allowed": ", ".join(fields) or "-"}]
        for name in body
        if name not in fields
    }
    problems |= {name: [_("This field is required.")] for name in required if name not in body}
    for name, check in fields.items():
        if name in body and (problem := check(body[name])):
            problems[name] = [problem]
    if problems:
        raise InvalidParameters(details=problems)
    return dict(body)


def is_text(value: Any) -> str:
    """A text."""
    return "" if isinstance(value, str) else _("A text is expected.")


def is_object(value: Any) -> str:
    """An object."""
    return "" if isinstance(value, dict) else _("A JSON object is expected.")


def is_list(value: Any) -> str:
    """A list, or null."""
    return "" if value is None or isinstance(value, list) else _("A list is expected.")


def is_yes_no(value: Any) -> str:
    """True or false."""
    return "" if isinstance(value, bool) else _("Allowed: %(allowed)s.") % {"allowed": "true, false"}


def is_use_count(value: Any) -> str:
    """How often a link may be used, or null."""
    fine = value is None or (isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1000)
    return "" if fine else _("A whole number from 1 to %(most)d is expected.") % {"most": 1000}


def is_version(value: Any) -> str:
    """The number of a version."""
    fine = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= HIGHEST_VERSION
    return "" if fine else _("A whole number from 1 to %(most)d is expected.") % {"most": HIGHEST_VERSION}

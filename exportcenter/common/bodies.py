"""Bodies of requests: small checks of shape, by field. What a field means is checked by the services."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request

from exportcenter.common.errors import InvalidParameters

# Each check answers with what is wrong, or with an empty text.


def declared_length(header: str) -> int:
    """Bytes that a Content-Length header announces; 0 for one that cannot be read."""
    return int(header) if header.isascii() and header.isdigit() and len(header) < 20 else 0


def read_body(request: Request, *, required: tuple[str, ...] = (), **fields: Callable[[Any], str]) -> dict[str, Any]:
    """The JSON body with exactly the ``fields`` named. Raises InvalidParameters by field."""
    body = request.data  # {} when nothing was sent; null is something
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


def is_whole_number(value: Any) -> str:
    """A whole number; true and false are none."""
    fine = isinstance(value, int) and not isinstance(value, bool)
    return "" if fine else _("A whole number is expected.")

"""Polls that cost next to nothing: entity tags and 304 (RFC 9110 §8.8.3, §13).

A tag is made of what an answer depends on, not of the answer: a question about that costs less than the answer. It must
be asked *before* the answer is made. Then an answer may be newer than its tag, which costs one needless answer at the
next poll, and never older.
"""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.cache import patch_vary_headers
from django.utils.crypto import salted_hmac
from django.utils.http import parse_etags
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from exportcenter.common.errors import PreconditionFailed

SALT = "exportcenter.etag"
WINDOWS_PER_LINK = 3
DEPENDS_ON = ("Accept-Language", "Authorization", "Cookie")


def tag_of(request: Request, *state: Any) -> str:
    """The weak tag of the answer to ``request`` while ``state`` holds.

    The address, host and language are in it; ``state`` says who asks, with which rights, and what is shown: anything
    whose ``repr`` differs when it differs. Keyed, so that nobody makes one up.
    """
    address = request._request.build_absolute_uri()
    return f'W/"{salted_hmac(SALT, repr((address, get_language(), state)), algorithm="sha256").hexdigest()[:32]}"'


def link_window() -> tuple[int, tuple[str, ...]]:
    """State of answers that hold download links. It changes three times in the life of a link, and with the keys that
    sign them: whoever is told that nothing has changed has links of two thirds of their life yet."""
    return int(time.time() * WINDOWS_PER_LINK // settings.DOWNLOAD_LINK_SECONDS), tuple(settings.DOWNLOAD_KEYS)


def conditional(request: Request, tag: str, make: Callable[[], Response]) -> Response:
    """304 if the asker has the answer of ``tag`` already (If-None-Match), else what ``make`` returns, with its tag."""
    asked = parse_etags(request.headers.get("If-None-Match", ""))
    known = _opaque(tag) in {_opaque(one) for one in asked}
    response = Response(status=304) if known else make()
    if asked == ["*"] and response.status_code == 200:  # "if there is any": that has to be seen first
        response = Response(status=304)
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, DEPENDS_ON)
    return response


def is_known(request: HttpRequest | Request, tag: str) -> bool:
    """Whether the asker has the representation with the strong ``tag`` already (If-None-Match). Raises
    PreconditionFailed when it is only wanted if it is another one (If-Match), which is asked first (RFC 9110 §13.2.2).
    """
    wanted = request.headers.get("If-Match")
    if wanted is not None and not {"*", tag} & set(parse_etags(wanted)):
        raise PreconditionFailed(_("The file is not the one that If-Match names."))
    asked = parse_etags(request.headers.get("If-None-Match", ""))
    return asked == ["*"] or _opaque(tag) in {_opaque(one) for one in asked}


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/")

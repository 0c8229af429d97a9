"""Download links opened in a browser: refusals are pages there. Programs keep getting JSON."""

from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from rest_framework.response import Response

from accounts import policy
from accounts.models import User
from exportcenter.common import request_id
from exportcenter.common.errors import NotFound
from jobs.exports import links, services

HEADINGS = {
    202: gettext_noop("The file is not ready yet"),
    401: gettext_noop("Sign in to download this file"),
    403: gettext_noop("You may not download this file"),
    404: gettext_noop("There is no such file"),
    409: gettext_noop("This export has no file"),
    410: gettext_noop("The file has expired"),
}
OTHER_HEADING = gettext_noop("This file cannot be sent")
FAULT = 500


def wants_page(request: HttpRequest) -> bool:
    """Whether a person's browser asks, which prefers HTML; ``*/*`` and no wish at all are programs."""
    return request.get_preferred_type(["application/json", "text/html"]) == "text/html"


def page_instead(request: HttpRequest, answer: Response, *, job_no: str, user: User | AnonymousUser) -> HttpResponse:
    """The page that says what ``answer`` says, with its status and headers."""
    body, heading = answer.data, _(HEADINGS.get(answer.status_code, OTHER_HEADING))
    message = body["message"]
    if body.get("code") == links.LinkRefused.code:
        heading = _("This download link is not valid any more")
        message = _("Links live for a short time. This one is over, revoked, used up, or made for somebody else.")
    context: dict[str, Any] = {
        "status": answer.status_code,
        "heading": heading,
        "message": message,
        "advice": body.get("advice", ""),
        "request_id": request_id.current(),
    }
    if answer.status_code < FAULT:  # after a fault nobody is asked anything any more
        context |= _ways_on(request, answer.status_code, job_no, user)
    page = render(request, "pages/download.html", context, status=answer.status_code)
    for name in ("Retry-After", "Content-Range"):
        if name in answer:
            page[name] = answer[name]
    page["Cache-Control"] = "private, no-store"
    page["Referrer-Policy"] = "no-referrer"  # the address holds the link
    patch_vary_headers(page, ["Accept"])
    return page


def _ways_on(request: HttpRequest, status: int, job_no: str, user: User | AnonymousUser) -> dict[str, str]:
    """Addresses of the buttons: the export where one may see it, the same link once more, the sign-in."""
    here = request.get_full_path()
    if not isinstance(user, User):
        return {"sign_in": f"{reverse('account_login')}?{urlencode({'next': here})}"}
    ways = {"again": here} if status == 202 else {}
    if user.is_staff and policy.may_in_admin(user, "jobs.view_exportjob"):
        with suppress(NotFound):
            job = services.find_visible(job_no, user)
            ways["detail"] = reverse("exports-page-detail", args=[job.job_no])
    return ways

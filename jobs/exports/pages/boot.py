"""What the scripts of the pages know from the start: who reads, where to ask, and the words they say."""

from typing import Any, cast

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language

from accounts import policy
from accounts.models import User
from jobs.exports.pages.script_words import script_words

ADDRESSES = {
    "events": "events",
    "notifications": "notifications",
    "read": "notifications-read",
    "uiEvents": "ui-events",
    "notificationSettings": "account_notifications",
}
"""For everybody in the admin."""
ADDRESSES_OF_EXPORTS = {
    "page": "exports-page",
    "active": "exports-page-active",
    "newExport": "exports-page-new",
    "exports": "exports",
    "estimate": "exports-estimate",
    "bulk": "exports-bulk",
    "deleteExpired": "exports-delete-expired",
    "definitions": "definitions",
    "savedViews": "saved-views",
}
"""For those who may see jobs."""


def boot_of(request: HttpRequest, *, last: str = "") -> dict[str, Any]:
    """The facts, as JSON can hold them; ``last``: position among live events that the page has been made at."""
    person = cast(User, request.user)
    urls = {key: reverse(name) for key, name in ADDRESSES.items()}
    if may_see_exports(person):
        urls |= {key: reverse(name) for key, name in ADDRESSES_OF_EXPORTS.items()}
        urls["preferences"] = reverse("preferences", args=["exports"])
    return {
        "user": str(person.pk),
        "language": "en" if (get_language() or "").startswith("en") else "zh-hans",
        "zone": person.time_zone,
        "last": last,
        "urls": urls,
        "words": script_words(),
    }


def may_see_exports(person: User) -> bool:
    """Whether the pages of exports are there for this person."""
    return bool(policy.may_in_admin(person, "jobs.view_exportjob"))

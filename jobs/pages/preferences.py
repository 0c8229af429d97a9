"""What people have chosen for a page: one value per person and page, read with the defaults of what is not said.

Knows no job and nothing of what a page shows: a column that is gone stays in the value until the page writes it anew.
"""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from exportcenter.common import clock
from exportcenter.common.errors import InvalidParameters
from jobs.models.page import PagePreference
from jobs.pages.shapes import Check, list_of, number, one_of, or_null, record, text, yes_no

EXPORTS = "exports"
NOTIFICATIONS = "notifications"
LARGEST = 16 << 10
"""Bytes of a value as JSON."""
ENDINGS = ("ready", "failed", "canceled")
"""How a job can end; people choose for each whether they hear of it, and how."""


@dataclass(frozen=True)
class Key:
    """One choice on a page."""

    default: Any
    check: Check
    merged: bool = False
    """What is not said inside the value has its default, too."""


COLUMN = record(whole=True, key=text(63), width=or_null(number(40, 2000)), shown=yes_no)
WISHES = record(whole=False, **dict.fromkeys(ENDINGS, yes_no))
PAGES: Mapping[str, Mapping[str, Key]] = {
    EXPORTS: {
        "columns": Key([], list_of(COLUMN, most=100, unique=lambda column: column["key"])),
        "density": Key("comfortable", one_of("comfortable", "compact")),
        "default_view": Key(None, or_null(text(40))),
        "folded": Key([], list_of(text(63), most=50, unique=lambda name: name)),
        "drawer_width": Key(None, or_null(number(240, 4000))),
        "filters_open": Key(True, yes_no),
    },
    NOTIFICATIONS: {
        "bell": Key(dict.fromkeys(ENDINGS, True), WISHES, merged=True),
        "mail": Key(dict.fromkeys(ENDINGS, False), WISHES, merged=True),
    },
}


def get_preference(*, page: str, user_id: UUID) -> dict[str, Any]:
    """Every choice that ``page`` knows, as the person has made it, else its default. Raises InvalidParameters."""
    keys = _keys(page)
    row = PagePreference.objects.filter(user_id=user_id, page=page).first()
    return _complete(keys, {} if row is None else row.value)


@transaction.atomic
def set_preference(*, page: str, value: Any, merge: bool = False, actor: User) -> dict[str, Any]:
    """Replace what ``actor`` has chosen for ``page``; ``merge``: only what ``value`` names. Returns it complete.

    The last write wins. Raises InvalidParameters that names what is unknown or wrong.
    """
    keys = _keys(page)
    _check(keys, value)
    choices = PagePreference.objects.select_for_update()
    fields = {"value": value, "updated_at": clock.now()}
    row, is_new = choices.get_or_create(user=actor, page=page, defaults=fields)
    if not is_new:
        kept = {name: chosen for name, chosen in row.value.items() if name in keys} if merge else {}
        row.value, row.updated_at = kept | value, fields["updated_at"]
        row.save(update_fields=["value", "updated_at"])
    _refuse_large(row.value)
    return _complete(keys, row.value)


def _keys(page: str) -> Mapping[str, Key]:
    if page not in PAGES:
        raise InvalidParameters(details={"page": [_("Allowed: %(allowed)s.") % {"allowed": ", ".join(PAGES)}]})
    return PAGES[page]


def _check(keys: Mapping[str, Key], value: Any) -> None:
    whole = record(whole=False, **{name: key.check for name, key in keys.items()})
    problems: dict[str, list[str]] = {}
    for place, words in whole(value, "value"):
        problems.setdefault(place, []).append(words)
    if problems:
        raise InvalidParameters(details=problems)


def _refuse_large(value: Mapping[str, Any]) -> None:
    if len(json.dumps(value, ensure_ascii=False).encode()) > LARGEST:
        raise InvalidParameters(details={"value": [_("At most %(most)d bytes.") % {"most": LARGEST}]})


def _complete(keys: Mapping[str, Key], stored: Mapping[str, Any]) -> dict[str, Any]:
    """``stored`` with defaults; what an older release allowed and this one does not, counts as not said."""
    value: dict[str, Any] = {}
    for name, key in keys.items():
        fine = name in stored and not any(key.check(stored[name], name))
        if fine and key.merged:
            value[name] = key.default | stored[name]
        else:
            value[name] = stored[name] if fine else copy.deepcopy(key.default)
    return value

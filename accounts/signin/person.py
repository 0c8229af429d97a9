"""Who is asking."""

from datetime import datetime
from typing import Any

from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from accounts.models import User


def person(request: Request) -> User:
    """The signed-in user behind an API request. Raises NotAuthenticated (401) when there is none."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def local_iso(moment: datetime | None, viewer: User) -> str | None:
    """ISO 8601 to the second, with the offset of the viewer's zone; None for nothing."""
    return moment.astimezone(viewer.zone).isoformat(timespec="seconds") if moment else None


def reader(user: User) -> tuple[Any, ...]:
    """What an answer depends on that is made for ``user``: who it is, the rights of this moment (any change of them
    raises the epoch), the time zone. For entity tags: it asks the database nothing."""
    return str(user.pk), user.authz_epoch, user.time_zone

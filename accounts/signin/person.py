"""Who is asking."""

from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from accounts.models import User


def person(request: Request) -> User:
    """The signed-in user behind an API request. Raises NotAuthenticated (401) when there is none."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user

"""Who gets the pages of imports."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import policy
from accounts.models import User
from exportcenter.common.errors import NotFound, PermissionRefused

View = Callable[..., HttpResponse]


def may_see_jobs(user: User) -> bool:
    """Whether the pages of imports and tasks are there for this person."""
    return bool(policy.may_in_admin(user, "jobs.view_importjob"))


def jobs_page(*methods: str) -> Callable[[View], View]:
    """For signed-in people of the platform who may see jobs; GET and HEAD alone unless ``methods`` are named. NotFound
    and PermissionRefused become their pages."""

    def wrap(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not may_see_jobs(person(request)):
                raise PermissionDenied(_("You may not see jobs. Ask an admin for the right."))
            try:
                return view(request, *args, **kwargs)
            except NotFound as error:
                raise Http404 from error
            except PermissionRefused as error:
                raise PermissionDenied(error.message) from error

        allowed = require_http_methods(list(methods or ("GET", "HEAD")))(checked)
        return cast(View, admin.site.admin_view(allowed))

    return wrap


def person(request: HttpRequest) -> User:
    """Who asks."""
    return cast(User, request.user)

"""What a browser session remembers beside the user: the tenant, which must be known before the user is loaded."""

from typing import Any

from allauth.account.signals import password_changed
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.audit import Operation, record
from accounts.models import User
from exportcenter.common.client import client_of

TENANT_KEY = "tenant_id"


@receiver(user_logged_in)
def remember_tenant(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Django's own hook after a session was made for ``user``; there is no other place that all doors share."""
    request.session[TENANT_KEY] = str(user.tenant_id)
    record(
        Operation.SIGN_IN,
        actor=user,
        resource=f"user:{user.code}",
        client=client_of(request),
        details={"by": "session"},
    )


@receiver(user_logged_out)
def note_sign_out(sender: Any, request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    """Record who left."""
    if user is not None and user.is_authenticated:
        record(Operation.SIGN_OUT, actor=user, resource=f"user:{user.code}", client=client_of(request))


@receiver(password_changed)
def note_password_change(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Record that somebody chose a new password."""
    record(
        Operation.USER_CHANGE,
        actor=user,
        resource=f"user:{user.code}",
        client=client_of(request),
        details={"changed": ["password"]},
    )

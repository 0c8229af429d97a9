"""django-allauth's hooks."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.limits.doors import spend_sign_in
from exportcenter.common.errors import Throttled


class ClosedSignupAdapter(DefaultAccountAdapter):
    """Nobody signs up: an admin makes accounts."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        # One sentence for a wrong name, a wrong password, a lock and a closed account: nothing to learn from it.
        "username_password_mismatch": _("The sign-in name or the password is wrong, or the account is locked."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Before the password is looked at: the page shares its limits with the API."""
        super().pre_authenticate(request, **credentials)
        try:
            spend_sign_in(request, str(credentials.get("username") or ""))
        except Throttled as error:
            raise ValidationError(f"{error.message} {error.advice}", code="too_many_login_attempts") from error

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Platform people start in the admin, client people on their own page: the admin would refuse them."""
        user: Any = request.user
        return reverse("admin:index") if user.is_staff else reverse("account_me")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to the page that the link was on; its message says that the password is new."""
        return reverse("account_me")

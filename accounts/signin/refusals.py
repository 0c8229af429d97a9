"""What people and programs are told who cannot be let in: 401, whatever the reason, and how to come in."""

from typing import Any

from django.utils.translation import gettext_noop

from exportcenter.common.errors import NotAuthenticated


class SignInRefused(NotAuthenticated):
    """401: base of the refusals below."""

    def __init__(self, message: str = "", **more: Any) -> None:
        super().__init__(message, **more)
        self.challenge = 'Bearer realm="api"'


class WrongPassword(SignInRefused):
    """One sentence for an unknown name, a wrong password, a lock and a closed account."""

    default_message = gettext_noop("The sign-in name or the password is wrong, or the account is locked.")
    default_advice = gettext_noop("Check both. Five wrong passwords lock an account for 30 minutes.")


class TokenEnded(SignInRefused):
    """This token is good for nothing, or not any more."""

    default_message = gettext_noop("The token is invalid or has ended.")


class TokenReused(TokenEnded):
    """A spent refresh token came again, and its whole family has ended."""

    default_message = gettext_noop("This refresh token was used before. Everything from this sign-in has ended.")
    default_advice = gettext_noop("Sign in again. If you did not use it twice yourself, change your password.")

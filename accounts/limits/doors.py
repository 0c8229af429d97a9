"""Where limits are asked: API views, everything under /api/, and both doors of signing in."""

from ipaddress import IPv6Address, ip_address
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.limits import stored
from accounts.limits.memory import COUNTS
from accounts.limits.rates import GENERAL, SIGN_IN, SIGN_IN_ADDRESS, Rate, Standing
from accounts.models import AccessToken, User
from accounts.models.user import normalise_name
from exportcenter.common.client import client_of
from exportcenter.common.errors import Throttled

NOTED = "limits_used"
"""Attribute of a request: how the limits stand that it has used, for the headers of its answer."""


class GeneralLimit(BaseThrottle):
    """The throttle of every API view: once somebody is known to ask, they use one of their requests."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """True. Raises Throttled, which knows our shape of errors."""
        take_general(request._request, _who(request))
        return True


def take_general(request: HttpRequest, who: tuple[str, str]) -> None:
    """Use one of the requests of ``who``, in this process. Raises Throttled (429)."""
    _use(request, COUNTS.take(GENERAL, "/".join(who)))


def spend(request: Request, rate: Rate) -> None:
    """Use one of ``rate`` for whoever asks, exactly and for good, even when the request fails. Raises Throttled (429).

    Call it before the work it protects.
    """
    _use(request._request, stored.take(rate, *_who(request)))


def spend_on_page(request: HttpRequest, user: User, rate: Rate) -> None:
    """The same for a page, where ``user`` asks by session: what they do there and through the API counts together."""
    _use(request, stored.take(rate, "user", str(user.pk)))


def spend_sign_in(request: HttpRequest, name: str) -> None:
    """Use up one try to sign in as ``name``. Raises Throttled (429); call it before the password is looked at."""
    address = address_of(request)
    _use(request, stored.take(SIGN_IN_ADDRESS, address))
    _use(request, stored.take(SIGN_IN, address, normalise_name(name)))


def address_of(request: HttpRequest) -> str:
    """The client's address as limits count it: of IPv6 the network, because a household has 2⁶⁴ addresses."""
    text = client_of(request).address
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return str(address)


def _who(request: Request) -> tuple[str, str]:
    """Whose request it is: a kept access token's own, else its person's, else its address's."""
    if isinstance(request.auth, AccessToken):
        return "token", request.auth.public_id
    if isinstance(request.user, User):
        return "user", str(request.user.pk)
    return "address", address_of(request._request)


def _use(request: HttpRequest, standing: Standing | None) -> None:
    if standing is None:
        return
    noted: list[Standing] = request.__dict__.setdefault(NOTED, [])
    noted.append(standing)
    if not standing.allowed:
        message = _("Too many requests: at most %(most)d a minute.") % {"most": standing.most}
        seconds = standing.retry_after
        advice = _("Try again in %(seconds)d s.") % {"seconds": seconds}
        raise Throttled(message, advice=advice, retry_after=seconds)

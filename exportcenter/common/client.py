"""Where a request came from."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest


@dataclass(frozen=True)
class Client:
    """Address and user agent of a request, as the audit trail keeps them."""

    address: str
    user_agent: str


def client_of(request: HttpRequest) -> Client:
    """The client behind ``request``; X-Forwarded-For counts only when a trusted proxy sent it."""
    address = request.META.get("REMOTE_ADDR", "")
    if address in settings.TRUSTED_PROXIES:
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
        address = next((hop for hop in reversed(hops) if hop not in settings.TRUSTED_PROXIES), address)
    clean = "".join(character for character in request.headers.get("User-Agent", "") if character.isprintable())
    return Client(address[:45], clean[:400])

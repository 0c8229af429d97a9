"""What an API token may be good for (SPEC A8). A scope never gives a right: a token may what its owner may at that
moment, and of that only what its scopes name.

A new scope is one member of ``Scope`` and one line of ``TITLES``. A view of the API names the scope of each of its
methods: ``scopes = {"GET": Scope.EXPORTS_READ}``; a method that names none is closed to tokens, and so is one that
names ``NEVER``, which says that this is meant. tests/accounts/test_scopes.py walks every address.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _


class Scope(StrEnum):
    """A part of the API. Nothing here manages tokens, signs in or reaches the admin, and nothing may."""

    EXPORTS_READ = "exports:read"
    EXPORTS_WRITE = "exports:write"
    EXPORTS_DOWNLOAD = "exports:download"
    IMPORTS_READ = "imports:read"
    IMPORTS_WRITE = "imports:write"
    DEFINITIONS_READ = "definitions:read"
    DEFINITIONS_WRITE = "definitions:write"
    EVENTS_READ = "events:read"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    ACCOUNT_READ = "account:read"
    ACCOUNT_WRITE = "account:write"


TITLES: Mapping[Scope, Any] = {
    Scope.EXPORTS_READ: _("See exports, their logs and the usage"),
    Scope.EXPORTS_WRITE: _("Start, retry, cancel and delete exports"),
    Scope.EXPORTS_DOWNLOAD: _("Download files and make links to them"),
    Scope.IMPORTS_READ: _("See imports and their faulty rows"),
    Scope.IMPORTS_WRITE: _("Send files, start, confirm, cancel and undo imports"),
    Scope.DEFINITIONS_READ: _("See definitions of custom exports"),
    Scope.DEFINITIONS_WRITE: _("Change definitions of custom exports"),
    Scope.EVENTS_READ: _("Follow live events"),
    Scope.WEBHOOKS_READ: _("See webhooks and their messages"),
    Scope.WEBHOOKS_WRITE: _("Make, change, test and delete webhooks"),
    Scope.ACCOUNT_READ: _("Read own notifications, preferences and views"),
    Scope.ACCOUNT_WRITE: _("Change own notifications, preferences and views"),
}
"""What people read when they choose."""

NEVER = None
"""No scope opens this: people only, by session or sign-in token."""

Scopes = Mapping[str, Scope | None]
"""Method → scope, of one view."""

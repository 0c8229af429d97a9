"""Who sees what somebody has saved, beside its owner: definitions and views speak of it alike."""

from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Role
from exportcenter.common.errors import InvalidParameters

MOST_ROLES = 50


class Sharing(models.TextChoices):
    """Who sees it beside its owner."""

    PRIVATE = "private", gettext_lazy("Only me")
    ROLES = "roles", gettext_lazy("People of certain roles")
    TENANT = "tenant", gettext_lazy("The whole company")


def check_sharing(shared: Any, roles: Any) -> None:
    """Raise InvalidParameters unless ``shared`` is a Sharing and ``roles`` are keys of the company's roles, named when,
    and only when, it is shared with roles."""
    problems: dict[str, list[str]] = {}
    if shared not in Sharing.values:
        problems["shared"] = [_("Allowed: %(allowed)s.") % {"allowed": ", ".join(Sharing.values)}]
    if not isinstance(roles, list | tuple) or len(roles) > MOST_ROLES or not all(isinstance(key, str) for key in roles):
        problems["roles"] = [_("A list of role keys is expected.")]
    elif (shared == Sharing.ROLES) != bool(roles):
        problems["roles"] = [_("Name roles when, and only when, it is shared with roles.")]
    elif roles:
        known = set(Role.objects.values_list("key", flat=True))
        if not known.issuperset(roles):
            problems["roles"] = [_("Allowed: %(allowed)s.") % {"allowed": ", ".join(sorted(known))}]
    if problems:
        raise InvalidParameters(details=problems)

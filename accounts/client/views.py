"""What a person of a client company may do, and where they work (SPEC C4, S3 §2.1.1, §4.2.1)."""

from django.utils.translation import gettext
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import policy
from accounts.client import api_docs
from accounts.client.base import ClientView
from accounts.models import User
from accounts.scopes import Scope
from accounts.signin.person import local_iso, person
from exportcenter.common.openapi import documented
from exportcenter.common.paging import refuse_unknown

RESOURCES = ("report", "dashboard", "sla", "user")
VERBS = ("read", "write", "export")


class Permissions(ClientView):
    """GET /client/auth/permissions"""

    scopes = {"GET": Scope.ACCOUNT_READ}

    @documented(api_docs.GET_PERMISSIONS)
    def get(self, request: Request) -> Response:
        """What the asker may do at this moment, and to which rows."""
        refuse_unknown(request.query_params, ())
        return Response(present_permissions(person(request)))


class Workspace(ClientView):
    """GET /client/workspace"""

    scopes = {"GET": Scope.ACCOUNT_READ}

    @documented(api_docs.GET_WORKSPACE)
    def get(self, request: Request) -> Response:
        """The asker's company."""
        refuse_unknown(request.query_params, ())
        user = person(request)
        tenant = user.tenant
        return Response(
            {
                "tenant_id": str(tenant.pk),
                "name": tenant.name,
                "slug": tenant.slug,
                "settings": {"max_queued_exports": tenant.max_queued_exports},
                "created_at": local_iso(tenant.created_at, user),
            }
        )


def present_permissions(user: User) -> dict[str, object]:
    """``permissions`` is the map of S3 §4.2.1; ``grants`` names every right, those of exports, too."""
    held = user.permissions
    everywhere = policy.may(user, policy.Action.ALL_REGIONS).allowed
    return {
        "user_id": user.code,
        "tenant_id": str(user.tenant_id),
        "tenant": {"name": user.tenant.name, "slug": user.tenant.slug},
        "roles": [{"key": role.key, "title": gettext(role.title)} for role in user.roles.order_by("key")],
        "permissions": {name: {verb: f"{name}:{verb}" in held for verb in VERBS} for name in RESOURCES},
        "grants": sorted(held),
        # null: not limited. Nothing limits anybody's rows by department or project.
        "data_scope": {
            "departments": None,
            "projects": None,
            "regions": None if everywhere else sorted(user.regions),
        },
    }

"""Built-in roles and what they may do at first. Afterwards the rows decide; an admin edits them.

``sync_permissions`` runs after every migration: it adds codes that are new, and grants each new code to the
built-in roles whose pattern fits. A grant that an admin took away is never put back.
"""

import uuid
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from django.db import transaction
from django.utils.translation import gettext_noop

from accounts import tenancy
from accounts.models import Permission, Role, RolePermission, Tenant, TenantHead
from accounts.models.tenant import Kind

PLATFORM_SLUG = "platform"

TITLES = {
    "admin": gettext_noop("Administrator"),
    "finance": gettext_noop("Finance"),
    "risk": gettext_noop("Risk"),
    "operator": gettext_noop("Operator"),
    "client_admin": gettext_noop("Client administrator"),
    "client_manager": gettext_noop("Client manager"),
    "client_user": gettext_noop("Client user"),
}
PLATFORM_DEFAULTS: Mapping[str, Iterable[str]] = {
    "admin": ["export.*", "import.*", "jobs.*", "data.*", "admin.*"],
    "finance": [
        "export.*.create",
        "export.*.download",
        "export.class.amount",
        "export.class.general",
        "jobs.see.amount",
        "import.orders.*",
        "import.withdraws.*",
        "data.all_regions",
        "admin.jobs.view",
        "admin.records.view",
    ],
    "risk": [
        "export.*.create",
        "export.*.download",
        "export.class.risk",
        "export.class.general",
        "jobs.see.risk",
        "import.risk_lists.*",
        "data.contact",
        "data.all_regions",
        "admin.jobs.view",
        "admin.records.view",
    ],
    "operator": [
        "export.*.create",
        "export.*.download",
        "export.class.general",
        "import.members.*",
        "import.orders.*",
        "import.teams.*",
        "import.campaigns.*",
        "admin.jobs.view",
        "admin.records.view",
    ],
}
CLIENT_DEFAULTS: Mapping[str, Iterable[str]] = {
    # SPEC C3, S3 §7.1.2. "Export" of a client's own people, their roles, and members; amounts and risk stay with the
    # platform.
    "client_admin": [
        "dashboard:*",
        "report:*",
        "user:*",
        "sla:read",
        "export.members.*",
        "export.users.*",
        "export.roles.*",
        "export.class.general",
        "jobs.see.all",
        "jobs.webhooks",
        "data.all_regions",
    ],
    "client_manager": [
        "dashboard:read",
        "report:read",
        "report:export",
        "sla:read",
        "export.members.*",
        "export.class.general",
        "data.all_regions",
    ],
    "client_user": ["dashboard:read", "report:read"],
}
DEFAULTS: Mapping[Kind, Mapping[str, Iterable[str]]] = {
    Kind.PLATFORM: PLATFORM_DEFAULTS,
    Kind.CLIENT: CLIENT_DEFAULTS,
}


@transaction.atomic
def create_tenant(*, slug: str, name: str, kind: Kind = Kind.CLIENT, max_queued_exports: int = 10) -> Tenant:
    """A new tenant with its built-in roles, their permissions and the heads of its chains."""
    tenant_id = uuid.uuid4()
    with tenancy.tenant_scope(tenant_id):
        tenant: Tenant = Tenant.objects.create(
            id=tenant_id, slug=slug, name=name, kind=kind, max_queued_exports=max_queued_exports
        )
        TenantHead.objects.create()
        codes = list(Permission.objects.values_list("code", flat=True))
        for key in DEFAULTS[kind]:
            role = Role.objects.create(key=key, title=TITLES[key])
            _grant(role, codes, kind)
    return tenant


def sync_permissions(catalogue: Mapping[str, str]) -> None:
    """Add permissions that are new and give them to built-in roles of every tenant. Idempotent.

    ``catalogue`` maps code → English title.
    """
    with transaction.atomic():
        known = set(Permission.objects.values_list("code", flat=True))
        fresh = [code for code in catalogue if code not in known]
        Permission.objects.bulk_create([Permission(code=code, title=catalogue[code]) for code in fresh])
    if not fresh:
        return
    for tenant_id in tenancy.all_tenant_ids():
        with tenancy.tenant_scope(tenant_id):
            kind = Kind(Tenant.objects.mine().kind)
            for role in Role.objects.filter(key__in=DEFAULTS[kind]):
                _grant(role, fresh, kind)


def ensure_platform_tenant() -> None:
    """Create the platform tenant unless it exists."""
    if not tenancy.all_tenant_ids():
        create_tenant(slug=PLATFORM_SLUG, name="平台", kind=Kind.PLATFORM, max_queued_exports=100_000)


def _grant(role: Role, codes: Iterable[str], kind: Kind) -> None:
    patterns = list(DEFAULTS[kind][role.key])
    RolePermission.objects.bulk_create(
        [
            RolePermission(role=role, permission_id=code)
            for code in codes
            if any(fnmatchcase(code, pattern) for pattern in patterns)
        ],
        ignore_conflicts=True,
    )

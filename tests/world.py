"""The people every test knows: one platform with four roles, two client companies."""

from dataclasses import dataclass
from uuid import UUID

from accounts import tenancy
from accounts.models import Tenant, User
from accounts.roles import create_tenant
from accounts.services import create_user

PASSWORD = "Korrekt-Pferd-7"

PLATFORM_PEOPLE = {
    "admin": ["admin"],
    "finance": ["finance"],
    "risk": ["risk"],
    "operator": ["operator"],
    "operator2": ["operator"],
    "nobody": [],
}
CLIENTS = {
    "acme": {"acme_admin": ["client_admin"], "acme_manager": ["client_manager"], "acme_user": ["client_user"]},
    "globex": {"globex_admin": ["client_admin"]},
}


@dataclass(frozen=True)
class World:
    """Ids of tenants by slug and users by name."""

    tenants: dict[str, UUID]
    users: dict[str, tuple[UUID, UUID]]
    """name → (tenant id, user id)"""

    def user(self, name: str) -> User:
        """The user, loaded anew. Call inside the tenant's scope (``world.scope(name)``)."""
        return User.objects.select_related("tenant").get(pk=self.users[name][1])

    def scope(self, name: str, **options: bool):
        """tenant_scope of a user (by name) or tenant (by slug)."""
        tenant = self.users[name][0] if name in self.users else self.tenants[name]
        return tenancy.tenant_scope(tenant, **options)


def build() -> World:
    """Create the world in an empty, migrated database (committed)."""
    with tenancy.tenant_scope(tenancy.all_tenant_ids()[0]):
        platform = Tenant.objects.mine()
    tenants, users = {"platform": platform.pk}, {}
    for slug in CLIENTS:
        tenants[slug] = create_tenant(slug=slug, name=f"{slug} 有限公司").pk
    for slug, people in {"platform": PLATFORM_PEOPLE, **CLIENTS}.items():
        with tenancy.tenant_scope(tenants[slug]):
            for name, roles in people.items():
                user = create_user(
                    username=name,
                    password=PASSWORD,
                    display_name=name,
                    roles=roles,
                    actor=None,
                    email=f"{name}@example.com",
                    regions=["华东"] if name == "operator" else [],
                )
                users[name] = (tenants[slug], user.pk)
    return World(tenants, users)

"""The people of the demo: one of each built-in role on the platform, and one client company."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import tenancy
from accounts.models import Tenant, User
from accounts.roles import PLATFORM_SLUG, create_tenant
from accounts.services import create_user

DEMO_PASSWORD = "Demo-2026!"  # noqa: S105 - shown on purpose; demo data only
CLIENT_SLUG = "acme"
CLIENT_NAME = "艾克米科技有限公司"


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in with DEMO_PASSWORD."""

    username: str
    role: str
    display_name: str
    department: str = ""
    regions: list[str] = field(default_factory=list)


PLATFORM_PEOPLE = (
    Person("admin", "admin", "陈管理", "信息部"),
    Person("finance", "finance", "林财务", "财务部"),
    Person("risk", "risk", "周风控", "风控部"),
    Person("operator", "operator", "王运营", "运营部", ["华东"]),
)
CLIENT_PEOPLE = (
    Person("acme_admin", "client_admin", "赵总", "总经办"),
    Person("acme_manager", "client_manager", "钱经理", "市场部"),
    Person("acme_user", "client_user", "孙专员", "市场部"),
)


def tenant_by_slug(slug: str) -> UUID | None:
    """Id of the tenant called ``slug``, of whatever tenant one works for at the moment."""
    with transaction.atomic(), tenancy.role_scope(tenancy.ENGINE_ROLE):
        found: UUID | None = Tenant.objects.filter(slug=slug).values_list("pk", flat=True).first()
    return found


def ensure_tenants() -> dict[str, UUID]:
    """Ids of the platform and of the demo's client company, by slug. Creates the company unless it exists.

    Raises LookupError before the first migration.
    """
    platform = tenant_by_slug(PLATFORM_SLUG)
    if platform is None:
        raise LookupError("There is no platform tenant yet. Run `manage.py migrate` first.")
    client = tenant_by_slug(CLIENT_SLUG) or create_tenant(slug=CLIENT_SLUG, name=CLIENT_NAME).pk
    return {PLATFORM_SLUG: platform, CLIENT_SLUG: client}


def ensure_people(people: tuple[Person, ...], **fields: Any) -> list[str]:
    """Create those of ``people`` whom the current tenant lacks; nobody who exists is changed. Returns their names."""
    known = set(
        User.objects.filter(username__in=[person.username for person in people]).values_list("username", flat=True)
    )
    fresh = [person for person in people if person.username not in known]
    for person in fresh:
        create_user(
            username=person.username,
            password=DEMO_PASSWORD,
            display_name=person.display_name,
            roles=[person.role],
            actor=None,
            email=f"{person.username.replace('_', '.')}@example.com",
            department=person.department,
            regions=person.regions,
            **fields,
        )
    return [person.username for person in fresh]

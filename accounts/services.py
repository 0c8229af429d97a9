"""Making people and giving them roles."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from accounts.audit import Operation, record
from accounts.models import Role, User, UserRole
from exportcenter.common.client import Client


@transaction.atomic
def create_user(
    *, username: str, password: str | None, display_name: str, roles: Iterable[str], actor: User | None, **fields: Any
) -> User:
    """A user of the current tenant with built-in or own roles, by key. Raises Role.DoesNotExist."""
    user = User.objects.create_user(username, password, display_name=display_name, **fields)
    keys = list(roles)
    set_roles(user=user, roles=keys, actor=actor)
    return user


@transaction.atomic
def set_roles(*, user: User, roles: Iterable[str], actor: User | None, client: Client | None = None) -> None:
    """Give ``user`` exactly these roles (keys). Takes effect at once: links and tokens of before stop working."""
    wanted = {key: Role.objects.get(key=key) for key in sorted(set(roles))}
    before = sorted(user.user_roles.values_list("role__key", flat=True))
    UserRole.objects.filter(user=user).exclude(role__in=wanted.values()).delete()
    for role in wanted.values():
        UserRole.objects.get_or_create(user=user, role=role)
    user.__dict__.pop("permissions", None)
    user.refresh_from_db(fields=["authz_epoch"])
    record(
        Operation.ROLE_CHANGE,
        actor=actor,
        resource=f"user:{user.code}",
        details={"before": before, "after": sorted(wanted)},
        client=client,
    )

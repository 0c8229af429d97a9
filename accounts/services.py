"""Making people, giving them roles, and giving roles their permissions."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_noop

from accounts import tenancy
from accounts.audit import Operation, record
from accounts.models import Role, RolePermission, User, UserRole
from accounts.models.user import normalise_name
from exportcenter.common.client import Client
from exportcenter.common.errors import StateConflict

KEY = "admin.accounts.change"
"""The right to give rights."""


class NoAdministratorLeft(StateConflict):
    """Nobody would be left who may change users and roles."""

    default_message = gettext_noop(
        "Nobody would be left who may change users and roles. Give somebody else that right first."
    )


class NotYourself(StateConflict):
    """People do not switch off their own account."""

    default_message = gettext_noop("You cannot deactivate your own account.")


@transaction.atomic
def create_user(
    *, username: str, password: str | None, display_name: str, roles: Iterable[str], actor: User | None, **fields: Any
) -> User:
    """A user of the current tenant with built-in or own roles, by key. Raises Role.DoesNotExist."""
    user: User = User.objects.create_user(username, password, display_name=display_name, **fields)
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
    user.forget_rights()
    user.refresh_from_db(fields=["authz_epoch"])
    record(
        Operation.ROLE_CHANGE,
        actor=actor,
        resource=f"user:{user.code}",
        details={"before": before, "after": sorted(wanted)},
        client=client,
    )


@transaction.atomic
def set_permissions(*, role: Role, codes: Iterable[str], actor: User | None, client: Client | None = None) -> None:
    """Give ``role`` exactly these permissions. Takes effect at once for everybody who holds the role."""
    wanted = set(codes)
    before = set(RolePermission.objects.filter(role=role).values_list("permission_id", flat=True))
    if wanted == before:
        return
    RolePermission.objects.filter(role=role, permission_id__in=before - wanted).delete()
    RolePermission.objects.bulk_create(
        [RolePermission(role=role, permission_id=code) for code in sorted(wanted - before)]
    )
    record(
        Operation.ROLE_CHANGE,
        actor=actor,
        resource=f"role:{role.key}",
        details={"granted": sorted(wanted - before), "withdrawn": sorted(before - wanted)},
        client=client,
    )


@transaction.atomic
def set_active(*, users: Iterable[User], active: bool, actor: User, client: Client | None = None) -> int:
    """Switch accounts on or off; returns how many changed. Users are never deleted: history names them.

    Raises NotYourself and NoAdministratorLeft, and then changes nothing.
    """
    with someone_keeps_the_key():
        # Rows first, audit last: the other order would meet a sign-in, which holds its row and wants the trail.
        changing = [user for user in _locked(users) if user.is_active != active]
        if any(user.pk == actor.pk for user in changing):
            raise NotYourself()
        for user in changing:
            user.is_active = active
            user.save(update_fields=["is_active"])
    for user in changing:
        record(
            Operation.USER_CHANGE,
            actor=actor,
            resource=f"user:{user.code}",
            details={"changed": ["is_active"], "is_active": active},
            client=client,
        )
    return len(changing)


@transaction.atomic
def unlock(*, users: Iterable[User], actor: User, client: Client | None = None) -> int:
    """Forget failed sign-ins; returns how many accounts had any."""
    locked = [user for user in _locked(users) if user.failed_logins > 0]
    User.objects.filter(pk__in=[user.pk for user in locked]).update(failed_logins=0, locked_until=None)
    for user in locked:
        details = {"changed": ["failed_logins", "locked_until"]}
        record(Operation.USER_CHANGE, actor=actor, resource=f"user:{user.code}", details=details, client=client)
    return len(locked)


def _locked(users: Iterable[User]) -> list[User]:
    """The users' rows as they are now, locked in one order for everybody."""
    keys = [user.pk for user in users]
    return list(User.objects.filter(pk__in=keys).select_for_update(of=("self",)).order_by("pk"))


def name_is_taken(name: str, *, by_other_than: User | None = None) -> bool:
    """Whether the sign-in name belongs to somebody of any tenant: names are unique over all of them.

    Asked under the sign-in role, because row-level security hides other tenants' people.
    """
    with transaction.atomic(), tenancy.role_scope(tenancy.SIGNIN_ROLE), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM accounts_user WHERE username = %s", [normalise_name(name)])
        row = cursor.fetchone()
    return row is not None and (by_other_than is None or row[0] != by_other_than.pk)


@contextmanager
def someone_keeps_the_key() -> Iterator[None]:
    """Raise NoAdministratorLeft when the block takes the right to give rights from its last active holder.

    Call inside a transaction that the exception rolls back.
    """
    before = _key_holders()
    yield
    if before and not _key_holders():
        raise NoAdministratorLeft()


def _key_holders() -> bool:
    holders = User.objects.filter(is_active=True, user_roles__role__grants__permission_id=KEY)
    return bool(holders.exists())

"""The current tenant: one context variable in Python, one transaction-local setting in PostgreSQL.

Row-level security compares ``tenant_id`` with ``app.tenant_id``. The setting is always transaction-local
(``set_config(…, true)``), never a session's: a pooled connection must not carry one tenant's rights to the
next. So a tenant exists only inside ``tenant_scope``, and ``tenant_scope`` is a transaction.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar
from uuid import UUID

from django.db import connection, models, transaction
from django.db.models.expressions import Expression

ENGINE_ROLE = "exportcenter_engine"
SIGNIN_ROLE = "exportcenter_signin"

_current: ContextVar[UUID | None] = ContextVar("tenant", default=None)


class NoTenant(RuntimeError):
    """A tenant table was queried outside tenant_scope()."""


class CrossTenant(RuntimeError):
    """Code tried to change the tenant of a transaction that already has one."""


def current() -> UUID | None:
    """Id of the tenant this context works for, or None."""
    return _current.get()


def require() -> UUID:
    """Id of the tenant this context works for. Raises NoTenant when there is none."""
    tenant = _current.get()
    if tenant is None:
        raise NoTenant("No tenant is set. Wrap the call in accounts.tenancy.tenant_scope(tenant_id).")
    return tenant


@contextmanager
def tenant_scope(tenant_id: UUID | None, *, snapshot: bool | str = False) -> Iterator[None]:
    """A transaction (a savepoint when nested) that sees and writes rows of ``tenant_id`` only.

    ``None`` opens the transaction without a tenant: tenant tables look empty until ``adopt`` is called.
    ``snapshot=True`` makes the transaction REPEATABLE READ READ ONLY: one picture of the data from the first
    statement to the last; given the id of an exported snapshot (pg_export_snapshot), that one's picture. It cannot be
    nested. Raises django.db.OperationalError or DataError when the exported snapshot is gone.
    """
    outer = _current.get()
    token = _current.set(tenant_id)
    try:
        with transaction.atomic():
            if snapshot:
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                    if isinstance(snapshot, str):
                        cursor.execute("SET TRANSACTION SNAPSHOT %s", [snapshot])
            _apply(tenant_id)
            yield
            # Releasing a savepoint keeps the setting, so the outer scope's value must be put back by hand.
            # After an exception the savepoint's rollback does it.
            if outer != _current.get() and not connection.needs_rollback:
                _apply(outer)
    finally:
        _current.reset(token)


def adopt(tenant_id: UUID) -> None:
    """Give the running tenant-less scope its tenant, once it is known (sign-in, token).

    Raises CrossTenant when the scope already works for another tenant.
    """
    already = _current.get()
    if already not in (None, tenant_id):
        raise CrossTenant("This transaction already works for another tenant.")
    if not connection.in_atomic_block:
        raise NoTenant("adopt() works inside tenant_scope(None) only.")
    _current.set(tenant_id)
    _apply(tenant_id)


@contextmanager
def role_scope(role: str) -> Iterator[None]:
    """Run statements under a helper role (ENGINE_ROLE, SIGNIN_ROLE) inside the current transaction.

    Row locks taken inside stay until the transaction ends; the role does not.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {connection.ops.quote_name(role)}")
        try:
            yield
        finally:
            if not connection.needs_rollback and connection.connection.info.transaction_status.name != "INERROR":
                cursor.execute("RESET ROLE")


def _apply(tenant_id: UUID | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant_id', %s, true)", ["" if tenant_id is None else str(tenant_id)])


class CurrentTenant(Expression):
    """The current tenant's id as an SQL value, looked up when the query is compiled, not when it is built.

    So a queryset made at import time (form fields, filters) is safe, and one that runs without a tenant raises
    NoTenant instead of silently finding nothing.
    """

    output_field = models.UUIDField()

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (require(),)


class TenantQuerySet(models.QuerySet[Any]):
    """Base of every tenant table's queryset."""


class TenantManager(models.Manager.from_queryset(TenantQuerySet)):  # type: ignore[misc]
    """Default manager of tenant tables: only rows of the current tenant."""

    def get_queryset(self) -> Any:
        return super().get_queryset().filter(tenant_id=CurrentTenant())


class TenantModel(models.Model):
    """Abstract base of every table that belongs to a tenant. Its migration adds ``secure_tenant_table``."""

    tenant = models.ForeignKey(
        "accounts.Tenant", on_delete=models.PROTECT, related_name="+", default=current, editable=False
    )

    objects: ClassVar[Any] = TenantManager()

    class Meta:
        abstract = True


def in_every_tenant(step: Callable[[], int]) -> int:
    """Call ``step`` for each tenant, each time in a scope and transaction of its own, until it answers 0: sweeps work
    in batches, so that nothing is locked for long and a stopped worker loses little. Returns the sum of the answers."""
    total = 0
    for tenant_id in all_tenant_ids():
        done = -1
        while done:
            with tenant_scope(tenant_id):
                done = step()
            total += done
    return total


def all_tenant_ids() -> list[UUID]:
    """Ids of every active and inactive tenant, for maintenance that walks them one by one."""
    from accounts.models import Tenant

    with transaction.atomic(), role_scope(ENGINE_ROLE):
        return list(Tenant.objects.order_by("created_at").values_list("id", flat=True))

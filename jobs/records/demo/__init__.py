"""Demo rows for the sample tables, made inside PostgreSQL: a million orders without one passing through Python.

A family is a module that offers ``TABLES`` (its models, referring ones first) and ``fill(cursor, seed, orders)``: a few
statements that insert rows of the current tenant, as many as fit that number of orders. A new family is named in
FAMILIES and nowhere else. Salts of ``Draws``: people 1-99, each family after it the next hundred.
"""

from collections.abc import Callable
from typing import Protocol

from django.db import connection, models
from django.utils import translation

from jobs.records.demo import growth, kyc, people, risk, wallets
from jobs.records.demo.draws import TENANT, analyze


class Family(Protocol):
    """What a module in FAMILIES offers."""

    TABLES: tuple[type[models.Model], ...]

    def fill(self, cursor: object, seed: int, orders: int) -> None:
        """Insert the rows of the current tenant. What the families before this one inserted is there."""


FAMILIES: tuple[Family, ...] = (growth, wallets, risk, kyc)
"""Families beside ``people``, which comes first. A family may refer to the ones before it."""


def tables() -> list[type[models.Model]]:
    """Every model with demo rows, referring tables first: the order in which rows can be deleted."""
    return [model for family in reversed((people, *FAMILIES)) for model in family.TABLES]


def count() -> dict[str, int]:
    """Rows of the current tenant by table, e.g. {"members": 1000, "orders": 10000, "risk_hits": 500}."""
    with translation.override(None):
        return {
            str(model._meta.verbose_name_plural).replace(" ", "_"): model._default_manager.count()
            for model in reversed(tables())
        }


def clear() -> None:
    """Delete every sample row of the current tenant."""
    with connection.cursor() as cursor:
        # Not queryset.delete(): it would load a million rows to find out what refers to them.
        for model in tables():
            cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE tenant_id = {TENANT}")  # noqa: S608


def fill(
    *, orders: int, seed: int, members: int | None = None, progress: Callable[[int], None] | None = None
) -> dict[str, int]:
    """Give the current tenant rows in every sample table, which must be empty. Returns ``count()``.

    Parameters:
        orders: number of orders; the sizes of the other tables follow from it.
        members: number of members; a tenth of the orders, and at least 1,000, when left out.
        progress: called with the number of orders written so far.
    """
    with connection.cursor() as cursor:
        # Checking foreign keys per statement keeps the list of rows to check short. The sort by row number fits.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL work_mem = '64MB'")
        people.fill(cursor, seed, orders, members=members, progress=progress)
        analyze(cursor, *people.TABLES)
        for family in FAMILIES:
            family.fill(cursor, seed, orders)
            analyze(cursor, *family.TABLES)
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return count()

"""The rows that everybody reads: the orders dataset's default columns, as its admin may see them, in its order."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from bench import environment

ZONE = ZoneInfo("Asia/Shanghai")
CHUNK = 2000
"""Rows that the ORM's iterator fetches at a time."""


@contextmanager
def as_admin() -> Iterator[Any]:
    """Work as the admin, in the admin's tenant and language, as a worker would for a job of the admin."""
    from django.utils import timezone, translation

    from accounts.models import User
    from accounts.tenancy import tenant_scope

    tenant_id, user_id = environment.actor()
    with tenant_scope(tenant_id):
        viewer = User.objects.select_related("tenant").get(pk=user_id)
        with translation.override(viewer.language), timezone.override(ZONE):
            yield viewer


class Source:
    """The first ``limit`` rows for programs that read through Django or a cursor of their own.

    Values are what the database holds (codes, UTC, no masks, no guard against formulas): less work than ours does.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit

    @cached_property
    def columns(self) -> list[Any]:
        """The columns as the dataset declares them."""
        from jobs import datasets

        return list(datasets.get("orders").default_columns())

    @property
    def names(self) -> list[str]:
        """ORM paths of the columns."""
        return [column.value or column.key for column in self.columns]

    def of_kind(self, *kinds: str) -> list[int]:
        """Positions of the columns of these kinds."""
        return [number for number, column in enumerate(self.columns) if column.kind in kinds]

    def queryset(self, viewer: Any) -> Any:
        """The rows as model objects."""
        from jobs import datasets

        dataset = datasets.get("orders")
        return dataset.rows(viewer).order_by(*dataset.order_by)[: self.limit]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows as tuples, through a server-side cursor. The transaction ends with the last row."""
        with as_admin() as viewer:
            yield from self.queryset(viewer).values_list(*self.names).iterator(chunk_size=CHUNK)

    def rows_with_local_times(self) -> Iterator[list[Any]]:
        """The same as lists, with times as a workbook can hold them: the wall clock, without a zone."""
        times = self.of_kind("datetime")
        for row in self.rows():
            cells = list(row)
            for number in times:
                cells[number] = wall_clock(cells[number])
            yield cells


def wall_clock(moment: datetime | None) -> datetime | None:
    """``moment`` in the reader's zone, without saying so."""
    return None if moment is None else moment.astimezone(ZONE).replace(tzinfo=None)

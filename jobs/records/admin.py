"""The sample tables in the admin: to look at, within the reader's regions and with contact data masked."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin
from django.db.models import F, Func, Model, QuerySet, TextField
from django.db.models.expressions import Combinable
from django.http import HttpRequest
from django.utils.formats import localize
from unfold.paginator import InfinitePaginator

from accounts import policy
from accounts.admin_base import ReadOnlyAdmin
from accounts.models import User
from jobs.datasets import Column, Dataset, Kind, registry

MOST_COLUMNS = 10
"""Of a list; the page of a row shows them all."""


class RecordAdmin(ReadOnlyAdmin):
    """Rows that ``visible_to`` gives the reader, in the columns that the dataset of this table declares."""

    paginator = InfinitePaginator  # a page number is not worth counting a million rows
    show_full_result_count = False
    list_per_page = 50
    ordering = ["-id"]

    @property
    def dataset(self) -> Dataset:
        """The dataset that exports this table."""
        first = registry.first_over(self.model)
        assert first is not None  # registered below for tables that have one
        return first

    @property
    def shown(self) -> list[Column]:
        """Columns whose value is a path; expressions are for files."""
        return [column for column in self.dataset.columns if isinstance(column.value, str | None)]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Visible rows, with a masked copy of each contact field unless the reader may see it in full."""
        user = cast(User, request.user)
        queryset: QuerySet[Any] = self.dataset.rows(user).order_by(*self.ordering)
        relations = {path.rpartition("__")[0] for path in map(_path, self.shown) if "__" in path}
        queryset = queryset.select_related(*sorted(relations)) if relations else queryset
        if policy.may(user, policy.Action.CONTACT_DATA):
            return queryset
        masked = queryset.annotate(
            **{
                f"masked_{column.key}": Func(
                    F(_path(column)),
                    template=column.mask.sql("%(expressions)s"),
                    output_field=TextField(),
                )
                for column in self.shown
                if column.mask
            }
        )
        return cast(QuerySet[Any], masked)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row, masked in place, so that its printed name is masked, too. It is never saved."""
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            for column in self.shown:
                if column.mask and not column.value:
                    setattr(row, column.key, getattr(row, f"masked_{column.key}", getattr(row, column.key)))
        return row

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The dataset's usual columns, as far as a screen is wide."""
        return [_cell(column) for column in self.shown if column.default][:MOST_COLUMNS]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """All columns."""
        return [_cell(column) for column in self.shown]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """All of them."""
        return self.get_fields(request, obj)

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """The row's own number, by its beginning: what the unique index serves."""
        return [f"{self.dataset.columns[0].key}__startswith"]

    def get_list_filter(self, request: HttpRequest) -> list[str]:
        """Every choice of the table itself."""
        return [column.key for column in self.shown if column.kind is Kind.CHOICE and not column.value]

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Only the filters offered: any other in the address could ask for contact data letter by letter."""
        return request is not None and lookup.partition("__")[0] in self.get_list_filter(request)


def _path(column: Column) -> str:
    """Where a shown column's value is found."""
    assert not isinstance(column.value, Combinable)
    return column.value or column.key


def _cell(column: Column) -> Callable[[Any], Any]:
    """A column of the admin out of a column of the dataset."""

    def cell(row: Any) -> Any:
        value = getattr(row, f"masked_{column.key}", None)
        if value is None:
            value = row
            for name in _path(column).split("__"):
                value = getattr(value, name, None)
        if column.kind is Kind.CHOICE and not column.value:
            value = getattr(row, f"get_{column.key}_display")()
        if column.kind is Kind.ID or value in (None, ""):
            return value or None  # the admin prints its dash
        return localize(value) if column.kind in (Kind.MONEY, Kind.NUMBER, Kind.INTEGER) else value

    cell.__name__ = column.key
    cell.short_description = column.title  # type: ignore[attr-defined]
    cell.boolean = column.kind is Kind.BOOLEAN  # type: ignore[attr-defined]
    return cell


registry.load_catalog()  # this module may be imported before the app that owns the datasets is ready
for dataset in registry.all_datasets():
    if dataset.model._meta.app_label == "records" and dataset.is_first:
        admin.site.register(dataset.model, RecordAdmin)

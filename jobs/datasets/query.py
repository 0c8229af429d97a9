"""Dataset + columns + filters + viewer → one SQL statement.

The ORM writes the inner statement (rows, scope, filters, joins, order). Round it goes a projection in which a
format says how each value looks as SQL text, so that PostgreSQL writes the file's bytes itself.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.db import connections
from django.db.models import Count, DecimalField, F, QuerySet, Sum
from django.utils.translation import gettext as _

from accounts import policy
from accounts.models import User
from exportcenter.common.errors import InvalidParameters
from jobs.datasets.base import Column, Dataset, Kind, choices_of
from jobs.datasets.filters import apply_filters

SUM: "DecimalField[Any, Any]" = DecimalField(max_digits=38, decimal_places=2)


class CellWriter(Protocol):
    """The part of a format that the compiler needs."""

    def cell(self, column: "BoundColumn", reference: str) -> str:
        """SQL expression that turns ``reference`` (the column's raw value, masked) into the format's cell."""


@dataclass(frozen=True)
class BoundColumn:
    """A column as one request uses it."""

    key: str
    title: str
    kind: Kind
    labels: tuple[tuple[str, str], ...] = ()
    """Code → label of a CHOICE column, in the request's language."""
    masked: str = ""
    """Name of the mask that is applied, or empty."""
    python: Callable[[Any], Any] | None = field(default=None, compare=False)
    """Computes the value from what the database holds, where SQL cannot."""
    hide: Callable[[str], str] | None = field(default=None, compare=False)
    """The mask in Python, where one is applied."""


@dataclass(frozen=True)
class Statement:
    """A compiled query with client-side parameters (psycopg style, %s)."""

    sql: str
    params: tuple[Any, ...]


@dataclass(frozen=True)
class Plan:
    """What a job will write: rows in order, and the columns as they will appear."""

    rows: "QuerySet[Any]"
    columns: tuple[BoundColumn, ...]
    sources: tuple[Column, ...]
    rights: tuple[str, ...] = ()
    """Permissions of the viewer without which the result would show less."""
    regions: tuple[str, ...] | None = None
    """Regions that the viewer's rows are limited to; None when they are not."""

    def statement(self, writer: CellWriter, *, unmasked: Collection[str] = ()) -> Statement:
        """One SELECT whose columns are ``writer``'s cells, called by their keys, in row order.

        ``unmasked`` are keys of columns whose values are masked later, in Python.
        """
        inner, params = self._inner()
        cells = []
        for number, (column, source) in enumerate(zip(self.columns, self.sources, strict=True)):
            reference = f"r.c{number}"
            if column.masked and source.mask is not None and column.key not in unmasked:
                reference = f"({source.mask.sql(reference + '::text')})"
            name = column.key.replace('"', '""')
            cells.append(f'{writer.cell(column, reference)} AS "{name}"'.replace("%", "%%"))
        # Cells are built from declarations by a format, the inner statement by the ORM; what people send is in params.
        return Statement(f"SELECT {', '.join(cells)} FROM ({inner}) r", params)  # noqa: S608

    def count(self) -> int:
        """Exact number of rows; in the file's own snapshot it is the number the file must have."""
        return self.rows.order_by().count()

    def summary(self) -> dict[str, Any]:
        """Exact number of ``rows`` and ``totals`` (column key → sum, None without rows) of the money columns, read in
        one pass. In the file's own snapshot they are those of the file."""
        summed = {
            f"s{number}": Sum(source.value if source.value is not None else source.key, output_field=SUM)
            for number, (column, source) in enumerate(zip(self.columns, self.sources, strict=True))
            if column.kind is Kind.MONEY and source.total and column.python is None and not column.masked
        }
        found = self.rows.order_by().aggregate(n=Count("*"), **summed)
        keys = [column.key for column in self.columns]
        return {"rows": found["n"], "totals": {keys[int(name[1:])]: found[name] for name in summed}}

    @property
    def range_key(self) -> str | None:
        """Name of the unique field by which the rows are ordered, upwards; None when they cannot be cut into ranges."""
        order = self.rows.query.order_by
        if len(order) != 1 or not isinstance(order[0], str) or order[0].startswith("-") or self.rows.query.group_by:
            return None
        options = self.rows.model._meta
        found = options.pk if order[0] == "pk" else next((f for f in options.fields if f.name == order[0]), None)
        return found.name if found is not None and found.unique and not found.null else None

    def cut_points(self, rows: int) -> list[Any]:
        """Keys (``range_key``) of the first row and of every ``rows``-th after it, in order."""
        key = self.range_key or "pk"
        keys = self.rows.order_by(key).values_list(key)
        sql, params = keys.query.get_compiler(using=keys.db, elide_empty=False).as_sql()
        with connections[keys.db].cursor() as cursor:
            cursor.execute(
                # The inner statement is the ORM's; the number is an int of ours.
                f"SELECT k FROM (SELECT k, row_number() OVER () AS n FROM ({sql}) keys(k)) numbered "  # noqa: S608
                f"WHERE (n - 1) %% {int(rows)} = 0 ORDER BY n",
                params,
            )
            return [row[0] for row in cursor.fetchall()]

    def between(self, first: Any, after: Any) -> "Plan":
        """The same for the rows from key ``first`` on, up to but without key ``after`` (None: to the end)."""
        key = self.range_key
        span = {f"{key}__gte": first} | ({} if after is None else {f"{key}__lt": after})
        return replace(self, rows=self.rows.filter(**span))

    def _inner(self) -> tuple[str, tuple[Any, ...]]:
        named = {
            f"c{number}": F(source.value or source.key) if isinstance(source.value, str | None) else source.value
            for number, source in enumerate(self.sources)
        }
        # Values are wrapped in an outer SELECT by name; the ORM quotes aliases, hence c0, c1, …
        query = self.rows.annotate(**named).values_list(*named)
        # elide_empty=False: a condition that nothing can meet (an operator without a region) must still compile,
        # to a statement without rows, instead of raising EmptyResultSet.
        sql, params = query.query.get_compiler(using=query.db, elide_empty=False).as_sql()
        return sql, tuple(params)


def choose_columns(dataset: Dataset, keys: Sequence[str] | None) -> list[Column]:
    """The columns called ``keys`` in that order, or the default ones. Raises InvalidParameters by name."""
    if keys is None:
        return dataset.default_columns()
    allowed = ", ".join(column.key for column in dataset.columns)
    if not isinstance(keys, list | tuple) or not keys or not all(isinstance(key, str) for key in keys):
        raise InvalidParameters(
            details={"columns": [_("A list of column names is expected. Allowed: %(allowed)s.") % {"allowed": allowed}]}
        )
    known = {column.key: column for column in dataset.columns}
    unknown = [key[:100] for key in keys if key not in known]
    if unknown:
        raise InvalidParameters(
            details={
                "columns": [
                    _("No such column: %(names)s. Allowed: %(allowed)s.")
                    % {"names": ", ".join(unknown), "allowed": allowed}
                ]
            }
        )
    if len(set(keys)) != len(keys):
        raise InvalidParameters(details={"columns": [_("A column is named twice.")]})
    return [known[key] for key in keys]


def plan(
    dataset: Dataset, *, viewer: User, params: Mapping[str, Any], columns: Sequence[str] | None, zone: ZoneInfo
) -> Plan:
    """What ``viewer`` gets for this request. Raises InvalidParameters for wrong filters or columns.

    Everything is decided by the viewer's rights at the moment of the call: row scope, masks.
    """
    chosen = choose_columns(dataset, columns)
    filtered = apply_filters(dataset.filterset, dataset.rows(viewer), params, zone=zone)
    rows = dataset.grouped(filtered, zone=zone).order_by(*dataset.order_by)
    return assemble(dataset, rows, chosen, viewer=viewer)


def assemble(
    dataset: Dataset,
    rows: "QuerySet[Any]",
    chosen: Sequence[Column],
    *,
    viewer: User,
    headings: Mapping[str, str] | None = None,
    also_seen: Sequence[Column] = (),
) -> Plan:
    """The plan of these rows and columns for ``viewer``.

    Parameters:
        headings: key → heading that takes the place of the column's title
        also_seen: columns that are not in the file but can be told from it (filtered or sorted by)
    """
    unmasked = bool(policy.may(viewer, policy.Action.CONTACT_DATA))
    bound = tuple(_bind(dataset, column, (headings or {}).get(column.key, ""), unmasked=unmasked) for column in chosen)
    held = [code for code in dataset.scope_rights if code in viewer.permissions]
    if unmasked and any(column.mask is not None for column in (*chosen, *also_seen)):
        held.append("data.contact")
    by_region = "data.all_regions" in dataset.scope_rights and "data.all_regions" not in held
    regions = tuple(sorted(viewer.regions)) if by_region else None
    return Plan(rows=rows, columns=bound, sources=tuple(chosen), rights=tuple(sorted(held)), regions=regions)


def _bind(dataset: Dataset, column: Column, heading: str, *, unmasked: bool) -> BoundColumn:
    labels: tuple[tuple[str, str], ...] = ()
    if column.kind is Kind.CHOICE:
        labels = tuple((str(code), str(label)) for code, label in choices_of(dataset.model, column))
    mask = None if unmasked else column.mask
    return BoundColumn(
        column.key,
        heading or str(column.title),
        column.kind,
        labels,
        masked=mask.name if mask else "",
        python=column.python,
        hide=mask.python if mask else None,
    )

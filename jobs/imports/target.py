"""The table that an import writes, as pieces of SQL. Values travel as JSON objects; PostgreSQL makes rows of them.

A row of the file is laid over the row that exists, or over the defaults of a new one, by jsonb_populate_record: what
the file does not name stays as it is. The same expression serves the trial and the real thing, so that they agree.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import connection, models

from accounts import tenancy
from accounts.models import User
from jobs.datasets import Dataset
from jobs.imports.fields import Field, importing_of

Params = list[Any]


@dataclass(frozen=True)
class Target:
    """A dataset's table, for one person and the columns that one file has."""

    dataset: Dataset
    viewer: User
    fields: Sequence[Field]
    """Those that the file has."""

    @property
    def model(self) -> type[models.Model]:
        """The table's model."""
        return self.dataset.model

    @property
    def table(self) -> str:
        """Its name."""
        return _quoted(self.model._meta.db_table)

    @property
    def pk(self) -> str:
        """Column of the primary key."""
        return _quoted(self._pk.column)

    @property
    def pk_name(self) -> str:
        """The same, without quotes."""
        return str(self._pk.column)

    @property
    def pk_type(self) -> str:
        """Its type in SQL."""
        return str(self._pk.rel_db_type(connection))

    @property
    def key(self) -> str:
        """Column of the natural key."""
        name = importing_of(self.dataset).key
        return _quoted(self._field(name).column)

    @cached_property
    def columns(self) -> list[str]:
        """Every column of the table but a primary key that numbers itself."""
        numbered = isinstance(self._pk, models.AutoField | models.BigAutoField)
        return [
            str(field.column)
            for field in self.model._meta.concrete_fields
            if not (numbered and field is self._pk) and not getattr(field, "generated", False)
        ]

    @cached_property
    def defaults(self) -> str:
        """JSON of a new row about which nothing is known: the company, and the model's defaults."""
        known: dict[str, Any] = {}
        for field in self.model._meta.concrete_fields:
            if field.column == "tenant_id":
                known["tenant_id"] = str(tenancy.require())
            elif field is not self._pk and (field.has_default() or (field.empty_strings_allowed and not field.null)):
                known[str(field.column)] = field.get_prep_value(field.get_default())
        return json.dumps(known, default=str)

    @cached_property
    def checks(self) -> list[models.CheckConstraint]:
        """What the model demands of a row as a whole."""
        return [one for one in self.model._meta.constraints if isinstance(one, models.CheckConstraint)]

    # --- pieces -----------------------------------------------------------------------------------------
    def matched(self, source: str) -> tuple[str, Params]:
        """FROM … of the source's rows (``s``: row, key, vals as jsonb), each with the row that exists (``t``), whether
        the person may see that one (``v.seen``) and what would become of it (``n.rec``)."""
        visible, params = self._visible()
        return (
            f"{source} "
            f"LEFT JOIN {self.table} t ON t.tenant_id = %s AND t.{self.key} = s.key "
            f"LEFT JOIN LATERAL (SELECT true AS seen FROM ({visible}) seen "
            f"  WHERE seen.{self.pk} = t.{self.pk}) v ON true "
            f"CROSS JOIN (SELECT jsonb_populate_record(NULL::{self.table}, %s::jsonb) AS rec OFFSET 0) d "
            f"CROSS JOIN LATERAL (SELECT jsonb_populate_record("
            f"  CASE WHEN t.{self.pk} IS NULL THEN d.rec ELSE t END, {self._patch()}) AS rec OFFSET 0) n ",
            [tenancy.require(), *params, self.defaults],
        )

    def broken(self) -> str:
        """An expression: index (from 0) of the first of ``checks`` that ``n.rec`` breaks; NULL: none."""
        if not self.checks:
            return "NULL::int"
        with connection.schema_editor(collect_sql=True) as editor:
            cases = " ".join(
                f"WHEN NOT ({check._get_check_sql(self.model, editor)}) THEN {at}"  # type: ignore[attr-defined]
                for at, check in enumerate(self.checks)
            )
        return f"(SELECT CASE {cases.replace('%', '%%')} END FROM (SELECT (n.rec).*) c)"

    def new_values(self) -> str:
        """Expressions of ``columns`` for a new row: the file's, else the fill, else the default."""
        fills = importing_of(self.dataset).fills
        named = {field.target for field in self.fields}
        return ", ".join(
            f"coalesce((n.rec).{_quoted(column)}, {fills[column]})"
            if column in fills and column in named
            else fills.get(column, f"(n.rec).{_quoted(column)}")
            for column in self.columns
        )

    def assignments(self) -> str:
        """``column = …`` of every column that an import changes, from ``f.rec``."""
        touches = importing_of(self.dataset).touches
        changed = [f"{_quoted(column)} = (f.rec).{_quoted(column)}" for column in self._changeable]
        return ", ".join([*changed, *(f"{_quoted(column)} = {sql}" for column, sql in touches.items())])

    def names(self, columns: Collection[str] | None = None) -> str:
        """Columns, quoted and separated by commas; all without argument."""
        return ", ".join(_quoted(name) for name in (self.columns if columns is None else columns))

    # --- inside -----------------------------------------------------------------------------------------
    @property
    def _pk(self) -> Any:
        return self.model._meta.pk

    def _field(self, name: str) -> Any:
        return self.model._meta.get_field(name)

    @property
    def _changeable(self) -> list[str]:
        key = importing_of(self.dataset).key
        return list(dict.fromkeys(field.target for field in self.fields if field.key != key))

    def _visible(self) -> tuple[str, Params]:
        rows = self.dataset.rows(self.viewer).order_by().values(self._pk.attname)
        sql, params = rows.query.sql_with_params()
        return sql, list(params)

    def _patch(self) -> str:
        """What the file says, without moments that differ from the stored ones by less than a second: that is what
        files for people leave out."""
        moments = [field.target for field in self.fields if isinstance(field.model_field, models.DateTimeField)]
        if not moments:
            return "s.vals"
        same = ", ".join(
            f"CASE WHEN date_trunc('second', t.{_quoted(name)}) = (s.vals->>'{name}')::timestamptz THEN '{name}' END"
            for name in moments
        )
        return f"(s.vals - array_remove(ARRAY[{same}]::text[], NULL))"


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)

"""Rows of a file, checked a batch at a time: cell by cell in Python, against the tables by one statement (SPEC B2, B4).

Every fault of every row is found; nothing but the import's own rows is written.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from accounts import tenancy
from accounts.models import User
from jobs.datasets import Mode
from jobs.imports.counting import Counts, Groups
from jobs.imports.fields import KEEP, Field, importing_of
from jobs.imports.problems import stored
from jobs.imports.reading import Problem, Row, shown, wire
from jobs.imports.target import Target

KEEP_ROWS = """
INSERT INTO jobs_importrow (tenant_id, job_id, row, key, values, cells, problems)
SELECT %s, %s, row, key, vals, cells, problems
FROM jsonb_to_recordset(%s::jsonb) AS r(row int, key text, vals jsonb, cells jsonb, problems jsonb)
"""
"""One statement and one document for a batch: arrays of texts would be quoted twice, which costs more than all else.
COPY would be a little quicker, but PostgreSQL does not copy into a table whose rows are
guarded by row-level security."""


@dataclass(slots=True)
class Checked:
    """A row on its way."""

    row: Row
    key: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[dict[str, Any]] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    """Keys of columns without a value that a new row needs."""

    def refuse(self, column: str, problem: Problem, text: str = "") -> None:
        """Note a problem of the cell, or with column "" of the whole row."""
        self.problems.append(stored(column, problem, text))


class Checker:
    """Checks the rows of one import, batch by batch, and keeps them."""

    def __init__(
        self, *, job_id: UUID, target: Target, mode: Mode, columns: Sequence[tuple[int, Field]], viewer: User
    ) -> None:
        self.counts, self.groups = Counts(), Groups()
        self._job_id, self._target, self._mode, self.viewer = job_id, target, mode, viewer
        self._columns = columns
        self._key = columns[[each.key for _at, each in columns].index(_key_of(target))]
        self._references = [each for _at, each in columns if each.reference]
        self._needed = [each.key for _at, each in columns if each.required and each is not self._key[1]]

    def check(self, rows: Iterable[Row]) -> None:
        """Check and keep these. Runs in the caller's transaction, in the company's scope."""
        checked = [self._convert(row) for row in rows]
        for reference in self._references:
            self._look_up(reference, checked)
        self._find_doubles(checked)
        self._compare(checked)
        self._keep(checked)

    # --- cell by cell -----------------------------------------------------------------------------------
    def _convert(self, row: Row) -> Checked:
        made = Checked(row)
        for problem in row.problems:
            made.refuse("", problem)
        cells, taken = row.cells, made.values
        for position, each in self._columns:
            cell = cells[position]
            value = None if cell is None else each.convert(cell)
            if value is None or value == "":
                if each is self._key[1]:
                    made.refuse(each.key, Problem("REQUIRED"))
                elif each.empty is KEEP:
                    if each.required:
                        made.lacking.append(each.key)
                else:
                    taken[each.target] = each.empty
            elif type(value) is Problem:
                made.refuse(each.key, value, shown(cell))
            else:
                taken[each.target] = value
        key = taken.get(self._key[1].target)
        made.key = key if isinstance(key, str) else ""
        return made

    # --- against the tables -----------------------------------------------------------------------------
    def _look_up(self, each: Field, checked: list[Checked]) -> None:
        """Natural keys of other tables' rows become their primary keys."""
        assert each.reference is not None
        asked = {made.values.get(each.target) for made in checked} - {None}
        rows: Any = each.reference.model._default_manager.all()
        if hasattr(rows, "visible_to"):
            rows = rows.visible_to(self.viewer)
        found = dict(rows.filter(**{f"{each.reference.key}__in": asked}).values_list(each.reference.key, "pk"))
        for made in checked:
            natural = made.values.get(each.target)
            if natural is None:
                continue
            if natural in found:
                made.values[each.target] = found[natural]
            else:
                del made.values[each.target]
                made.refuse(each.key, Problem("NO_SUCH_ROW", {"text": natural}), natural)

    def _find_doubles(self, checked: list[Checked]) -> None:
        """Keys that stood higher up in the file."""
        keys = [made.key for made in checked if made.key]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT key, min(row) FROM jobs_importrow WHERE tenant_id = %s AND job_id = %s AND key = ANY(%s) "
                "GROUP BY key",
                [tenancy.require(), self._job_id, keys],
            )
            first: dict[str, int] = dict(cursor.fetchall())
        for made in checked:
            if not made.key:
                continue
            if made.key in first:
                params = {"text": made.key, "row": first[made.key]}
                made.refuse(self._key[1].key, Problem("DUPLICATE", params), made.key)
            else:
                first[made.key] = made.row.number

    def _compare(self, checked: list[Checked]) -> None:
        """What exists, what would change, and which rows the table would not take."""
        asked = [made for made in checked if made.key]
        sql, params = self._target.matched("FROM jsonb_to_recordset(%s::jsonb) AS s(row int, key text, vals jsonb)")
        pk = self._target.pk
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT s.row, t.{pk} IS NOT NULL, coalesce(v.seen, false), n.rec IS NOT DISTINCT FROM t, "
                f"{self._target.broken()} {sql}",
                [
                    _document({"row": at, "key": made.key, "vals": made.values} for at, made in enumerate(asked)),
                    *params,
                ],
            )
            answers = cursor.fetchall()
        happens: defaultdict[str, int] = defaultdict(int)
        for at, exists, seen, same, broken in answers:
            made = asked[at]
            if problem := self._clash(exists=exists, seen=seen):
                made.refuse(self._key[1].key, Problem(problem, {"text": made.key}), made.key)
            if not exists:
                for column in made.lacking:
                    made.refuse(column, Problem("REQUIRED"))
            if broken is not None and not made.problems:
                made.refuse("", Problem("BREAKS_RULE", {"rule": self._rule(broken)}))
            if not made.problems:
                happens["to_keep" if exists and same else "to_update" if exists else "to_create"] += 1
        self.counts = self.counts.plus(rows=len(checked), faulty=sum(1 for made in checked if made.problems), **happens)

    def _clash(self, *, exists: bool, seen: bool) -> str:
        """Code of the problem between the mode and what exists."""
        if exists and not seen:
            return "TAKEN" if self._mode is not Mode.UPDATE else "MISSING"
        if exists and self._mode is Mode.CREATE:
            return "EXISTS"
        return "MISSING" if not exists and self._mode is Mode.UPDATE else ""

    def _rule(self, number: int) -> str:
        return str(self._target.checks[number].get_violation_error_message())

    def _keep(self, checked: list[Checked]) -> None:
        for made in checked:
            if made.problems:
                self.groups.add(made.row.number, made.problems)
        with connection.cursor() as cursor:
            cursor.execute(
                KEEP_ROWS,
                [
                    tenancy.require(),
                    self._job_id,
                    _document(
                        {
                            "row": made.row.number,
                            "key": made.key,
                            "vals": made.values,
                            "cells": wire.packed_cells(made.row.cells),
                            "problems": made.problems,
                        }
                        for made in checked
                    ),
                ],
            )


def _document(rows: Iterable[dict[str, Any]]) -> str:
    """A batch as one JSON text."""
    return json.dumps(list(rows), ensure_ascii=False, separators=(",", ":"))


def _key_of(target: Target) -> str:
    return importing_of(target.dataset).key

"""What PostgreSQL expects of a statement, without running it.

Column widths come from EXPLAIN, too: pg_stats hides everything about tables with row-level security from people who
are bound by it, while the planner itself knows.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from exportcenter.common.database import statement_timeout, try_lock_by_name
from jobs.datasets.query import BoundColumn, CellWriter, Plan, Statement
from jobs.exports.estimating import sizes

NOMINAL_ROWS = 1000
"""Stands in for the planner's figure where it is not asked, so that experience has something to correct."""
MOST_ROWS = 10**15
"""The planner's own limit does not fit into a column."""
HANDING_ON, FED_BY = ("Subquery Scan", "Sort"), ("Outer", "Subquery")
"""Nodes with as many rows as the node they are fed by, and how that one is marked."""
UNANALYZED = """
SELECT coalesce(bool_or(c.reltuples < 0), false) FROM pg_class c
WHERE c.relkind IN ('r', 'm') AND c.oid = ANY (SELECT to_regclass(quote_ident(name)) FROM unnest(%s::text[]) name)
"""


@dataclass(frozen=True)
class Planned:
    """The planner's view of a request.

    Attributes:
        rows: as the planner has it, at least 1 unless it can prove that there is none
        words: bytes of the text columns of an average row
        analyzed: False: some table has no statistics yet, the figures are made up from the size of its file
        asked: False: nobody was asked, the figures say nothing about this request
    """

    rows: int
    words: int
    analyzed: bool = True
    asked: bool = True


class _Cells:
    """What the database has to make of the columns: the cells, but for those that Python makes."""

    def __init__(self, writer: CellWriter) -> None:
        self._writer = writer

    def cell(self, column: BoundColumn, reference: str) -> str:
        """The writer's, or the value itself."""
        return reference if column.python is not None else self._writer.cell(column, reference)


class _Bare:
    """Columns as they are stored."""

    def cell(self, column: BoundColumn, reference: str) -> str:
        """The value itself."""
        return reference


def nominal(plan: Plan) -> Planned:
    """What is taken for a request over another database: only workers connect there, one slot each."""
    words = sum(sizes.TYPICAL[column.kind] + 1 for column in plan.columns if column.kind in sizes.WORDS)
    return Planned(NOMINAL_ROWS, words, asked=False)


def ask(plan: Plan, writer: CellWriter, *, seconds: float) -> Planned:
    """What the planner expects of the statement that ``writer`` would run for ``plan``. Nothing is executed.

    The statement carries the viewer's scope, and row-level security is added to it as it would be for the file.
    Raises OperationalError when one question takes longer than ``seconds``.
    """
    by_python = [column.key for column in plan.columns if column.python is not None]
    with statement_timeout(seconds, using=plan.rows.db) as cursor:
        top = _explain(cursor, plan.statement(_Cells(writer), unmasked=by_python))
        words = 0
        if chosen := [number for number, column in enumerate(plan.columns) if column.kind in sizes.WORDS]:
            words = int(_explain(cursor, _bare(plan, chosen).statement(_Bare()))["Plan Width"])
        cursor.execute(UNANALYZED, [sorted(set(_tables(top)))])
        (unanalyzed,) = cursor.fetchone()
    return Planned(min(_rows(top), MOST_ROWS), words, not unanalyzed)


def count(plan: Plan, *, seconds: float, key: str) -> int | None:
    """The exact number of rows; None when somebody counts under the same ``key`` already.

    Raises OperationalError when it takes longer than ``seconds``.
    """
    alias = plan.rows.db
    with transaction.atomic(using=alias):
        if not try_lock_by_name(key, using=alias):
            return None
        with statement_timeout(seconds, using=alias):
            return plan.count()


def _explain(cursor: Any, statement: Statement) -> dict[str, Any]:
    cursor.execute(f"EXPLAIN (FORMAT JSON) {statement.sql}", statement.params)
    top: dict[str, Any] = cursor.fetchone()[0][0]["Plan"]
    return top


def _rows(node: dict[str, Any]) -> int:
    """Rows of the plan. The planner rounds up to 1 above a part that it knows to be empty."""
    rows = int(node["Plan Rows"])
    if node["Node Type"] in HANDING_ON and "Filter" not in node:
        rows = min([rows, *(_rows(below) for below in node["Plans"] if below["Parent Relationship"] in FED_BY)])
    return rows


def _bare(plan: Plan, chosen: list[int]) -> Plan:
    """The columns with these numbers, unmasked: of a computed text the planner knows no width. No order, no sort."""
    return replace(
        plan,
        rows=plan.rows.order_by(),
        columns=tuple(replace(plan.columns[number], masked="", hide=None) for number in chosen),
        sources=tuple(plan.sources[number] for number in chosen),
    )


def _tables(node: dict[str, Any]) -> Iterator[str]:
    if "Relation Name" in node:
        yield node["Relation Name"]
    for below in node.get("Plans", ()):
        yield from _tables(below)

"""The smallest format there is: every cell as text, choices as their label."""

from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from jobs.datasets import Kind, get
from jobs.datasets.query import BoundColumn, Plan, plan

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Cells:
    """A CellWriter for tests."""

    def cell(self, column: BoundColumn, reference: str) -> str:
        """``reference`` as text. Choices get their label, times the wall clock of Shanghai."""
        if column.kind is Kind.CHOICE:
            arms = " ".join(f"WHEN '{code}' THEN '{label}'" for code, label in column.labels)
            return f"CASE {reference}::text {arms} ELSE {reference}::text END"
        if column.kind is Kind.DATETIME:
            return f"to_char({reference} AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI:SS')"
        if column.kind is Kind.TEXT:
            # A percent sign and braces in the format's own SQL must reach the server as they are.
            return f"CASE WHEN {reference}::text LIKE '100%' THEN {reference}::text ELSE {reference}::text END"
        return f"{reference}::text"


def run(made: Plan) -> list[tuple[Any, ...]]:
    """The rows that a plan gives."""
    statement = made.statement(Cells())
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.params)
        return cursor.fetchall()


def export(key: str, viewer: Any, columns: list[str] | None = None, **params: Any) -> list[tuple[Any, ...]]:
    """Rows of dataset ``key`` as ``viewer`` gets them."""
    return run(plan(get(key), viewer=viewer, params=params, columns=columns, zone=SHANGHAI))

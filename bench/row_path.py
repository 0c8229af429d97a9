"""The orders once more, with columns that Python computes: for the path that puts rows together in Python."""

import unicodedata
from dataclasses import fields, replace
from typing import Any

ONE, EVERY = "bench_orders_one", "bench_orders_every"


def register() -> None:
    """Make both datasets known, where columns can be computed in Python."""
    from jobs import datasets

    if "python" not in {field.name for field in fields(datasets.Column)}:
        return
    orders = type(datasets.get("orders"))

    @datasets.register
    class OneByPython(orders):  # type: ignore[misc,valid-type]
        """A plausible one: product names in one form of Unicode."""

        key = ONE
        secondary = True
        columns = tuple(
            replace(column, python=_normalised) if column.key == "product_name" else column for column in orders.columns
        )

    @datasets.register
    class EveryByPython(orders):  # type: ignore[misc,valid-type]
        """The worst one: PostgreSQL writes no cell at all."""

        key = EVERY
        secondary = True
        columns = tuple(replace(column, python=_as_it_is) for column in orders.columns)


def _normalised(value: str | None) -> str | None:
    return None if value is None else unicodedata.normalize("NFKC", value)


def _as_it_is(value: Any) -> Any:
    return value

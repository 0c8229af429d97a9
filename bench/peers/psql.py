r"""What ``psql \copy`` copies, and in which form."""

from bench import statements

CSV = "CSV HEADER"
JSON_LINES = r"(FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02', ESCAPE E'\x01')"
"""JSON text holds no raw control characters: with two of them as quote and delimiter each line is the bare object."""


def statement() -> str:
    """P: what our CSV export runs."""
    return statements.compiled("csv", {})


def raw() -> str:
    """R: the raw columns."""
    return statements.raw()


def statement_objects() -> str:
    """What our NDJSON export runs, as objects."""
    return _objects(statements.compiled("json", {"lines": True}))


def raw_objects() -> str:
    """The raw columns as objects."""
    return _objects(statements.raw())


def _objects(text: str) -> str:
    return f"SELECT row_to_json(t) FROM ({text}) t"

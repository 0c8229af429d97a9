"""A file by its bytes, opened as a table."""

import pytest

from jobs.imports.reading import open_table


@pytest.fixture
def put(tmp_path):
    """put(data, name="f") → path"""

    def _put(data, name="f"):
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return _put


@pytest.fixture
def opened(put):
    """opened(data, **choices) → Table, closed after the test"""
    tables = []

    def _opened(data, **choices):
        tables.append(open_table(put(data, f"f{len(tables)}"), "f", **choices))
        return tables[-1]

    yield _opened
    for table in tables:
        table.close()


def labels(table):
    """The header's labels."""
    return [column.label for column in table.header]

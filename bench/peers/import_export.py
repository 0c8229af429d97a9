"""django-import-export: a ModelResource over the same queryset."""

from typing import Any

import import_export
import tablib
from import_export import resources

from bench import rows
from jobs.records.models import Order

REMARK = import_export.__version__


def collected(source: rows.Source, **how: Any) -> "tablib.Dataset":
    """The rows as the library gathers them: all in memory."""
    names = source.names
    numbers = [names[number] for number in source.of_kind("integer", "money", "number")]

    class OrderResource(resources.ModelResource):
        class Meta:
            model = Order
            fields = names
            export_order = names
            chunk_size = rows.CHUNK
            # Numbers as numbers also in CSV, not as words of a language: right for machines, and less work.
            widgets = {name: {"coerce_to_string": False} for name in numbers}

    with rows.as_admin() as viewer:
        return OrderResource().export(source.queryset(viewer), **how)

"""Every dataset the product knows. Files in ``catalog/`` register themselves; nothing lists them by hand."""

import importlib
import pkgutil
from typing import TypeVar

from django.utils.translation import gettext as _

from exportcenter.common.errors import InvalidParameters
from jobs.datasets.base import SENSITIVITIES, Dataset, Kind, choices_of
from jobs.datasets.filters import SILENT_FILTERS, DatasetFilter

KEY_BYTES = 63
"""PostgreSQL cuts longer names off, and keys are names in the statement: a JSON file would hold the stump."""

D = TypeVar("D", bound=type[Dataset])

_datasets: dict[str, Dataset] = {}


class BadDataset(TypeError):
    """A dataset's declaration is wrong; the message says how."""


def register(cls: D) -> D:
    """Class decorator: check the declaration and make the dataset known. Raises BadDataset at start-up."""
    for name in ("key", "title", "sensitivity", "model", "filterset", "columns"):
        if not hasattr(cls, name):
            raise BadDataset(f"{cls.__name__} has no {name}")
    if cls.key in _datasets:
        raise BadDataset(f"dataset {cls.key!r} is registered twice")
    if cls.sensitivity not in SENSITIVITIES:
        raise BadDataset(f"{cls.__name__}.sensitivity must be one of {SENSITIVITIES}")
    keys = [column.key for column in cls.columns]
    if len(set(keys)) != len(keys):
        raise BadDataset(f"{cls.__name__} has two columns of one key")
    for column in cls.columns:
        if not 0 < len(column.key.encode()) <= KEY_BYTES:
            raise BadDataset(f"{cls.__name__}.{column.key}: a column's key has 1 to {KEY_BYTES} bytes")
        if column.kind is Kind.CHOICE and not choices_of(cls.model, column):
            raise BadDataset(f"{cls.__name__}.{column.key} is a choice without choices")
    _check_filters(cls)
    _datasets[cls.key] = cls()
    return cls


def get(key: str) -> Dataset:
    """The dataset called ``key``. Raises InvalidParameters that names the known ones."""
    try:
        return _datasets[key]
    except (KeyError, TypeError):
        raise InvalidParameters(
            details={"type": [_unknown(key)]},
        ) from None


def all_datasets() -> list[Dataset]:
    """Every dataset, by key."""
    return [_datasets[key] for key in sorted(_datasets)]


def load_catalog() -> None:
    """Import every module of ``jobs.datasets.catalog``; called once at start-up."""
    package = importlib.import_module("jobs.datasets.catalog")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


def _check_filters(cls: type[Dataset]) -> None:
    if not issubclass(cls.filterset, DatasetFilter):
        raise BadDataset(f"{cls.__name__}.filterset is no DatasetFilter")
    for name, declared in cls.filterset.base_filters.items():
        if isinstance(declared, SILENT_FILTERS):
            raise BadDataset(f"filter {name!r} of {cls.__name__} ignores wrong values; use YesNo, AnyOf or two filters")
        if declared.distinct:
            raise BadDataset(f"filter {name!r} of {cls.__name__} is DISTINCT, which sorts every row; use AnyOf")


def _unknown(key: object) -> str:
    return _("“%(value)s” is not a known type. Allowed: %(allowed)s.") % {
        "value": str(key)[:100],
        "allowed": ", ".join(sorted(_datasets)),
    }

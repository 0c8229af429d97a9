"""Every dataset the product knows. Files in ``catalog/`` register themselves; nothing lists them by hand."""

import importlib
import pkgutil
from typing import TypeVar

from django.utils.translation import gettext as _

from exportcenter.common.errors import InvalidParameters
from jobs.datasets.base import SENSITIVITIES, Dataset

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


def _unknown(key: object) -> str:
    return _("“%(value)s” is not a known type. Allowed: %(allowed)s.") % {
        "value": str(key)[:100],
        "allowed": ", ".join(sorted(_datasets)),
    }

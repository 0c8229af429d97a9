"""Every dataset the product knows. Files in ``catalog/`` register themselves; nothing lists them by hand."""

import importlib
import pkgutil
from collections.abc import Sequence
from typing import Any, TypeVar

from django.core.exceptions import FieldDoesNotExist
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.utils.translation import gettext as _

from exportcenter.common.errors import InvalidParameters
from jobs.datasets.base import CUSTOM, SENSITIVITIES, Dataset, Kind, choices_of
from jobs.datasets.external import ExternalDataset
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
    if cls.key == CUSTOM:
        raise BadDataset(f"{CUSTOM!r} is the type of custom exports; a dataset needs another key")
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
    _check_source(cls)
    made = cls()
    _check_first(made)
    _datasets[cls.key] = made
    return cls


def get(key: str, *, also: Sequence[str] = ()) -> Dataset:
    """The dataset called ``key``. Raises InvalidParameters that names the known ones, and what ``also`` is allowed."""
    try:
        return _datasets[key]
    except (KeyError, TypeError):
        raise InvalidParameters(
            details={"type": [_unknown(key, also)]},
        ) from None


def all_datasets() -> list[Dataset]:
    """Every dataset, by key."""
    return [_datasets[key] for key in sorted(_datasets)]


def title_of(key: str) -> str:
    """Title of the dataset called ``key`` in the current language; ``key`` when it is gone."""
    return str(_datasets[key].title) if key in _datasets else key


def first_over(model: type[models.Model]) -> Dataset | None:
    """The dataset whose rows and columns the page of the table in the admin shows; None without one."""
    return next((one for one in _datasets.values() if one.model is model and one.is_first), None)


def source_of(model: type[models.Model]) -> str | None:
    """Alias of the external database that a dataset reads ``model`` from; None for models of our own."""
    if model._meta.managed:
        return None
    return next((one.database for one in _datasets.values() if one.is_external and one.model is model), None)


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


def _check_source(cls: type[Dataset]) -> None:
    """No row-level security guards a table elsewhere: refuse a declaration that leaves open whose rows are whose."""
    if not issubclass(cls, ExternalDataset):
        if cls.database != DEFAULT_DB_ALIAS:
            raise BadDataset(f"{cls.__name__}.database is {cls.database!r}, so it must be an ExternalDataset")
        return
    if cls.database == DEFAULT_DB_ALIAS or cls.database not in connections.settings:
        raise BadDataset(f"{cls.__name__}.database {cls.database!r} is not in EXTERNAL_DATABASES")
    if cls.rows is not ExternalDataset.rows:
        raise BadDataset(f"{cls.__name__} replaces rows(), which keeps companies apart; replace select() instead")
    if bool(cls.tenant_field) == cls.platform_only:
        raise BadDataset(f"{cls.__name__} needs tenant_field or platform_only = True, and not both")
    if cls.model._meta.managed:
        raise BadDataset(f"{cls.model.__name__} of {cls.__name__} needs managed = False in its Meta")
    if cls.tenant_field:
        _check_path(cls, cls.tenant_field)


def _check_first(made: Dataset) -> None:
    """A table's page in the admin shows one dataset: refuse to guess which."""
    first = first_over(made.model)
    if first is not None and made.is_first:
        raise BadDataset(
            f"{type(made).__name__} and {type(first).__name__} are both over {made.model.__name__}; "
            "one of them needs secondary = True"
        )


def _check_path(cls: type[Dataset], path: str) -> None:
    model: Any = cls.model
    for name in path.split("__"):
        try:
            model = model._meta.get_field(name).related_model
        except (FieldDoesNotExist, AttributeError):
            raise BadDataset(f"{cls.__name__}.tenant_field {path!r} leads nowhere") from None


def _unknown(key: object, also: Sequence[str]) -> str:
    return _("“%(value)s” is not a known type. Allowed: %(allowed)s.") % {
        "value": str(key)[:100],
        "allowed": ", ".join([*sorted(_datasets), *also]),
    }

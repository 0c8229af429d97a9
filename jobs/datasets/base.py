"""The contract of a dataset: one small declarative class, nothing else (SPEC E2)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.db import DEFAULT_DB_ALIAS, models
from django.db.models.expressions import Combinable
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from jobs.datasets.importing import Importing
from jobs.datasets.masks import Mask

AMOUNT = "amount"
RISK = "risk"
GENERAL = "general"
SENSITIVITIES = (AMOUNT, RISK, GENERAL)
CUSTOM = "reports_custom"
"""Type of exports whose columns, order and filters somebody has chosen. It is no dataset: such an export names one."""


class Kind(StrEnum):
    """How a column's value is written."""

    TEXT = "text"
    """Free text; neutralised where a spreadsheet could run it as a formula."""
    ID = "id"
    """An identifier made by us (uuid, number, code): text in every format, digits are never lost."""
    INTEGER = "integer"
    MONEY = "money"
    """Decimal(18, 2)."""
    NUMBER = "number"
    """A decimal that is not money, e.g. a rate or score."""
    CHOICE = "choice"
    """A code with a label; people get the label, machines (raw mode) the code."""
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    """With zone; people get their own wall clock, machines UTC."""


@dataclass(frozen=True)
class Column:
    """A path into the row, a heading, and how the value is shown."""

    key: str
    """Stable name in the API and in saved choices, e.g. "amount"."""
    title: Any
    """Heading (lazy translation)."""
    kind: Kind = Kind.TEXT
    value: str | Combinable | None = None
    """An ORM path ("buyer__phone") or expression; None means the path ``key``."""
    mask: Mask | None = None
    """How the value is shown to people without the right to contact data."""
    choices: Sequence[tuple[Any, Any]] = ()
    """Code → label of a CHOICE column; taken from the model field at the path when left out."""
    default: bool = True
    """Part of the file when the request names no columns."""
    total: bool = True
    """Of a MONEY column: its sum means something (that of balances does not) and is told with the file."""
    python: Callable[[Any], Any] | None = None
    """Computes the value, of the column's kind, from what ``value`` gives, where SQL cannot (a decrypted field, a word
    from a library). Costs most of the speed: rows with such a column are put together in Python."""


def choices_of(model: type[models.Model], column: Column) -> Sequence[tuple[Any, Any]]:
    """Code → label of a CHOICE column: its own, or those of the model field that its path leads to.

    Empty when there are none. Raises FieldDoesNotExist for a path that leads nowhere.
    """
    if column.choices or not isinstance(column.value, str | None):
        return column.choices
    *relations, name = (column.value or column.key).split("__")
    for relation in relations:
        model = model._meta.get_field(relation).related_model  # type: ignore[assignment]
    return list(getattr(model._meta.get_field(name), "flatchoices", ()))


class Dataset:
    """
    Something people may export. Subclasses declare; they never open files or check permissions.

    Attributes:
        key: stable identifier, stored on jobs and shown in URLs
        title: what people read in menus (lazy translation)
        sensitivity: AMOUNT, RISK or GENERAL; decides who may download (SPEC E13)
        model: the table's model; rows come from ``rows()``, and pass through ``grouped()`` after the filters
        filterset: a DatasetFilter; validates and applies the request's parameters: the same for page, API and job
        columns: the columns, in file order
        order_by: ORM ordering that is unique, so that equal requests give equal files
        lifetime: how long a file is kept (SPEC E10)
        database: where the rows are; another one than Export Center's own needs an ExternalDataset
        platform_only: client companies may not export it
        secondary: another dataset is the first over this table, the one that the table's page in the admin shows
        importing: what files may write into it; None: nothing, and ``not_imported`` tells people why
        page_columns: name of a column on that page → key of the column here, where they differ
    """

    key: ClassVar[str]
    title: ClassVar[Any]
    sensitivity: ClassVar[str]
    model: ClassVar[type[models.Model]]
    filterset: ClassVar[type[Any]]
    columns: ClassVar[Sequence[Column]]
    order_by: ClassVar[Sequence[str]] = ("pk",)
    lifetime: ClassVar[timedelta] = timedelta(hours=24)
    scope_rights: ClassVar[Sequence[str]] = ("data.all_regions",)
    """Permissions that widen ``rows()``. A file made with one of them is downloaded by people who hold it only."""
    database: ClassVar[str] = DEFAULT_DB_ALIAS
    platform_only: ClassVar[bool] = False
    secondary: ClassVar[bool] = False
    importing: ClassVar[Importing | None] = None
    not_imported: ClassVar[Any] = _("These rows come from other parts of the system; files do not write them.")
    page_columns: ClassVar[Mapping[str, str]] = {}

    def rows(self, viewer: User) -> "models.QuerySet[Any]":
        """The rows ``viewer`` may export, before filters: row scope by role."""
        raise NotImplementedError

    def grouped(self, rows: "models.QuerySet[Any]", *, zone: ZoneInfo) -> "models.QuerySet[Any]":
        """What is written of the rows that scope and filters have left: the rows themselves, unless overridden.

        Statistics override it and return groups: ``rows.values(<keys>).annotate(<aggregates>)``. Columns and
        ``order_by`` name keys and annotations; PostgreSQL works out only those that are asked for. Days and months
        are those of ``zone``.
        """
        return rows

    @property
    def is_grouped(self) -> bool:
        """Whether a row of the file sums up rows of the table instead of showing one."""
        return type(self).grouped is not Dataset.grouped

    @property
    def is_first(self) -> bool:
        """Whether its rows and columns are those of the table's page in the admin."""
        return not (self.secondary or self.is_grouped or self.is_external)

    @property
    def is_external(self) -> bool:
        """Whether the rows are in another database than Export Center's own (SPEC E21)."""
        return self.database != DEFAULT_DB_ALIAS

    def column(self, key: str) -> Column:
        """The column called ``key``. Raises KeyError."""
        return self._by_key[key]

    def default_columns(self) -> list[Column]:
        """What a file holds when the request names no columns."""
        return [column for column in self.columns if column.default]

    @property
    def _by_key(self) -> dict[str, Column]:
        return {column.key: column for column in self.columns}

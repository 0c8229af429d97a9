"""What can be exported: declarative datasets, their registry, and the compiler from dataset to SQL."""

from jobs.datasets.base import AMOUNT, CUSTOM, GENERAL, RISK, Column, Dataset, Kind
from jobs.datasets.external import ExternalDataset
from jobs.datasets.importing import NOT_NEGATIVE, PHONE, Importing, Mode, Rule
from jobs.datasets.registry import all_datasets, get, register, title_of

__all__ = [
    "AMOUNT",
    "CUSTOM",
    "GENERAL",
    "NOT_NEGATIVE",
    "PHONE",
    "RISK",
    "Column",
    "Dataset",
    "ExternalDataset",
    "Importing",
    "Kind",
    "Mode",
    "Rule",
    "all_datasets",
    "get",
    "register",
    "title_of",
]

"""What can be exported: declarative datasets, their registry, and the compiler from dataset to SQL."""

from jobs.datasets.base import AMOUNT, CUSTOM, GENERAL, RISK, Column, Dataset, Kind
from jobs.datasets.external import ExternalDataset
from jobs.datasets.registry import all_datasets, get, register, title_of

__all__ = [
    "AMOUNT",
    "CUSTOM",
    "GENERAL",
    "RISK",
    "Column",
    "Dataset",
    "ExternalDataset",
    "Kind",
    "all_datasets",
    "get",
    "register",
    "title_of",
]

"""What can be exported: declarative datasets, their registry, and the compiler from dataset to SQL."""

from jobs.datasets.base import AMOUNT, GENERAL, RISK, Column, Dataset, Kind
from jobs.datasets.registry import all_datasets, get, register

__all__ = ["AMOUNT", "GENERAL", "RISK", "Column", "Dataset", "Kind", "all_datasets", "get", "register"]

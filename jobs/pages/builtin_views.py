"""Views that everybody has: written in code, worked out for the reader when they are read (SPEC U7)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from exportcenter.common import clock
from jobs.datasets import AMOUNT, all_datasets
from jobs.pages.preferences import EXPORTS

Query = dict[str, list[str]]


@dataclass(frozen=True)
class BuiltInView:
    """A view that belongs to nobody. ``key`` is unique over all pages."""

    key: str
    page: str
    title: Any
    query_for: Callable[[User], Query]


def of_page(page: str) -> list[BuiltInView]:
    """Those of one page, in their order."""
    return [view for view in BUILT_IN.values() if view.page == page]


def _mine(reader: User) -> Query:
    return {"created_by": [reader.code]}


def _amount(reader: User) -> Query:
    return {"type": [dataset.key for dataset in all_datasets() if dataset.sensitivity == AMOUNT]}


def _failed_today(reader: User) -> Query:
    today = clock.now().astimezone(reader.zone).date()
    return {"status": ["failed"], "created_from": [datetime.combine(today, time.min, reader.zone).isoformat()]}


BUILT_IN = {
    view.key: view
    for view in (
        BuiltInView("mine", EXPORTS, _("Started by me"), _mine),
        BuiltInView("amount", EXPORTS, _("Amount only"), _amount),
        BuiltInView("failed_today", EXPORTS, _("Failed today"), _failed_today),
    )
}

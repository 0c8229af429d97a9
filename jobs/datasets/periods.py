"""Periods that move with the calendar: "last month" as days, on a given day."""

from collections.abc import Callable
from datetime import date, timedelta

from django.utils.translation import gettext_lazy as _

MOST_DAYS = 3660
LAST_N_DAYS = "last_n_days"

Days = tuple[date, date]
"""First and last day, both inclusive."""


def _week(today: date, back: int) -> Days:
    monday = today - timedelta(days=today.weekday() + 7 * back)
    return monday, monday + timedelta(days=6)


def _months(today: date, length: int, back: int) -> Days:
    """The block of ``length`` months that holds today, or the one ``back`` blocks before it."""
    block = (today.year * 12 + today.month - 1) // length - back
    return _first_of(block * length), _first_of((block + 1) * length) - timedelta(days=1)


def _first_of(month: int) -> date:
    """First day of a month that is counted from year 0."""
    return date(month // 12, month % 12 + 1, 1)


_PERIODS: dict[str, Callable[[date, int], Days]] = {
    "today": lambda today, _number: (today, today),
    "yesterday": lambda today, _number: (today - timedelta(days=1), today - timedelta(days=1)),
    LAST_N_DAYS: lambda today, number: (today - timedelta(days=number - 1), today),
    "this_week": lambda today, _number: _week(today, 0),
    "last_week": lambda today, _number: _week(today, 1),
    "this_month": lambda today, _number: _months(today, 1, 0),
    "last_month": lambda today, _number: _months(today, 1, 1),
    "this_quarter": lambda today, _number: _months(today, 3, 0),
    "last_quarter": lambda today, _number: _months(today, 3, 1),
    "this_year": lambda today, _number: _months(today, 12, 0),
    "last_year": lambda today, _number: _months(today, 12, 1),
}
TITLES = {
    "today": _("today"),
    "yesterday": _("yesterday"),
    LAST_N_DAYS: _("last … days, today included"),
    "this_week": _("this week (from Monday)"),
    "last_week": _("last week (from Monday)"),
    "this_month": _("this month"),
    "last_month": _("last month"),
    "this_quarter": _("this quarter"),
    "last_quarter": _("last quarter"),
    "this_year": _("this year"),
    "last_year": _("last year"),
}
PERIODS = frozenset(_PERIODS)


def days_of(period: str, today: date, number: int = 1) -> Days:
    """First and last day of ``period`` as it is on ``today``. ``number`` is the n of "last_n_days"."""
    return _PERIODS[period](today, number)

"""What the address of the page asks for. An address can be edited by hand: whatever is wrong in it is said and passed
over, the rest counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from exportcenter.common.errors import InvalidParameters
from exportcenter.common.keyset import Key
from jobs.exports.filters import ORDERINGS, ExportFilter, narrow
from jobs.models import ExportJob

PERIODS: dict[str, tuple[Any, int]] = {
    "today": (gettext_lazy("Today"), 0),
    "3d": (gettext_lazy("Last 3 days"), 2),
    "7d": (gettext_lazy("Last 7 days"), 6),
    "30d": (gettext_lazy("Last 30 days"), 29),
}
"""Name in the address → words, and whole days before today."""
OF_THE_PAGE = frozenset({"ordering", "view", "cursor", "only", "arrived"})
"""Parameters that narrow nothing."""
NO_VIEW = "all"
"""As the view in the address: every export, whatever view the page usually opens with."""
OF_SEVERAL = frozenset({"status", "type", "file_type"})
"""Filters of which several values can be chosen."""
RANGES = (("created_from", "created_to", "to"), ("size_min", "size_max", "mb_max"))
"""The API's filters that begin and end a range, and what the page calls the end."""
MB = 1 << 20
MOST_MB = 1 << 30


@dataclass
class PageQuery:
    """The address, read.

    Attributes:
        given: name → texts, as the page's own form writes them, without what was wrong
        ordering: one of ORDERINGS
        view: id of the saved view that is shown, or empty
        problems: what was passed over, in words
    """

    given: dict[str, list[str]]
    narrowing: QueryDict
    ordering: str = "-created_at"
    view: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def keys(self) -> tuple[Key, ...]:
        """How the list is sorted."""
        return ORDERINGS[self.ordering]

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is set."""
        return bool(self.given)

    def narrow(self, jobs: "QuerySet[ExportJob]") -> "QuerySet[ExportJob]":
        """``jobs`` with the filters applied."""
        return narrow(jobs, self.narrowing, also=frozenset())

    def address(self, **changes: str | list[str] | None) -> str:
        """The query string with some parameters changed; None drops one. Begins with "?"."""
        wanted: dict[str, Any] = dict(self.given)
        if self.view:
            wanted["view"] = [self.view]
        if self.ordering != "-created_at" or self.view not in ("", NO_VIEW):  # a view may have an order of its own
            wanted["ordering"] = [self.ordering]
        wanted |= changes
        pairs = {name: value for name, value in wanted.items() if value not in (None, "", [])}
        if not pairs.keys() - {"ordering", "view"} and (self.given or not self.view):
            # Nothing is narrowed any more: say so, or the filters of a view would come back.
            pairs = {"view": NO_VIEW} | {name: value for name, value in pairs.items() if name == "ordering"}
        return f"?{urlencode(pairs, doseq=True)}"

    def one(self, name: str) -> str:
        """The text of a filter of one value."""
        return (self.given.get(name) or [""])[0]


def read(query: QueryDict, user: User) -> PageQuery:
    """Read an address. Never raises: see ``problems``."""
    found = PageQuery({}, QueryDict(mutable=True))
    for name in sorted(query, key="period".__eq__):  # last: days that are named count more than "the last 7 days"
        values = [value for value in query.getlist(name) if value]
        if name not in OF_THE_PAGE and values:
            _take(found, name, values, user.zone)
    _pass_over_crossed(found)
    found.view = query.get("view", "")[:60]
    wish = query.get("ordering", "")
    if wish in ORDERINGS:
        found.ordering = wish
    elif wish:
        found.problems.append(_("There is no such order: %(name)s.") % {"name": _shown(wish)})
    return found


def of_view(saved: Mapping[str, Any]) -> QueryDict:
    """The address that a saved view stands for."""
    query = QueryDict(mutable=True)
    for name, values in saved.items():
        query.setlist(str(name), [str(value) for value in values])
    return query


def _take(found: PageQuery, name: str, values: list[str], zone: ZoneInfo) -> None:
    translate = _OWN.get(name)
    if len(values) > 1 and name not in OF_SEVERAL:
        words = _("Only one value is expected; “%(value)s” counts.") % {"value": _shown(values[0])}
        _tell(found, name, words)
        values = values[:1]
    try:
        if any("\0" in value for value in values) or "\0" in name:
            raise ValueError
        if translate is None:
            pairs = {name: values}
        else:
            pairs = {key: [value] for key, value in translate(values[0], zone).items()}
        alone = QueryDict(mutable=True)
        for key, texts in pairs.items():
            alone.setlist(key, texts)
        narrow(ExportJob.objects.none(), alone, also=frozenset())
        if not found.narrowing.keys().isdisjoint(pairs):
            raise InvalidParameters(details={name: [_("Another filter of the address says this already.")]})
        if name == "created_by" and not User.objects.filter(code=values[0]).exists():
            raise InvalidParameters(details={name: [_("Nobody of the company has this number.")]})
    except InvalidParameters as error:
        # What is wrong is told by the API's own words.
        words = " ".join(str(word) for lines in error.details.values() for word in lines)
        _tell(found, name, words)
    except ValueError:
        words = _("“%(value)s” cannot be read.") % {"value": _shown(values[0])}
        _tell(found, name, words)
    else:
        found.given[name] = values
        for key, texts in pairs.items():
            found.narrowing.setlist(key, texts)


def _tell(found: PageQuery, name: str, words: str) -> None:
    found.problems.append(_("%(name)s: %(words)s") % {"name": title_of(name), "words": words})


def title_of(name: str) -> str:
    """What people call a filter."""
    declared = ExportFilter.base_filters.get(name)
    return str(declared.label if declared is not None else _TITLES.get(name) or _shown(name))


def _pass_over_crossed(found: PageQuery) -> None:
    """A range that ends before it begins holds nothing: say so, instead of an empty list that looks like an answer."""
    form = ExportFilter(data=found.narrowing, queryset=ExportJob.objects.none()).form
    form.full_clean()
    for least, most, alias in RANGES:
        low, high = form.cleaned_data.get(least), form.cleaned_data.get(most)
        if low is None or high is None or low <= high:
            continue
        name = alias if alias in found.given else most
        _tell(found, name, _("The end lies before the beginning."))
        del found.given[name], found.narrowing[most]


def _shown(text: str) -> str:
    """The beginning of what somebody sent, fit to be printed."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:60])


def _midnight(day: date, zone: ZoneInfo) -> str:
    return datetime.combine(day, time(), tzinfo=zone).isoformat()


def _period(name: str, zone: ZoneInfo) -> dict[str, str]:
    if name not in PERIODS:
        raise ValueError(name)
    today = timezone.now().astimezone(zone).date()  # a day: no need to ask the database for its clock
    return {"created_from": _midnight(today - timedelta(days=PERIODS[name][1]), zone)}


def _first_day(text: str, zone: ZoneInfo) -> dict[str, str]:
    return {"created_from": _midnight(date.fromisoformat(text), zone)}


def _last_day(text: str, zone: ZoneInfo) -> dict[str, str]:
    try:
        return {"created_to": _midnight(date.fromisoformat(text) + timedelta(days=1), zone)}
    except OverflowError as error:
        raise ValueError(text) from error


def _megabytes(name: str) -> Callable[[str, ZoneInfo], dict[str, str]]:
    def translate(text: str, zone: ZoneInfo) -> dict[str, str]:
        try:
            number = Decimal(text)
        except InvalidOperation as error:
            raise ValueError(text) from error
        if not number.is_finite() or not 0 <= number <= MOST_MB:
            raise ValueError(text)
        return {name: str(int(number * MB))}

    return translate


_OWN: dict[str, Callable[[str, ZoneInfo], dict[str, str]]] = {
    "period": _period,
    "from": _first_day,
    "to": _last_day,
    "mb_min": _megabytes("size_min"),
    "mb_max": _megabytes("size_max"),
}
"""Filters of the page's form, in terms of the API's."""
_TITLES: dict[str, Any] = {
    "period": gettext_lazy("Created"),
    "from": gettext_lazy("Created from"),
    "to": gettext_lazy("Created until"),
    "mb_min": gettext_lazy("Size from"),
    "mb_max": gettext_lazy("Size to"),
}

"""The list of tasks of all kinds: filters, order and pages over one UNION ALL."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import F, OrderBy, QuerySet, Value
from django.db.models.fields import CharField
from django.utils.translation import gettext as _

from accounts.models import User
from exportcenter.common import keyset
from exportcenter.common.errors import InvalidParameters
from exportcenter.common.moments import MomentField, is_short
from exportcenter.common.paging import DEEPEST_ROW, LARGEST_PAGE, PAGE_SIZE, Page, count, refuse_unknown, whole_number
from jobs.batch.facade import BatchFacade, all_facades
from jobs.engine.states import Status

STATUSES: dict[str, tuple[Status, ...]] = {
    "pending": (Status.QUEUED, Status.REVIEW),
    "processing": (Status.PROCESSING,),
    "completed": (Status.READY, Status.EXPIRED),
    "failed": (Status.FAILED,),
    "canceled": (Status.CANCELED,),
}
"""Status of a task (S2) → those of jobs."""
FIELDS = {"created_at": "created_at", "completed_at": "finished_at"}
ORDERINGS = tuple(f"{sign}{name}" for name in FIELDS for sign in ("-", ""))
NAMES = ("status", "task_type", "created_from", "created_to", "ordering", "page", "page_size")

NEWEST = (keyset.Key("created_at", descending=True), keyset.Key("id", descending=True))


class TaskFilter(forms.Form):
    """The filters. ``status`` and ``task_type`` may be repeated."""

    status = forms.MultipleChoiceField(choices=[(name, name) for name in STATUSES], required=False)
    task_type = forms.MultipleChoiceField(
        choices=lambda: [(facade.kind, facade.kind) for facade in all_facades()], required=False
    )
    created_from = MomentField(required=False)
    created_to = MomentField(required=False)
    ordering = forms.ChoiceField(choices=[(name, name) for name in ORDERINGS], required=False)


def page_of(query: Any, *, viewer: User) -> Page:
    """The page of tasks that the query string asks for; ``items`` are pairs of facade and job, newest first unless
    ``ordering`` says otherwise. Raises InvalidParameters by field."""
    wish = _read(query)
    size = whole_number(query, "page_size", PAGE_SIZE, LARGEST_PAGE)
    number = whole_number(query, "page", 1, DEEPEST_ROW // size)
    facades = {one.kind: one for one in all_facades() if one.kind in (wish["task_type"] or [one.kind])}
    found = {key: _narrow(facade.visible_to(viewer), wish) for key, facade in facades.items()}
    counts = [count(rows.order_by("-created_at", "-id")) for rows in found.values()]
    first = (number - 1) * size
    keys = [(kind, key) for kind, key, _at in _merged(found, wish, first + size)[first:]]
    jobs = _jobs(facades, keys)
    items = [(facades[kind], jobs[key]) for kind, key in keys if key in jobs]
    return Page(items, sum(total for total, _exact in counts), all(exact for _total, exact in counts), number, size)


def newest(
    viewer: User, *, kinds: Collection[str], statuses: Collection[str], mine: bool, cursor: str, size: int
) -> keyset.Slice:
    """Tasks behind ``cursor`` (empty: the newest), newest first, as pairs of facade and job. An empty collection stands
    for all. Raises InvalidParameters for a cursor of another list."""
    facades = {one.kind: one for one in all_facades() if not kinds or one.kind in kinds}
    belongs_to = ["tasks", sorted(kinds), sorted(statuses), mine, str(viewer.pk)]
    arms: dict[str, QuerySet[Any]] = {}
    for kind, facade in facades.items():
        rows = keyset.beyond(facade.visible_to(viewer), NEWEST, cursor, belongs_to=belongs_to)
        rows = rows.filter(status__in=sorted(statuses)) if statuses else rows
        arms[kind] = rows.filter(owner=viewer) if mine else rows
    usual = {"ordering": "", "created_from": None, "created_to": None}
    keys = list(_merged(arms, usual, size + 1)) if arms else []
    jobs = _jobs(facades, [(kind, key) for kind, key, _at in keys[:size]])
    items = [(facades[kind], jobs[key]) for kind, key, _at in keys[:size] if key in jobs]
    if len(keys) <= size:
        return keyset.Slice(items, "")
    _kind, last, at = keys[size - 1]
    return keyset.Slice(items, keyset.cursor_behind((at, last), NEWEST, belongs_to=belongs_to))


def of_numbers(viewer: User, numbers: Collection[str]) -> list[tuple[BatchFacade, Any]]:
    """The tasks of these numbers that ``viewer`` may see, newest first."""
    found = [
        (facade, job)
        for facade in all_facades()
        if (wanted := [one for one in numbers if one.startswith(facade.job_kind.letter)])
        for job in facade.visible_to(viewer).filter(job_no__in=wanted).select_related("owner")
    ]
    return sorted(found, key=lambda pair: (pair[1].created_at, pair[1].pk), reverse=True)


def _read(query: Any) -> dict[str, Any]:
    refuse_unknown(query, NAMES)
    form = TaskFilter(query)
    if not form.is_valid():
        details = {name: [str(word) for word in words] for name, words in form.errors.items()}
        for name in details.keys() & {"status", "task_type", "ordering"}:
            allowed = ", ".join(str(value) for value, _label in form.fields[name].choices)  # type: ignore[attr-defined]
            details[name].append(_("Allowed: %(allowed)s.") % {"allowed": allowed})
        raise InvalidParameters(details=details)
    return form.cleaned_data


def _narrow(rows: "QuerySet[Any]", wish: dict[str, Any]) -> "QuerySet[Any]":
    if wish["status"]:
        rows = rows.filter(status__in=[one for name in wish["status"] for one in STATUSES[name]])
    if wish["created_from"]:
        rows = rows.filter(created_at__gte=wish["created_from"])
    if wish["created_to"]:
        rows = rows.filter(created_at__lt=wish["created_to"])
    return rows


def _merged(found: "dict[str, QuerySet[Any]]", wish: dict[str, Any], most: int) -> "QuerySet[Any]":
    """(kind, id, sort key) of the first ``most`` tasks of all kinds, in one order. Each kind's index brings its rows in
    that order already and the database merges them, so that a page costs what it costs in a list of one kind. Only
    with a limit of their own do the arms keep their order for the merge; without, everything would be sorted."""
    ordering = wish["ordering"] or ORDERINGS[0]
    descending, field = ordering.startswith("-"), FIELDS[ordering.lstrip("-")]
    # Creation and end go together, which the planner does not know: it would walk the index of ends through
    # everything outside a short period. An expression has no index: the period's own rows are sorted.
    by_end_of_few = field == "finished_at" and is_short(wish["created_from"], wish["created_to"])
    walked = F(field) + timedelta(0) if by_end_of_few else F(field)
    nulls = {"nulls_last": True} if descending else {"nulls_first": True}
    by_time = OrderBy(F("sort_key"), descending=descending, **(nulls if field == "finished_at" else {}))
    order = (by_time, F("id").desc() if descending else F("id").asc())
    arms = [
        rows.annotate(task_kind=Value(kind, output_field=CharField()), sort_key=walked)
        .order_by(*order)
        .values_list("task_kind", "id", "sort_key")[:most]
        for kind, rows in found.items()
    ]
    merged: QuerySet[Any] = arms[0]
    return merged.union(*arms[1:], all=True).order_by(*order)[:most] if len(arms) > 1 else merged


def _jobs(facades: dict[str, BatchFacade], keys: list[tuple[str, Any]]) -> dict[Any, Any]:
    """The rows of a page by id, with one query per kind that is on it."""
    jobs: dict[Any, Any] = {}
    for kind in {kind for kind, _key in keys}:
        wanted = [key for one, key in keys if one == kind]
        rows = facades[kind].job_kind.model.objects.filter(pk__in=wanted).select_related("owner")
        jobs |= {job.pk: job for job in rows}
    return jobs

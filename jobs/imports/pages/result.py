"""What was found in a file and what has become of its rows, in words (SPEC B2, B4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.models import User
from jobs.exports import words
from jobs.imports.counting import Counts, spoken
from jobs.imports.presenting import FROM_THE_FILE, HIDDEN, Eyes
from jobs.models import ImportChange, ImportJob, ImportRow
from jobs.models.importing import OnError

PAGE_ROWS = 100
"""Faulty rows, or kept ones, that are shown at once."""


@dataclass(frozen=True)
class Figure:
    """A number with its name."""

    key: str
    title: str
    number: str
    sign: str


@dataclass(frozen=True)
class Fault:
    """One problem of a row, or of many alike.

    Attributes:
        column: title of the column; of the row as a whole: that
        text: what stands there
        words: what is wrong and what to do
        count: how many rows, and where the first one stands, in words; of groups only
    """

    column: str
    text: str
    words: str
    count: str = ""
    first: str = ""


@dataclass(frozen=True)
class FaultyRow:
    """A row of the file that cannot be written."""

    number: int
    faults: list[Fault]


@dataclass(frozen=True)
class KeptRow:
    """A row that an undo has left as it is."""

    number: int
    key: str
    reason: str


def figures(job: ImportJob) -> list[Figure]:
    """The rows, by what would become, or has become, of them."""
    counts = Counts.of(job.counts)
    if job.undoes_id:
        names = [
            ("removed", pgettext("rows", "removed"), counts.removed, "remove_circle"),
            ("restored", pgettext("rows", "restored"), counts.restored, "settings_backup_restore"),
            ("kept", pgettext("rows", "kept"), counts.kept, "shield"),
        ]
    elif job.confirmed_at:
        names = [
            ("created", pgettext("rows", "added"), counts.created, "add_circle"),
            ("updated", pgettext("rows", "changed"), counts.updated, "change_circle"),
            ("unchanged", pgettext("rows", "unchanged"), counts.unchanged, "equal"),
            ("faulty", pgettext("rows", "faulty"), counts.faulty, "error"),
        ]
    else:
        names = [
            ("created", pgettext("rows", "to be added"), counts.to_create, "add_circle"),
            ("updated", pgettext("rows", "to be changed"), counts.to_update, "change_circle"),
            ("unchanged", pgettext("rows", "unchanged"), counts.to_keep, "equal"),
            ("faulty", pgettext("rows", "faulty"), counts.faulty, "error"),
        ]
    return [Figure(key, title, words.number(number) or "0", sign) for key, title, number, sign in names]


def consequence(job: ImportJob) -> str:
    """What confirming will do, in one sentence."""
    counts = Counts.of(job.counts)
    left_out = counts.faulty if job.on_error == OnError.SKIP else 0
    parts = [
        (counts.to_create, ngettext("%(count)s row is added", "%(count)s rows are added", counts.to_create)),
        (counts.to_update, ngettext("%(count)s row is changed", "%(count)s rows are changed", counts.to_update)),
        (counts.to_keep, ngettext("%(count)s row stays as it is", "%(count)s rows stay as they are", counts.to_keep)),
        (left_out, ngettext("%(count)s faulty row is left out", "%(count)s faulty rows are left out", left_out)),
    ]
    said = [text % {"count": words.number(number)} for number, text in parts if number]
    return _("; ").join(said) + _(".") if said else ""


def groups(job: ImportJob, viewer: User) -> list[Fault]:
    """Problems, grouped: the most frequent first."""
    eyes = Eyes.of(job, viewer)
    return [
        _fault(group, eyes, count=words.number(group["count"]) or "", first=words.number(group["row"]) or "")
        for group in job.problems
    ]


def faulty_rows(job: ImportJob, viewer: User, *, after: int) -> tuple[list[FaultyRow], bool]:
    """Faulty rows behind row ``after``, and whether there are more."""
    found = list(
        ImportRow.objects.filter(job_id=job.pk, row__gt=after)
        .exclude(problems=[])
        .order_by("row")
        .values_list("row", "problems")[: PAGE_ROWS + 1]
    )
    eyes = Eyes.of(job, viewer)
    made = [FaultyRow(row, [_fault(one, eyes) for one in said]) for row, said in found[:PAGE_ROWS]]
    return made, len(found) > PAGE_ROWS


def kept_rows(job: ImportJob, viewer: User, *, after: int) -> tuple[list[KeptRow], bool]:
    """Rows that the undo ``job`` has kept, behind row ``after``, and whether there are more."""
    outcomes = (ImportChange.Outcome.EDITED, ImportChange.Outcome.USED, ImportChange.Outcome.GONE)
    found = list(
        ImportChange.objects.filter(job_id=job.undoes_id, outcome__in=outcomes, row__gt=after)
        .only("row", "key", "outcome")
        .order_by("row")[: PAGE_ROWS + 1]
    )
    sees = Eyes.of(job, viewer).see_key()
    made = [KeptRow(one.row, one.key if sees else HIDDEN, one.get_outcome_display()) for one in found[:PAGE_ROWS]]
    return made, len(found) > PAGE_ROWS


def _fault(problem: Mapping[str, Any], eyes: Eyes, *, count: str = "", first: str = "") -> Fault:
    key = problem["column"]
    column, sees = eyes.column(key), eyes.see_column(key)
    params = problem["params"]
    if not sees:
        params = {name: HIDDEN if name in FROM_THE_FILE else value for name, value in params.items()}
    return Fault(
        column=(str(column.title) if column else key) or _("whole row"),
        text=problem["text"] if sees or not problem["text"] else HIDDEN,
        words=spoken({"code": problem["code"], "params": params}),
        count=count,
        first=first,
    )

"""The faulty rows of an import as a file of their own, to be corrected and sent again (SPEC B2).

The file is of the kind that was sent, and has its cells as they stood there. One more column says what is wrong.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from exportcenter.common.errors import Gone, NotFound
from jobs import storage
from jobs.datasets import Column, Dataset, Kind, registry
from jobs.exports.naming import file_name
from jobs.imports import problems
from jobs.imports.mapping import normalised
from jobs.imports.reading import cells, wire
from jobs.imports.rewriting import Heading, writer_for
from jobs.models import ImportJob, ImportRow

AT_ONCE = 500
"""Rows in memory."""
ERRORS = gettext_noop("Errors")
"""Heading of the last column. It means no column of a dataset, so that nobody has to take it out again."""


@dataclass(frozen=True)
class FaultyFile:
    """A file that lasts as long as the context that made it.

    Attributes:
        name: for the person who downloads it
        content_type: with its encoding
        path: where it lies
        size: in bytes
    """

    name: str
    content_type: str
    path: Path
    size: int


@contextmanager
def faulty_file(job: ImportJob) -> Iterator[FaultyFile]:
    """The faulty rows of ``job`` in the language that is active, in flat memory. Run it in the company's scope.

    Raises NotFound when no row is faulty, Gone when the rows are no longer kept, InvalidParameters when the dataset no
    longer exists.
    """
    rows = ImportRow.objects.filter(~Q(problems=[]), job_id=job.pk).order_by("row").values_list("cells", "problems")
    if job.file.is_over:
        raise Gone(_("The file and its faulty rows are no longer kept."), advice=_("Send the file again."))
    if not rows.exists():
        raise NotFound(_("No row of this import is faulty."))
    layout = _layout(job)
    path = storage.new_spool(job.pk, 0)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with path.open("xb") as sink:
            path.chmod(0o600)
            writer = writer_for(job.facts, sink, [*(heading for _at, heading in layout.columns), layout.errors])
            for packed, found in rows.iterator(chunk_size=AT_ONCE):
                row = wire.cells_of(packed)
                taken = [row[at] if at < len(row) else None for at, _heading in layout.columns]
                writer.row(taken, layout.sentences(found), beyond=row[layout.width :])
            writer.end()
        stem = PurePosixPath(job.file.name).stem
        yield FaultyFile(
            name=file_name(stem, {}, _("rows to correct"), writer.extension),
            content_type=writer.content_type,
            path=path,
            size=path.stat().st_size,
        )
    finally:
        path.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Layout:
    """The columns of the new file.

    Attributes:
        columns: position in the old file, and heading
        width: columns of the old file
        errors: heading of the last column
        names: key of a column → what the file calls it
    """

    columns: list[tuple[int, Heading]]
    width: int
    errors: Heading
    names: dict[str, str]

    def sentences(self, found: list[dict[str, Any]]) -> str:
        """What is wrong with a row: each sentence with the heading of its column."""
        told = []
        for problem in found:
            sentence = problems.sentence(problem["code"], problem["params"])
            name = self.names.get(problem["column"])
            told.append(_("%(column)s: %(problem)s") % {"column": name, "problem": sentence} if name else sentence)
        return " ".join(told)


def _layout(job: ImportJob) -> _Layout:
    dataset: Dataset = registry.get(job.dataset)
    known = {column.key: column for column in dataset.columns}
    labels = ["" if job.choices.get("header_row") == 0 else label for label in job.facts["header"]]
    mapped = {int(at): known[key] for at, key in job.mapping.items() if key in known}
    headings = _headings(labels, mapped)
    names = {key: str(column.title) for key, column in known.items()}
    names |= {column.key: headings[at] for at, column in mapped.items() if at in headings}
    return _Layout(
        columns=[(at, Heading(text, mapped[at].kind if at in mapped else Kind.TEXT)) for at, text in headings.items()],
        width=len(labels),
        errors=Heading(_unlike(_(ERRORS), {normalised(text) for text in headings.values()}), Kind.TEXT),
        names=names,
    )


def _headings(labels: list[str], mapped: dict[int, Column]) -> dict[int, str]:
    """Position → heading, such that the new file is mapped as the old one was: a column that had no heading, or one
    that a column which counts for more has as well, gets another. The errors of last time are left out."""
    made: dict[int, str] = {}
    taken: set[str] = set()
    for at, column in mapped.items():
        label = labels[at] if normalised(labels[at]) not in taken | {""} else str(column.title)
        made[at] = _unlike(label, taken)
        taken.add(normalised(made[at]))
    for at, label in enumerate(labels):
        if at not in mapped and normalised(label) not in _error_names():
            made[at] = _unlike(label or cells.column_letter(at), taken)
            taken.add(normalised(made[at]))
    return dict(sorted(made.items()))


def _unlike(label: str, taken: set[str]) -> str:
    """The label, with a number where the same stands there already."""
    number, found = 1, label
    while normalised(found) in taken:
        number += 1
        found = f"{label} {number}"
    return found


@cache
def _error_names() -> frozenset[str]:
    names = set()
    for language, _name in settings.LANGUAGES:
        with override(language):
            names.add(normalised(_(ERRORS)))
    return frozenset(names)

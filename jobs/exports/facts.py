"""What a file is, written down once when it is made: for its page, its manifest and its first sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.datasets import Dataset, words
from jobs.datasets.query import Plan
from jobs.models import ExportJob

Pair = tuple[str, str]


@dataclass(frozen=True)
class Facts:
    """The record; every word is in the language of the person who asked.

    Attributes:
        job_id: number of the export
        dataset, title: key and title
        filters: label and text of each filter, relative periods as the days they meant
        columns: key, title, kind and mask (or empty) of each column, in file order
        masked: titles of columns that are shown masked
        data_as_of: the snapshot's time, ISO 8601 with the asker's offset
        rows: how many the result holds, headings not counted
        totals: column key → exact sum of a money column over all rows
        cut_cells: texts that a cell could not hold whole; every other limit refuses instead of cutting
        rounded_numbers: numbers with more digits than a Parquet double holds
        requested_by: name and sign-in name
        file_type, options, time_zone, language: how it was asked for
    """

    job_id: str
    dataset: str
    title: str
    filters: list[Pair]
    columns: list[dict[str, str]]
    masked: list[str]
    data_as_of: str
    rows: int
    totals: dict[str, str]
    cut_cells: int
    requested_by: str
    file_type: str
    options: dict[str, Any]
    time_zone: str
    language: str
    rounded_numbers: int = 0

    @classmethod
    def of(
        cls, job: ExportJob, dataset: Dataset, plan: Plan, snapshot_at: datetime, summary: Mapping[str, Any]
    ) -> Self:
        """The facts that are known before the first row is written; ``summary`` is the plan's."""
        person = job.owner
        return cls(
            job_id=job.job_no,
            dataset=dataset.key,
            title=str(dataset.title),
            filters=words.describe_params(dataset, job.params),
            columns=[
                {"key": column.key, "title": column.title, "kind": str(column.kind), "mask": column.masked}
                for column in plan.columns
            ],
            masked=[column.title for column in plan.columns if column.masked],
            data_as_of=snapshot_at.astimezone(ZoneInfo(job.time_zone)).isoformat(timespec="seconds"),
            rows=summary["rows"],
            totals={key: _plain(total) for key, total in summary["totals"].items()},
            cut_cells=0,
            requested_by=f"{person.display_name or person.username} ({person.username})",
            file_type=job.file_type,
            options=dict(job.options),
            time_zone=job.time_zone,
            language=job.language,
        )

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """The record from what ``stored`` gave."""
        given = dict(stored)
        given["filters"] = [(label, text) for label, text in given["filters"]]
        return cls(**given)

    def stored(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    def with_losses(self, *, cut_cells: int, rounded_numbers: int = 0) -> Self:
        """The record of a file in which so many texts lost their end, and so many numbers digits."""
        return replace(self, cut_cells=cut_cells, rounded_numbers=rounded_numbers)

    def lines(self, *, part: int = 0, part_rows: int | None = None) -> list[Pair]:
        """Label and text, for people; of part number ``part`` if there are several."""
        titles = {column["key"]: column["title"] for column in self.columns}
        said = [
            (_("Dataset"), self.title),
            (_("Export"), self.job_id),
            (_("Requested by"), self.requested_by),
            (_("Data as of"), f"{self.data_as_of[:19].replace('T', ' ')} {self.time_zone}"),
            *(self.filters or [(_("Filters"), _("none: all rows that the person may see"))]),
            (_("Rows"), localize(self.rows, use_l10n=True)),
            *(
                (_("Total of %(column)s") % {"column": titles[key]}, _grouped(sum_))
                for key, sum_ in self.totals.items()
            ),
            (_("Columns"), _(", ").join(titles.values())),
            (_("Masked columns"), _(", ").join(self.masked) or _("none")),
            (_("Shortened"), self.shortened),
        ]
        if part:
            said.append((_("This part"), _("no. %(number)d, %(rows)d rows") % {"number": part, "rows": part_rows or 0}))
        return said

    @property
    def shortened(self) -> str:
        """Whether anything is missing, and why."""
        said = []
        if self.cut_cells:
            said.append(
                ngettext(
                    "%(count)d text is longer than the 32,767 characters of an Excel cell and lost its end",
                    "%(count)d texts are longer than the 32,767 characters of an Excel cell and lost their ends",
                    self.cut_cells,
                )
                % {"count": self.cut_cells}
            )
        if self.rounded_numbers:
            said.append(
                ngettext(
                    "%(count)d number has more digits than a floating-point number holds and was rounded",
                    "%(count)d numbers have more digits than a floating-point number holds and were rounded",
                    self.rounded_numbers,
                )
                % {"count": self.rounded_numbers}
            )
        return "; ".join(said) or _("no: every row and every text is whole")


def manifest(facts: Facts, parts: Sequence[Mapping[str, Any]], advice: str) -> dict[str, Any]:
    """What a result of several files says about itself; each part has number, name, rows, size and a checksum."""
    return {
        "facts": facts.stored(),
        "rows": facts.rows,
        "size": sum(part["size"] for part in parts),
        "parts": [dict(part) for part in parts],
        "advice": advice,
    }


def advice_for_parts() -> str:
    """How to get files that are stored one by one."""
    return _(
        "Get each part by its number from the address of this manifest (…/download?part=1&token=…). "
        "A transfer that broke off goes on with a Range request (curl -C -). "
        "Compare the SHA-256 of each part before you use it. Every part is a whole file with its own headings."
    )


def advice_for_entries() -> str:
    """How to read the entries of one zip."""
    return _(
        "Every entry of this archive is a whole file with its own headings; read them in the order of their numbers. "
        "“unzip -t” compares each with its CRC-32."
    )


def _plain(total: Decimal | None) -> str:
    return "0.00" if total is None else str(total)


def _grouped(total: str) -> str:
    number = Decimal(total)
    return f"{number:,}" if number.is_finite() else total

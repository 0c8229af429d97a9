"""The overview as tables: what the page shows, what its charts draw and what a CSV file holds are the same numbers."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from jobs.datasets import title_of
from jobs.exports import words
from jobs.exports.estimating import accuracy
from jobs.exports.usage.figures import Overview
from jobs.exports.usage.presenting import type_title
from jobs.formats.rendering import csv
from jobs.pages import ui_events

NOTHING = "—"


@dataclass(frozen=True)
class Kind:
    """How a value is said: to people, and in a file, where a heading names the unit."""

    shown: Callable[[Any], str | None]
    filed: Callable[[Any], str]
    heading: Callable[[str], str] = str
    is_number: bool = True


@dataclass(frozen=True)
class Column:
    """A heading and how its values are said."""

    title: str
    kind: Kind


@dataclass(frozen=True)
class Table:
    """Rows of values, None where there is none."""

    key: str
    title: str
    columns: list[Column]
    rows: list[list[Any]]

    def shown(self) -> Iterator[list[tuple[str, bool]]]:
        """The rows for people: each cell and whether it is a number."""
        for row in self.rows:
            cells = zip(self.columns, row, strict=True)
            yield [(_or_nothing(column.kind.shown, value), column.kind.is_number) for column, value in cells]

    def filed(self) -> bytes:
        """The whole table as a CSV file that spreadsheets open: UTF-8 with a mark, no cell that could be run."""
        out = io.BytesIO()
        out.write(b"\xef\xbb\xbf")
        out.write(csv.line([csv.neutral(column.kind.heading(column.title)) for column in self.columns]) + b"\r\n")
        for row in self.rows:
            cells = [
                None if value is None else column.kind.filed(value)
                for column, value in zip(self.columns, row, strict=True)
            ]
            out.write(csv.line(cells) + b"\r\n")
        return out.getvalue()


def _or_nothing(say: Callable[[Any], str | None], value: Any) -> str:
    shown = None if value is None else say(value)
    return NOTHING if shown in (None, "") else str(shown)


def percent(share: float | None) -> str | None:
    """0.0331 → 3.3 %."""
    return None if share is None else f"{localize(round(100 * share, 1))} %"


def _percent_points(value: float) -> str:
    return f"{localize(value)} %"


TEXT = Kind(str, csv.neutral, is_number=False)
DAY = Kind(date.isoformat, date.isoformat, is_number=False)
COUNT = Kind(words.number, str)
BYTES = Kind(words.size, str, lambda title: _("%(title)s (bytes)") % {"title": title})
SECONDS = Kind(words.seconds, str, lambda title: _("%(title)s (seconds)") % {"title": title})
SHARE = Kind(percent, lambda share: f"{100 * share:.2f}", lambda title: f"{title} (%)")
PERCENT = Kind(_percent_points, str, lambda title: f"{title} (%)")


def tables(found: Overview) -> list[Table]:
    """Every table of the page, in its order."""
    return [table(found) for table in TABLES.values()]


def outcomes(found: Overview) -> Table:
    """What became of each day's exports."""
    columns = [
        Column(pgettext("usage", "Day"), DAY),
        Column(_("Exports started"), COUNT),
        Column(_("Ready"), COUNT),
        Column(_("Failed"), COUNT),
        Column(_("Canceled"), COUNT),
        Column(_("Not ended yet"), COUNT),
    ]
    rows = [
        [day.day, day.volume.started, day.volume.ready, day.volume.failed, day.volume.canceled, day.volume.unfinished]
        for day in found.days
    ]
    return Table("outcomes", _("Exports per day"), columns, rows)


def failures(found: Overview) -> Table:
    """How many of a hundred failed."""
    columns = [Column(pgettext("usage", "Day"), DAY), Column(_("Failure rate"), SHARE), Column(_("Failed"), COUNT)]
    rows = [[day.day, day.volume.failure_rate, day.volume.failed] for day in found.days]
    return Table("failures", _("Failure rate"), columns, rows)


def durations(found: Overview) -> Table:
    """How long exports took."""
    columns = [
        Column(pgettext("usage", "Day"), DAY),
        Column(_("Median duration"), SECONDS),
        Column(_("95 of 100 took at most"), SECONDS),
    ]
    rows = [[day.day, day.volume.median_seconds, day.volume.p95_seconds] for day in found.days]
    return Table("durations", _("Duration"), columns, rows)


def written(found: Overview) -> Table:
    """How much was written."""
    columns = [Column(pgettext("usage", "Day"), DAY), Column(pgettext("usage", "Written"), BYTES)]
    return Table("bytes", _("Bytes written per day"), columns, [[day.day, day.volume.bytes] for day in found.days])


def downloads(found: Overview) -> Table:
    """How much was fetched."""
    columns = [
        Column(pgettext("usage", "Day"), DAY),
        Column(pgettext("usage", "Downloads"), COUNT),
        Column(pgettext("usage", "Downloaded"), BYTES),
    ]
    rows = [[day.day, day.downloads.count, day.downloads.bytes] for day in found.days]
    return Table("downloads", _("Downloads per day"), columns, rows)


def types(found: Overview) -> Table:
    """What was asked for."""
    columns = [
        Column(_("Type"), TEXT),
        Column(_("Exports started"), COUNT),
        Column(_("Failure rate"), SHARE),
        Column(_("Median duration"), SECONDS),
        Column(pgettext("usage", "Written"), BYTES),
        Column(pgettext("usage", "Downloads"), COUNT),
        Column(pgettext("usage", "Downloaded"), BYTES),
    ]
    rows = [
        [
            type_title(use.type),
            use.volume.started,
            use.volume.failure_rate,
            use.volume.median_seconds,
            use.volume.bytes,
            use.downloads.count,
            use.downloads.bytes,
        ]
        for use in found.types
    ]
    return Table("types", _("Exports by type"), columns, rows)


def people(found: Overview) -> Table:
    """Who asked and who fetched."""
    columns = [
        Column(_("Name"), TEXT),
        Column(_("User no."), TEXT),
        Column(_("Exports started"), COUNT),
        Column(pgettext("usage", "Downloads"), COUNT),
        Column(pgettext("usage", "Downloaded"), BYTES),
    ]
    rows = [[use.name, use.code, use.exports, use.downloads.count, use.downloads.bytes] for use in found.people]
    return Table("people", _("The busiest people"), columns, rows)


def events(found: Overview) -> Table:
    """What people did on the pages."""
    columns = [
        Column(pgettext("usage", "Day"), DAY),
        *(Column(ui_events.title_of(use.name), COUNT) for use in found.events),
    ]
    rows = [[day.day, *(use.days[number] for use in found.events)] for number, day in enumerate(found.days)]
    return Table("events", _("On the pages"), columns, rows if found.events else [])


def estimates(found: Overview) -> Table:
    """How good estimates were."""
    columns = [
        Column(_("Dataset"), TEXT),
        Column(_("Exports started"), COUNT),
        Column(_("Rows"), PERCENT),
        Column(_("Size"), PERCENT),
        Column(_("Duration"), PERCENT),
    ]
    rows = [[title_of(item.dataset), item.jobs, item.rows, item.bytes, item.seconds] for item in found.accuracy]
    title = _("Median error of estimates, last %(days)d days") % {"days": accuracy.DAYS}
    return Table("estimates", title, columns, rows)


TABLES: dict[str, Callable[[Overview], Table]] = {
    "outcomes": outcomes,
    "failures": failures,
    "durations": durations,
    "bytes": written,
    "downloads": downloads,
    "types": types,
    "people": people,
    "events": events,
    "estimates": estimates,
}

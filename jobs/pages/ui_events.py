"""Which page events there are and what each may say (SPEC U12, S0 §17): anything else is refused by name.

An event holds no word that a person typed: codes from lists, numbers of jobs, keys. Of a filter whose value could be
personal only the name of the field is kept.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exportcenter.common.errors import InvalidParameters
from jobs.datasets import CUSTOM, all_datasets
from jobs.engine.states import Status
from jobs.models.export import FileType

MOST_EVENTS = 50
"""In one call."""
LONGEST_TEXT = 200

Problem = tuple[str, str]
"""(place, what is allowed there)."""
Check = Callable[[Any], str]
"""What is wrong with a value, or an empty text."""

_JOB_NO = re.compile(r"[A-Z]\d{11,29}", re.ASCII)
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)
_ORDER = re.compile(r"-?[a-z_]{1,40}", re.ASCII)


def _types() -> Collection[str]:
    return {CUSTOM, *(dataset.key for dataset in all_datasets())}


CHOICE_FIELDS: Mapping[str, Callable[[], Collection[str]]] = {
    "status": lambda: Status.values,
    "type": _types,
    "file_type": lambda: FileType.values,
}
"""Filters of which the old and new value are kept: one or several codes with commas between, or nothing."""
ORDER = "ordering"
"""Likewise; its values are names of columns."""
OTHER_FIELDS = frozenset({"created_by", "source", "created_from", "created_to", "size_min", "size_max", "q"})
"""Filters of which only the name is kept."""


def _text(value: Any, fine: Callable[[str], bool], allowed: str) -> str:
    if not isinstance(value, str):
        return _("A text is expected.")
    if len(value) > LONGEST_TEXT:
        return _("At most %(most)d characters.") % {"most": LONGEST_TEXT}
    return "" if fine(value) else _("Allowed: %(allowed)s.") % {"allowed": allowed}


def is_job_no(value: Any) -> str:
    """The number of a job, as in E20261122014. Whether there is such a job does not matter."""
    return _text(value, lambda text: bool(_JOB_NO.fullmatch(text)), "E20261122014")


def is_key(value: Any) -> str:
    """The key of something, never its name."""
    return _text(value, lambda text: bool(_KEY.fullmatch(text)), "a–z 0–9 _ -")


def is_type(value: Any) -> str:
    """A dataset, or the type of custom exports."""
    return _text(value, lambda text: text in _types(), ", ".join(sorted(_types())))


def is_field(value: Any) -> str:
    """The name of a filter, or of the order."""
    known = sorted({*CHOICE_FIELDS, ORDER, *OTHER_FIELDS})
    return _text(value, lambda text: text in known, ", ".join(known))


def _nothing_more(data: Mapping[str, Any]) -> Iterator[Problem]:
    yield from ()


def _values_of_field(data: Mapping[str, Any]) -> Iterator[Problem]:
    """``from`` and ``to`` belong to fields of choices; of any other the value could be personal."""
    name = data.get("field")
    for place in ("from", "to"):
        value = data.get(place)
        if value is None or not isinstance(name, str):
            continue
        if name == ORDER:
            problem = _text(value, lambda text: not text or bool(_ORDER.fullmatch(text)), "created_at, -created_at, …")
        elif name in CHOICE_FIELDS:
            known = set(CHOICE_FIELDS[name]())
            fits = _all_in(known)
            problem = _text(value, fits, ", ".join(sorted(known)))
        else:
            problem = _("Values of this field are not recorded: leave it out.")
        if problem:
            yield place, problem


def _all_in(known: Collection[str]) -> Callable[[str], bool]:
    return lambda text: not text or all(code in known for code in text.split(","))


def _anything(value: Any) -> str:
    return ""


@dataclass(frozen=True)
class PageEvent:
    """One kind of event: its name, what people read for it, and its data, by field."""

    name: str
    title: Any
    required: Mapping[str, Check] = field(default_factory=dict)
    optional: Mapping[str, Check] = field(default_factory=dict)
    together: Callable[[Mapping[str, Any]], Iterator[Problem]] = _nothing_more
    """What depends on more than one field."""

    def problems(self, data: Any) -> Iterator[Problem]:
        """What is wrong with ``data``, by field; a field named "" is the whole."""
        if not isinstance(data, dict):
            yield "", _("A JSON object is expected.")
            return
        fields = {**self.required, **self.optional}
        for name in data:
            if name not in fields:
                allowed = ", ".join(fields) or "-"
                yield name[:100], _("There is no such field. Allowed: %(allowed)s.") % {"allowed": allowed}
        for name in self.required:
            if name not in data:
                yield name, _("This field is required.")
        for name, check in fields.items():
            if name in data and (problem := check(data[name])):
                yield name, problem
        yield from self.together(data)


EVENTS = {
    event.name: event
    for event in (
        PageEvent("page_view:exports", gettext_lazy("Exports opened")),
        PageEvent("page_view:exports_usage", gettext_lazy("Usage opened")),
        PageEvent(
            "filter_change:exports",
            gettext_lazy("Filter changed"),
            required={"field": is_field},
            optional={"from": _anything, "to": _anything},
            together=_values_of_field,
        ),
        PageEvent("job_retry_click", gettext_lazy("Retry clicked"), required={"job_id": is_job_no}),
        PageEvent("download_click", gettext_lazy("Download clicked"), required={"job_id": is_job_no}),
        PageEvent("job_cancel_click", gettext_lazy("Cancel clicked"), required={"job_id": is_job_no}),
        PageEvent("export_create_click", gettext_lazy("New export clicked"), required={"type": is_type}),
        PageEvent("view_open", gettext_lazy("View opened"), required={"view": is_key}),
        PageEvent("column_change", gettext_lazy("Columns changed")),
    )
}


def title_of(name: str) -> str:
    """What people read for an event; one that is no longer known, as it is stored."""
    return str(EVENTS[name].title) if name in EVENTS else name


@dataclass(frozen=True)
class Happened:
    """One event of a request, checked."""

    name: str
    data: dict[str, Any]


def read_events(value: Any) -> list[Happened]:
    """The ``events`` of a request. Raises InvalidParameters that names each place and says what is allowed there."""
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_EVENTS:
        wish = _("A list of 1 to %(most)d events is expected.") % {"most": MOST_EVENTS}
        raise InvalidParameters(details={"events": [wish]})
    problems: dict[str, list[str]] = {}
    for number, event in enumerate(value):
        for place, problem in _problems(event):
            problems.setdefault(f"events.{number}{place}", []).append(problem)
    if problems:
        raise InvalidParameters(details=problems)
    return [Happened(event["name"], event.get("data", {})) for event in value]


def _problems(event: Any) -> Iterator[Problem]:
    if not isinstance(event, dict):
        yield "", _("A JSON object is expected.")
        return
    for name in event.keys() - {"name", "data"}:
        yield f".{name[:100]}", _("There is no such field. Allowed: %(allowed)s.") % {"allowed": "name, data"}
    known = EVENTS.get(event["name"]) if isinstance(event.get("name"), str) else None
    if known is None:
        yield ".name", _("Allowed: %(allowed)s.") % {"allowed": ", ".join(EVENTS)}
        return
    for name, problem in known.problems(event.get("data", {})):
        yield (f".data.{name}" if name else ".data"), problem

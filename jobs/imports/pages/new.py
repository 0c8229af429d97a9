"""The page of a new import (SPEC B1): what and how, the file, which column is which. One address says it all, so that
Back, a bookmark and a second try lose nothing."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from accounts.limits.doors import spend_on_page
from accounts.limits.rates import CREATE
from accounts.models import User
from exportcenter.common.api import length_of
from exportcenter.common.client import client_of
from exportcenter.common.database import allow_pauses
from exportcenter.common.errors import ExportCenterError, InvalidParameters, NotFound
from exportcenter.common.uploads import AROUND, PAUSE_SECONDS, too_large
from jobs.datasets import Dataset, Mode, registry
from jobs.imports import files, services
from jobs.imports.pages import choosing, looking
from jobs.imports.pages.access import jobs_page, person
from jobs.imports.pages.looking import Look
from jobs.models import ImportFile
from jobs.models.importing import OnError

KEPT = ("dataset", "mode", "source", *looking.NAMES)
"""What an upload leaves as it is."""
LONGEST = 200
COLUMN = "column_"
"""A form's field of the file's column at a position."""
ACCEPTED = ".csv,.tsv,.txt,.xlsx,.json,.ndjson,.jsonl"


@dataclass
class Asked:
    """What the address or the form asks for; what is wrong with it is said among the problems, and left out."""

    query: dict[str, str]
    dataset: Dataset | None = None
    mode: Mode | None = None
    kept: ImportFile | None = None
    problems: list[str] = field(default_factory=list)


@jobs_page("GET", "HEAD", "POST")
def new_import(request: HttpRequest) -> HttpResponse:
    """GET: the page, as far as the address has come. POST: begin the check, then go to the import; what is wrong is
    said on the page, with everything that was chosen. Header X-Part: steps asks for the steps alone."""
    viewer = person(request)
    allow_pauses(PAUSE_SECONDS)  # the file is looked into meanwhile
    if request.method == "POST":
        return _begin(request, viewer)
    asked = _read(request.GET, viewer)
    return _page(request, asked, viewer, status=400 if asked.problems else 200)


@csrf_exempt
def upload(request: HttpRequest) -> HttpResponse:
    """Keep the file, then go on with the page that names it. Scripts (X-Part) get JSON: {address}, or the error.

    A body that says it is too large has not been read (exportcenter.common.body_limit), its CSRF token neither:
    that is refused first. Everything else goes through the check of the token, which _keep has.
    """
    if length_of(request) <= settings.IMPORT_FILE_BYTES + AROUND:
        return _keep(request)
    error = too_large(settings.IMPORT_FILE_BYTES)
    if "X-Part" in request.headers:
        return _told(error)
    messages.error(request, f"{error.message} {error.advice}")
    return HttpResponseRedirect(reverse("imports-page-new"))


@jobs_page("POST")
def _keep(request: HttpRequest) -> HttpResponse:
    viewer = person(request)
    by_script = "X-Part" in request.headers
    given = {name: request.POST[name][:LONGEST] for name in KEPT if request.POST.get(name)}
    try:
        spend_on_page(request, viewer, CREATE)
        allow_pauses(PAUSE_SECONDS)
        sent = request.FILES.get("file")
        if sent is None:
            raise InvalidParameters(_("No file was sent."), advice=_("Choose one and send it again."))
        kept = files.keep_file(sent.chunks(), name=sent.name or "", actor=viewer, client=client_of(request))
    except ExportCenterError as error:
        asked = _read(_query(given), viewer)
        refused = _told(error) if by_script else _page(request, asked, viewer, status=error.status, refused=error)
        if error.retry_after is not None:
            refused["Retry-After"] = str(error.retry_after)
        return refused
    address = f"{reverse('imports-page-new')}?{_query(given | {'file': str(kept.pk)}).urlencode()}"
    return JsonResponse({"address": address}) if by_script else HttpResponseRedirect(address)


def _told(error: ExportCenterError) -> HttpResponse:
    """The error for a script."""
    body = {"code": error.code, "message": error.message, "advice": error.advice, "details": {}}
    return JsonResponse(body, status=error.status)


def _begin(request: HttpRequest, viewer: User) -> HttpResponse:
    """Queue the check."""
    asked = _read(request.POST, viewer)
    sent = _mapping(request.POST)
    if asked.dataset is None or asked.mode is None or asked.kept is None:
        asked.problems = asked.problems or [_("Choose data, what the import may do, and a file.")]
        return _page(request, asked, viewer, status=400, sent=sent)
    try:
        job = services.request_import(
            file_id=asked.kept.pk,
            dataset=asked.dataset.key,
            mode=asked.mode,
            columns={position: key for position, key in sent.items() if key},
            on_error=request.POST.get("on_error", OnError.SKIP),
            choices=looking.choices_from(asked.query),
            source=asked.query.get("source", ""),
            actor=viewer,
            client=client_of(request),
        )
    except InvalidParameters as error:
        asked.problems += [sentence for sentences in error.details.values() for sentence in sentences]
        return _page(request, asked, viewer, status=error.status, sent=sent)
    except ExportCenterError as error:
        asked.problems.append(f"{error.message} {error.advice}".strip())
        return _page(request, asked, viewer, status=error.status, sent=sent)
    return HttpResponseRedirect(reverse("imports-page", args=[job.job_no]))


def _read(given: QueryDict, viewer: User) -> Asked:
    names = ("file", *KEPT)
    asked = Asked({name: value[:LONGEST] for name in names if (value := given.get(name, "")) and "\0" not in value})
    asked.dataset = _dataset(asked, viewer)
    if asked.dataset is not None:
        chosen = next(one for one in choosing.modes(asked.dataset, viewer, asked.query.get("mode", "")) if one.chosen)
        asked.mode = Mode(chosen.key)
        asked.query["mode"] = chosen.key
    if wanted := asked.query.get("file"):
        try:
            asked.kept = files.find_file(uuid.UUID(wanted), actor=viewer)
        except (ValueError, NotFound):
            asked.problems.append(_("There is no such file, or it is no longer kept. Send it again."))
            del asked.query["file"]
    return asked


def _dataset(asked: Asked, viewer: User) -> Dataset | None:
    """The dataset that is asked for, when this person may import into it."""
    wanted = asked.query.get("dataset")
    if not wanted:
        return None
    try:
        dataset = registry.get(wanted)
        reason = choosing.why_closed(dataset, viewer)
    except InvalidParameters:
        reason = _("There is no data called “%(name)s”.") % {"name": wanted[:60]}
    if reason:
        asked.problems.append(reason)
        del asked.query["dataset"]
        return None
    return dataset


def _mapping(form: QueryDict) -> dict[int, str]:
    """Position → key ("": left out) out of the form's fields; anything else is no field of it."""
    found = {}
    for name, value in form.items():
        number = name.removeprefix(COLUMN)
        if name.startswith(COLUMN) and number.isascii() and number.isdigit() and len(number) < 6:
            found[int(number)] = str(value)[:LONGEST]
    return found


def _page(
    request: HttpRequest,
    asked: Asked,
    viewer: User,
    *,
    status: int,
    sent: dict[int, str] | None = None,
    refused: ExportCenterError | None = None,
) -> HttpResponse:
    look: Look | None = None
    if asked.kept is not None:
        look = looking.look_into(
            asked.kept, asked.query, viewer, dataset=asked.dataset, mode=asked.mode, sent=sent or None
        )
    open_to, closed = choosing.tiles(viewer, asked.dataset.key if asked.dataset else "")
    on_error = request.POST.get("on_error", OnError.SKIP)
    context = {
        "asked": asked,
        "look": look,
        "refused": refused,
        "open_to": open_to,
        "closed": closed,
        "modes": choosing.modes(asked.dataset, viewer, asked.query.get("mode", "")) if asked.dataset else [],
        "templates": _templates(asked),
        "kept_fields": [(name, asked.query[name]) for name in KEPT if asked.query.get(name)],
        "page_fields": [(name, asked.query[name]) for name in ("file", *KEPT) if asked.query.get(name)],
        "handlings": _handlings(on_error),
        "most_mb": settings.IMPORT_FILE_BYTES >> 20,
        "accepted": ACCEPTED,
        "is_ready": bool(look and look.lines and not look.error),
    }
    if request.headers.get("X-Part") == "steps":
        return render(request, "jobs/imports/parts/steps.html", context)
    request.current_app = admin.site.name
    context |= {**admin.site.each_context(request), "title": _("Import")}
    return render(request, "jobs/imports/new.html", context, status=status)


def _templates(asked: Asked) -> list[tuple[str, str]]:
    """(title, address) of the files to fill in."""
    if asked.dataset is None or asked.mode is None:
        return []
    common = {"dataset": asked.dataset.key, "mode": asked.mode.value}
    return [
        (title, f"{reverse('imports-template')}?{_query(common | {'file_type': name}).urlencode()}")
        for name, title in choosing.TEMPLATE_TYPES
    ]


def _handlings(chosen: str) -> list[dict[str, Any]]:
    hints = {
        OnError.SKIP: _("What is right is written; what is faulty can be downloaded, corrected and sent again."),
        OnError.STOP: _("As long as one row is faulty, nothing is written."),
    }
    known = chosen if chosen in OnError.values else OnError.SKIP
    return [
        {"value": one.value, "title": one.label, "hint": hints[one], "chosen": one.value == known} for one in OnError
    ]


def _query(values: dict[str, str]) -> QueryDict:
    made = QueryDict(mutable=True)
    made.update(values)
    return made

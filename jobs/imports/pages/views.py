"""Views of one import: its page, the parts of it that change, and what is done to it (SPEC B2–B4).

A deed is a form's POST that ends on a page, with or without scripts: what the service refuses is said there.
"""

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import policy
from exportcenter.common.client import client_of
from exportcenter.common.errors import ExportCenterError, NotFound
from jobs import events
from jobs.exports import logs
from jobs.imports import services
from jobs.imports.pages import result
from jobs.imports.pages.access import jobs_page, person
from jobs.imports.pages.deeds import DEEDS
from jobs.imports.pages.detail import context_of, live_context
from jobs.models import ImportJob

MOST_LOG_LINES = 500


@jobs_page()
def imports(request: HttpRequest) -> HttpResponse:
    """There is one list of tasks; this is the part of it that are imports."""
    return HttpResponseRedirect(f"{reverse('tasks-page')}?kind=import")


@jobs_page()
def detail(request: HttpRequest, job_no: str) -> HttpResponse:
    """The page of one import."""
    viewer = person(request)
    last_event = events.last_id()  # before the rows are read: what changes meanwhile is told twice, not missed
    job = services.find_visible(job_no, viewer)
    request.current_app = admin.site.name
    context = {
        **admin.site.each_context(request),
        "title": job.job_no,
        "content_title": job.job_no,
        "last_event": last_event,
        **context_of(job, viewer),
    }
    return render(request, "jobs/imports/job.html", context)


@jobs_page()
def live(request: HttpRequest, job_no: str) -> HttpResponse:
    """What of the page changes while the import moves."""
    viewer = person(request)
    job = services.find_visible(job_no, viewer)
    return render(request, "jobs/imports/parts/live.html", live_context(job, viewer))


@jobs_page()
def log_lines(request: HttpRequest, job_no: str) -> HttpResponse:
    """Lines of the log behind ``after`` (the id of a line), as list items; header X-Last names the last one's."""
    viewer = person(request)
    job = services.find_visible(job_no, viewer)
    after = _number(request)
    if after is None:
        return _no_number()
    lines, _more = logs.lines_after(job, viewer, after=after, most=MOST_LOG_LINES)
    response = render(request, "jobs/exports/parts/log_lines.html", {"log_lines": lines})
    response["X-Last"] = str(lines[-1].pk if lines else after)
    return response


@jobs_page()
def faulty(request: HttpRequest, job_no: str) -> HttpResponse:
    """Faulty rows behind row ``after``; header X-More says whether there are others."""
    viewer = person(request)
    job = services.find_visible(job_no, viewer)
    after = _number(request)
    if after is None or after >= 1 << 31:
        return _no_number()
    rows, more = result.faulty_rows(job, viewer, after=after)
    return _part(request, "jobs/imports/parts/faulty_rows.html", {"faulty": rows}, more=more)


@jobs_page()
def kept(request: HttpRequest, job_no: str) -> HttpResponse:
    """Rows that an undo has kept, behind row ``after``; header X-More says whether there are others."""
    viewer = person(request)
    job = services.find_visible(job_no, viewer)
    after = _number(request)
    if after is None or after >= 1 << 31:
        return _no_number()
    rows, more = result.kept_rows(job, viewer, after=after)
    return _part(request, "jobs/imports/parts/kept_rows.html", {"kept": rows}, more=more)


@jobs_page("GET", "HEAD", "POST")
def step(request: HttpRequest, job_no: str, key: str) -> HttpResponse:
    """GET asks, POST does. What cannot be done becomes a message on the import's page."""
    if key not in DEEDS:
        raise Http404
    viewer, chosen = person(request), DEEDS[key]
    job = services.find_visible(job_no, viewer)
    if request.method != "POST":
        return _ask(request, job, key)
    try:
        policy.may(viewer, policy.Action.IMPORT_CHANGE, job).or_refuse()
        after: ImportJob = chosen.service(job.job_no, actor=viewer, client=client_of(request))
    except NotFound:
        raise
    except ExportCenterError as error:
        messages.error(request, f"{error.message} {error.advice}".strip())
        return HttpResponseRedirect(reverse("imports-page", args=[job.job_no]))
    messages.success(request, str(chosen.done) % {"job": after.job_no})
    return HttpResponseRedirect(reverse("imports-page", args=[after.job_no]))


def _ask(request: HttpRequest, job: ImportJob, key: str) -> HttpResponse:
    """The page between a link and its deed, where no script asks."""
    chosen = DEEDS[key]
    reason = chosen.why_not(person(request), job)
    context = {
        **admin.site.each_context(request),
        "title": chosen.title,
        "question": str(chosen.question) % {"job": job.job_no},
        "effect": reason or chosen.effect(job),
        "danger": chosen.danger,
        "button": {"disabled": "disabled"} if reason else {},
        "back": reverse("imports-page", args=[job.job_no]),
    }
    request.current_app = admin.site.name
    return render(request, "jobs/ask.html", context)


def _part(request: HttpRequest, template: str, context: dict[str, Any], *, more: bool) -> HttpResponse:
    response = render(request, template, context)
    response["X-More"] = "1" if more else "0"
    return response


def _number(request: HttpRequest) -> int | None:
    text = request.GET.get("after", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _no_number() -> HttpResponse:
    return JsonResponse({"message": _("A whole number is expected.")}, status=400)

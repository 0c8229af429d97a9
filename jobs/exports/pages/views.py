"""Views of 导出中心 (SPEC U1–U8): parse, ask, show. Changes go through the API, which the page's scripts call."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import policy
from accounts.models import User
from exportcenter.common import keyset, paging
from exportcenter.common.errors import InvalidParameters, NotFound, PermissionRefused
from jobs import events
from jobs.datasets import all_datasets
from jobs.engine.states import CANCELABLE, Status
from jobs.exports import links, logs, preview, services
from jobs.exports.pages import filters_form, query, table
from jobs.exports.pages.cards import cards
from jobs.exports.pages.detail import context_of
from jobs.exports.pages.opening import open_page
from jobs.exports.pages.rows import has_file, rows_for
from jobs.models import ExportJob
from jobs.pages.preferences import EXPORTS, get_preference

FIRST_ROWS, MORE_ROWS = 20, 40
MOST_PATCHED = 200
MOST_LOG_LINES = 500
NUMERIC = frozenset({"money", "integer", "number"})
"""Kinds of columns whose cells stand on the right."""

View = Callable[..., HttpResponse]


def staff_page(view: View) -> View:
    """Signed-in people of the platform who may see jobs; only to look."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not policy.may_in_admin(_person(request), "jobs.view_exportjob"):
            raise PermissionDenied(_("You may not see jobs. Ask an admin for the right."))
        try:
            return view(request, *args, **kwargs)
        except NotFound as error:
            raise Http404 from error
        except PermissionRefused as error:
            raise PermissionDenied(error.message) from error

    return cast(View, admin.site.admin_view(require_safe(checked)))


@staff_page
def exports(request: HttpRequest) -> HttpResponse:
    """The page. Whatever is wrong in its address is said above the list. Header X-Part: list asks for the filters and
    the list alone."""
    viewer = _person(request)
    last_event = events.last_id()  # before the rows are read: what changes meanwhile is told twice, not missed
    choices = get_preference(page=EXPORTS, user_id=viewer.pk)
    asked, opened = open_page(request.GET, viewer, default=choices["default_view"])
    found = asked.narrow(_visible(viewer))
    total, exact = paging.count(found.order_by("-created_at", "-id"))
    context = {
        "last_event": last_event,
        "asked": asked,
        "opened": opened,
        "applied": filters_form.applied(asked),
        "form": filters_form.choices_for(asked, viewer),
        "total": total,
        "total_is_exact": exact,
        "choices": choices,
        "may_delete_expired": policy.may(viewer, policy.Action.EXPORT_DELETE_EXPIRED),
        "may_accelerate": policy.may(viewer, policy.Action.EXPORT_ACCELERATE),
        "datasets": [one for one in all_datasets() if policy.may(viewer, policy.Action.EXPORT_CREATE, one)],
        "placed": _sortable(table.arrange(choices), asked),
        **_rows(found, asked, viewer, cursor="", size=FIRST_ROWS),
    }
    if request.headers.get("X-Part") == "list":
        return render(request, "jobs/exports/parts/body.html", context)
    context |= {
        **admin.site.each_context(request),
        "title": _("Export Center"),
        "cards": cards(viewer),
    }
    request.current_app = admin.site.name
    return render(request, "jobs/exports/page.html", context)


@staff_page
def rows(request: HttpRequest) -> HttpResponse:
    """Rows alone: the next ones (?cursor=), fresh ones of exports that are shown (?only=E…,E…), or those of new exports
    (?arrived=E…,E…) that belong into the list."""
    viewer = _person(request)
    choices = get_preference(page=EXPORTS, user_id=viewer.pk)
    placed = table.arrange(choices)
    if "only" in request.GET:
        jobs = list(_visible(viewer).filter(job_no__in=_numbers(request.GET["only"])))
        context = {"rows": rows_for(jobs, viewer), "placed": placed}
        return render(request, "jobs/exports/parts/rows.html", context)
    asked, _opened = open_page(request.GET, viewer, default=choices["default_view"])
    if "arrived" in request.GET:
        new = asked.narrow(_visible(viewer)).filter(job_no__in=_numbers(request.GET["arrived"]))
        context = {"rows": rows_for(new.order_by("-created_at", "-id"), viewer), "placed": placed}
        return render(request, "jobs/exports/parts/rows.html", context)
    cursor = request.GET.get("cursor", "")
    try:
        context = _rows(asked.narrow(_visible(viewer)), asked, viewer, cursor=cursor, size=MORE_ROWS)
    except InvalidParameters as error:
        return JsonResponse({"message": " ".join(error.details["cursor"])}, status=400)
    return render(request, "jobs/exports/parts/rows.html", context | {"placed": placed})


@staff_page
def stat_cards(request: HttpRequest) -> HttpResponse:
    """The cards alone."""
    viewer = _person(request)
    return render(request, "jobs/exports/parts/cards.html", {"cards": cards(viewer)})


@staff_page
def detail(request: HttpRequest, job_no: str) -> HttpResponse:
    """One export: a page of its own, or its content for the drawer (header X-Part: drawer)."""
    viewer = _person(request)
    last_event = events.last_id()
    job = services.find_visible(job_no, viewer)
    context = context_of(job, viewer, request) | {"last_event": last_event}
    if request.headers.get("X-Part") == "drawer":
        return render(request, "jobs/exports/parts/detail.html", context | {"in_drawer": True})
    request.current_app = admin.site.name
    page = {
        **admin.site.each_context(request),
        "title": job.job_no,
        "content_title": job.job_no,
        **context,
    }
    return render(request, "jobs/exports/detail_page.html", page)


@staff_page
def detail_head(request: HttpRequest, job_no: str) -> HttpResponse:
    """What of the detail changes while the export moves: everything but log and preview."""
    viewer = _person(request)
    job = services.find_visible(job_no, viewer)
    return render(request, "jobs/exports/parts/detail_live.html", context_of(job, viewer, request))


@staff_page
def log_lines(request: HttpRequest, job_no: str) -> HttpResponse:
    """Lines of the log behind ``after`` (the id of a line), as list items; header X-Last names the last one's."""
    viewer = _person(request)
    job = services.find_visible(job_no, viewer)
    after = request.GET.get("after", "0")
    if not (after.isascii() and after.isdigit() and len(after) < 19):
        return JsonResponse({"message": _("A whole number is expected.")}, status=400)
    lines, _more = logs.lines_after(job, viewer, after=int(after), most=MOST_LOG_LINES)
    response = render(request, "jobs/exports/parts/log_lines.html", {"log_lines": lines})
    response["X-Last"] = str(lines[-1].pk if lines else after)
    return response


@staff_page
def preview_of(request: HttpRequest, job_no: str) -> HttpResponse:
    """The first rows of the file, masked for who reads."""
    viewer = _person(request)
    job = services.find_visible(job_no, viewer)
    shown = preview.shown_to(viewer, job)
    numeric = [kind in NUMERIC for _title, kind in shown.columns] if shown else []
    cells = [list(zip(row, numeric, strict=True)) for row in shown.rows] if shown else []
    return render(request, "jobs/exports/parts/preview.html", {"shown": shown, "cells": cells, "job": job})


@staff_page
def download(request: HttpRequest, job_no: str) -> HttpResponse:
    """To a link made at this moment: one in a page that stood open over lunch would be dead. ?part=2: of that part."""
    viewer = _person(request)
    job = services.find_visible(job_no, viewer)
    policy.may(viewer, policy.Action.EXPORT_DOWNLOAD, job).or_refuse()
    if not has_file(job):  # not yet, or no longer: its page says so, and what can be done
        return HttpResponseRedirect(reverse("exports-page-detail", args=[job.job_no]))
    address = links.absolute(request, job, links.link_for(job, viewer))
    part = request.GET.get("part", "")
    return HttpResponseRedirect(f"{address}&{urlencode({'part': part})}" if part else address)


@staff_page
def active(request: HttpRequest) -> HttpResponse:
    """Own exports that are waiting or running, for the sign in the header of every page."""
    jobs = list(
        ExportJob.objects.filter(owner=_person(request), status__in=CANCELABLE).order_by("created_at", "id")[:200]
    )
    running = [job for job in jobs if job.status == Status.PROCESSING]
    known = [job.progress for job in running if job.rows_expected]
    return JsonResponse(
        {
            "running": len(running),
            "queued": len(jobs) - len(running),
            "percent": sum(known) // len(known) if known else None,
            "jobs": [job.job_no for job in jobs],
        }
    )


def _rows(found: Any, asked: query.PageQuery, viewer: User, *, cursor: str, size: int) -> dict[str, Any]:
    part = keyset.after(
        found, asked.keys, cursor=cursor, size=size, belongs_to=[sorted(asked.narrowing.lists()), str(viewer.pk)]
    )
    return {"rows": rows_for(part.items, viewer), "next_cursor": part.next_cursor}


def _numbers(text: str) -> list[str]:
    return [number[:30] for number in text.split(",") if "\0" not in number][:MOST_PATCHED]


def _sortable(placed: list[table.Placed], asked: query.PageQuery) -> list[table.Placed]:
    """With what a click on each heading asks for: the order that the list does not have yet, newest and largest
    first."""

    def address(name: str) -> str:
        down = f"-{name}"
        return asked.address(ordering=name if asked.ordering == down else down) if name else ""

    return [replace(one, sort_address=address(one.column.sort)) for one in placed]


def _visible(viewer: User) -> Any:
    return ExportJob.objects.visible_to(viewer).select_related("owner").defer("facts", "parts", "error_stack")


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)

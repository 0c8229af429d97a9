"""任务中心 (S2, SPEC B6): the tasks of every kind in one list, newest first."""

from dataclasses import dataclass
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts import policy
from accounts.models import User
from exportcenter.common.client import client_of
from exportcenter.common.errors import ExportCenterError, InvalidParameters, NotFound
from jobs import events
from jobs.batch import listing, services
from jobs.batch.facade import BatchFacade, TaskRow, all_facades
from jobs.engine.states import Status

FIRST_ROWS, MORE_ROWS = 20, 40
MOST_PATCHED = 200
STATUSES: dict[str, tuple[Any, tuple[Status, ...], str, str]] = {
    "pending": (gettext_lazy("Queued"), (Status.QUEUED,), "queued", "schedule"),
    "processing": (gettext_lazy("Processing"), (Status.PROCESSING,), "processing", "progress_activity"),
    "review": (gettext_lazy("Waiting for confirmation"), (Status.REVIEW,), "review", "fact_check"),
    "completed": (gettext_lazy("Completed"), (Status.READY, Status.EXPIRED), "ready", "check_circle"),
    "failed": (gettext_lazy("Failed"), (Status.FAILED,), "failed", "error"),
    "canceled": (gettext_lazy("Canceled"), (Status.CANCELED,), "canceled", "block"),
}
"""What the address calls a status → words, states of jobs, tone, sign."""


@dataclass
class Asked:
    """What the address asks for, and what of it is passed over."""

    kinds: list[str]
    statuses: list[str]
    mine: bool
    problems: list[str]

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is set."""
        return bool(self.kinds or self.statuses or self.mine)

    @property
    def address(self) -> str:
        """The filters as a query string that begins with "?"."""
        made = QueryDict(mutable=True)
        made.setlist("kind", self.kinds)
        made.setlist("status", self.statuses)
        if self.mine:
            made["mine"] = "1"
        return f"?{made.urlencode()}"


@require_safe
def tasks(request: HttpRequest) -> HttpResponse:
    """The page. Header X-Part: list asks for filters and list alone."""
    viewer = _viewer(request)
    last_event = events.last_id()
    asked = _read(request.GET)
    part = _slice(asked, viewer, cursor="", size=FIRST_ROWS)
    context = {
        "asked": asked,
        "kinds": [(one.kind, one.title, one.icon, one.kind in asked.kinds) for one in _shown_kinds()],
        "statuses": [(name, said[0], said[2], said[3], name in asked.statuses) for name, said in STATUSES.items()],
        **part,
    }
    if request.headers.get("X-Part") == "list":
        return render(request, "jobs/tasks/list.html", context)
    context |= {**admin.site.each_context(request), "title": _("Task Center"), "last_event": last_event}
    request.current_app = admin.site.name
    return render(request, "jobs/tasks/page.html", context)


@require_safe
def rows(request: HttpRequest) -> HttpResponse:
    """Rows alone: the next ones (?cursor=), or fresh ones of tasks that are shown (?only=E…,I…)."""
    viewer = _viewer(request)
    if "only" in request.GET:
        numbers = [one[:30] for one in request.GET["only"].split(",") if "\0" not in one][:MOST_PATCHED]
        found = _as_rows(listing.of_numbers(viewer, numbers), viewer)
        return render(request, "jobs/tasks/rows.html", {"rows": found})
    try:
        part = _slice(_read(request.GET), viewer, cursor=request.GET.get("cursor", ""), size=MORE_ROWS)
    except InvalidParameters as error:
        return JsonResponse({"message": " ".join(error.details["cursor"])}, status=400)
    return render(request, "jobs/tasks/rows.html", part)


@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, number: str) -> HttpResponse:
    """GET asks, POST does; what cannot be done becomes a message on the page of tasks."""
    viewer = _viewer(request)
    back = reverse("tasks-page")
    try:
        facade, job = services.find_task(number, viewer=viewer)
        if request.method != "POST":
            return _ask(request, facade, job, viewer, back)
        services.cancel_task(number, actor=viewer, client=client_of(request))
    except NotFound as error:
        raise Http404 from error
    except ExportCenterError as error:
        messages.error(request, f"{error.message} {error.advice}".strip())
        return HttpResponseRedirect(back)
    messages.success(request, _("%(job)s is being canceled.") % {"job": job.job_no})
    return HttpResponseRedirect(back)


def _ask(request: HttpRequest, facade: BatchFacade, job: Any, viewer: User, back: str) -> HttpResponse:
    (row,) = facade.rows_for([job], viewer)
    doing = next((one for one in row.doings if one.key == "cancel"), None)
    reason = _("It has ended, or is being canceled already.") if doing is None else doing.reason
    asks = (doing.asks if doing else None) or (_("Cancel %(job)s?") % {"job": job.job_no}, "")
    context = {
        **admin.site.each_context(request),
        "title": doing.title if doing else _("Cancel"),
        "question": asks[0],
        "effect": reason or asks[1],
        "danger": True,
        "button": {"disabled": "disabled"} if reason else {},
        "back": back,
    }
    request.current_app = admin.site.name
    return render(request, "jobs/ask.html", context)


def _read(query: QueryDict) -> Asked:
    """Names that nobody knows are passed over, and said."""
    known = [one.kind for one in _shown_kinds()]
    kinds = [one for one in dict.fromkeys(query.getlist("kind")) if one in known]
    statuses = [one for one in dict.fromkeys(query.getlist("status")) if one in STATUSES]
    unknown = [one[:40] for one in query.getlist("kind") if one and one not in known]
    unknown += [one[:40] for one in query.getlist("status") if one and one not in STATUSES]
    problems = [_("“%(value)s” is no filter of this list.") % {"value": one} for one in unknown]
    return Asked(kinds, statuses, query.get("mine") == "1", problems)


def _slice(asked: Asked, viewer: User, *, cursor: str, size: int) -> dict[str, Any]:
    found = listing.newest(
        viewer,
        kinds=asked.kinds or [one.kind for one in _shown_kinds()],
        statuses=[status.value for name in asked.statuses for status in STATUSES[name][1]],
        mine=asked.mine,
        cursor=cursor,
        size=size,
    )
    return {"rows": _as_rows(found.items, viewer), "next_cursor": found.next_cursor}


def _as_rows(found: list[tuple[BatchFacade, Any]], viewer: User) -> list[TaskRow]:
    """Rows in the order of ``found``, asked of each kind once."""
    made: dict[Any, TaskRow] = {}
    for facade in dict.fromkeys(facade for facade, _job in found):
        if facade.title:
            jobs = [job for one, job in found if one is facade]
            made |= {row.job.pk: row for row in facade.rows_for(jobs, viewer)}
    return [made[job.pk] for _facade, job in found if job.pk in made]


def _shown_kinds() -> list[BatchFacade]:
    return [one for one in all_facades() if one.title]


def _viewer(request: HttpRequest) -> User:
    """The signed-in person, who may see jobs. Raises PermissionDenied."""
    viewer = cast(User, request.user)
    if not policy.may_in_admin(viewer, "jobs.view_importjob"):
        raise PermissionDenied(_("You may not see jobs. Ask an admin for the right."))
    return viewer


urlpatterns = [
    path("", admin.site.admin_view(tasks), name="tasks-page"),
    path("rows", admin.site.admin_view(rows), name="tasks-page-rows"),
    path("<str:number>/cancel", admin.site.admin_view(cancel), name="tasks-page-cancel"),
]

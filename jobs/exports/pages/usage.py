"""使用统计 / Usage, for people who may see how exports are used (SPEC U11). Charts are drawn on top of its tables."""

from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts import policy
from accounts.models import User
from exportcenter.common import clock
from exportcenter.common.errors import ExportCenterError, InvalidParameters
from jobs.exports import words
from jobs.exports.pages import usage_charts, usage_tables, usage_words
from jobs.exports.usage.figures import Overview
from jobs.exports.usage.overview import overview
from jobs.exports.usage.period import EARLIEST, LENGTHS, USUAL, WORDS, Period, last_days, read_period


@dataclass(frozen=True)
class Asked:
    """What the address asks for, and what is wrong with it."""

    period: Period
    today: date
    query: dict[str, str]
    problems: list[str]

    @property
    def days(self) -> int | None:
        """The length that was chosen; None for days of one's own."""
        return None if "from" in self.query else int(self.query.get("days", USUAL))


@require_safe
def usage_page(request: HttpRequest) -> HttpResponse:
    """The page. What is wrong in its address is said above the figures of the usual days."""
    viewer = _viewer(request)
    asked = _read(request, viewer)
    context: dict[str, Any] = {**admin.site.each_context(request), "title": _("Usage"), **_switch(asked)}
    status = 400 if asked.problems else 200
    try:
        context |= _shown(overview(asked.period), asked)
    except ExportCenterError as error:
        context["problems"] = [*asked.problems, f"{error.message} {error.advice}".strip()]
        status = error.status
    request.current_app = admin.site.name
    return render(request, "jobs/exports/usage.html", context, status=status)


@require_safe
def usage_table(request: HttpRequest, key: str) -> HttpResponse:
    """One table as a CSV file."""
    viewer = _viewer(request)
    asked = _read(request, viewer)
    if key not in usage_tables.TABLES or asked.problems:
        raise Http404
    content = usage_tables.TABLES[key](overview(asked.period)).filed()
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    name = f"usage-{key}-{asked.period.first.isoformat()}-{asked.period.last.isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _viewer(request: HttpRequest) -> User:
    """The signed-in person, who may. Raises PermissionDenied, which becomes the 403 page with the reason."""
    viewer = cast(User, request.user)
    decision = policy.may(viewer, policy.Action.USAGE_VIEW)
    if not decision:
        raise PermissionDenied(decision.reason)
    return viewer


def _read(request: HttpRequest, viewer: User) -> Asked:
    """A form sends fields that are empty; they count as not sent."""
    query = {name: request.GET[name] for name in WORDS if request.GET.get(name)}
    today = clock.now().astimezone(viewer.zone).date()
    try:
        return Asked(read_period(query, today=today, zone=viewer.zone), today, query, [])
    except InvalidParameters as error:
        problems = [" ".join(sentences) for sentences in error.details.values()]
        return Asked(last_days(USUAL, today=today, zone=viewer.zone), today, {}, problems)


def _switch(asked: Asked) -> dict[str, Any]:
    """The choice of days."""
    here = reverse("exports-usage-page")
    return {
        "period": asked.period,
        "problems": asked.problems,
        "lengths": [
            {
                "title": ngettext("%(count)d day", "%(count)d days", count) % {"count": count},
                "address": f"{here}?{urlencode({'days': count})}",
                "is_chosen": count == asked.days and not asked.problems,
            }
            for count in LENGTHS
        ],
        "earliest": EARLIEST,
        "today": asked.today,
    }


def _shown(found: Overview, asked: Asked) -> dict[str, Any]:
    messages = usage_words.messages(found)
    charts = usage_charts.charts(found)
    query = urlencode(asked.query)
    count = len(found.period.days)
    compared = ngettext("Compared with the %(count)d day before", "Compared with the %(count)d days before", count)
    return {
        "as_of": words.moment(found.as_of),
        "figures": usage_words.figures(found),
        "compared": compared % {"count": count},
        "is_running": found.as_of < found.period.borders[-1],
        "sections": [
            {
                "table": table,
                "message": messages[table.key],
                "has_chart": table.key in charts,
                "address": f"{reverse('exports-usage-table', args=[table.key])}{f'?{query}' if query else ''}",
            }
            for table in usage_tables.tables(found)
        ],
        "charts": {"charts": charts, "words": usage_charts.speech()},
    }


usage_urls = [
    path("usage/", admin.site.admin_view(usage_page), name="exports-usage-page"),
    path("usage/<slug:key>.csv", admin.site.admin_view(usage_table), name="exports-usage-table"),
]
